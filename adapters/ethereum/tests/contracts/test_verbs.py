"""States: who may change them, when, in which order, and that the items of a batch don't touch each other."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from citygate.adapter import State, Terms

from .chain import Reverted
from .world import FABRIC, NETWORK, OTHER, World, leg, order, token_id

pytestmark = pytest.mark.ledger

ENERGY = f"{FABRIC}/asset:citygate.energy"


def arriving(world: World, **changes: object) -> Terms:
    """A voucher for bob: needs nobody's authorisation here."""
    return world.terms(world.back(ENERGY, amount=10), **changes)


def following(world: World) -> Terms:
    """As `arriving`, but decided on `fabric`."""
    return arriving(world, decider=1, initiator="Org1MSP.carol")


# ---- repetition and order


def test_what_is_done_already_succeeds_and_changes_nothing(world: World) -> None:
    terms = arriving(world)
    prepared = world.prepared(terms)
    assert len(world.prepare(order(terms)).logs) == 1
    assert world.prepare(order(terms)).logs == []
    assert world.commit(order(terms), prepared).named("Committed")
    assert world.commit(order(terms), prepared).logs == []
    assert world.vouchers.call("balanceOf", world.bob, token_id(ENERGY)) == 10
    refused = arriving(world)
    assert world.abort(order(refused)).named("Aborted")
    assert world.abort(order(refused)).logs == []


def test_a_decision_is_final(world: World) -> None:
    committed, aborted = arriving(world), arriving(world)
    world.commit(order(committed), world.prepared(committed))
    world.abort(order(aborted))
    assert world.refusal(world.abort(order(committed))) == ("WrongState", State.COMMITTED)
    assert world.refusal(world.prepare(order(committed))) == ("WrongState", State.COMMITTED)
    assert world.refusal(world.commit(order(aborted), world.prepared(aborted))) == (
        "WrongState",
        State.ABORTED,
    )
    assert world.refusal(world.prepare(order(aborted))) == ("WrongState", State.ABORTED)
    assert (world.state(committed), world.state(aborted)) == (State.COMMITTED, State.ABORTED)


def test_a_settlement_is_final_and_needs_a_preparation(world: World) -> None:
    terms, late = following(world), following(world)
    committed = world.fabric.evidence((terms.id, State.COMMITTED))
    assert world.refusal(world.settle(order(terms), State.COMMITTED, committed)) == ("WrongState", State.NONE)
    world.prepare(order(terms))
    assert world.refusal(world.settle(order(terms), State.COMMITTED, committed)) == ()
    aborted = world.fabric.evidence((terms.id, State.ABORTED))
    assert world.refusal(world.settle(order(terms), State.ABORTED, aborted)) == (
        "WrongState",
        State.COMMITTED,
    )
    # A tombstone: the abort comes before the preparation.
    world.settle(order(late), State.ABORTED, world.fabric.evidence((late.id, State.ABORTED)))
    assert world.refusal(world.prepare(order(late))) == ("WrongState", State.ABORTED)


@pytest.mark.parametrize("outcome", [State.NONE, State.PREPARED, 4])
def test_only_two_outcomes_exist(world: World, outcome: int) -> None:
    terms = arriving(world)
    for _ in range(2):
        receipt = world.gate.send("decide", [(order(terms), outcome, [])], [])
        assert world.refusal(receipt) == ("InvalidOutcome", outcome)
        world.prepare(order(terms))


def test_each_verb_is_for_its_gate(world: World) -> None:
    ours, theirs = arriving(world), following(world)
    receipt = world.settle(order(ours), State.ABORTED, world.fabric.evidence((ours.id, State.ABORTED)))
    assert world.refusal(receipt) == ("IsDecider",)
    assert world.refusal(world.abort(order(theirs))) == ("NotDecider", FABRIC)


def test_only_the_gate_calls_the_parts_of_its_verbs(world: World) -> None:
    terms = arriving(world)
    with pytest.raises(Reverted, match="OnlySelf"):
        world.gate.call("prepareOne", order(terms), world.alice)
    with pytest.raises(Reverted, match="OnlySelf"):
        world.gate.call("decideOne", order(terms), State.ABORTED, [], world.admin)
    with pytest.raises(Reverted, match="OnlySelf"):
        world.gate.call("settleOne", order(terms), State.ABORTED, (bytes(32), bytes(32), 0, b""))


# ---- clocks and initiators


def test_nothing_is_prepared_or_committed_past_the_deadline(world: World) -> None:
    first, second, third = arriving(world), arriving(world), arriving(world)
    world.prepare(order(second))
    world.chain.sleep_until(first.deadline)
    assert world.refusal(world.commit(order(first), world.prepared(first))) == ()
    world.chain.sleep_until(first.deadline + 2)
    assert world.refusal(world.commit(order(second), world.prepared(second))) == (
        "DeadlinePassed",
        second.deadline,
    )
    assert world.refusal(world.prepare(order(third))) == ("DeadlinePassed", third.deadline)
    # Now anyone may abort.
    assert world.abort(order(second), sender=world.relay).named("Aborted")


def test_a_settlement_knows_no_deadline(world: World) -> None:
    terms = following(world)
    world.prepare(order(terms))
    world.chain.sleep_until(terms.deadline + 100)
    receipt = world.settle(order(terms), State.COMMITTED, world.fabric.evidence((terms.id, State.COMMITTED)))
    assert receipt.named("Committed")


def test_before_the_deadline_only_the_initiator_aborts(world: World) -> None:
    terms = arriving(world)
    world.prepare(order(terms))
    receipt = world.abort(order(terms), sender=world.relay)
    assert world.refusal(receipt) == ("NotInitiator", world.relay)
    assert world.abort(order(terms), sender=world.admin).named("Aborted")


