"""The errors of an adapter.

    AdapterError        one ledger call failed as a whole; its reason decides what the engine does
    Refusal             (a value) one item of a batch was refused; the others went through

A reason comes out of one closed set, so that the engine needs to know nothing of any ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a ledger, or the way to it, said no."""

    REJECTED = "rejected"
    """The ledger's rules forbid it, and will forbid it again."""
    UNAUTHORISED = "unauthorised"
    """The owner, the sender or a role did not allow it."""
    INSUFFICIENT = "insufficient"
    """Not enough of the asset, or of the fee's currency."""
    CONFLICT = "conflict"
    """Another change got in between; with the state read anew it may go through."""
    ALREADY_APPLIED = "already applied"
    """It has happened before; nothing changed."""
    NONCE = "nonce"
    """The sender's sequence number is taken or leaves a gap."""
    UNDERPRICED = "underpriced"
    """The ledger wants a higher fee."""
    UNAVAILABLE = "unavailable"
    """Nobody answered, or not in time; what was sent may or may not have arrived."""
    NOT_FINAL = "not final"
    """It is on the ledger, but could still be reorganised away."""
    UNSUPPORTED = "unsupported"
    """This ledger or this asset can't do it."""
    INVALID = "invalid"
    """Malformed, or not what it claims to be (a proof, terms, a signature)."""

    @property
    def retryable(self) -> bool:
        """Whether the same call can succeed later without anybody changing their mind."""
        return self in _RETRYABLE


_RETRYABLE = frozenset(
    {Reason.CONFLICT, Reason.NONCE, Reason.UNDERPRICED, Reason.UNAVAILABLE, Reason.NOT_FINAL}
)


class AdapterError(Exception):
    """A call to a ledger failed as a whole and, unless the reason is UNAVAILABLE, changed nothing.

    `detail` says what was wrong and what to do next, in one line and without secrets; `metadata` holds the
    facts (a transaction's id, a peer's own message) that a machine may want.
    """

    def __init__(self, reason: Reason, detail: str, **metadata: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.metadata = metadata


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one item of a batch was refused."""

    reason: Reason
    detail: str
