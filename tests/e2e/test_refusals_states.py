"""A transfer goes one way and once: replays, second thoughts, tombstones and deadlines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from citygate.adapter import Proof, Reason, State
from citygate.gateway.platform import Networks

from .forging import claiming
from .past_adapters import Gate
from .terms import GATES, OTHER, OWNER, Crossing, account, decided, issued, prepared, refusal

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]

OUTCOMES = (State.COMMITTED, State.ABORTED)
SOON = 3
"""Seconds to a deadline that is to be missed."""


# ---- replays ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("source", GATES)
async def test_a_replay_succeeds_and_changes_nothing(
    ledgers: Networks, gates: Mapping[str, Gate], source: str, outcome: State
) -> None:
    """Each verb again as soon as it is done, by its sender and by a stranger; then all of them once more."""
    (crossing,) = await issued(ledgers, source)
    order = crossing.order

    async def unchanged(gate: str, verb: str, *proofs: Proof) -> None:
        before = await crossing.accounts()
        await gates[gate].send(verb, order, outcome, proofs)
        assert await crossing.accounts() == before

    assert await crossing.prepare() is State.PREPARED
    ready = await crossing.proof(crossing.source)
    shown = [ready] if outcome is State.COMMITTED else []
    held = await crossing.accounts()
    assert await crossing.prepare() is State.PREPARED
    assert await crossing.accounts() == held
    await unchanged(source, "prepare")

    assert await crossing.decide(outcome, *shown) is outcome
    held = await crossing.accounts()
    assert await crossing.decide(outcome, *shown) is outcome
    assert await crossing.accounts() == held
    await unchanged(OTHER[source], "decide", *shown)

    decision = await crossing.proof(crossing.decider)
    assert await crossing.settle(outcome, decision) is outcome
    held = await crossing.accounts()
    assert await crossing.settle(outcome, decision) is outcome
    assert await crossing.accounts() == held
    await unchanged(source, "settle", decision)

    await unchanged(source, "prepare")
    await unchanged(OTHER[source], "prepare")
    await unchanged(OTHER[source], "decide", *shown)
    await unchanged(source, "settle", decision)


# ---- a decision after the other one -----------------------------------------------------------------------


@pytest.mark.parametrize("gate", GATES)
async def test_an_abort_after_the_commit(ledgers: Networks, gate: str) -> None:
    (crossing,) = await decided(ledgers, OTHER[gate], State.COMMITTED)
    before = await crossing.accounts()
    assert refusal(await crossing.decide(State.ABORTED)).reason is Reason.ALREADY_APPLIED
    assert await crossing.accounts() == before
    (sibling,) = await prepared(ledgers, OTHER[gate])
    assert await sibling.decide(State.ABORTED) is State.ABORTED


@pytest.mark.parametrize("first", [State.NONE, State.PREPARED])
@pytest.mark.parametrize("gate", GATES)
async def test_a_commit_after_the_abort(ledgers: Networks, gate: str, first: State) -> None:
    crossing, sibling = await prepared(ledgers, OTHER[gate], 2)
    if first is State.PREPARED:
        await crossing.decider.adapter.prepare([crossing.order])
    assert await crossing.decide(State.ABORTED) is State.ABORTED
    before = await crossing.accounts()
    ready = await crossing.proof(crossing.source)
    assert refusal(await crossing.decide(State.COMMITTED, ready)).reason is Reason.ALREADY_APPLIED
    assert await crossing.accounts() == before
    ready = await sibling.proof(sibling.source)
    assert await sibling.decide(State.COMMITTED, ready) is State.COMMITTED


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("gate", GATES)
async def test_the_other_outcome_where_it_is_settled(ledgers: Networks, gate: str, outcome: State) -> None:
    (crossing,) = await decided(ledgers, gate, outcome)
    decision = await crossing.proof(crossing.decider)
    assert await crossing.settle(outcome, decision) is outcome
    before = await crossing.accounts()
    other = State.ABORTED if outcome is State.COMMITTED else State.COMMITTED
    said = refusal(await crossing.settle(other, claiming(decision, other)))
    assert said.reason is Reason.ALREADY_APPLIED
    assert await crossing.accounts() == before


@pytest.mark.parametrize("gate", GATES)
async def test_a_decider_does_not_settle_and_a_settler_does_not_decide(
    ledgers: Networks, gates: Mapping[str, Gate], gate: str
) -> None:
    (mine,) = await prepared(ledgers, OTHER[gate])
    ready = await mine.proof(mine.source)
    assert await gates[gate].ask("settle", mine.order, State.COMMITTED, [ready]) is State.NONE
    assert await mine.decide(State.COMMITTED, ready) is State.COMMITTED
    (theirs,) = await decided(ledgers, gate, State.COMMITTED)
    decision = await theirs.proof(theirs.decider)
    assert await gates[gate].ask("decide", theirs.order, State.COMMITTED, [decision]) is State.PREPARED
    assert await gates[gate].ask("decide", theirs.order, State.ABORTED, []) is State.PREPARED
    assert await theirs.settle(State.COMMITTED, decision) is State.COMMITTED


# ---- tombstones -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gate", GATES)
async def test_a_late_prepare_finds_the_tombstone(ledgers: Networks, gate: str) -> None:
    """Where the transfer is settled before it was ever prepared, and where it was decided so."""
    crossing, sibling = await issued(ledgers, gate, 2)
    assert await crossing.decide(State.ABORTED) is State.ABORTED
    assert await crossing.settle(State.ABORTED, await crossing.proof(crossing.decider)) is State.ABORTED
    before = await crossing.accounts()
    assert refusal(await crossing.prepare()).reason is Reason.ALREADY_APPLIED
    late = await crossing.decider.adapter.prepare([crossing.order])
    assert refusal(late.results[0]).reason is Reason.ALREADY_APPLIED
    assert await crossing.accounts() == before
    assert await sibling.prepare() is State.PREPARED


@pytest.mark.parametrize("gate", GATES)
async def test_a_commit_of_what_was_not_prepared(ledgers: Networks, gate: str) -> None:
    """A settler that never prepared can't be shown a commit honestly; it wouldn't take a true one of another."""
    (other,) = await decided(ledgers, gate, State.COMMITTED)
    (mine,) = await issued(ledgers, gate)
    decision = await other.proof(other.decider)
    posing = Proof(
        decision.network, tuple(replace(c, transfer_id=mine.id) for c in decision.claims), decision.data
    )
    assert refusal(await mine.settle(State.COMMITTED, posing))
    assert await mine.state(mine.settler) is State.NONE
    assert await other.settle(State.COMMITTED, decision) is State.COMMITTED


# ---- deadlines --------------------------------------------------------------------------------------------


async def past(deadline: int) -> None:
    """Wait until no clock says the deadline's second any more. Nothing tells: time itself has to pass."""
    await asyncio.sleep(max(0.0, deadline + 1.1 - time.time()))


