"""Questions that are asked at the same time, in one request.

Reading one asset takes half a dozen calls, and a gateway reads hundreds of assets at once: as requests of their own
they would cost it more time than all else.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from citygate.adapter import AdapterError

Question = tuple[str, Sequence[Any]]
"""A method and its parameters."""
Send = Callable[[Sequence[Question]], Awaitable[Sequence[Any]]]
"""Asks all in one request. The answers come in order, an AdapterError in the place of one that was refused."""

_MOST = 50
"""Questions in one request; nodes take a hundred and more."""


class Gathering:
    """Gathers the questions of one turn of the event loop; who asks the same shares the answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: dict[str, tuple[Question, asyncio.Future[Any]]] = {}
        self._requests: set[asyncio.Task[None]] = set()

    async def ask(self, method: str, params: Sequence[Any]) -> Any:
        """The answer; AdapterError where the node refuses or doesn't answer."""
        key = json.dumps([method, params])
        if key not in self._waiting:
            loop = asyncio.get_running_loop()
            if not self._waiting:
                loop.call_soon(self._flush)
            self._waiting[key] = (method, params), loop.create_future()
        _, answer = self._waiting[key]
        return await asyncio.shield(answer)  # others may be waiting for it too

    def _flush(self) -> None:
        asked, self._waiting = list(self._waiting.values()), {}
        for start in range(0, len(asked), _MOST):
            request = asyncio.create_task(self._request(asked[start : start + _MOST]))
            self._requests.add(request)
            request.add_done_callback(self._requests.discard)

    async def _request(self, asked: Sequence[tuple[Question, asyncio.Future[Any]]]) -> None:
        try:
            answers = await self._send([question for question, _ in asked])
        except AdapterError as error:
            answers = [error] * len(asked)
        for (_, future), answer in zip(asked, answers, strict=True):
            if isinstance(answer, AdapterError):
                future.set_exception(answer)
                future.exception()  # whoever asked may have given up; that is no fault
            else:
                future.set_result(answer)

    async def close(self) -> None:
        """Give up what is under way."""
        for request in self._requests:
            request.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)
