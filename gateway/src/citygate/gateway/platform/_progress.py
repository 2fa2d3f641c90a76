"""How far a transfer is and where its value is: derived from its terms and what the gates hold."""

from __future__ import annotations

from collections.abc import Mapping

from citygate.adapter import Leg, State, Terms

from ._journal import Entry
from ._model import LedgerTransaction, LegStatus, Transfer, TransferState, Verb


def progress(terms: Terms, states: Mapping[str, State], *, abort: bool) -> TransferState:
    """The transfer's state as its gates say; a network that `states` lacks counts as NONE."""
    decider = terms.participants[terms.decider].network
    held = {p.network: states.get(p.network, State.NONE) for p in terms.participants}
    decision = held.pop(decider)
    others = list(held.values())
    if decision.final:
        if not all(state.final for state in others):
            return TransferState.SETTLING
        return TransferState.COMMITTED if decision is State.COMMITTED else TransferState.ABORTED
    if abort or (others and all(state is State.PREPARED for state in others)):
        return TransferState.DECIDING
    if decision is State.NONE and not any(others):
        return TransferState.PENDING
    return TransferState.PREPARING


def leg_status(terms: Terms, leg: Leg, states: Mapping[str, State]) -> LegStatus:
    """Where the value of a leg is; docs/protocol.md, "What a leg does at a gate"."""
    source, destination = terms.participants[leg.source], terms.participants[leg.destination]
    here = states.get(source.network, State.NONE)
    if states.get(destination.network, State.NONE) is State.COMMITTED:
        return LegStatus(destination.network, leg.recipient, True)
    if here is State.COMMITTED:
        return LegStatus(source.network, source.gate, False)
    return LegStatus(source.network, leg.sender, here is not State.PREPARED)


def view(entry: Entry) -> Transfer:
    """The entry as a client sees it."""
    terms = entry.terms
    state = progress(terms, entry.states, abort=bool(entry.abort_reason))
    return Transfer(
        terms=terms,
        state=state,
        states={p.network: entry.states.get(p.network, State.NONE) for p in terms.participants},
        legs=tuple(leg_status(terms, leg, entry.states) for leg in terms.legs),
        transactions=tuple(sorted(entry.transactions, key=_order)),
        failure=_failure(entry, state),
        next_action=_next_action(entry, state),
        request_id=entry.request_id,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
    )


def _order(done: LedgerTransaction) -> tuple[int, float]:
    """By verb first, because the clocks of two ledgers say nothing about each other."""
    return list(Verb).index(done.verb), done.transaction.time


def _failure(entry: Entry, state: TransferState) -> str:
    if state is TransferState.COMMITTED:
        return ""
    parts = [entry.abort_reason] if state is TransferState.ABORTED else [entry.abort_reason, entry.trouble]
    return "; ".join(part for part in parts if part)


def _next_action(entry: Entry, state: TransferState) -> str:
    terms = entry.terms
    decider = terms.participants[terms.decider].network
    behind = ", ".join(
        p.network for p in terms.participants if not entry.states.get(p.network, State.NONE).final
    )
    unprepared = ", ".join(
        p.network
        for p in terms.participants
        if p.network != decider and entry.states.get(p.network, State.NONE) is State.NONE
    )
    match state:
        case TransferState.PENDING | TransferState.PREPARING if not entry.authorized:
            waiting = ", ".join(
                leg.sender for leg, given in zip(terms.legs, entry.authorizations, strict=True) if not given
            )
            return f"waits for the authorisation of {waiting}; aborts after the deadline"
        case TransferState.PENDING | TransferState.PREPARING:
            return f"prepare on {unprepared}" if unprepared else f"commit on {decider}"
        case TransferState.DECIDING:
            return f"abort on {decider}" if entry.abort_reason else f"commit on {decider}"
        case TransferState.SETTLING:
            return f"settle on {behind}"
        case TransferState.COMMITTED | TransferState.ABORTED:
            return ""
