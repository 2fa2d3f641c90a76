"""The engine: moves every transfer on until its ledgers agree.

Level-triggered. It takes transfers under a lease, derives each one's next steps from what the ledgers say,
and queues them in lanes, which send what has gathered as one ledger transaction. A verb's receipt is an
observation itself, so the straight path reads nothing and waits for no clock and no journal: what is recorded
is an index of the truth.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from citygate.adapter import State
from citygate.gateway.platform._journal import Entry, Journal
from citygate.gateway.platform._networks import Networks

from ._item import Item
from ._observer import Observer
from ._scheduler import Scheduler

_logger = logging.getLogger(__name__)

_LEASE_BATCH = 200
_IDLE = 1.0
"""Seconds between looks for transfers that became due or that another gateway let go."""
_GRACE = 10.0
"""Seconds that a graceful stop gives the calls under way."""


class Engine:
    """Works on at most `capacity` transfers at a time. `clock` is in seconds since the epoch."""

    def __init__(
        self,
        networks: Networks,
        journal: Journal,
        *,
        capacity: int = 1000,
        renew_every: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._networks = networks
        self._journal = journal
        self._capacity = capacity
        self._renew_every = renew_every
        self._clock = clock
        self._scheduler = Scheduler(networks, journal, clock, self._notify, self._left)
        self._watchers: defaultdict[bytes, set[asyncio.Event]] = defaultdict(set)
        self._due = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._running = False

    # ---- life cycle ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to work, in tasks of the running event loop."""
        self._running = True
        loops: list[Coroutine[Any, Any, None]] = [self._lease_loop(), self._renew_loop()]
        observer = Observer(self._networks, self._journal, self._scheduler, self._due)
        loops += [observer.follow(network) for network in self._networks]
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """Let the calls under way end (at most ten seconds), store what is known, and give the leases
        back.
        """
        self._running = False
        await self._scheduler.drain(_GRACE)
        await self.kill()
        rest = [replace(item.entry, due_at=self._clock()) for item in self._scheduler]
        await self._journal.save(rest, release=True)

    async def kill(self) -> None:
        """End everything at once. Nothing is lost: what comes next is derived from the ledgers."""
        self._running = False
        for task in self._tasks:
            task.cancel()
        await self._scheduler.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- what the platform calls --------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether a new transfer can be worked on at once."""
        return self._running and len(self._scheduler) < self._capacity

    def submit(self, entry: Entry) -> None:
        """Work on a new transfer, which this gateway holds the lease for and no gate has seen yet."""
        networks = (p.network for p in entry.terms.participants)
        self._scheduler.take(entry, dict.fromkeys(networks, State.NONE))

    def current(self, transfer_id: bytes) -> Entry | None:
        """The entry of a transfer that is being worked on, newer than the journal's."""
        item = self._scheduler.get(transfer_id)
        return item.entry if item else None

    async def abort(self, transfer_id: bytes, reason: str) -> None:
        """Have a transfer aborted unless its decision is made; returns once the wish is stored."""
        await self._journal.abort(transfer_id, reason)
        if item := self._scheduler.get(transfer_id):
            item.abort(reason)
            item.resting.clear()
            self._scheduler.go_on([item])
        else:
            self._due.set()

    @contextmanager
    def changes(self, transfer_id: bytes) -> Generator[asyncio.Event]:
        """An event that is set whenever something about a transfer changes here."""
        changed = asyncio.Event()
        self._watchers[transfer_id].add(changed)
        try:
            yield changed
        finally:
            self._watchers[transfer_id].discard(changed)
            if not self._watchers[transfer_id]:
                del self._watchers[transfer_id]

    def _notify(self, item: Item) -> None:
        for changed in self._watchers.get(item.id, ()):
            changed.set()

    # ---- leases -------------------------------------------------------------------------------------------

    def _left(self) -> None:
        if len(self._scheduler) == self._capacity - 1:
            self._due.set()

    async def _lease_loop(self) -> None:
        while True:
            self._due.clear()
            room = min(self._capacity - len(self._scheduler), _LEASE_BATCH)
            taken: list[Entry] = []
            if room > 0:
                try:
                    taken = await self._journal.lease(room)
                except Exception:
                    _logger.exception("the journal gives no leases; the next attempt follows")
            for entry in taken:
                self._scheduler.take(entry, {})
            if not taken:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_IDLE):
                        await self._due.wait()

    async def _renew_loop(self) -> None:
        while True:
            await asyncio.sleep(self._renew_every)
            asked = list(self._scheduler)
            try:
                held = await self._journal.renew()
            except Exception:
                _logger.exception("the leases can't be renewed; the next attempt follows")
                continue
            for item in asked:
                reason = held.get(item.id)
                if reason is None:
                    self._scheduler.drop(item)
                elif reason and not item.entry.abort_reason:
                    item.abort(reason)
                    self._scheduler.go_on([item])