async def initiated_by_owner(crossing: Crossing) -> Crossing:
    """The same transfer, which its decider's relay may not abort."""
    name = crossing.decider.name
    return await crossing.signed(initiator=account(crossing.ledgers, name, OWNER[name]))


@pytest.mark.parametrize("gate", GATES)
async def test_a_commit_past_the_deadline(ledgers: Networks, gate: str) -> None:
    short, long = await issued(ledgers, OTHER[gate], 2)
    deadline = int(time.time()) + SOON
    short = await (await initiated_by_owner(short)).signed(deadline=deadline)
    late = await short.signed(salt=bytes(32))
    for crossing in (short, long):
        assert await crossing.prepare() is State.PREPARED
    ready = await short.proof(short.source)
    assert refusal(await short.decide(State.ABORTED)).reason is Reason.UNAUTHORISED
    await past(deadline)
    said = refusal(await short.decide(State.COMMITTED, ready))
    assert (said.reason, "deadline" in said.detail) == (Reason.REJECTED, True)
    assert await short.state(short.decider) is State.NONE
    said = refusal(await late.prepare())
    assert (said.reason, "deadline" in said.detail) == (Reason.REJECTED, True)
    # The twins: past the deadline anyone may abort, and what has time left commits.
    assert await short.decide(State.ABORTED) is State.ABORTED
    assert await short.settle(State.ABORTED, await short.proof(short.decider)) is State.ABORTED
    assert await long.decide(State.COMMITTED, await long.proof(long.source)) is State.COMMITTED


@pytest.mark.parametrize("gate", GATES)
async def test_an_abort_by_somebody_else_before_the_deadline(ledgers: Networks, gate: str) -> None:
    (sibling,) = await issued(ledgers, OTHER[gate])
    theirs = await initiated_by_owner(sibling)
    assert await theirs.prepare() is State.PREPARED
    assert refusal(await theirs.decide(State.ABORTED)).reason is Reason.UNAUTHORISED
    await theirs.decider.adapter.prepare([theirs.order])
    assert refusal(await theirs.decide(State.ABORTED)).reason is Reason.UNAUTHORISED
    assert await theirs.state(theirs.decider) is State.PREPARED
    (ours,) = await prepared(ledgers, OTHER[gate])
    assert await ours.decide(State.ABORTED) is State.ABORTED
