"""What happens on a ledger without being asked: others' transactions, finality, reorganisations, lost
answers.
"""

from __future__ import annotations

import asyncio
import logging
import time

from citygate.adapter import AdapterError, Event
from citygate.gateway.platform._adopt import adopt
from citygate.gateway.platform._journal import Journal
from citygate.gateway.platform._model import EVENT_STATES, Verb
from citygate.gateway.platform._networks import Network, Networks

from ._scheduler import Scheduler

_logger = logging.getLogger(__name__)

_CURSOR_EVERY = 1.0
"""Seconds. What a crash loses of the cursor is observed again, which changes nothing."""
_FIRST_RETRY = 0.5
_LONGEST_RETRY = 30.0


class Observer:
    """Follows the networks' events. `due` is set when one made a transfer due that nobody works on here."""

    def __init__(
        self, networks: Networks, journal: Journal, scheduler: Scheduler, due: asyncio.Event
    ) -> None:
        self._networks = networks
        self._journal = journal
        self._scheduler = scheduler
        self._due = due

    async def follow(self, network: Network) -> None:
        """Follow one network for ever."""
        delay = _FIRST_RETRY
        while True:
            try:
                moved = time.monotonic()
                async for event in network.adapter.observe(await self._journal.cursor(network.id)):
                    delay = _FIRST_RETRY
                    await self._take(network, event)
                    if time.monotonic() - moved > _CURSOR_EVERY:
                        await self._journal.move_cursor(network.id, event.cursor)
                        moved = time.monotonic()
            except AdapterError as error:
                _logger.warning("the events of %s stopped: %s; again in %.1f s", network.id, error, delay)
            except Exception:
                _logger.exception("the events of %s stopped; again in %.1f s", network.id, delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_RETRY)

    async def _take(self, network: Network, event: Event) -> None:
        if event.kind == "reorganised":
            self._scheduler.doubt(network.id)
            return
        state = EVENT_STATES.get(event.kind)
        if state is None:
            return
        item = self._scheduler.get(event.transfer_id)
        if item is None or item.leaving:
            if await self._journal.note(event) or await self._adopt(event):
                self._due.set()
            return
        before = item.entry
        item.finalised.add(network.id)
        item.resting.clear()
        item.reached(network.id, state)
        item.recorded(Verb.of(event, item.decider), event.transaction)
        if item.entry is not before or not item.busy:
            self._scheduler.go_on([item])

    async def _adopt(self, event: Event) -> bool:
        try:
            return await adopt(event, self._networks, self._journal) is not None
        except AdapterError as error:
            if error.reason.retryable:
                raise
            # one transfer that can't be read must not keep the others' events back
            _logger.warning("transfer %s can't be taken up: %s", event.transfer_id.hex(), error)
            return False
