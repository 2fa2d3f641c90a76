"""Faults on the way to a ledger, for tests of what works on top of an adapter."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from citygate.adapter import AdapterError, Reason

T = TypeVar("T")


class Fault(StrEnum):
    """What goes wrong with one call."""

    UNSENT = "unsent"
    """It fails as UNAVAILABLE before it reaches the ledger."""
    LOST_ANSWER = "lost answer"
    """The ledger does it, and the caller gets UNAVAILABLE."""
    TWICE = "twice"
    """The ledger gets it twice; the second answer comes back."""
    HANG_BEFORE = "hang before"
    """It never reaches the ledger and never returns: where a process dies before sending."""
    HANG_AFTER = "hang after"
    """The ledger does it and the call never returns: where a process dies before the answer."""


class Faults:
    """Faults to come, by the name of the adapter's method. `delay`: seconds that each call takes."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.hung = asyncio.Event()
        """Set when a call hangs."""
        self.calls: list[tuple[str, int]] = []
        """Every call so far: the method and how many items it had."""
        self._queued: defaultdict[str, deque[Fault | AdapterError]] = defaultdict(deque)

    def add(self, method: str, *faults: Fault | AdapterError) -> None:
        """The next calls of a method go wrong, one after another; an AdapterError is raised before the
        ledger.
        """
        self._queued[method].extend(faults)

    async def pass_through(self, method: str, items: int, call: Callable[[], T]) -> T:
        """Make a call with the fault that is next for its method."""
        self.calls.append((method, items))
        if self.delay:
            await asyncio.sleep(self.delay)
        queued = self._queued[method]
        fault = queued.popleft() if queued else None
        if isinstance(fault, AdapterError):
            raise fault
        if fault is Fault.UNSENT:
            raise AdapterError(Reason.UNAVAILABLE, "the connection is lost")
        if fault is Fault.HANG_BEFORE:
            await self._hang()
        answer = call()
        if fault is Fault.TWICE:
            answer = call()
        if fault is Fault.LOST_ANSWER:
            raise AdapterError(Reason.UNAVAILABLE, "the answer is lost")
        if fault is Fault.HANG_AFTER:
            await self._hang()
        return answer

    async def _hang(self) -> None:
        self.hung.set()
        await asyncio.Event().wait()
