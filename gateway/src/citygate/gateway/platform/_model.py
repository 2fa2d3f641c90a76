"""Transfers as the business layer and the API see them: what is asked for, and what has come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from citygate.adapter import Event, State, Terms, Transaction

EVENT_STATES = {"prepared": State.PREPARED, "committed": State.COMMITTED, "aborted": State.ABORTED}
"""The kinds of event that tell a transfer's new state."""


@dataclass(frozen=True, slots=True)
class LegDraft:
    """A leg as a client asks for it.

    `asset` is its CAIP-19 name at home; `amount` is in the asset's smallest unit, 1 for a unique asset.
    Networks are CAIP-2 ids or configured names, accounts are in their network's local form or names of
    configured accounts.
    """

    asset: str
    amount: int
    source: str
    sender: str
    destination: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A transfer as a client asks for it.

    `deadline` is in seconds since the epoch, None for the configured default. `decider` is a CAIP-2 id or
    configured name, None to let the platform choose a network that has nothing to lock.
    """

    legs: tuple[LegDraft, ...]
    deadline: int | None = None
    decider: str | None = None


class TransferState(StrEnum):
    """Where a transfer is, as its ledgers say (after AIP-216)."""

    PENDING = "pending"
    """No gate has done anything yet."""
    PREPARING = "preparing"
    """Some gates are prepared, others not."""
    DECIDING = "deciding"
    """The deciding gate is next: every other gate is prepared, or the transfer is to be aborted."""
    SETTLING = "settling"
    """Decided; some other gates have still to follow."""
    COMMITTED = "committed"
    """Every gate has committed."""
    ABORTED = "aborted"
    """Every gate has aborted."""

    @property
    def final(self) -> bool:
        return self in (TransferState.COMMITTED, TransferState.ABORTED)


class Verb(StrEnum):
    """What a ledger transaction did for a transfer."""

    PREPARE = "prepare"
    DECIDE = "decide"
    SETTLE = "settle"

    @classmethod
    def of(cls, event: Event, decider: str) -> Verb:
        """The verb that an event of a transfer's new state came from; `decider` is the deciding network."""
        if event.kind == "prepared":
            return cls.PREPARE
        return cls.DECIDE if event.transaction.network == decider else cls.SETTLE


@dataclass(frozen=True, slots=True)
class LedgerTransaction:
    """One ledger transaction of a transfer; `transaction` has its network, id, block and time."""

    verb: Verb
    transaction: Transaction


@dataclass(frozen=True, slots=True)
class LegStatus:
    """Where a leg's value is now. `holder` is a local account on `network`; `free`: the holder can use it."""

    network: str
    holder: str
    free: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer and what has come of it. Times are seconds since the epoch by the gateway's clock."""

    terms: Terms
    state: TransferState
    states: Mapping[str, State]
    """What each participant's gate holds, by network id."""
    legs: tuple[LegStatus, ...]
    """One for each leg of the terms, in order."""
    transactions: tuple[LedgerTransaction, ...] = ()
    failure: str = ""
    """Why the transfer was aborted or what keeps it from going on; empty where nothing is wrong."""
    next_action: str = ""
    """What happens next, or who has to do what; empty once the transfer is final."""
    request_id: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def id(self) -> bytes:
        """The transfer's id, 32 bytes."""
        return self.terms.id


@dataclass(frozen=True, slots=True)
class TransferFilter:
    """Which transfers to list: in one of `states` (empty: any) and with `network` (a CAIP-2 id, empty: any)
    in it.
    """

    states: frozenset[TransferState] = field(default_factory=frozenset[TransferState])
    network: str = ""


@dataclass(frozen=True, slots=True)
class TransferPage:
    """One page, the newest first; `next_page_token` is empty on the last."""

    transfers: tuple[Transfer, ...]
    next_page_token: str
