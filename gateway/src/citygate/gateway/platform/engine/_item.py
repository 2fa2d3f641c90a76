"""One transfer that the engine is working on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from citygate.adapter import Order, State, Transaction
from citygate.gateway.platform._journal import Entry
from citygate.gateway.platform._model import LedgerTransaction, Verb


@dataclass(slots=True, eq=False)
class Item:
    """An entry under lease with what is known of it right now."""

    entry: Entry
    states: dict[str, State]
    """The gates' states that are known; a network whose state is in doubt is missing."""
    finalised: set[str] = field(default_factory=set[str])
    """The networks that told an event of this transfer: what they hold is final there."""
    busy: set[str] = field(default_factory=set[str])
    """The networks where a step is queued or under way."""
    resting: dict[str, float] = field(default_factory=dict[str, float])
    """Until when (event loop's time) nothing is tried on a network after a failure."""
    solo: bool = False
    """A batch with it failed as a whole, so it goes alone until it succeeds."""
    leaving: bool = False
    """Its last save is under way; nothing more is done for it here."""
    timer: asyncio.TimerHandle | None = None

    @property
    def id(self) -> bytes:
        return self.entry.id

    @property
    def decider(self) -> str:
        terms = self.entry.terms
        return terms.participants[terms.decider].network

    @property
    def others(self) -> list[str]:
        """The networks of the participants that don't decide."""
        return [p.network for p in self.entry.terms.participants if p.network != self.decider]

    def order(self, network: str) -> Order:
        """The transfer with what this network's gate needs of payloads and authorisations."""
        entry = self.entry
        here = entry.terms.index(network)
        legs = entry.terms.legs
        return Order(
            entry.terms,
            tuple(
                payload if here in (leg.source, leg.destination) else b""
                for leg, payload in zip(legs, entry.payloads, strict=True)
            ),
            tuple(
                given if leg.source == here else b""
                for leg, given in zip(legs, entry.authorizations, strict=True)
            ),
        )

    @property
    def decided(self) -> bool:
        """Whether the decision is known to be made."""
        return self.states.get(self.decider, State.NONE).final

    def abort(self, reason: str) -> None:
        """Have it aborted unless the decision is made; the first reason stays."""
        if not self.entry.abort_reason and not self.decided:
            self.entry = replace(self.entry, abort_reason=reason)

    def reached(self, network: str, state: State) -> None:
        """A gate holds `state`; a gate's state only moves forward."""
        if state >= self.states.get(network, State.NONE):
            self.states[network] = state
            if self.entry.states.get(network) != state:
                self.entry = replace(self.entry, states={**self.entry.states, network: state})

    def recorded(self, verb: Verb, transaction: Transaction) -> None:
        """A ledger transaction did something for it. One that prepared and decided counts as the decision."""
        known = self.entry.transactions
        for position, old in enumerate(known):
            if (old.transaction.network, old.transaction.id) == (transaction.network, transaction.id):
                if verb is not Verb.PREPARE and verb is not old.verb:
                    changed = (
                        *known[:position],
                        LedgerTransaction(verb, transaction),
                        *known[position + 1 :],
                    )
                    self.entry = replace(self.entry, transactions=changed)
                return
        self.entry = replace(self.entry, transactions=(*known, LedgerTransaction(verb, transaction)))
