"""The gate of docs/protocol.md in Python: what prepare, decide and settle do to one network's state."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping

from citygate.adapter import (
    MAX_PAYLOAD,
    NO_PAYLOAD,
    AssetName,
    Claim,
    Leg,
    Order,
    Participant,
    Reason,
    State,
    Terms,
)

from ._authorization import check
from ._claims import Peer
from ._refusal import Refused, require
from ._store import Store, Token, payload_hash


class Gate:
    """`clock` gives the ledger's time in seconds since the epoch."""

    def __init__(self, me: Participant, store: Store, clock: Callable[[], float]) -> None:
        self.me = me
        self.peers: dict[str, Peer] = {}
        self.operators: set[tuple[str, str]] = set()
        """(sender, operator): whose transactions count as the sender's authorisation."""
        self.refusing: set[str] = set()
        """Accounts that refuse deliveries."""
        self._store = store
        self._clock = clock

    # ---- the verbs: each gives the state that holds, or raises Refused ------------------------------------

    def prepare(self, order: Order, submitter: str) -> State:
        """Lock what the order's legs need here."""
        state = self._store.states[order.terms.id]
        if state is State.PREPARED:
            return state
        require(not state.final, Reason.ALREADY_APPLIED, f"the transfer is {state.name} here")
        self._check(order)
        require(self._in_time(order.terms), Reason.REJECTED, "the deadline has passed")
        for number, leg in self._legs(order.terms):
            self._check_payload(order, number, leg)
            self._lock(order, number, leg, submitter)
        return self._put(order.terms, State.PREPARED)

    def decide(self, order: Order, outcome: State, claims: Collection[Claim], submitter: str) -> State:
        """Commit or abort; only the deciding gate."""
        terms, state = order.terms, self._store.states[order.terms.id]
        if state is outcome:
            return state
        require(not state.final, Reason.REJECTED, f"the decision was {state.name}")
        self._check(order)
        decider = terms.participants[terms.decider]
        require(decider == self.me, Reason.REJECTED, f"{decider.network} decides, not this network")
        if outcome is State.ABORTED:
            allowed = submitter == terms.initiator or not self._in_time(terms)
            require(allowed, Reason.UNAUTHORISED, "before the deadline only the initiator may abort")
            return self._abort(terms)
        require(outcome is State.COMMITTED, Reason.INVALID, f"{outcome.name} is no decision")
        require(self._in_time(terms), Reason.REJECTED, "the deadline has passed")
        for other in terms.participants:
            claim = Claim(other.network, other.gate, terms.id, State.PREPARED)
            shown = other == self.me or claim in claims
            require(shown, Reason.INVALID, f"no proof that {other.network} is prepared")
        self.prepare(order, submitter)
        return self._commit(order)

    def settle(self, order: Order, outcome: State, claims: Collection[Claim]) -> State:
        """Follow the decider's decision; from NONE an abort leaves a tombstone."""
        terms, state = order.terms, self._store.states[order.terms.id]
        if state is outcome:
            return state
        require(not state.final, Reason.REJECTED, f"it was settled as {state.name}")
        require(outcome.final, Reason.INVALID, f"{outcome.name} is no decision")
        self._check(order)
        decider = terms.participants[terms.decider]
        require(decider != self.me, Reason.REJECTED, "this network decides, and has nothing to settle")
        claim = Claim(decider.network, decider.gate, terms.id, outcome)
        require(claim in claims, Reason.INVALID, f"no proof that {decider.network} is {outcome.name}")
        if outcome is State.ABORTED:
            return self._abort(terms)
        require(state is State.PREPARED, Reason.REJECTED, "it was never prepared here")
        return self._commit(order)

    def claim(self, account: str, asset: str) -> int:
        """Deliver what `account` refused before; the amount."""
        amount = self._store.held[asset, account]
        require(amount > 0, Reason.INSUFFICIENT, f"nothing of {asset} is held for {account}")
        self._store.held[asset, account] = 0
        self._store.balances[asset, account] += amount
        return amount

    # ---- checks -------------------------------------------------------------------------------------------

    def _in_time(self, terms: Terms) -> bool:
        return self._clock() <= terms.deadline

    def _check(self, order: Order) -> None:
        terms = order.terms
        try:
            terms.check()
        except ValueError as error:
            raise Refused.invalid(str(error)) from error
        full = len(order.payloads) == len(order.authorizations) == len(terms.legs)
        require(full, Reason.INVALID, "one payload and one authorisation per leg are wanted")
        require(terms.participants.count(self.me) == 1, Reason.REJECTED, "this gate takes no part")
        for other in terms.participants:
            if other != self.me:
                peer = self.peers.get(other.network)
                known = peer is not None and peer.gate == other.gate
                require(known, Reason.REJECTED, f"{other.network} {other.gate} is no registered peer")

    def _legs(self, terms: Terms) -> Iterator[tuple[int, Leg]]:
        """The legs that concern this network."""
        here = terms.index(self.me.network)
        for number, leg in enumerate(terms.legs):
            if here in (leg.source, leg.destination) or leg.home == self.me.network:
                yield number, leg

    def _check_payload(self, order: Order, number: int, leg: Leg) -> None:
        here = order.terms.index(self.me.network)
        if leg.payload_hash == NO_PAYLOAD or here not in (leg.source, leg.destination):
            return
        payload = order.payloads[number]
        require(len(payload) <= MAX_PAYLOAD, Reason.INVALID, f"legs[{number}]: the payload is too long")
        matches = hashlib.sha256(payload).digest() == leg.payload_hash
        require(matches, Reason.INVALID, f"legs[{number}]: the payload doesn't have the hash in the terms")

    # ---- effects: the table of docs/protocol.md -----------------------------------------------------------

    def _lock(self, order: Order, number: int, leg: Leg, submitter: str) -> None:
        terms, store = order.terms, self._store
        source = terms.participants[leg.source].network
        if source == self.me.network:
            if submitter != leg.sender and (leg.sender, submitter) not in self.operators:
                check(terms, number, order.authorizations[number])
            self._check_token(number, leg)
            enough = store.balances[leg.asset, leg.sender] >= leg.amount
            require(enough, Reason.INSUFFICIENT, f"legs[{number}]: {leg.sender} lacks {leg.asset}")
            store.balances[leg.asset, leg.sender] -= leg.amount
            if AssetName.parse(leg.asset).token:
                store.locks[leg.asset] = terms.id

    def _check_token(self, number: int, leg: Leg) -> None:
        expected = NO_PAYLOAD
        if AssetName.parse(leg.asset).token:
            require(leg.amount == 1, Reason.INVALID, f"legs[{number}]: there is one of {leg.asset}")
            token = self._store.tokens[leg.asset]
            if token is None:
                raise Refused(Reason.INSUFFICIENT, f"legs[{number}]: there is no {leg.asset} here")
            require(not token.redeemed_by, Reason.REJECTED, f"legs[{number}]: {leg.asset} is redeemed")
            expected = payload_hash(token.payload)
        same = leg.payload_hash == expected
        require(same, Reason.REJECTED, f"legs[{number}]: {leg.asset} has another payload hash")

    def _commit(self, order: Order) -> State:
        terms, store, me = order.terms, self._store, self.me.network
        for number, leg in self._legs(terms):
            source, destination = (terms.participants[end].network for end in (leg.source, leg.destination))
            if source == me and leg.home != me:
                store.vouchers[leg.asset] -= leg.amount
                if AssetName.parse(leg.asset).token:
                    store.tokens[leg.asset] = None
            if leg.home == me and source != me:
                self._check_token(number, leg)
                enough = store.outstanding[leg.asset, source] >= leg.amount
                require(enough, Reason.INSUFFICIENT, f"legs[{number}]: {source} hasn't got {leg.asset}")
                store.outstanding[leg.asset, source] -= leg.amount
            if leg.home == me and destination != me:
                store.outstanding[leg.asset, destination] += leg.amount
                store.escrowed[leg.asset] += leg.amount if source == me else 0
            if leg.home == me and destination == me and source != me:
                store.escrowed[leg.asset] -= leg.amount
            if me in (source, leg.home):
                store.locks[leg.asset] = b""
            if destination == me:
                if leg.home != me:
                    store.vouchers[leg.asset] += leg.amount
                    if AssetName.parse(leg.asset).token:
                        store.tokens[leg.asset] = Token(order.payloads[number])
                self._deliver(leg.asset, leg.recipient, leg.amount)
        return self._put(terms, State.COMMITTED)

    def _deliver(self, asset: str, account: str, amount: int) -> None:
        """A refused delivery is kept for the recipient: it never stops a settlement."""
        table = self._store.held if account in self.refusing else self._store.balances
        table[asset, account] += amount

    def _abort(self, terms: Terms) -> State:
        if self._store.states[terms.id] is State.PREPARED:
            for _, leg in self._legs(terms):
                source = terms.participants[leg.source].network
                if source == self.me.network:
                    self._deliver(leg.asset, leg.sender, leg.amount)
                    self._store.locks[leg.asset] = b""
        return self._put(terms, State.ABORTED)

    def _put(self, terms: Terms, state: State) -> State:
        self._store.states[terms.id] = state
        return state

    def register(self, peers: Mapping[str, Peer]) -> None:
        """Trust these networks' claims from now on."""
        self.peers.update(peers)
