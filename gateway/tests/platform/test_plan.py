"""Every situation that one, two and three networks can be in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pytest

from citygate.adapter import Leg, Participant, State, Terms
from citygate.gateway.platform.engine._plan import Action, Step, finished, next_steps

DEADLINE = 1000
NETWORKS: tuple[str, ...] = ("memory:a", "memory:b", "memory:c")


def terms_of(count: int, decider: int) -> Terms:
    legs = [Leg(f"{NETWORKS[n]}/asset:coin", 1, n, "alice", (n + 1) % count, "bob") for n in range(count)]
    participants = tuple(Participant(n, "gate") for n in NETWORKS[:count])
    return Terms(participants, decider, "relay", DEADLINE, bytes(32), tuple(legs))


def situations(count: int) -> Iterator[dict[str, State]]:
    """All assignments of a state, or of not knowing it, to `count` networks."""
    for choice in itertools.product([None, *State], repeat=count):
        yield {n: s for n, s in zip(NETWORKS, choice, strict=False) if s is not None}


CASES = [
    pytest.param(count, decider, abort, authorized, late, id=f"{count}-{decider}-{abort}-{authorized}-{late}")
    for count in (1, 2, 3)
    for decider in range(count)
    for abort in (False, True)
    for authorized in (False, True)
    for late in (False, True)
]


@pytest.mark.parametrize(("count", "decider", "abort", "authorized", "late"), CASES)
def test_steps_keep_to_the_protocol(
    count: int, decider: int, abort: bool, authorized: bool, late: bool
) -> None:
    terms = terms_of(count, decider)
    now = DEADLINE + 1 if late else DEADLINE
    for states in situations(count):
        steps = next_steps(terms, states, now=now, abort=abort, authorized=authorized)
        by_network = {step.network: step for step in steps}
        assert len(by_network) == len(steps)
        if finished(terms, states):
            assert steps == ()
        decision = states.get(NETWORKS[decider])
        others = [n for n in NETWORKS[:count] if n != NETWORKS[decider]]
        for step in steps:
            check_step(step, states, decision, others)
            if step.action is Action.DECIDE:
                assert (step.outcome is State.ABORTED) is (abort or late)
            if step.action in (Action.PREPARE, Action.DECIDE) and not (abort or late):
                assert authorized


def check_step(step: Step, states: Mapping[str, State], decision: State | None, others: list[str]) -> None:
    match step.action:
        case Action.READ:
            assert step.network not in states or any(states.get(n, State.NONE).final for n in others)
        case Action.PREPARE:
            assert step.network in others
            assert states[step.network] is State.NONE
            assert decision in (State.NONE, State.PREPARED)
        case Action.DECIDE:
            assert step.network not in others
            assert decision in (State.NONE, State.PREPARED)
            if step.outcome is State.COMMITTED:
                assert all(states[other] is State.PREPARED for other in others)
        case Action.SETTLE:
            assert step.network in others
            assert decision is step.outcome
            assert not states[step.network].final


@pytest.mark.parametrize(("count", "decider", "abort", "authorized", "late"), CASES)
def test_taking_the_steps_ends_with_every_network_agreeing(
    count: int, decider: int, abort: bool, authorized: bool, late: bool
) -> None:
    terms = terms_of(count, decider)
    start: dict[str, State] = dict.fromkeys(NETWORKS[:count], State.NONE)
    now = DEADLINE + 1 if late else DEADLINE
    reached = explore(terms, start, now=now, abort=abort, authorized=authorized)
    ends = {tuple(states) for states in reached if all(State(s).final for s in states)}
    wanted = State.ABORTED if abort or late else State.COMMITTED
    if authorized or abort or late:
        assert ends == {(wanted,) * count}
    else:
        assert reached == {tuple(start.values())}


def explore(
    terms: Terms, start: dict[str, State], *, now: float, abort: bool, authorized: bool
) -> set[tuple[State, ...]]:
    """All states that ideal ledgers reach when the steps are taken in any order; each leads on to the end."""
    reached: set[tuple[State, ...]] = set()
    ahead = [start]
    while ahead:
        states = ahead.pop()
        key = tuple(states.values())
        if key in reached:
            continue
        reached.add(key)
        steps = next_steps(terms, states, now=now, abort=abort, authorized=authorized)
        ahead += [{**states, step.network: step.outcome} for step in steps]
    return reached


def test_what_is_not_known_is_read_while_the_rest_goes_on() -> None:
    terms = terms_of(3, 0)
    states = {"memory:a": State.COMMITTED, "memory:b": State.PREPARED}
    assert next_steps(terms, states, now=0, abort=False, authorized=True) == (
        Step("memory:c", Action.READ),
        Step("memory:b", Action.SETTLE, State.COMMITTED),
    )
