"""The in-memory ledger keeps to docs/protocol.md: each refusal beside what is allowed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from citygate.adapter import (
    AdapterError,
    Event,
    Issue,
    Leg,
    Order,
    Participant,
    Reason,
    Redemption,
    Refusal,
    State,
    Terms,
)
from citygate.adapter.memory import MemoryLedger, Peer, account_of
from citygate.adapter.memory._authorization import authorization, request

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEY = ec.derive_private_key(42, ec.SECP256R1())
POINT = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
ALICE, BOB, RELAY = account_of(POINT), "b" * 40, "c" * 40
PAYLOAD = b'{"id":"T1"}'
TICKET, COIN = "memory:a/asset:ticket/T1", "memory:a/asset:coin"


class World:
    """Two networks; a ticket and ten coins of Alice's on the first."""

    def __init__(self) -> None:
        self.a, self.b = MemoryLedger("a"), MemoryLedger("b")
        self.a.trust(self.b)
        self.b.trust(self.a)
        self.a.issuers.add("issuer")
        self.a.validators.add("validator")
        self.a.issue("issuer", [Issue("T1", PAYLOAD, ALICE, 0, 2**62)])
        self.a.mint(COIN, ALICE, 10)

    def order(self, asset: str = TICKET, amount: int = 1, **change: object) -> Order:
        payload = PAYLOAD if asset == TICKET else b""
        payload_hash = hashlib.sha256(payload).digest() if payload else bytes(32)
        leg = Leg(asset, amount, 0, ALICE, 1, BOB, payload_hash)
        terms = Terms((self.a.me, self.b.me), 1, RELAY, int(time.time()) + 100, bytes(32), (leg,))
        return self.signed(replace(terms, **change), payload)  # pyright: ignore[reportArgumentType]

    def signed(self, terms: Terms, payload: bytes) -> Order:
        signature = KEY.sign(request(terms, 0).digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        r, s = utils.decode_dss_signature(signature)
        low = min(s, P256_ORDER - s)
        given = authorization(POINT, r.to_bytes(32) + low.to_bytes(32))
        return Order(terms, (payload,), (given,))

    def prepare(self, order: Order, ledger: MemoryLedger | None = None) -> State | str | Refusal:
        return (ledger or self.a).prepare([order], RELAY).results[0]

    def proof(self, ledger: MemoryLedger, order: Order) -> bytes:
        return ledger.prove([order.terms.id])[1]

    def commit(self, order: Order, *proofs: bytes, submitter: str = RELAY) -> State | str | Refusal:
        return self.b.decide([(order, State.COMMITTED)], proofs, submitter).results[0]

    def abort(self, order: Order, submitter: str = RELAY) -> State | str | Refusal:
        return self.b.decide([(order, State.ABORTED)], [], submitter).results[0]

    def settle(self, order: Order, outcome: State) -> State | str | Refusal:
        return self.a.settle([(order, outcome)], [self.proof(self.b, order)]).results[0]

    def cross(self, order: Order) -> None:
        assert self.prepare(order) is State.PREPARED
        assert self.commit(order, self.proof(self.a, order)) is State.COMMITTED
        assert self.settle(order, State.COMMITTED) is State.COMMITTED


@pytest.fixture
def world() -> World:
    return World()


def refusal(result: object) -> Reason:
    assert isinstance(result, Refusal), result
    return result.reason


def test_a_ticket_crosses_and_is_accounted_for(world: World) -> None:
    order = world.order()
    world.cross(order)
    assert world.a.supply(TICKET).escrowed == 1
    assert world.a.supply(TICKET).outstanding == {"memory:b": 1}
    assert world.b.supply(TICKET).vouchers == 1
    assert world.b.asset(TICKET).owner == BOB
    assert world.b.asset(TICKET).payload == PAYLOAD
    assert world.a.asset(TICKET).outstanding == "memory:b"
    # every verb again changes nothing
    height = len(world.a.events), len(world.b.events)
    assert world.commit(order) is State.COMMITTED
    assert world.settle(order, State.COMMITTED) is State.COMMITTED
    assert (len(world.a.events), len(world.b.events)) == height
    assert refusal(world.prepare(order)) is Reason.ALREADY_APPLIED


def test_fungible_amounts_cross_and_add_up(world: World) -> None:
    for number in range(3):
        world.cross(world.order(COIN, 3, salt=number.to_bytes(32)))
    assert world.a.supply(COIN).outstanding == {"memory:b": 9}
    assert world.a.supply(COIN).escrowed == world.b.supply(COIN).vouchers == 9
    assert refusal(world.prepare(world.order(COIN, 3, salt=b"\3" * 32))) is Reason.INSUFFICIENT


def test_an_abort_gives_back_and_a_tombstone_keeps_a_late_prepare_out(world: World) -> None:
    order = world.order()
    world.prepare(order)
    assert world.a.asset(TICKET).locked_by == order.terms.id
    assert world.abort(order) is State.ABORTED
    assert world.settle(order, State.ABORTED) is State.ABORTED
    assert world.a.asset(TICKET).owner == ALICE
    assert world.a.asset(TICKET).locked_by == b""

    late = world.order(salt=b"\1" * 32)
    assert world.abort(late) is State.ABORTED
    assert world.settle(late, State.ABORTED) is State.ABORTED
    assert isinstance(world.prepare(late), Refusal)
    assert world.a.asset(TICKET).owner == ALICE
    world.cross(world.order(salt=b"\2" * 32))


def _high_s(order: Order) -> Order:
    given = order.authorizations[0]
    s = P256_ORDER - int.from_bytes(given[97:])
    return replace(order, authorizations=(given[:97] + s.to_bytes(32),))


def _other_amount(order: Order) -> Order:
    changed = replace(order.terms, legs=(replace(order.terms.legs[0], recipient="d" * 40),))
    return replace(order, terms=changed)


BAD_ORDERS: dict[str, tuple[Callable[[Order], Order], Reason]] = {
    "no authorisation": (lambda o: replace(o, authorizations=(b"",)), Reason.UNAUTHORISED),
    "a high S": (_high_s, Reason.INVALID),
    "an authorisation of other terms": (_other_amount, Reason.UNAUTHORISED),
    "another key": (
        lambda o: replace(o, authorizations=(b"\4" + bytes(64) + o.authorizations[0][65:],)),
        Reason.UNAUTHORISED,
    ),
    "a list that is too short": (lambda o: replace(o, payloads=()), Reason.INVALID),
    "another payload": (lambda o: replace(o, payloads=(b"{}",)), Reason.INVALID),
}


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_an_order_that_is_not_as_it_must_be_is_refused_and_the_good_one_beside_it_not(
    world: World, name: str
) -> None:
    change, reason = BAD_ORDERS[name]
    bad = change(world.order(salt=b"\1" * 32))
    receipt = world.a.prepare([bad, world.order()], RELAY)
    assert refusal(receipt.results[0]) is reason
    assert receipt.results[1] is State.PREPARED
    assert world.a.store.states[bad.terms.id] is State.NONE


def test_terms_that_break_the_rules_are_refused(world: World) -> None:
    leg = world.order().terms.legs[0]
    late = world.order(deadline=int(time.time()) - 1)
    stranger = world.order(participants=(world.a.me, Participant("memory:b", "other")))
    other_hash = world.order(legs=(replace(leg, payload_hash=bytes(32)),))
    too_many = world.order(legs=(replace(leg, amount=2),))
    for order, reason in [
        (late, Reason.REJECTED),
        (stranger, Reason.REJECTED),
        (other_hash, Reason.REJECTED),
        (too_many, Reason.INVALID),
    ]:
        assert refusal(world.prepare(order)) is reason
    assert world.prepare(world.order()) is State.PREPARED


def test_a_locked_or_redeemed_ticket_does_not_leave(world: World) -> None:
    first, second = world.order(), world.order(salt=b"\1" * 32)
    assert world.prepare(first) is State.PREPARED
    assert refusal(world.prepare(second)) is Reason.INSUFFICIENT
    world.abort(first)
    world.settle(first, State.ABORTED)
    assert world.a.redeem("validator", [Redemption(TICKET, "e1")]).results == ("e1",)
    assert world.a.redeem("validator", [Redemption(TICKET, "e1")]).results == ("e1",)
    assert refusal(world.a.redeem("validator", [Redemption(TICKET, "e2")]).results[0]) is Reason.REJECTED
    assert refusal(world.prepare(second)) is Reason.REJECTED


def test_a_commit_needs_a_proof_of_every_other_network_in_time(world: World) -> None:
    order, other = world.order(), world.order(COIN, 1)
    world.prepare(order)
    world.prepare(other)
    assert refusal(world.commit(order)) is Reason.INVALID
    assert refusal(world.commit(order, world.proof(world.a, other))) is Reason.INVALID
    world.b.offset = 1000
    assert refusal(world.commit(order, world.proof(world.a, order))) is Reason.REJECTED
    world.b.offset = 0
    assert world.commit(order, world.proof(world.a, order)) is State.COMMITTED


def test_a_proof_with_any_byte_changed_is_refused(world: World) -> None:
    order = world.order()
    world.prepare(order)
    proof = world.proof(world.a, order)
    for position in range(len(proof)):
        forged = bytearray(proof)
        forged[position] ^= 1
        with pytest.raises(AdapterError) as caught:
            world.commit(order, bytes(forged))
        assert caught.value.reason is Reason.INVALID
    foreign = MemoryLedger("a")
    foreign.trust(world.b)
    foreign.issuers.add("issuer")
    foreign.issue("issuer", [Issue("T1", PAYLOAD, ALICE, 0, 2**62)])
    assert world.prepare(order, foreign) is State.PREPARED
    with pytest.raises(AdapterError):
        world.commit(order, world.proof(foreign, order))
    assert world.commit(order, proof) is State.COMMITTED


def test_only_the_initiator_aborts_before_the_deadline_and_a_decision_is_final(world: World) -> None:
    order = world.order()
    world.prepare(order)
    assert refusal(world.abort(order, submitter=BOB)) is Reason.UNAUTHORISED
    proof = world.proof(world.a, order)
    world.b.offset = 1000
    assert world.abort(order, submitter=BOB) is State.ABORTED
    world.b.offset = 0
    assert refusal(world.commit(order, proof)) is Reason.REJECTED

    done = world.order(COIN, 1)
    world.cross(done)
    assert refusal(world.abort(done)) is Reason.REJECTED


def test_settling_follows_the_decider_and_nobody_else(world: World) -> None:
    order = world.order()
    world.prepare(order)
    assert refusal(world.a.settle([(order, State.COMMITTED)], []).results[0]) is Reason.INVALID
    own = world.a.settle([(order, State.ABORTED)], [])
    assert refusal(own.results[0]) is Reason.INVALID
    world.commit(order, world.proof(world.a, order))
    assert refusal(world.settle(order, State.ABORTED)) is Reason.INVALID
    assert world.settle(order, State.COMMITTED) is State.COMMITTED
    assert refusal(world.a.decide([(world.order(COIN, 1), State.ABORTED)], [], RELAY).results[0])


def test_a_network_gives_back_no_more_than_it_got(world: World) -> None:
    world.cross(world.order(COIN, 4))
    world.b.store.balances[COIN, ALICE] = 100  # validators of b that make vouchers up

    def home(amount: int) -> Order:
        leg = Leg(COIN, amount, 1, ALICE, 0, ALICE)
        return world.order(COIN, 1, decider=0, legs=(leg,))

    greedy = home(5)
    assert world.prepare(greedy, world.b) is State.PREPARED
    stolen = world.a.decide([(greedy, State.COMMITTED)], [world.proof(world.b, greedy)], RELAY)
    assert refusal(stolen.results[0]) is Reason.INSUFFICIENT
    fair = home(4)
    assert world.prepare(fair, world.b) is State.PREPARED
    back = world.a.decide([(fair, State.COMMITTED)], [world.proof(world.b, fair)], RELAY)
    assert back.results == (State.COMMITTED,)
    assert world.a.supply(COIN).escrowed == 0
    assert world.a.store.balances[COIN, ALICE] == 10


def test_the_home_of_what_leaves_elsewhere_decides(world: World) -> None:
    world.cross(world.order(COIN, 4))
    world.b.store.balances[COIN, ALICE] = 4
    leg = Leg(COIN, 4, 1, ALICE, 0, ALICE)
    assert refusal(world.prepare(world.order(COIN, decider=1, legs=(leg,)), world.b)) is Reason.INVALID
    assert world.prepare(world.order(COIN, decider=0, legs=(leg,)), world.b) is State.PREPARED


def test_a_stranger_cannot_keep_an_asset_from_coming_home(world: World) -> None:
    """Anybody can prepare invented terms at the home: nothing that is abroad is tied up by them."""
    world.cross(world.order(COIN, 4))
    world.b.store.balances[COIN, ALICE] = 4
    invented = world.order(COIN, decider=0, legs=(Leg(COIN, 4, 1, BOB, 0, BOB),))
    assert world.prepare(invented) is State.PREPARED
    assert world.a.supply(COIN).outstanding == {"memory:b": 4}

    home = world.order(COIN, decider=0, legs=(Leg(COIN, 4, 1, ALICE, 0, ALICE),))
    assert world.prepare(home, world.b) is State.PREPARED
    back = world.a.decide([(home, State.COMMITTED)], [world.proof(world.b, home)], RELAY)
    assert back.results == (State.COMMITTED,)
    assert world.a.supply(COIN).outstanding == {}
    # Aborting what was invented gives nobody anything.
    assert world.a.decide([(invented, State.ABORTED)], [], RELAY).results == (State.ABORTED,)
    assert (world.a.supply(COIN).outstanding, world.a.supply(COIN).escrowed) == ({}, 0)


def test_a_refused_delivery_is_kept_for_its_recipient(world: World) -> None:
    world.b.gate.refusing.add(BOB)
    world.cross(world.order())
    assert world.b.asset(TICKET).owner == "gate"
    world.b.gate.claim(BOB, TICKET)
    assert world.b.asset(TICKET).owner == BOB


def test_an_operator_needs_no_signature(world: World) -> None:
    unsigned = replace(world.order(), authorizations=(b"",))
    assert refusal(world.prepare(unsigned)) is Reason.UNAUTHORISED
    world.a.gate.operators.add((ALICE, RELAY))
    assert world.prepare(unsigned) is State.PREPARED


def test_roles_and_validity_bind_tickets(world: World) -> None:
    issue = Issue("T2", PAYLOAD, ALICE, 0, 2**62)
    assert refusal(world.a.issue("nobody", [issue]).results[0]) is Reason.UNAUTHORISED
    assert world.a.issue("issuer", [issue]).results == ("memory:a/asset:ticket/T2",)
    assert world.a.issue("issuer", [issue]).results == ("memory:a/asset:ticket/T2",)
    other = replace(issue, payload=b"{}")
    assert refusal(world.a.issue("issuer", [other]).results[0]) is Reason.REJECTED
    world.a.issue("issuer", [replace(issue, ticket_id="T3", valid_from=2**61)])
    early = Redemption("memory:a/asset:ticket/T3", "e1")
    assert refusal(world.a.redeem("validator", [early]).results[0]) is Reason.REJECTED
    good = Redemption("memory:a/asset:ticket/T2", "e1")
    assert refusal(world.a.redeem("nobody", [good]).results[0]) is Reason.UNAUTHORISED
    assert world.a.redeem("validator", [good]).results == ("e1",)


async def test_events_wait_for_finality_and_resume_from_a_cursor(world: World) -> None:
    order = world.order()
    world.a.hold_finality()
    world.prepare(order)
    with pytest.raises(AdapterError) as caught:
        world.proof(world.a, order)
    assert caught.value.reason is Reason.NOT_FINAL
    events = world.a.observe(None)
    first = await anext(events)
    assert first.kind == "issued"
    world.a.release_finality()
    prepared = await anext(events)
    assert (prepared.kind, prepared.terms, prepared.payloads) == ("prepared", order.terms, (PAYLOAD,))
    again: Event = await anext(world.a.observe(first.cursor))
    assert again == prepared
    with pytest.raises(AdapterError, match="NONE"):
        world.a.prove([bytes(32)])


def test_a_peer_does_not_show_its_key(world: World) -> None:
    peer = world.a.peer()
    assert isinstance(peer, Peer)
    assert peer.key.hex() not in repr(peer)
    assert repr(peer.key) not in repr(peer)
