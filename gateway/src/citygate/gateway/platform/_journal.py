"""The journal as a port: an index of the transfers and of what was done, from which nothing can be lost.

The truth is on the ledgers. The journal says which transfers there are, who works on them, and what people
asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from citygate.adapter import Event, State, Terms

from ._model import LedgerTransaction, TransferFilter


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer in the journal. Times are seconds since the epoch by the gateway's clock."""

    terms: Terms
    payloads: tuple[bytes, ...]
    """For each leg the canonical JSON of its payload, empty where it has none."""
    authorizations: tuple[bytes, ...]
    """For each leg what its sender authorised it with, empty while that is awaited."""
    request_id: str = ""
    """The client's idempotency key, empty where the transfer was read back from the ledgers."""
    fingerprint: bytes = b""
    states: Mapping[str, State] = field(default_factory=dict[str, State])
    """What each gate was last known to hold, by network id."""
    abort_reason: str = ""
    """Why the transfer is to be aborted; empty while it is to be committed."""
    trouble: str = ""
    """What the last failed attempt ran into; empty after a success."""
    attempts: int = 0
    """Failed attempts in a row."""
    due_at: float = 0.0
    created_at: float = 0.0
    updated_at: float = 0.0
    fence: int = 0
    """The fencing token of the lease: a save with an older one changes nothing."""
    transactions: tuple[LedgerTransaction, ...] = ()

    @property
    def id(self) -> bytes:
        return self.terms.id

    @property
    def authorized(self) -> bool:
        """Whether the authorisation of every leg is there."""
        return all(self.authorizations)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ends: pages go from the newest transfer to the oldest."""

    created_at: float
    id: bytes


class Journal(Protocol):
    """What the platform stores. Every method that changes something returns once it is durable."""

    async def insert(self, entry: Entry, *, leased: bool) -> Entry:
        """Store a new transfer, leased to this gateway or due for any.

        Where its id or its request_id is there already, nothing changes and the answer is the entry that is
        there.
        """
        ...

    async def get(self, transfer_id: bytes) -> Entry | None: ...

    async def find(self, request_id: str) -> Entry | None:
        """The transfer that was created under a request_id."""
        ...

    async def page(self, size: int, after: Position | None, wanted: TransferFilter) -> list[Entry]:
        """At most `size` entries that come after a position, the newest first."""
        ...

    async def save(self, entries: Sequence[Entry], *, release: bool = False) -> None:
        """Store what has come of leased entries, with their transactions; `release` gives the leases back."""
        ...

    async def lease(self, limit: int) -> list[Entry]:
        """Take at most `limit` transfers that are due and not final, and that nobody else has a lease for."""
        ...

    async def renew(self) -> Mapping[bytes, str]:
        """Extend this gateway's leases; the answer has the id and the abort_reason of each that it still
        holds.
        """
        ...

    async def abort(self, transfer_id: bytes, reason: str) -> None:
        """Ask for the abort of a transfer, whoever has its lease; the first reason stays."""
        ...

    async def note(self, event: Event) -> bool:
        """Record the transaction of an event and make its transfer due; False where the journal doesn't know
        it.
        """
        ...

    async def cursor(self, network: str) -> str | None:
        """Where to resume the observation of a network; None at the beginning."""
        ...

    async def move_cursor(self, network: str, cursor: str) -> None: ...

    async def flush(self) -> None:
        """Return once everything that was asked for before is durable."""
        ...
