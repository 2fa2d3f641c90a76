"""What the platform answers instead of a result. The API maps each class to one gRPC status.

Every text says what was wrong and what to do next, in one line and without secrets.
"""

from __future__ import annotations

from citygate.adapter import AdapterError, Reason


class PlatformError(Exception):
    """The base of this closed set."""


class NotFound(PlatformError):
    """There is no such transfer, network, account or asset."""


class Conflict(PlatformError):
    """The request_id already stands for a request with another content."""


class InvalidField(PlatformError):
    """One field of the request is wrong. `field` is its path in API terms, such as `legs[0].amount`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Refused(PlatformError):
    """The rules or the present state of a ledger forbid it; `reason` says which kind of rule."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Unavailable(PlatformError):
    """A ledger or its node doesn't answer, or not in time; the same request may succeed later."""


def from_adapter(error: AdapterError) -> PlatformError:
    """The domain error that stands for the failure of a ledger call."""
    if error.reason.retryable:
        return Unavailable(error.detail)
    return Refused(error.reason, error.detail)
