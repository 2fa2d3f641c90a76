"""A development network: anvil with CityGate's contracts on it, and three attestors beside it."""

from __future__ import annotations

import asyncio
import secrets
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from citygate.adapter import AdapterError, Curve
from citygate.adapter.devnet import LOOPBACK, DevAccount, DevnetError, NetworkSettings, Site, toolchain

from ._names import network_of
from ._rpc import Node
from ._signatures import LocalKey
from .deploy import Deployer, Deployment, Plan

CHAIN_ID = 31337
ATTESTORS = 3
THRESHOLD = 2

_NAMES = ("relay", "operator-a", "alice", "bob")
_BALANCE = 10_000 * 10**18  # wei
_READY = 60.0  # seconds: a busy machine is slow, a broken process ends at once
_RETRY = 0.02


class EthereumDevnet:
    """One network, chain id 31337. Its accounts are new at each start, and funded."""

    ports: Mapping[str, int] = {"Ethereum JSON-RPC": 8545} | {
        f"Ethereum attestor {number}": 8550 + number for number in range(1, ATTESTORS + 1)
    }

    def __init__(self) -> None:
        self._network = network_of(CHAIN_ID)
        self._accounts = {name: secrets.token_bytes(32) for name in _NAMES}
        self._deployer = LocalKey(secrets.token_bytes(32))
        self._attestors = [secrets.token_bytes(32) for _ in range(ATTESTORS)]
        self._site: Site | None = None
        self._deployment: Deployment | None = None

    async def start(self, site: Site) -> None:
        """Start anvil, deploy, start the attestors. DevnetError says what went wrong and where its log is."""
        self._site = site
        site.report("starting anvil")
        process = await site.supervisor.start(
            "anvil",
            [
                toolchain() / "bin" / "anvil",
                *("--host", LOOPBACK),
                *("--port", str(site.ports["Ethereum JSON-RPC"])),
                *("--chain-id", str(CHAIN_ID)),
                *("--accounts", "0"),
                "--quiet",
            ],
        )
        await self._listens("anvil", process, "Ethereum JSON-RPC")
        node = Node(self._url, timeout=10)
        try:
            site.report("deploying the Ethereum contracts, starting the attestors")
            await asyncio.gather(
                self._deploy(node), *(self._start_attestor(number) for number in range(1, ATTESTORS + 1))
            )
        except AdapterError as error:
            raise DevnetError(f"anvil: {error.detail}; its log: {site.supervisor.tail('anvil')}") from error
        finally:
            await node.close()

    def peer(self) -> Mapping[str, Any]:
        """What another gate registers to verify this network's claims."""
        return {
            "kind": "evm",
            "network": self._network,
            "gate": self.deployment.gate,
            "attestors": [LocalKey(secret).account for secret in self._attestors],
            "threshold": THRESHOLD,
        }

    async def register(self, peers: Sequence[Mapping[str, Any]]) -> None:
        """Deploy a verifier for each peer, and make the gate believe it."""
        node = Node(self._url, timeout=10)
        try:
            deployer = Deployer(node, self._network, self._deployer)
            for peer in peers:
                await deployer.register(self.deployment.gate, peer)
        except (AdapterError, ValueError) as error:
            raise DevnetError(f"registering peers on {self._network}: {error}") from error
        finally:
            await node.close()

    def settings(self) -> NetworkSettings:
        """The adapter's options; the gateway holds the keys of all accounts."""
        options: dict[str, Any] = {
            "network": self._network,
            "url": self._url,
            "gate": self.deployment.gate,
            "tickets": self.deployment.tickets,
            "relay": self._account("relay"),
            "attestors": [
                {"address": LocalKey(secret).account, "endpoint": self._endpoint(number)}
                for number, secret in enumerate(self._attestors, 1)
            ],
            "threshold": THRESHOLD,
            "finality": 0,
            "first_block": self.deployment.first_block,
            "poll": 0.1,
        }
        accounts = tuple(
            DevAccount(name, self._account(name), Curve.SECP256K1, secret)
            for name, secret in self._accounts.items()
        )
        return NetworkSettings("ethereum", options, accounts)

    @property
    def deployment(self) -> Deployment:
        """Where the contracts are; DevnetError before the start."""
        if self._deployment is None:
            raise DevnetError("the Ethereum network isn't started")
        return self._deployment

    @property
    def _running(self) -> Site:
        if self._site is None:
            raise DevnetError("the Ethereum network isn't started")
        return self._site

    @property
    def _url(self) -> str:
        return f"http://{LOOPBACK}:{self._running.ports['Ethereum JSON-RPC']}"

    def _account(self, name: str) -> str:
        return LocalKey(self._accounts[name]).account

    async def _listens(self, name: str, process: Process, use: str) -> None:
        """Wait until `process` takes connections; DevnetError where it ends, or takes too long."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + _READY
        while clock() < deadline and process.returncode is None:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, self._running.ports[use])
            except OSError:
                await asyncio.sleep(_RETRY)
            else:
                writer.close()
                return
        raise DevnetError(f"{name} doesn't start: {self._running.supervisor.tail(name)}")

    async def _deploy(self, node: Node) -> None:
        keys = [self._deployer, *(LocalKey(secret) for secret in self._accounts.values())]
        await asyncio.gather(*(self._fund(node, key.account) for key in keys))
        operator = self._account("operator-a")
        plan = Plan(issuers=(operator,), validators=(operator,))
        self._deployment = await Deployer(node, self._network, self._deployer).deploy(plan)

    async def _fund(self, node: Node, account: str) -> None:
        await node.call("anvil_setBalance", account, hex(_BALANCE))

    def _endpoint(self, number: int) -> str:
        return f"{LOOPBACK}:{self._running.ports[f'Ethereum attestor {number}']}"

    async def _start_attestor(self, number: int) -> None:
        site = self._running
        name = f"attestor-{number}"
        key_file = self._write_key(site.directory / name, number)
        process = await site.supervisor.start(
            name,
            [
                *(sys.executable, "-m", "citygate.ethereum.attestor"),
                *("--network", self._network),
                *("--node", self._url),
                *("--listen", self._endpoint(number)),
                *("--key-file", key_file),
                *("--signed-file", key_file.with_name("signed")),
                *("--finality", "0"),
            ],
        )
        await self._listens(name, process, f"Ethereum attestor {number}")

    def _write_key(self, directory: Path, number: int) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "key"
        path.touch(mode=0o600)
        path.write_text(self._attestors[number - 1].hex())
        return path
