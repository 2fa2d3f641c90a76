"""What to do next for one transfer: a pure function of what its ledgers say.

No step is ever remembered, only derived. So there is nothing that a crash can fall between, and any number of
gateways that know a transfer's terms come to the same steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from citygate.adapter import State, Terms


class Action(StrEnum):
    """What is done for a transfer on one network. All but READ are ledger transactions."""

    READ = "read"
    PREPARE = "prepare"
    DECIDE = "decide"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class Step:
    """One action on one network and the state that it leads to (NONE for READ)."""

    network: str
    action: Action
    outcome: State = State.NONE


def next_steps(
    terms: Terms, states: Mapping[str, State], *, now: float, abort: bool, authorized: bool
) -> tuple[Step, ...]:
    """The steps that can be taken now, all at once; none where there is nothing to do but wait.

    `states` lacks the networks whose state isn't known. `now` stands for the deciding network's clock: the
    gate there has the last word, so a clock that is off costs at most an attempt. `abort`: somebody wants it
    aborted.
    """
    decider = terms.participants[terms.decider].network
    others = [p.network for p in terms.participants if p.network != decider]
    unread = tuple(Step(n, Action.READ) for n in others if n not in states)
    decision = states.get(decider)
    if decision is None or contradiction(terms, states):
        return (Step(decider, Action.READ), *unread)
    if decision.final:
        # also where nothing is prepared: the tombstone keeps a late prepare from locking anything
        behind = (n for n in others if n in states and not states[n].final)
        return (*unread, *(Step(n, Action.SETTLE, decision) for n in behind))
    if abort or now > terms.deadline:
        return (Step(decider, Action.DECIDE, State.ABORTED),)
    if not authorized:
        return unread
    prepares = tuple(Step(n, Action.PREPARE, State.PREPARED) for n in others if states.get(n) is State.NONE)
    if unread or prepares:
        return (*unread, *prepares)
    return (Step(decider, Action.DECIDE, State.COMMITTED),)


def contradiction(terms: Terms, states: Mapping[str, State]) -> bool:
    """Whether a network follows a decision that the decider hasn't made, as far as is known: it is to be
    read anew.
    """
    decider = terms.participants[terms.decider].network
    known = states.get(decider, State.NONE)
    return not known.final and any(states[n].final for n in states if n != decider)


def finished(terms: Terms, states: Mapping[str, State]) -> bool:
    """Whether every participant's gate holds a final state."""
    return all(states.get(p.network, State.NONE).final for p in terms.participants)
