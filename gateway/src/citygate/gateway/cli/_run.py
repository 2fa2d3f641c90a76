"""Running the development network until it is told to stop or breaks."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from citygate.adapter.devnet import DevnetError
from citygate.gateway.infrastructure import Development, development

T = TypeVar("T")
_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@asynccontextmanager
async def development_gateway(report: Callable[[str], None], *, free: bool) -> AsyncGenerator[Development]:
    """The development network with its gateway, in a directory that is gone afterwards unless something broke."""
    directory = Path(tempfile.mkdtemp(prefix="citygate-"))
    try:
        async with development(directory, report, free=free) as running:
            report("starting the gateway")
            await running.start_gateway()
            yield running
    except DevnetError as error:
        raise DevnetError(f"{error} (logs: {directory / 'logs'})") from error
    except BaseException:
        shutil.rmtree(directory)
        raise
    shutil.rmtree(directory)


async def until_stopped(work: Awaitable[T]) -> T | None:
    """Do the work; None where a signal to stop comes first. The work is cancelled and cleans up then."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in _STOP:
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return None
    finally:
        for number in _STOP:
            loop.remove_signal_handler(number)


async def watched(running: Development, work: Awaitable[T]) -> T:
    """Do the work as long as every process of the network lives; DevnetError says which one ended."""
    task = asyncio.ensure_future(work)
    ended = asyncio.ensure_future(running.supervisor.wait())
    try:
        await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise DevnetError(ended.result())
        return task.result()
    finally:
        for pending in (task, ended):
            pending.cancel()
        await asyncio.gather(task, ended, return_exceptions=True)
