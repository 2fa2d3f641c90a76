"""The port through which an adapter stores what it signed before it sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed ledger transaction. `sequence` is the sender's nonce, or 0 where the ledger has none."""

    network: str
    transaction: str
    sender: str
    sequence: int
    raw: bytes


class Outbox(Protocol):
    """Signed transactions that may not have reached their ledger yet; survives a crash."""

    async def sequence(self, network: str, sender: str, floor: int) -> int:
        """Assign the sender's next sequence number, at least `floor` (what the ledger itself says)."""
        ...

    async def put(self, signed: Signed) -> None:
        """Store before sending."""
        ...

    async def done(self, network: str, transaction: str) -> None:
        """The ledger has it, or it can never be taken any more."""
        ...

    async def pending(self, network: str) -> list[Signed]:
        """What was stored and isn't done, by sender and sequence."""
        ...
