"""One action on one network, batched naturally: what gathers while a call is under way is the next call."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from ._item import Item
from ._plan import Step

Batch = Sequence[tuple[Item, Step]]


class Lane:
    """Passes what is added on to `perform`, one call at a time, at most `limit` items each."""

    def __init__(self, limit: int, perform: Callable[[Batch], Awaitable[None]]) -> None:
        self._limit = limit
        self._perform = perform
        self._waiting: deque[tuple[Item, Step]] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    def add(self, item: Item, step: Step) -> None:
        self._waiting.append((item, step))
        self._changed.set()

    def close(self) -> None:
        """`run` ends after the call that is under way."""
        self._closed = True
        self._changed.set()

    async def run(self) -> None:
        while not self._closed:
            if self._waiting:
                await self._perform(self._take())
            else:
                self._changed.clear()
                await self._changed.wait()

    def _take(self) -> Batch:
        batch = [self._waiting.popleft()]
        if not batch[0][0].solo:
            while self._waiting and len(batch) < self._limit and not self._waiting[0][0].solo:
                batch.append(self._waiting.popleft())
        return batch
