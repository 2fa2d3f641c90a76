"""The adapter interface: the one place where ledgers differ.

Everything is batch-first and asynchronous. A verb signs and sends one ledger transaction for its whole batch and
returns once that transaction is on the ledger. It is idempotent: the same batch again changes nothing and answers with
the state that holds. Failures of the whole call are an `AdapterError`; a refused item is a `Refusal` in its place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ._errors import Refusal
from ._outbox import Outbox
from ._signing import KeyRing, SigningRequest
from ._terms import State, Terms

# ---- what is known of a network -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Description:
    """What this adapter connects to. `finality` says in words when a transaction can't be undone."""

    network: str
    gate: str
    kind: str
    finality: str
    ticket_collection: str
    """The CAIP-19 name, without a token, of the tickets that `issue` makes."""
    max_batch: int
    """How many items one ledger transaction carries at most."""
    capabilities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the ledger answers. `height` is its newest block's number, `lag_seconds` that block's age."""

    serving: bool
    detail: str
    height: int = 0
    lag_seconds: float = 0.0


# ---- what the verbs take ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """A transfer with what a gate needs beside its terms, one entry per leg, empty where not needed."""

    terms: Terms
    payloads: tuple[bytes, ...]
    authorizations: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """An order and its outcome, COMMITTED or ABORTED, for the deciding gate."""

    order: Order
    outcome: State


@dataclass(frozen=True, slots=True)
class Settlement:
    """An order and the decider's outcome, for another gate. Authorisations are not looked at."""

    order: Order
    outcome: State


@dataclass(frozen=True, slots=True)
class Claim:
    """A gate on a network holds this state for this transfer."""

    network: str
    gate: str
    transfer_id: bytes
    state: State


