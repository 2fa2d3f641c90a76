"""The development network: every installed kind of ledger on loopback, trusting each other's claims, and a gateway.

Everything lives in one directory and is made anew at each start: the ledgers, the keys, the journal. Keys made here
protect nothing.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import tomli_w

from citygate.adapter.devnet import (
    LOOPBACK,
    DevAccount,
    Devnet,
    DevnetError,
    NetworkSettings,
    Site,
    Supervisor,
    check_free,
    free_ports,
)

from ._keystore import KeyEntry, save_keystore

GROUP = "citygate.devnets"
GATEWAY = "gateway gRPC"
GATEWAY_PORT = 7070
GATEWAY_PROCESS = "gateway"


@dataclass(frozen=True, slots=True)
class DevelopmentNetwork:
    """One ledger of the development network. `name` is its configured name."""

    name: str
    id: str
    gate: str
    accounts: tuple[DevAccount, ...]


@dataclass(frozen=True, slots=True)
class Development:
    """A running development network. `config` is what `citygate serve` takes, `address` where it then listens."""

    directory: Path
    supervisor: Supervisor
    networks: tuple[DevelopmentNetwork, ...]
    devnets: Mapping[str, Devnet]
    config: Path
    address: str

    def serve_command(self) -> list[str]:
        """The command line that serves the gateway of this network."""
        return [sys.executable, "-m", "citygate.gateway.cli", "serve", "--config", str(self.config)]

    async def start_gateway(self) -> None:
        """Start the gateway as a child and wait until it accepts connections."""
        await self.supervisor.start(GATEWAY_PROCESS, self.serve_command())
        await self.wait_listening()

    async def wait_listening(self, seconds: float = 30) -> None:
        """Wait until the gateway accepts connections; DevnetError with the end of its log where it doesn't."""
        host, port = self.address.rsplit(":", 1)
        ended = asyncio.ensure_future(self.supervisor.wait())
        try:
            async with asyncio.timeout(seconds):
                while not ended.done():
                    try:
                        _, writer = await asyncio.open_connection(host, int(port))
                    except OSError:
                        await asyncio.sleep(0.02)
                    else:
                        writer.close()
                        return
                raise DevnetError(ended.result())
        except TimeoutError:
            tail = self.supervisor.tail(GATEWAY_PROCESS)
            raise DevnetError(f"the gateway doesn't listen on {self.address}: {tail}") from None
        finally:
            ended.cancel()


def find_devnets() -> dict[str, Devnet]:
    """The installed development networks by name; DevnetError where there is none."""
    found = {entry.name: entry.load()() for entry in entry_points(group=GROUP)}
    if not found:
        raise DevnetError(
            "no adapter that brings a development network is installed: "
            "run `make setup`, or `pip install citygate-ethereum citygate-fabric`"
        )
    return dict(sorted(found.items()))


def _choose_ports(devnets: Mapping[str, Devnet], free: bool) -> dict[str, int]:
    usual = {GATEWAY: GATEWAY_PORT}
    for devnet in devnets.values():
        usual |= devnet.ports
    if free:
        return free_ports(usual)
    check_free(usual)
    return usual


@asynccontextmanager
async def development(
    directory: Path, report: Callable[[str], None], *, free: bool = True
) -> AsyncGenerator[Development]:
    """Start the ledgers in `directory` (empty) and connect them; leaving the context ends every process.

    `report` is told each step in words. With `free`, any free ports are taken instead of the usual ones. Raises
    DevnetError where a port is taken, before anything starts, and where a ledger can't start.
    """
    devnets = find_devnets()
    ports = _choose_ports(devnets, free)
    async with Supervisor(directory / "logs") as supervisor:
        starts: list[Coroutine[Any, Any, None]] = []
        for name, devnet in devnets.items():
            own = {use: ports[use] for use in devnet.ports}
            place = directory / name
            place.mkdir()
            starts.append(devnet.start(Site(place, own, supervisor, report)))
        await _together(starts)
        report("connecting the gates")
        peers = {name: devnet.peer() for name, devnet in devnets.items()}
        await _together(
            devnet.register([peer for other, peer in peers.items() if other != name])
            for name, devnet in devnets.items()
        )
        settings = {name: devnet.settings() for name, devnet in devnets.items()}
        networks = tuple(
            DevelopmentNetwork(name, peers[name]["network"], peers[name]["gate"], settings[name].accounts)
            for name in devnets
        )
        address = f"{LOOPBACK}:{ports[GATEWAY]}"
        config = _configure(directory, address, settings, networks)
        yield Development(directory, supervisor, networks, devnets, config, address)


async def _together(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all; the first that fails ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _configure(
    directory: Path,
    address: str,
    settings: Mapping[str, NetworkSettings],
    networks: tuple[DevelopmentNetwork, ...],
) -> Path:
    passphrase = directory / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text(secrets.token_hex(16))
    save_keystore(
        directory / "keys.json",
        passphrase.read_text(),
        [
            KeyEntry(account.name, network.id, account.account, account.curve, account.secret)
            for network in networks
            for account in network.accounts
            if account.held
        ],
    )
    config = directory / "citygate.toml"
    config.write_text(
        tomli_w.dumps(
            {
                "listen": address,
                "journal": "sqlite:///journal.db",
                "keystore": {"path": "keys.json", "passphrase_file": "passphrase"},
                "networks": [
                    {
                        "name": name,
                        "adapter": its.adapter,
                        "options": dict(its.options),
                    }
                    for name, its in settings.items()
                ],
                "accounts": [
                    {"network": network.id, "name": a.name, "account": a.account, "curve": a.curve.value}
                    for network in networks
                    for a in network.accounts
                    if not a.held
                ],
            }
        )
    )
    return config
