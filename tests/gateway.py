"""A gateway as a process of its own, which tests kill, and the client side of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from citygate.adapter.devnet import LOOPBACK, free_ports
from citygate.gateway.infrastructure import Development
from citygate.v1 import mobility_service_pb2 as mobility
from citygate.v1 import transfer_service_pb2 as transfers
from citygate.v1.leg_pb2 import Leg
from citygate.v1.mobility_service_pb2_grpc import MobilityServiceStub
from citygate.v1.network_service_pb2_grpc import NetworkServiceStub
from citygate.v1.schema_service_pb2_grpc import SchemaServiceStub
from citygate.v1.ticket_pb2 import Ticket
from citygate.v1.transfer_pb2 import Transfer
from citygate.v1.transfer_service_pb2_grpc import TransferServiceStub

CRASHING = Path(__file__).with_name("crashing_gateway.py")
PATIENCE = 60
"""Seconds that a test waits for a transfer."""
FINAL = (Transfer.STATE_COMMITTED, Transfer.STATE_ABORTED)


class Client:
    """The gateway's services over one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.transfers = TransferServiceStub(channel)
        self.mobility = MobilityServiceStub(channel)
        self.networks = NetworkServiceStub(channel)
        self.schemas = SchemaServiceStub(channel)

    async def issue(self, network: str, issuer: str, recipient: str, ticket_id: str) -> str:
        """Issue a ticket that is valid for a day; its CAIP-19 name."""
        answer = await self.mobility.IssueTicket(
            mobility.IssueTicketRequest(
                network=network, issuer=issuer, recipient=recipient, ticket=ticket(ticket_id)
            )
        )
        return answer.asset

    async def cross(self, asset: str, source: str, sender: str, destination: str, recipient: str) -> Transfer:
        """Move a unique asset; the transfer in its final state."""
        created = await self.create(asset, source, sender, destination, recipient)
        return await self.until(created.id, lambda transfer: transfer.state in FINAL)

    async def create(
        self, asset: str, source: str, sender: str, destination: str, recipient: str, request_id: str = ""
    ) -> Transfer:
        """Ask for a crossing of a unique asset; answers before it is done."""
        leg = Leg(
            asset=asset,
            amount="1",
            source=source,
            sender=sender,
            destination=destination,
            recipient=recipient,
        )
        return await self.transfers.CreateTransfer(
            transfers.CreateTransferRequest(transfer=Transfer(legs=[leg]), request_id=request_id)
        )

    async def until(self, transfer_id: str, condition: Callable[[Transfer], bool]) -> Transfer:
        """Watch a transfer until the condition holds; AssertionError where it ends before."""
        watch = self.transfers.WatchTransfer(transfers.WatchTransferRequest(id=transfer_id), timeout=PATIENCE)
        seen: Transfer | None = None
        async for seen in watch:
            if condition(seen):
                watch.cancel()
                return seen
        raise AssertionError(f"the transfer ended as {seen}")


def ticket(ticket_id: str) -> Ticket:
    """A ticket that is valid from now for a day."""
    now = int(time.time())
    return Ticket(
        id=ticket_id,
        status=Ticket.STATUS_FULFILLED,
        booking_ref=f"BOOKING-{ticket_id}",
        created_on=Timestamp(seconds=now),
        issuer="urn:citygate:test",
        travel_document_type="QR",
        validity=Ticket.Validity(
            valid_from=Timestamp(seconds=now - 60), valid_until=Timestamp(seconds=now + 86400)
        ),
    )


@dataclass
class GatewayProcess:
    """`citygate serve` on a development network, with a journal and a port of its own."""

    development: Development
    directory: Path
    crash: tuple[int, str] | None = None
    """Kill itself at the ledger transaction of this number, from 1, at this moment: see crashing_gateway.py."""
    process: asyncio.subprocess.Process | None = None
    channel: grpc.aio.Channel | None = None

    def __post_init__(self) -> None:
        (port,) = free_ports(["gRPC"]).values()
        self.address = f"{LOOPBACK}:{port}"
        self.journal = self.directory / "journal.db"

    @property
    def client(self) -> Client:
        assert self.channel is not None
        return Client(self.channel)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start and wait until it accepts calls."""
        self.process = await self.spawn("serve")
        self.channel = grpc.aio.insecure_channel(self.address)
        async with asyncio.timeout(30):
            ready = asyncio.ensure_future(self.channel.channel_ready())
            ended = asyncio.ensure_future(self.process.wait())
            await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            assert ready.done(), (self.directory / "serve.log").read_text()

    async def spawn(self, *command: str) -> asyncio.subprocess.Process:
        """Run a `citygate` command with this gateway's configuration, or its crashing twin."""
        program = ["-m", "citygate.gateway.cli"]
        if self.crash is not None:
            program = [str(CRASHING), str(self.crash[0]), self.crash[1]]
        settings = {"CITYGATE_LISTEN": self.address, "CITYGATE_JOURNAL": f"sqlite:///{self.journal}"}
        with (self.directory / f"{command[0]}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *program,
                *command,
                "--config",
                str(self.development.config),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **settings},
            )

    async def rebuild(self) -> None:
        """`citygate journal rebuild`."""
        process = await self.spawn("journal", "rebuild")
        assert await process.wait() == 0, (self.directory / "journal.log").read_text()

    def delete_journal(self) -> None:
        """Delete the journal's file and what SQLite keeps beside it."""
        for file in self.directory.glob("journal.db*"):
            file.unlink()

    async def died(self) -> int:
        """Wait for the process to end by itself; its return code."""
        assert self.process is not None
        async with asyncio.timeout(60):
            return await self.process.wait()

    async def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL where that isn't enough."""
        if self.channel is not None:
            await self.channel.close()
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(10):
                    await self.process.wait()
            except TimeoutError:
                await self.kill()
