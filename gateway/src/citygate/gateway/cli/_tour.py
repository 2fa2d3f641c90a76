"""The tour that `citygate demo` takes: acts on real ledgers, each with what it has to show.

The tour talks to the gateway as any client does. Where it has to misbehave, which the gateway won't do for it, it
talks to the gates through adapters of its own. It names ledgers as the development network names them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import grpc
import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from citygate.adapter import Adapter, Decision, Order, Proof, Refusal, Settlement, State, Terms
from citygate.gateway.platform import Networks, authorize
from citygate.v1 import mobility_service_pb2 as mobility
from citygate.v1 import transfer_service_pb2 as transfers
from citygate.v1.leg_pb2 import Leg
from citygate.v1.mobility_service_pb2_grpc import MobilityServiceStub
from citygate.v1.ticket_pb2 import Ticket
from citygate.v1.transfer_pb2 import Transfer
from citygate.v1.transfer_service_pb2_grpc import TransferServiceStub

_PATIENCE = 60
"""Seconds that an act waits for a transfer's end."""
_SHORT = 4
"""Seconds to the deadline of the transfer that is meant to miss it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the tour claims, and whether it held."""

    claim: str
    held: bool
    seen: str


@dataclass(slots=True)
class Tour:
    """A client of the gateway between two ledgers, and what it saw."""

    channel: grpc.aio.Channel
    first: str
    second: str
    networks: Networks
    """The ledgers past the gateway: for reading their accounts, and for what the gateway would never do."""
    report: Callable[[str], None]
    checks: list[Check] = field(default_factory=list[Check])
    transfers: list[tuple[str, Transfer]] = field(default_factory=list[tuple[str, Transfer]])
    """Each transfer with what it shows, in its last state."""

    async def take(self) -> bool:
        """Take the whole tour; whether everything held."""
        for act in (self._there, self._home_again, self._too_late_and_forged):
            try:
                await act()
            except grpc.aio.AioRpcError as error:
                self._check("the gateway answers", False, f"{error.code().name}: {error.details()}")
        return all(check.held for check in self.checks)

    # ---- the acts ---------------------------------------------------------------------------------------------------

    async def _there(self) -> None:
        self.report(f"operator-a issues a ticket on {self.first}; it crosses to {self.second}")
        asset, payload_hash = await self._issue(self.first, "operator-a", "alice", "DEMO-A1")
        await self._cross("crosses", self._leg(asset, self.first, "alice", self.second, "bob"))
        await self._same_payload(asset, self.second, payload_hash)
        await self._in_escrow(asset, self.first, self.second)
        self.report(f"operator-b validates it on {self.second}, twice")
        answer = await self._redeem(self.second, asset, "gate-7:0001")
        self._check("the second operator redeems the ticket", answer == "", answer or "redeemed")
        answer = await self._redeem(self.second, asset, "gate-7:0002")
        self._check(
            "a second redemption is refused", "FAILED_PRECONDITION" in answer, answer or "redeemed twice"
        )
        answer = await self._redeem(self.second, asset, "gate-7:0001")
        self._check("the same validation, sent again, changes nothing", answer == "", answer or "same event")

    async def _home_again(self) -> None:
        self.report(f"a {self.second} ticket crosses to {self.first} and back home")
        asset, payload_hash = await self._issue(self.second, "operator-b", "bob", "DEMO-B1")
        await self._cross("crosses", self._leg(asset, self.second, "bob", self.first, "alice"))
        await self._same_payload(asset, self.first, payload_hash)
        await self._in_escrow(asset, self.second, self.first)
        await self._cross("comes home", self._leg(asset, self.first, "alice", self.second, "bob"))
        await self._same_payload(asset, self.second, payload_hash)
        (supply,) = await self._adapter(self.second).supply([asset])
        self._check(
            "at home again, nothing is in escrow", supply.escrowed == 0, f"escrowed {supply.escrowed}"
        )

    async def _too_late_and_forged(self) -> None:
        self.report(
            "alice's ticket against carol's, who never signs: somebody locks alice's and forges proofs"
        )
        mine, _ = await self._issue(self.first, "operator-a", "alice", "DEMO-A2")
        hers, _ = await self._issue(self.second, "operator-b", "carol", "DEMO-C1")
        deadline = int(time.time()) + _SHORT
        transfer = await self._create(
            [
                self._leg(mine, self.first, "alice", self.second, "carol"),
                self._leg(hers, self.second, "carol", self.first, "alice"),
            ],
            deadline=deadline,
            decider=self.second,
        )
        order = await self._lock(Terms.decode(transfer.terms), mine)
        await self._forge(order)
        self.report(f"waiting {max(0, deadline - int(time.time()))} s for the deadline")
        ended = await self._until(transfer.id, lambda t: t.state in _FINAL)
        self.transfers.append(("misses its deadline", ended))
        self._check(
            "a transfer past its deadline is aborted on both ledgers",
            ended.state == Transfer.STATE_ABORTED,
            Transfer.State.Name(ended.state),
        )
        (record,) = await self._adapter(self.first).assets([mine])
        self._check(
            "and its ticket is free again",
            not record.locked_by and not record.outstanding,
            f"owner {record.owner}",
        )
        await self._cross("is free again", self._leg(mine, self.first, "alice", self.second, "bob"))

    async def _lock(self, terms: Terms, asset: str) -> Order:
        """Prepare on the first ledger, which the gateway itself wouldn't do before everybody signed."""
        adapter = self._adapter(self.first)
        (record,) = await adapter.assets([asset])
        order = Order(terms, (record.payload, b""), await authorize(self.networks, terms))
        receipt = await adapter.prepare([order])
        self._check(
            f"alice's ticket is locked on {self.first}",
            receipt.results[0] == State.PREPARED,
            receipt.results[0].name if isinstance(receipt.results[0], State) else str(receipt.results[0]),
        )
        return order

    async def _forge(self, order: Order) -> None:
        """Show both gates evidence that isn't what it says, for a transfer that waits."""
        old, new = bytes.fromhex(self.transfers[0][1].id), order.terms.id
        decided = await self._adapter(self.second).prove([old])
        forged = Proof(decided.network, decided.claims, decided.data.replace(old, new))
        claims = tuple(type(c)(c.network, c.gate, new, c.state) for c in decided.claims)
        receipt = await self._adapter(self.first).settle(
            [Settlement(order, State.COMMITTED)], [Proof(forged.network, claims, forged.data)]
        )
        self._refused(receipt.results[0], self.first)
        true = await self._adapter(self.first).prove([new])
        flipped = bytearray(true.data)
        flipped[len(flipped) // 2] ^= 1
        receipt = await self._adapter(self.second).decide(
            [Decision(order, State.COMMITTED)], [Proof(true.network, true.claims, bytes(flipped))]
        )
        self._refused(receipt.results[0], self.second)

    # ---- what the acts are made of ----------------------------------------------------------------------------------

    async def _issue(self, network: str, issuer: str, recipient: str, ticket_id: str) -> tuple[str, bytes]:
        now = int(time.time())
        ticket = Ticket(
            id=ticket_id,
            status=Ticket.STATUS_FULFILLED,
            booking_ref=f"BOOKING-{ticket_id}",
            created_on=Timestamp(seconds=now),
            issuer=f"urn:citygate:{issuer}",
            travel_document_type="QR",
            validity=Ticket.Validity(
                valid_from=Timestamp(seconds=now), valid_until=Timestamp(seconds=now + 86400)
            ),
        )
        answer = await MobilityServiceStub(self.channel).IssueTicket(
            mobility.IssueTicketRequest(network=network, issuer=issuer, recipient=recipient, ticket=ticket)
        )
        return answer.asset, answer.payload_hash

    async def _redeem(self, network: str, asset: str, event: str) -> str:
        """Empty, or the gateway's error."""
        try:
            await MobilityServiceStub(self.channel).RedeemTicket(
                mobility.RedeemTicketRequest(
                    network=network,
                    asset=asset,
                    validator="operator-b",
                    local_event_id=event.replace(":", "-"),
                )
            )
        except grpc.aio.AioRpcError as error:
            return f"{error.code().name}: {error.details()}"
        return ""

    @staticmethod
    def _leg(asset: str, source: str, sender: str, destination: str, recipient: str) -> Leg:
        return Leg(
            asset=asset,
            amount="1",
            source=source,
            sender=sender,
            destination=destination,
            recipient=recipient,
        )

    async def _create(self, legs: list[Leg], deadline: int = 0, decider: str = "") -> Transfer:
        transfer = Transfer(legs=legs, decider=decider)
        if deadline:
            transfer.deadline.seconds = deadline
        return await TransferServiceStub(self.channel).CreateTransfer(
            transfers.CreateTransferRequest(transfer=transfer)
        )

    async def _until(self, transfer_id: str, condition: Callable[[Transfer], bool]) -> Transfer:
        watch = TransferServiceStub(self.channel).WatchTransfer(
            transfers.WatchTransferRequest(id=transfer_id), timeout=_PATIENCE
        )
        async for transfer in watch:
            if condition(transfer):
                watch.cancel()
                return transfer
        raise RuntimeError(f"transfer {transfer_id} ended without what the tour waits for")

    async def _cross(self, shows: str, leg: Leg) -> None:
        created = await self._create([leg])
        ended = await self._until(created.id, lambda t: t.state in _FINAL)
        self.transfers.append((shows, ended))
        self._check(
            f"the ticket {shows}: {leg.source} → {leg.destination}",
            ended.state == Transfer.STATE_COMMITTED,
            ended.failure or Transfer.State.Name(ended.state),
        )

    async def _same_payload(self, asset: str, network: str, payload_hash: bytes) -> None:
        answer = await MobilityServiceStub(self.channel).GetTicket(
            mobility.GetTicketRequest(asset=asset, network=network)
        )
        self._check(
            f"on {network} the ticket's payload is what was issued",
            answer.asset.payload_hash == payload_hash,
            f"sha256 {answer.asset.payload_hash.hex()[:16]}…",
        )

    async def _in_escrow(self, asset: str, home: str, away: str) -> None:
        (at_home,) = await self._adapter(home).supply([asset])
        (abroad,) = await self._adapter(away).supply([asset])
        outstanding = sum(at_home.outstanding.values())
        self._check(
            f"in escrow on {home} = outstanding on {away}",
            at_home.escrowed == outstanding == abroad.vouchers == 1,
            f"{at_home.escrowed} = {outstanding}, vouchers {abroad.vouchers}",
        )

    def _adapter(self, network: str) -> Adapter:
        return self.networks.get(network).adapter

    def _refused(self, result: State | str | Refusal, network: str) -> None:
        seen = f"{result.reason}: {result.detail}" if isinstance(result, Refusal) else f"accepted: {result}"
        self._check(f"{network} refuses a forged proof", isinstance(result, Refusal), seen)

    def _check(self, claim: str, held: bool, seen: str) -> None:
        self.checks.append(Check(claim, held, seen))


_FINAL = (Transfer.STATE_COMMITTED, Transfer.STATE_ABORTED)


def ledger_time(stamp: Timestamp) -> str:
    """A ledger transaction's time, to the second, UTC."""
    return datetime.fromtimestamp(stamp.seconds, UTC).strftime("%H:%M:%S")
