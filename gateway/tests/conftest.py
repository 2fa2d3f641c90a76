"""A gateway over two in-memory ledgers, served on loopback."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import grpc.aio
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from citygate.adapter import Curve
from citygate.adapter.memory import Faults, MemoryAdapter, MemoryLedger, account_of
from citygate.gateway.api import serve
from citygate.gateway.infrastructure import KeyEntry, LocalKeyRing
from citygate.gateway.infrastructure.journal import Database, SqlJournal
from citygate.gateway.platform import RELAY, AccountEntry, Engine, Network, Networks, Tickets, Transfers
from citygate.v1.leg_pb2 import Leg
from citygate.v1.mobility_service_pb2 import IssueTicketRequest
from citygate.v1.mobility_service_pb2_grpc import MobilityServiceStub
from citygate.v1.network_service_pb2_grpc import NetworkServiceStub
from citygate.v1.schema_service_pb2_grpc import SchemaServiceStub
from citygate.v1.ticket_pb2 import Ticket
from citygate.v1.transfer_pb2 import Transfer
from citygate.v1.transfer_service_pb2 import AbortTransferRequest, CreateTransferRequest, WatchTransferRequest
from citygate.v1.transfer_service_pb2_grpc import TransferServiceStub

if TYPE_CHECKING:
    from citygate.v1.mobility_service_pb2_grpc import MobilityServiceAsyncStub
    from citygate.v1.network_service_pb2_grpc import NetworkServiceAsyncStub
    from citygate.v1.schema_service_pb2_grpc import SchemaServiceAsyncStub
    from citygate.v1.transfer_service_pb2_grpc import TransferServiceAsyncStub

ALPHA, BETA = "memory:alpha", "memory:beta"


@dataclass(frozen=True)
class Served:
    """The gateway as a client sees it, and the ledgers behind it. `alice` owns what is issued."""

    address: str
    channel: grpc.aio.Channel
    ledgers: dict[str, MemoryLedger]
    faults: dict[str, Faults]
    accounts: dict[tuple[str, str], str]
    networks: Networks

    @property
    def transfers(self) -> TransferServiceAsyncStub:
        return TransferServiceStub(self.channel)

    @property
    def mobility(self) -> MobilityServiceAsyncStub:
        return MobilityServiceStub(self.channel)

    @property
    def network(self) -> NetworkServiceAsyncStub:
        return NetworkServiceStub(self.channel)

    @property
    def schemas(self) -> SchemaServiceAsyncStub:
        return SchemaServiceStub(self.channel)

    @staticmethod
    def ticket(ticket_id: str = "") -> Ticket:
        return Ticket(
            id=ticket_id or f"T-{secrets.token_hex(6)}",
            status=Ticket.STATUS_FULFILLED,
            booking_ref="B-1",
            created_on=Timestamp(seconds=1_700_000_000),
            validity=Ticket.Validity(
                valid_from=Timestamp(seconds=1_700_000_000), valid_until=Timestamp(seconds=4_000_000_000)
            ),
            travel_document_type="QR",
        )

    async def issue(self, ticket: Ticket | None = None, network: str = "alpha") -> str:
        """Issue a ticket to alice; its CAIP-19 name."""
        request = IssueTicketRequest(
            network=network, issuer="operator", recipient="alice", ticket=ticket or self.ticket()
        )
        return (await self.mobility.IssueTicket(request)).asset

    @staticmethod
    def leg(asset: str, **changes: str) -> Leg:
        """A leg of one ticket from alice on alpha to bob on beta."""
        usual = {"source": "alpha", "sender": "alice", "destination": "beta", "recipient": "bob"}
        fields: Any = {"asset": asset, "amount": "1"} | usual | changes
        return Leg(**fields)

    async def cross(self, asset: str, **changes: str) -> Transfer:
        """Move a ticket and wait for the end."""
        request = CreateTransferRequest(transfer=Transfer(legs=[self.leg(asset, **changes)]))
        return await self.end((await self.transfers.CreateTransfer(request)).id)

    async def abort(self, asset: str) -> Transfer:
        """Let a transfer of a ticket begin, abort it, and wait for the end."""
        # The deciding ledger can't commit as long as what the other one did isn't final.
        self.ledgers["alpha"].hold_finality()
        try:
            request = CreateTransferRequest(transfer=Transfer(legs=[self.leg(asset)]))
            created = await self.transfers.CreateTransfer(request)
            await self.transfers.AbortTransfer(AbortTransferRequest(id=created.id))
        finally:
            self.ledgers["alpha"].release_finality()
        return await self.end(created.id)

    async def end(self, transfer_id: str) -> Transfer:
        """The transfer in its final state."""
        changes = self.transfers.WatchTransfer(WatchTransferRequest(id=transfer_id))
        return [transfer async for transfer in changes][-1]


def _key(name: str, network: str) -> KeyEntry:
    secret = hashlib.sha256(f"{name} {network}".encode()).digest()
    signer = LocalKeyRing([KeyEntry(name, network, "", Curve.P256, secret)]).signer(network, "")
    assert signer is not None
    return KeyEntry(name, network, account_of(signer.public_key), Curve.P256, secret)


@pytest.fixture(scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    """One gateway for all tests of a session: each makes tickets and transfers of its own."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    ledgers = {"alpha": MemoryLedger("alpha"), "beta": MemoryLedger("beta")}
    ledgers["alpha"].trust(ledgers["beta"])
    ledgers["beta"].trust(ledgers["alpha"])
    people = (RELAY, "operator", "alice", "bob")
    keys = [_key(name, ledger.me.network) for ledger in ledgers.values() for name in people]
    ring = LocalKeyRing(keys)
    accounts = {(key.network, key.name): key.account for key in keys}
    faults = {name: Faults() for name in ledgers}
    connected: list[Network] = []
    for name, ledger in ledgers.items():
        operator = accounts[ledger.me.network, "operator"]
        ledger.issuers.add(operator)
        ledger.validators.add(operator)
        adapter = MemoryAdapter(ledger, accounts[ledger.me.network, RELAY], ring, faults=faults[name])
        connected.append(Network(name, adapter, await adapter.describe()))
    entries = [AccountEntry(k.network, k.name, k.account, k.curve, held=True) for k in keys]
    entries.append(AccountEntry(ALPHA, "stranger", "0" * 40, Curve.P256, held=False))
    networks = Networks(connected, entries, ring)
    async with AsyncExitStack() as stack:
        database = await Database.open(f"sqlite:///{folder / 'journal.db'}")
        stack.push_async_callback(database.close)
        journal = SqlJournal(database)
        engine = Engine(networks, journal)
        engine.start()
        stack.push_async_callback(engine.stop)
        transfers = Transfers(networks, journal, engine)
        running = await stack.enter_async_context(
            serve(networks, transfers, Tickets(networks), "127.0.0.1:0")
        )
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(running.address))
        yield Served(running.address, channel, ledgers, faults, accounts, networks)


@dataclass(frozen=True)
class Refusal:
    """What a client was told of a call that failed."""

    code: grpc.StatusCode
    message: str
    info: ErrorInfo
    fields: dict[str, str]


@pytest.fixture(scope="session")
def refusal() -> Callable[[Awaitable[object]], Awaitable[Refusal]]:
    """Await a call that has to fail; what was told, with an ErrorInfo of our domain."""

    async def told(call: Awaitable[object]) -> Refusal:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        error = caught.value
        metadata = dict(error.trailing_metadata() or ())
        raw = metadata["grpc-status-details-bin"]
        assert isinstance(raw, bytes)
        status, info, bad = Status.FromString(raw), ErrorInfo(), BadRequest()
        (detail,) = [detail for detail in status.details if detail.Is(cast("Any", ErrorInfo.DESCRIPTOR))]
        detail.Unpack(info)
        for detail in status.details:
            detail.Unpack(bad)
        assert info.domain == "citygate"
        assert status.code == error.code().value[0]
        assert "Traceback" not in status.message
        fields = {violation.field: violation.description for violation in bad.field_violations}
        return Refusal(error.code(), status.message, info, fields)

    return told
