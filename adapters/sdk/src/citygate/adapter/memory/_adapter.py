"""The adapter to an in-memory ledger."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from citygate.adapter import (
    AdapterError,
    AssetName,
    AssetRecord,
    Decision,
    Description,
    Event,
    Health,
    Issue,
    KeyRing,
    Order,
    Outbox,
    Proof,
    Reason,
    Receipt,
    Redemption,
    Settlement,
    SigningRequest,
    Supply,
    Terms,
    TransferRecord,
)

from ._authorization import authorization, request
from ._faults import Faults
from ._ledger import GATE, MemoryLedger

_ACCOUNT = re.compile(r"[0-9a-f]{40}")


class MemoryAdapter:
    """Implements `citygate.adapter.Adapter`. It sends as `relay`, one of the ledger's accounts."""

    def __init__(
        self,
        ledger: MemoryLedger,
        relay: str,
        keys: KeyRing,
        *,
        max_batch: int = 50,
        faults: Faults | None = None,
    ) -> None:
        self.ledger = ledger
        self.faults = faults or Faults()
        self._relay = relay
        self._keys = keys
        self._max_batch = max_batch

    async def describe(self) -> Description:
        return Description(
            self.ledger.me.network,
            GATE,
            "memory",
            "a block is final at once",
            f"{self.ledger.me.network}/asset:ticket",
            self._max_batch,
        )

    async def health(self) -> Health:
        return Health(True, "in this process", self.ledger.height, 0.0)

    async def close(self) -> None:
        return

    # ---- verbs --------------------------------------------------------------------------------------------

    async def prepare(self, orders: Sequence[Order]) -> Receipt:
        call = lambda: self.ledger.prepare(orders, self._relay)  # noqa: E731
        return await self.faults.pass_through("prepare", len(orders), call)

    async def decide(self, decisions: Sequence[Decision], proofs: Sequence[Proof]) -> Receipt:
        items = [(decision.order, decision.outcome) for decision in decisions]
        data = [proof.data for proof in proofs]
        return await self.faults.pass_through(
            "decide", len(items), lambda: self.ledger.decide(items, data, self._relay)
        )

    async def settle(self, settlements: Sequence[Settlement], proofs: Sequence[Proof]) -> Receipt:
        items = [(settlement.order, settlement.outcome) for settlement in settlements]
        data = [proof.data for proof in proofs]
        return await self.faults.pass_through("settle", len(items), lambda: self.ledger.settle(items, data))

    async def issue(self, issuer: str, issues: Sequence[Issue]) -> Receipt:
        self._require_key(issuer)
        return await self.faults.pass_through("issue", len(issues), lambda: self.ledger.issue(issuer, issues))

    async def redeem(self, validator: str, redemptions: Sequence[Redemption]) -> Receipt:
        self._require_key(validator)
        return await self.faults.pass_through(
            "redeem", len(redemptions), lambda: self.ledger.redeem(validator, redemptions)
        )

    def _require_key(self, account: str) -> None:
        if self._keys.signer(self.ledger.me.network, account) is None:
            raise AdapterError(Reason.UNAUTHORISED, f"there is no key for {account}: add it to the keystore")

    # ---- authorisation ------------------------------------------------------------------------------------

    def authorization(self, terms: Terms, leg: int) -> SigningRequest:
        return request(terms, leg)

    def authorized(self, terms: Terms, leg: int, public_key: bytes, signature: bytes) -> bytes:
        return authorization(public_key, signature)

    # ---- reading ------------------------------------------------------------------------------------------

    def observe(self, cursor: str | None) -> AsyncIterator[Event]:
        return self.ledger.observe(cursor)

    async def transfers(self, ids: Sequence[bytes]) -> list[TransferRecord]:
        return await self.faults.pass_through(
            "transfers", len(ids), lambda: [TransferRecord(i, self.ledger.store.states[i]) for i in ids]
        )

    async def assets(self, names: Sequence[str]) -> list[AssetRecord]:
        return await self.faults.pass_through(
            "assets", len(names), lambda: [self.ledger.asset(name) for name in names]
        )

    async def supply(self, assets: Sequence[str]) -> list[Supply]:
        return [self.ledger.supply(asset) for asset in assets]

    async def prove(self, ids: Sequence[bytes]) -> Proof:
        claims, data = await self.faults.pass_through("prove", len(ids), lambda: self.ledger.prove(ids))
        return Proof(self.ledger.me.network, claims, data)

    # ---- names --------------------------------------------------------------------------------------------

    def asset_name(self, ticket_id: str) -> str:
        return self.ledger.asset_name(ticket_id)

    def check_account(self, account: str) -> None:
        if not _ACCOUNT.fullmatch(account):
            raise ValueError(
                f"{account!r} is no account here: 40 hex digits, the hash of a P-256 key, are wanted"
            )

    def check_asset(self, asset: str) -> None:
        name = AssetName.parse(asset)
        unique = name.reference == "ticket"
        if name.network != self.ledger.me.network or name.namespace != "asset" or unique != bool(name.token):
            network = self.ledger.me.network
            raise ValueError(f"{asset!r} is none of {network}/asset:ticket/<id> and {network}/asset:<name>")


async def connect(options: Mapping[str, Any], keys: KeyRing, outbox: Outbox) -> MemoryAdapter:
    """`ledger`: the MemoryLedger itself; `relay`: the account to send as; `max_batch`; `faults`: a Faults."""
    del outbox  # nothing is sent, so nothing can be lost on the way
    if not isinstance(ledger := options.get("ledger"), MemoryLedger):
        raise ValueError("ledger: a MemoryLedger is wanted")
    if not isinstance(relay := options.get("relay"), str):
        raise ValueError("relay: the account to send as is wanted")
    return MemoryAdapter(
        ledger, relay, keys, max_batch=options.get("max_batch", 50), faults=options.get("faults")
    )