@dataclass(frozen=True, slots=True)
class Proof:
    """Bytes in the form of docs/protocol.md that show all of `claims`, which are of one network."""

    network: str
    claims: tuple[Claim, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Issue:
    """A new ticket: its OSDM id, the canonical JSON of its payload, and who gets it (local account).

    `valid_from` and `valid_until` are seconds since the epoch, half-open, taken from the payload.
    """

    ticket_id: str
    payload: bytes
    recipient: str
    valid_from: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Redemption:
    """The validation of a ticket (BoB ticketEvent). `local_event_id` is the validator's idempotency key."""

    asset: str
    local_event_id: str


# ---- what the verbs answer ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transaction:
    """One ledger transaction. `time` is the ledger's own, in seconds since the epoch."""

    network: str
    id: str
    block: int
    time: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a verb did: for each item, in order, the state that holds now, or why it was refused.

    `transaction` is None where nothing had to be sent. Items of `issue` answer with the asset's CAIP-19 name, items of
    `redeem` with the local_event_id that redeemed the ticket.
    """

    transaction: Transaction | None
    results: tuple[State | str | Refusal, ...]


# ---- what the ledger holds ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """What this network's gate holds for a transfer."""

    id: bytes
    state: State


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """What this network holds of a unique asset.

    `owner` is a local account, or the gate while the asset is locked or abroad. `payload` is the canonical JSON, empty
    where the asset has none. `redeemed_by` is the local_event_id of its redemption, empty before. `outstanding` names,
    at home, the network that the asset is on, empty while it is here. `locked_by` is the transfer that holds it.
    """

    asset: str
    exists: bool
    owner: str = ""
    payload: bytes = b""
    payload_hash: bytes = b""
    redeemed_by: str = ""
    outstanding: str = ""
    locked_by: bytes = b""


@dataclass(frozen=True, slots=True)
class Supply:
    """What a network's gate accounts for an asset: in escrow at home, or in vouchers away from it."""

    asset: str
    escrowed: int
    """Held by the home gate for networks abroad (locked ones, not yet gone, are not counted). 0 away from home."""
    outstanding: Mapping[str, int]
    """At home: the amount that each other network may give back. Empty away from home."""
    vouchers: int
    """Away from home: all vouchers that exist, locked ones included. 0 at home."""


@dataclass(frozen=True, slots=True)
class Event:
    """A change on the ledger. `kind` is prepared, committed, aborted, refused, issued, redeemed or reorganised.

    Resuming `observe` from `cursor` gives what came after. `terms` and `payloads` come with prepared.
    """

    kind: str
    cursor: str
    transaction: Transaction
    transfer_id: bytes = b""
    terms: Terms | None = None
    payloads: tuple[bytes, ...] = ()
    asset: str = ""
    detail: Mapping[str, str] = field(default_factory=dict[str, str])


# ---- the interface ------------------------------------------------------------------------------------------------


class Adapter(Protocol):
    """A connection to one network's gate."""

    # life cycle

    async def describe(self) -> Description:
        """What this is; the same answer for as long as the adapter lives."""
        ...

    async def health(self) -> Health:
        """Whether the ledger answers; never raises."""
        ...

    async def close(self) -> None:
        """Let go of connections; nothing else is called afterwards."""
        ...

    # verbs: one ledger transaction each

    async def prepare(self, orders: Sequence[Order]) -> Receipt:
        """Lock what the orders' legs need here."""
        ...

    async def decide(self, decisions: Sequence[Decision], proofs: Sequence[Proof]) -> Receipt:
        """Commit or abort on the deciding gate.

        `proofs` together show PREPARED of every other participant of each commit.
        """
        ...

    async def settle(self, settlements: Sequence[Settlement], proofs: Sequence[Proof]) -> Receipt:
        """Apply the decision that `proofs` show."""
        ...

    async def issue(self, issuer: str, issues: Sequence[Issue]) -> Receipt:
        """Create tickets, as `issuer`, a local account of the key ring."""
        ...

    async def redeem(self, validator: str, redemptions: Sequence[Redemption]) -> Receipt:
        """Validate tickets, as `validator`, a local account of the key ring."""
        ...

    # authorisation

    def authorization(self, terms: Terms, leg: int) -> SigningRequest:
        """What the sender of `terms.legs[leg]`, whose source is this network, has to sign."""
        ...

    def authorized(self, terms: Terms, leg: int, public_key: bytes, signature: bytes) -> bytes:
        """The form in which this gate takes a signature (`Signer.sign` of the request's digest) as authorisation."""
        ...

    # reading

    def observe(self, cursor: str | None) -> AsyncIterator[Event]:
        """Final events in the ledger's order, after `cursor` or from the beginning; goes on until closed."""
        ...

    async def transfers(self, ids: Sequence[bytes]) -> list[TransferRecord]:
        """The state of each transfer, in order; NONE for one that the gate doesn't know."""
        ...

    async def assets(self, names: Sequence[str]) -> list[AssetRecord]:
        """Each unique asset as this network holds it, in order, at home or as a voucher."""
        ...

    async def supply(self, assets: Sequence[str]) -> list[Supply]:
        """Each asset's accounts at this gate, in order."""
        ...

    async def prove(self, ids: Sequence[bytes]) -> Proof:
        """One proof of the present states.

        AdapterError NOT_FINAL while one of them could still be undone, INVALID where one is NONE.
        """
        ...

    # names

    def asset_name(self, ticket_id: str) -> str:
        """The CAIP-19 name of a ticket issued here."""
        ...

    def check_account(self, account: str) -> None:
        """ValueError, with the form that is wanted, where `account` can't be one of this network."""
        ...

    def check_asset(self, asset: str) -> None:
        """ValueError, with the form that is wanted, where `asset`, at home here, isn't in its one spelling."""
        ...


class Connect(Protocol):
    """What the entry point group `citygate.adapters` holds."""

    async def __call__(self, options: Mapping[str, Any], keys: KeyRing, outbox: Outbox) -> Adapter:
        """Connect to the network that `options` (from the configuration) name.

        ValueError names an option that is missing or wrong; AdapterError where the ledger isn't what they say.
        """
        ...
