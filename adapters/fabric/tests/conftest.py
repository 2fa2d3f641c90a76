"""A real Fabric network with CityGate's chaincode, for as long as the tests run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from citygate.adapter import Signed, Signer
from citygate.adapter.devnet import DevAccount, Site, Supervisor, free_ports
from citygate.fabric import FabricAdapter, connect
from citygate.fabric.devnet import FabricDevnet
from citygate.fabric.gateway import Connection, Contract, Identity, LocalSigner, Member, Tls

from . import evm


class Ring:
    """The keys of the development network's accounts."""

    def __init__(self, accounts: tuple[DevAccount, ...]) -> None:
        self.names = {entry.name: entry.account for entry in accounts}
        self._signers = {
            entry.account: LocalSigner(ec.derive_private_key(int.from_bytes(entry.secret), ec.SECP256R1()))
            for entry in accounts
            if entry.held
        }

    def signer(self, network: str, account: str) -> Signer | None:
        return self._signers.get(account)


@dataclass
class MemoryOutbox:
    """An outbox that remembers in which order things happened to it."""

    stored: dict[str, Signed] = field(default_factory=dict[str, Signed])
    history: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def sequence(self, network: str, sender: str, floor: int) -> int:
        raise AssertionError("Fabric has no sequence numbers")

    async def put(self, signed: Signed) -> None:
        self.history.append(("put", signed.transaction))
        self.stored[signed.transaction] = signed

    async def done(self, network: str, transaction: str) -> None:
        self.history.append(("done", transaction))
        self.stored.pop(transaction)

    async def pending(self, network: str) -> list[Signed]:
        return list(self.stored.values())


class Wire:
    """A connection to a peer that a test can cut: forwards bytes from a port of its own."""

    def __init__(self, endpoint: str) -> None:
        host, _, port = endpoint.rpartition(":")
        self._target = host, int(port)
        self._writers: list[asyncio.StreamWriter] = []
        self._copies: set[asyncio.Task[None]] = set()
        self.endpoint = ""
        self.opened = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.endpoint = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Take no connection any more, and cut those there are."""
        self._server.close()
        self.cut()
        await asyncio.gather(*self._copies, return_exceptions=True)

    def cut(self) -> None:
        """Cut every connection; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        there, back = await asyncio.open_connection(*self._target)
        self._writers += [writer, back]
        for source, sink in ((reader, back), (there, writer)):
            copy = asyncio.create_task(self._copy(source, sink))
            self._copies.add(copy)

    @staticmethod
    async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.transport.abort()


@dataclass(frozen=True)
class Running:
    """The network, its keys, and the folder that it lives in."""

    devnet: FabricDevnet
    keys: Ring
    site: Site

    @property
    def network(self) -> str:
        return str(self.devnet.peer()["network"])

    def account(self, name: str) -> str:
        return self.keys.names[name]

    def tls(self, organisation: int = 0) -> Tls:
        peer = self.devnet.consortium.peers[organisation]
        user = peer.user("User1")
        return Tls(
            peer.tls_ca.read_bytes(),
            user.tls("client", "crt").read_bytes(),
            user.tls("client", "key").read_bytes(),
        )

    def member(self, name: str) -> Member:
        account = self.account(name)
        entry = self.devnet.settings().options["identities"][account]
        signer = self.keys.signer(self.network, account)
        assert signer is not None
        return Member(Identity(entry["msp"], Path(entry["certificate"]).read_bytes()), signer)


@pytest.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("fabric")
    devnet = FabricDevnet()
    async with Supervisor(folder / "logs") as supervisor:
        site = Site(folder, free_ports(devnet.ports), supervisor, lambda _: None)
        await devnet.start(site)
        await devnet.register([evm.PEER])
        yield Running(devnet, Ring(devnet.settings().accounts), site)


@pytest.fixture(scope="session")
async def connection(running: Running) -> AsyncIterator[Connection]:
    endpoint = running.devnet.settings().options["endpoint"]
    async with Connection(endpoint, running.tls()) as opened:
        yield opened


@pytest.fixture(scope="session")
def contract(running: Running, connection: Connection) -> Contract:
    """CityGate's chaincode, called by operator-b, who may issue and validate."""
    return Contract(connection, running.member("operator-b"), "citychannel", "citygate")


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
async def adapter(running: Running, outbox: MemoryOutbox) -> AsyncIterator[FabricAdapter]:
    opened = await connect(running.devnet.settings().options, running.keys, outbox)
    yield opened
    await opened.close()
