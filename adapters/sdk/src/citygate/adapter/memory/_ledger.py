"""The in-memory ledger: blocks, finality, tickets, a gate, and a log of events."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from citygate.adapter import (
    AdapterError,
    AssetName,
    AssetRecord,
    Claim,
    Event,
    Issue,
    Order,
    Participant,
    Reason,
    Receipt,
    Redemption,
    Refusal,
    State,
    Supply,
    Transaction,
)

from ._claims import Peer, prove, verify
from ._gate import Gate
from ._refusal import Refused, require
from ._store import Store, Token, payload_hash

GATE = "gate"
_EVENTS = {State.PREPARED: "prepared", State.COMMITTED: "committed", State.ABORTED: "aborted"}


class MemoryLedger:
    """A network `memory:<name>` that lives in this process. `offset` moves its clock, in seconds.

    It outlives the adapters that connect to it, as a real one does.
    """

    def __init__(self, name: str) -> None:
        self.me = Participant(f"memory:{name}", GATE)
        self.offset = 0.0
        self.issuers: set[str] = set()
        self.validators: set[str] = set()
        self.store = Store()
        self.gate = Gate(self.me, self.store, self.clock)
        self.events: list[Event] = []
        self.height = 0
        self._final: int | None = None
        self._key = os.urandom(32)
        self._changed: set[asyncio.Event] = set()
        self._state_blocks: dict[bytes, int] = {}

    def clock(self) -> float:
        """The ledger's time in seconds since the epoch."""
        return time.time() + self.offset

    def peer(self) -> Peer:
        """What other ledgers register to verify this one's claims."""
        return Peer(self.me.network, self.me.gate, self._key)

    def trust(self, *others: MemoryLedger) -> None:
        """Register the other ledgers as peers."""
        self.gate.register({other.me.network: other.peer() for other in others})

    def mint(self, asset: str, account: str, amount: int) -> None:
        """Create an amount of a fungible asset that is at home here."""
        self.store.balances[asset, account] += amount

    # ---- finality -----------------------------------------------------------------------------------------

    def hold_finality(self) -> None:
        """Blocks from now on aren't final until `release_finality`."""
        self._final = self.height

    def release_finality(self) -> None:
        """Everything is final again at once."""
        self._final = None
        self._wake()

    @property
    def final_height(self) -> int:
        """The newest final block."""
        return self.height if self._final is None else self._final

    # ---- transactions -------------------------------------------------------------------------------------

    def prepare(self, orders: Sequence[Order], submitter: str) -> Receipt:
        return self._transact(orders, lambda order: self.gate.prepare(order, submitter))

    def decide(
        self, decisions: Sequence[tuple[Order, State]], proofs: Sequence[bytes], submitter: str
    ) -> Receipt:
        claims = self._verified(proofs)
        outcomes = {order.terms.id: outcome for order, outcome in decisions}
        orders = [order for order, _ in decisions]
        return self._transact(orders, lambda o: self.gate.decide(o, outcomes[o.terms.id], claims, submitter))

    def settle(self, settlements: Sequence[tuple[Order, State]], proofs: Sequence[bytes]) -> Receipt:
        claims = self._verified(proofs)
        outcomes = {order.terms.id: outcome for order, outcome in settlements}
        orders = [order for order, _ in settlements]
        return self._transact(orders, lambda o: self.gate.settle(o, outcomes[o.terms.id], claims))

    def _verified(self, proofs: Sequence[bytes]) -> set[Claim]:
        """The claims that the proofs show; AdapterError where one verifies for no peer."""
        claims: set[Claim] = set()
        for proof in proofs:
            fault = "no peer is registered"
            for peer in self.gate.peers.values():
                try:
                    claims |= verify(peer, proof)
                    break
                except Refused as refused:
                    fault = refused.detail
            else:
                raise AdapterError(Reason.INVALID, f"a proof was refused: {fault}")
        return claims

    def _transact(self, orders: Sequence[Order], verb: Callable[[Order], State]) -> Receipt:
        transaction = self._block()
        results: list[State | Refusal] = []
        for order in orders:
            before = self.store.states[order.terms.id]
            try:
                with self.store.item():
                    state = verb(order)
            except Refused as refused:
                results.append(Refusal(refused.reason, refused.detail))
                self._emit("refused", transaction, order, detail=refused.detail)
                continue
            results.append(state)
            if state is not before:
                self._state_blocks[order.terms.id] = transaction.block
                if before is State.NONE and state is State.COMMITTED:
                    self._emit("prepared", transaction, order)
                self._emit(_EVENTS[state], transaction, order)
        self._wake()
        return Receipt(transaction, tuple(results))

    def issue(self, issuer: str, issues: Sequence[Issue]) -> Receipt:
        transaction = self._block()
        results = tuple(self._item(lambda one=one: self._issue(issuer, one, transaction)) for one in issues)
        self._wake()
        return Receipt(transaction, results)

    def redeem(self, validator: str, redemptions: Sequence[Redemption]) -> Receipt:
        transaction = self._block()
        results = tuple(
            self._item(lambda one=one: self._redeem(validator, one, transaction)) for one in redemptions
        )
        self._wake()
        return Receipt(transaction, results)

    def _item(self, change: Callable[[], str]) -> str | Refusal:
        try:
            with self.store.item():
                return change()
        except Refused as refused:
            return Refusal(refused.reason, refused.detail)

    def _issue(self, issuer: str, issue: Issue, transaction: Transaction) -> str:
        require(issuer in self.issuers, Reason.UNAUTHORISED, f"{issuer} may not issue tickets here")
        asset = self.asset_name(issue.ticket_id)
        token = self.store.tokens[asset]
        if token is not None:
            same = token.payload == issue.payload
            require(same, Reason.REJECTED, f"{asset} is there already, with another content")
            return asset
        self.store.tokens[asset] = Token(
            issue.payload, valid_from=issue.valid_from, valid_until=issue.valid_until
        )
        self.store.balances[asset, issue.recipient] = 1
        self._log(Event("issued", "", transaction, asset=asset))
        return asset

    def _redeem(self, validator: str, redemption: Redemption, transaction: Transaction) -> str:
        require(validator in self.validators, Reason.UNAUTHORISED, f"{validator} may not validate here")
        asset = redemption.asset
        token = self.store.tokens[asset]
        if token is None or not self._owner(asset):
            raise Refused.rejected(f"{asset} isn't here, or is under way")
        if token.redeemed_by != redemption.local_event_id:
            require(not token.redeemed_by, Reason.REJECTED, f"{asset} is redeemed by {token.redeemed_by}")
            valid = token.valid_from <= self.clock() < token.valid_until
            require(valid, Reason.REJECTED, f"{asset} isn't valid now")
            self.store.tokens[asset] = replace(token, redeemed_by=redemption.local_event_id)
            self._log(Event("redeemed", "", transaction, asset=asset))
        return redemption.local_event_id

    # ---- reading ------------------------------------------------------------------------------------------

    def asset_name(self, ticket_id: str) -> str:
        return f"{self.me.network}/asset:ticket/{ticket_id}"

    def asset(self, name: str) -> AssetRecord:
        token = self.store.tokens[name]
        if token is None:
            return AssetRecord(name, exists=False)
        abroad = [n for (asset, n), amount in self.store.outstanding.items() if asset == name and amount]
        return AssetRecord(
            name,
            exists=True,
            owner=self._owner(name) or GATE,
            payload=token.payload,
            payload_hash=payload_hash(token.payload),
            redeemed_by=token.redeemed_by,
            outstanding=abroad[0] if abroad else "",
            locked_by=self.store.locks[name],
        )

    def supply(self, asset: str) -> Supply:
        home = AssetName.parse(asset).network == self.me.network
        outstanding = {n: v for (a, n), v in self.store.outstanding.items() if a == asset and v}
        return Supply(
            asset, self.store.escrowed[asset], outstanding if home else {}, self.store.vouchers[asset]
        )

    def prove(self, ids: Sequence[bytes]) -> tuple[tuple[Claim, ...], bytes]:
        """The claims on these transfers and their proof; AdapterError NOT_FINAL or INVALID."""
        claims = tuple(Claim(self.me.network, GATE, i, self.store.states[i]) for i in ids)
        for claim in claims:
            if claim.state is State.NONE:
                raise AdapterError(Reason.INVALID, f"transfer {claim.transfer_id.hex()} is NONE here")
            if self._state_blocks[claim.transfer_id] > self.final_height:
                raise AdapterError(Reason.NOT_FINAL, f"transfer {claim.transfer_id.hex()} isn't final yet")
        return claims, prove(self.peer(), claims)

    async def observe(self, cursor: str | None) -> AsyncGenerator[Event]:
        """Final events after a cursor, for ever."""
        position = 0 if cursor is None else int(cursor)
        changed = asyncio.Event()
        self._changed.add(changed)
        try:
            while True:
                changed.clear()
                while (
                    position < len(self.events)
                    and self.events[position].transaction.block <= self.final_height
                ):
                    position += 1
                    yield self.events[position - 1]
                await changed.wait()
        finally:
            self._changed.discard(changed)

    def _owner(self, asset: str) -> str:
        """Who can use a unique asset; empty while the gate has it."""
        return next((who for (a, who), n in self.store.balances.items() if a == asset and n), "")

    # ---- blocks -------------------------------------------------------------------------------------------

    def _block(self) -> Transaction:
        self.height += 1
        return Transaction(self.me.network, f"{self.me.network}#{self.height}", self.height, self.clock())

    def _emit(self, kind: str, transaction: Transaction, order: Order, detail: str = "") -> None:
        shown = kind == "prepared"
        self._log(
            Event(
                kind,
                "",
                transaction,
                order.terms.id,
                order.terms if shown else None,
                order.payloads if shown else (),
                detail={"detail": detail} if detail else {},
            )
        )

    def _log(self, event: Event) -> None:
        self.events.append(replace(event, cursor=str(len(self.events) + 1)))

    def _wake(self) -> None:
        for changed in self._changed:
            changed.set()
