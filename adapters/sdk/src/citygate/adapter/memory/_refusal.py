"""How the rules of the in-memory ledger say no, within the package."""

from __future__ import annotations

from citygate.adapter import Reason


class Refused(Exception):
    """One item is refused; it changes nothing."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    @classmethod
    def rejected(cls, detail: str) -> Refused:
        return cls(Reason.REJECTED, detail)

    @classmethod
    def invalid(cls, detail: str) -> Refused:
        return cls(Reason.INVALID, detail)


def require(holds: bool, reason: Reason, detail: str) -> None:
    """Refused unless `holds`."""
    if not holds:
        raise Refused(reason, detail)
