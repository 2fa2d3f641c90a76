"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes; they don't change."""

    DONE = 0
    FAILED = 1
    """Something went wrong that nobody expected, or the demonstration didn't hold."""
    USAGE = 2
    """The command line is wrong."""
    INVALID = 3
    """The input is wrong: a field, a file, a configuration, a payload that breaks its schema."""
    NOT_FOUND = 4
    """There is no such thing."""
    REFUSED = 5
    """A rule or the present state forbids it."""
    UNAVAILABLE = 6
    """The gateway or a ledger doesn't answer; the same command may succeed later."""
    ABORTED = 7
    """The transfer that was waited for ended ABORTED."""
    INTERRUPTED = 130
    """Ctrl-C."""


class CommandError(Exception):
    """A command can't go on: what was wrong, and what to do next."""

    def __init__(self, code: Exit, message: str, remedy: str, details: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.details = details or {}
