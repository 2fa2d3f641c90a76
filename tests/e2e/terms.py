"""Honest transfers of fresh tickets, taken to the point where a test begins to forge."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any

from citygate.adapter import (
    Decision,
    Issue,
    Leg,
    Order,
    Participant,
    Proof,
    Receipt,
    Refusal,
    Settlement,
    State,
    Terms,
)
from citygate.gateway.platform import Network, Networks, authorize

GATES = ("ethereum", "fabric")
OTHER = {"ethereum": "fabric", "fabric": "ethereum"}
ISSUER = {"ethereum": "operator-a", "fabric": "operator-b"}
OWNER = {"ethereum": "alice", "fabric": "bob"}
HOUR = 3600


def account(ledgers: Networks, network: str, name: str) -> str:
    """The local form of a named account."""
    return ledgers.account(ledgers.get(network), name, name)


@dataclass(frozen=True)
class Crossing:
    """A transfer of one ticket from its home to the other ledger."""

    ledgers: Networks
    source: Network
    destination: Network
    order: Order

    @property
    def id(self) -> bytes:
        return self.order.terms.id

    @property
    def asset(self) -> str:
        return self.order.terms.legs[0].asset

    @property
    def payload(self) -> bytes:
        return self.order.payloads[0]

    @property
    def decider(self) -> Network:
        return self.ledgers.get(self.order.terms.participants[self.order.terms.decider].network)

    @property
    def settler(self) -> Network:
        return self.source if self.decider is self.destination else self.destination

    def changed(self, **changes: Any) -> Crossing:
        """The same with another order: its `terms`, `payloads` or `authorizations`."""
        return replace(self, order=replace(self.order, **changes))

    async def signed(self, **terms: Any) -> Crossing:
        """The same ticket under changed terms, which its owner signed."""
        new = replace(self.order.terms, **terms)
        return self.changed(terms=new, authorizations=await authorize(self.ledgers, new))

    async def returning(self) -> Crossing:
        """The way back home of what has arrived, decided there and signed by who has it abroad."""
        (leg,) = self.order.terms.legs
        back = replace(
            leg,
            source=leg.destination,
            sender=leg.recipient,
            destination=leg.source,
            recipient=leg.sender,
        )
        turned = replace(self, source=self.destination, destination=self.source)
        return await turned.signed(
            legs=(back,), decider=leg.source, initiator=self.ledgers.relay(self.source), salt=bytes(32)
        )

    # ---- verbs, each answering with what became of this transfer -------------------------------------------

    async def prepare(self) -> State | str | Refusal:
        return result(await self.source.adapter.prepare([self.order]))

    async def decide(self, outcome: State, *proofs: Proof) -> State | str | Refusal:
        return result(await self.decider.adapter.decide([Decision(self.order, outcome)], proofs))

    async def settle(self, outcome: State, *proofs: Proof) -> State | str | Refusal:
        return result(await self.settler.adapter.settle([Settlement(self.order, outcome)], proofs))

    # ---- what a gate says of it ----------------------------------------------------------------------------

    async def proof(self, of: Network) -> Proof:
        return await of.adapter.prove([self.id])

    async def state(self, at: Network) -> State:
        (record,) = await at.adapter.transfers([self.id])
        return record.state

    async def accounts(self) -> tuple[object, ...]:
        """All that both ledgers hold of the ticket."""
        held = [
            (await network.adapter.assets([self.asset]), await network.adapter.supply([self.asset]))
            for network in (self.source, self.destination)
        ]
        return (*held, await self.state(self.source), await self.state(self.destination))


def result(receipt: Receipt) -> State | str | Refusal:
    """What became of the only item."""
    (only,) = receipt.results
    return only


def refusal(answer: State | str | Refusal) -> Refusal:
    """The refusal that the answer is."""
    assert isinstance(answer, Refusal), f"accepted: {answer!r}"
    return answer


def ticket(owner: str) -> Issue:
    """A ticket that nobody has seen yet, valid now."""
    number, now = f"TKT-{secrets.token_hex(8)}", int(time.time())
    payload = json.dumps({"id": number}, separators=(",", ":")).encode()
    return Issue(number, payload, owner, now - HOUR, now + HOUR)


async def issued(
    ledgers: Networks, source: str, count: int = 1, decider: str = "", seconds: int = HOUR
) -> list[Crossing]:
    """As many new tickets at home at `source`, each with terms that its owner signed, and no gate has seen.

    The destination decides unless `decider` says else; the deadline is `seconds` from now.
    """
    home, away = ledgers.get(source), ledgers.get(OTHER[source])
    owner = account(ledgers, source, OWNER[source])
    tickets = [ticket(owner) for _ in range(count)]
    receipt = await home.adapter.issue(account(ledgers, source, ISSUER[source]), tickets)
    names = [home.adapter.asset_name(new.ticket_id) for new in tickets]
    assert list(receipt.results) == names
    return [
        await _honest(ledgers, home, away, asset, new, decider, seconds)
        for asset, new in zip(names, tickets, strict=True)
    ]


async def _honest(
    ledgers: Networks, home: Network, away: Network, asset: str, new: Issue, decider: str, seconds: int
) -> Crossing:
    first, second = sorted((home, away), key=lambda network: network.id)
    deciding = ledgers.get(decider) if decider else away
    leg = Leg(
        asset,
        1,
        (first, second).index(home),
        new.recipient,
        (first, second).index(away),
        account(ledgers, away.name, OWNER[away.name]),
        hashlib.sha256(new.payload).digest(),
    )
    terms = Terms(
        tuple(Participant(network.id, network.description.gate) for network in (first, second)),
        (first, second).index(deciding),
        ledgers.relay(deciding),
        int(time.time()) + seconds,
        secrets.token_bytes(32),
        (leg,),
    )
    return Crossing(ledgers, home, away, Order(terms, (new.payload,), await authorize(ledgers, terms)))


async def prepared(ledgers: Networks, source: str, count: int = 1, seconds: int = HOUR) -> list[Crossing]:
    """New tickets that are locked at `source` and wait for the destination to decide."""
    crossings = await issued(ledgers, source, count, seconds=seconds)
    receipt = await crossings[0].source.adapter.prepare([crossing.order for crossing in crossings])
    assert receipt.results == (State.PREPARED,) * count
    return crossings


async def decided(ledgers: Networks, source: str, outcome: State, count: int = 1) -> list[Crossing]:
    """New tickets that are locked at `source` and whose fate the destination has decided."""
    crossings = await prepared(ledgers, source, count)
    proof = await crossings[0].source.adapter.prove([crossing.id for crossing in crossings])
    receipt = await crossings[0].decider.adapter.decide(
        [Decision(crossing.order, outcome) for crossing in crossings],
        [proof] if outcome is State.COMMITTED else [],
    )
    assert receipt.results == (outcome,) * count
    return crossings


async def arrived(ledgers: Networks, source: str) -> Crossing:
    """A ticket that is abroad, its transfer done on both ledgers."""
    (crossing,) = await decided(ledgers, source, State.COMMITTED)
    decision = await crossing.proof(crossing.decider)
    assert await crossing.settle(State.COMMITTED, decision) is State.COMMITTED
    return crossing