# ---- claims


def test_a_commit_takes_a_claim_from_every_other_participant(world: World) -> None:
    legs = (world.back(ENERGY, amount=10), leg(f"{OTHER}/asset:c.e", 2, "a", 0, world.bob))
    terms = world.terms(*legs, parties=3)
    one = world.prepared(terms)
    two = world.other.evidence((terms.id, State.PREPARED))
    assert world.refusal(world.commit(order(terms))) == ("ClaimMismatch", FABRIC)
    assert world.refusal(world.commit(order(terms), one)) == ("ClaimMismatch", OTHER)
    assert world.refusal(world.commit(order(terms), one, one)) == ("ClaimMismatch", OTHER)
    assert world.refusal(world.commit(order(terms), two, one)) == ("ClaimMismatch", FABRIC)
    assert world.refusal(world.commit(order(terms), one, two)) == ()


@pytest.mark.parametrize("state", [State.COMMITTED, State.ABORTED])
def test_a_claim_of_another_state_or_transfer_commits_nothing(world: World, state: State) -> None:
    terms, another = arriving(world), arriving(world)
    mismatch = ("ClaimMismatch", FABRIC)
    assert world.refusal(world.commit(order(terms), world.fabric.evidence((terms.id, state)))) == mismatch
    assert world.refusal(world.commit(order(terms), world.prepared(another))) == mismatch
    assert world.refusal(world.commit(order(terms), world.prepared(terms))) == ()


def test_a_settlement_takes_the_deciders_claim_of_its_outcome(world: World) -> None:
    legs = (world.back(ENERGY, amount=10), leg(f"{OTHER}/asset:c.e", 2, "a", 0, world.bob))
    terms = world.terms(*legs, parties=3, decider=1)
    world.prepare(order(terms))
    for evidence in (
        world.other.evidence((terms.id, State.COMMITTED)),
        world.fabric.evidence((terms.id, State.ABORTED)),
        world.fabric.evidence((terms.id, State.PREPARED)),
    ):
        assert world.refusal(world.settle(order(terms), State.COMMITTED, evidence)) == (
            "ClaimMismatch",
            FABRIC,
        )
    committed = world.fabric.evidence((terms.id, State.COMMITTED))
    assert world.refusal(world.settle(order(terms), State.COMMITTED, committed)) == ()


def test_a_reference_to_nothing_is_refused(world: World) -> None:
    terms = arriving(world)
    evidence = [world.prepared(terms)]
    for place in [(1, 0), (0, 1), (65535, 65535)]:
        receipt = world.gate.send("decide", [(order(terms), State.COMMITTED, [place])], evidence)
        assert world.refusal(receipt) == ("NoSuchClaim", *place)
    receipt = world.gate.send("decide", [(order(terms), State.COMMITTED, [(0, 0)])], evidence)
    assert world.refusal(receipt) == ()


# ---- batches


def test_one_bad_item_in_fifty_harms_no_other(world: World) -> None:
    everyone = [arriving(world) for _ in range(50)]
    bad = 17
    evidence = [
        world.fabric.evidence(
            *((terms.id, State.PREPARED) for terms in everyone if terms is not everyone[bad])
        )
    ]
    places = [n - (n > bad) for n in range(50)]
    # The bad one points at its neighbour's claim.
    decisions = [
        (order(terms), State.COMMITTED, [(0, place)]) for terms, place in zip(everyone, places, strict=True)
    ]
    receipt = world.gate.send("decide", decisions, evidence)
    assert [refused["id"] for refused in receipt.named("Refused")] == [everyone[bad].id]
    states = world.gate.call("states", [terms.id for terms in everyone])
    assert [n for n, state in enumerate(states) if state != State.COMMITTED] == [bad]
    assert world.vouchers.call("balanceOf", world.bob, token_id(ENERGY)) == 490


def test_evidence_that_is_refused_harms_only_what_refers_to_it(world: World) -> None:
    one, two = arriving(world), arriving(world)
    good = world.prepared(one)
    bad = (
        FABRIC,
        world.fabric.prove(world.fabric.answer((two.id, State.PREPARED)), world.fabric.endorsers[:1]),
    )
    decisions = [(order(one), State.COMMITTED, [(0, 0)]), (order(two), State.COMMITTED, [(1, 0)])]
    receipt = world.gate.send("decide", decisions, [good, bad])
    name, evidence, reason = world.refusal(receipt)
    assert (name, evidence, world.chain.error(reason)) == ("ProofRefused", 1, ("TooFewOrganisations", 1))
    assert (world.state(one), world.state(two)) == (State.COMMITTED, State.NONE)


def test_a_call_answers_the_states_that_a_transaction_would_leave(world: World) -> None:
    good, bad = arriving(world), arriving(world, deadline=1)
    assert world.gate.call("prepare", [order(good), order(bad)]) == (State.PREPARED, State.NONE)


def test_states_lie_where_the_protocol_says(world: World) -> None:
    terms = arriving(world)
    world.prepare(order(terms))
    seed = int.from_bytes(keccak(b"citygate.gate.states"), "big") - 1
    namespace = int.from_bytes(keccak(seed.to_bytes(32, "big")), "big") & ~0xFF
    slot = keccak(terms.id + namespace.to_bytes(32, "big"))
    stored = world.chain.rpc("eth_getStorageAt", world.gate.address, "0x" + slot.hex(), "latest")
    assert int(stored, 16) == State.PREPARED
    assert world.gate.call("network") == NETWORK
