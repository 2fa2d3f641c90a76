"""The items under work: derives each one's next steps, queues them in lanes, and records what comes of
them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import replace
from typing import Any

from citygate.adapter import AdapterError, Reason, State
from citygate.gateway.platform._journal import Entry, Journal
from citygate.gateway.platform._networks import Networks

from ._item import Item
from ._lane import Batch, Lane
from ._outcome import answered, failed
from ._plan import Action, Step, finished, next_steps
from ._verbs import perform

_logger = logging.getLogger(__name__)

_PARK_AFTER = 5.0
"""Seconds: what has to wait longer gives its place and its lease back until then."""
_READ_BATCH = 100
_SAVE_RETRY = 1.0


class Scheduler:
    """`notify` is called with an item after each change, `left` after one has given its place back."""

    def __init__(
        self,
        networks: Networks,
        journal: Journal,
        clock: Callable[[], float],
        notify: Callable[[Item], None],
        left: Callable[[], None],
    ) -> None:
        self._networks = networks
        self._journal = journal
        self._clock = clock
        self._notify = notify
        self._left = left
        self._items: dict[bytes, Item] = {}
        self._lanes: dict[tuple[str, Action], Lane] = {}
        self._lane_tasks: set[asyncio.Task[None]] = set()
        self._records: set[asyncio.Task[None]] = set()
        self._stopping = False

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(list(self._items.values()))

    def get(self, transfer_id: bytes) -> Item | None:
        return self._items.get(transfer_id)

    # ---- coming and going ---------------------------------------------------------------------------------

    def take(self, entry: Entry, states: dict[str, State]) -> None:
        """Work on an entry that is leased; `states` are those known for sure."""
        old = self._items.get(entry.id)
        if old is None or old.leaving:
            self._items[entry.id] = item = Item(entry, states)
            self._advance(item)

    def drop(self, item: Item) -> None:
        """Forget an item."""
        item.leaving = True
        if item.timer:
            item.timer.cancel()
        if self._items.get(item.id) is item:
            del self._items[item.id]
            self._left()

    def _leave(self, item: Item) -> None:
        """Store an item that is finished or has to wait long, then forget it; until then it can be found."""
        item.leaving = True

        async def leave() -> None:
            try:
                await self._journal.save([item.entry], release=True)
            except Exception:
                _logger.exception("the journal didn't take a transfer back; the next attempt follows")
                item.leaving = False
                item.timer = asyncio.get_running_loop().call_later(_SAVE_RETRY, self._advance, item)
            else:
                self.drop(item)

        self._record(leave())

    async def drain(self, grace: float) -> None:
        """Begin nothing new; return once the calls under way have ended, after `grace` seconds at the
        latest.
        """
        self._stopping = True
        for lane in self._lanes.values():
            lane.close()
        if self._lane_tasks:
            await asyncio.wait(self._lane_tasks, timeout=grace)

    async def kill(self) -> None:
        """End everything at once."""
        self._stopping = True
        for item in self._items.values():
            if item.timer:
                item.timer.cancel()
        tasks = self._lane_tasks | self._records
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- deriving and queueing ----------------------------------------------------------------------------

    def go_on(self, items: Iterable[Item]) -> None:
        """Something was learned about these items: queue their next steps, then store and tell what
        changed.
        """
        now = self._clock()
        staying: list[Entry] = []
        for item in items:
            if not item.leaving:
                item.entry = replace(item.entry, updated_at=now)
                self._advance(item)
            if not item.leaving:
                staying.append(item.entry)
            self._notify(item)
        if staying and not self._stopping:
            self._record(self._journal.save(staying))

    def doubt(self, network: str) -> None:
        """A ledger was reorganised: what was known of it is to be read again."""
        for item in self:
            if item.states.pop(network, None) is not None:
                item.finalised.discard(network)
                self._advance(item)

    def _advance(self, item: Item) -> None:
        if item.leaving or self._stopping:
            return
        if item.timer:
            item.timer.cancel()
            item.timer = None
        if finished(item.entry.terms, item.states):
            self._leave(item)
            return
        steps = self._steps(item)
        now = asyncio.get_running_loop().time()
        for step in steps:
            if step.network not in item.busy and item.resting.get(step.network, now) <= now:
                item.busy.add(step.network)
                self._lane(step).add(item, step)
        self._wait(item, [item.resting.get(step.network, now) - now for step in steps])

    def _steps(self, item: Item) -> tuple[Step, ...]:
        entry = item.entry
        steps = next_steps(
            entry.terms,
            item.states,
            now=self._clock(),
            abort=bool(entry.abort_reason),
            authorized=entry.authorized,
        )
        if any(step.action is Action.DECIDE and step.outcome is State.ABORTED for step in steps):
            item.abort("the deadline passed before every network was prepared")
        return steps

    def _wait(self, item: Item, rests: list[float]) -> None:
        """Come back to an item at its deadline or after a rest; where that is far off, leave it to the
        journal.
        """
        delays = [rest for rest in rests if rest > 0]
        if not item.decided and not item.entry.abort_reason:
            delays.append(item.entry.terms.deadline + 1 - self._clock())
        if not delays:
            return
        if not item.busy and min(delays) > _PARK_AFTER:
            item.entry = replace(item.entry, due_at=self._clock() + min(delays))
            self._leave(item)
        else:
            # a timer that goes off early derives the same again
            delay = min(max(min(delays), 0.01), 3600.0)
            item.timer = asyncio.get_running_loop().call_later(delay, self._advance, item)

    def _lane(self, step: Step) -> Lane:
        key = (step.network, step.action)
        lane = self._lanes.get(key)
        if lane is None:
            limit = _READ_BATCH
            if step.action is not Action.READ:
                limit = self._networks.get(step.network).description.max_batch
            lane = self._lanes[key] = Lane(limit, lambda batch: self._perform(*key, batch))
            self._lane_tasks.add(asyncio.create_task(lane.run()))
        return lane

    # ---- calls --------------------------------------------------------------------------------------------

    async def _perform(self, network: str, action: Action, batch: Batch) -> None:
        batch = [(item, step) for item, step in batch if not item.leaving]
        if not batch:
            return
        try:
            receipt = await perform(self._networks, network, action, batch)
            if len(receipt.results) != len(batch):
                raise AdapterError(Reason.UNAVAILABLE, f"{network} answered for another number of items")
        except AdapterError as error:
            failed(batch, error)
        except Exception:
            _logger.exception("the adapter of %s broke in %s of %d transfers", network, action, len(batch))
            failed(batch, AdapterError(Reason.UNAVAILABLE, "its adapter broke; see the gateway's log"))
        else:
            answered(batch, receipt)
        self.go_on([item for item, _ in batch])

    def _record(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._records.add(task)
        task.add_done_callback(self._recorded)

    def _recorded(self, task: asyncio.Task[None]) -> None:
        self._records.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _logger.error("the journal didn't take a record: %s", error, exc_info=error)
