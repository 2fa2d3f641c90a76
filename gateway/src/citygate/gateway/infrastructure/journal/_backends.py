"""The two databases that a journal can be in. An operation is a plain function of a connection.

SQLite runs each transaction in one hop to a thread of its own: a hop for every statement would cost more than
the statements. PostgreSQL runs it on the event loop.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

T = TypeVar("T")

_BUSY_MS = 5000


class JournalError(Exception):
    """The journal can't be opened; the text says why and what to do."""


class Backend(Protocol):
    """A database with its connections."""

    exclusive: bool
    """Whether no other gateway can use it while this one has it open."""

    async def read(self, operation: Callable[[Connection], T]) -> T:
        """Run queries."""
        ...

    async def write(self, operation: Callable[[Connection], T]) -> T:
        """Run changes in one transaction; durable on return."""
        ...

    async def close(self) -> None:
        """Close the connections after what is under way."""
        ...


class Sqlite:
    """One file, for one gateway: write-ahead log, and nothing that was answered for is lost with the
    power.
    """

    exclusive = True

    def __init__(self, url: URL) -> None:
        self._lock = _lock(url)
        self._reads, self._writes = create_engine(url), create_engine(url)
        for engine in (self._reads, self._writes):
            event.listen(engine, "connect", _configure)
        event.listen(self._writes, "begin", _begin_immediate)
        self._reader, self._writer = (ThreadPoolExecutor(1, f"journal-{use}") for use in ("reads", "writes"))

    async def read(self, operation: Callable[[Connection], T]) -> T:
        def run() -> T:
            with self._reads.connect() as connection:
                return operation(connection)

        return await asyncio.get_running_loop().run_in_executor(self._reader, run)

    async def write(self, operation: Callable[[Connection], T]) -> T:
        def run() -> T:
            with self._writes.begin() as connection:
                return operation(connection)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def close(self) -> None:
        for engine, executor in ((self._reads, self._reader), (self._writes, self._writer)):
            # in the thread that made the connections, after all that it still has to do
            await asyncio.get_running_loop().run_in_executor(executor, engine.dispose)
            executor.shutdown(wait=False)
        os.close(self._lock)


class Postgres:
    """A server, for several gateways at once."""

    exclusive = False

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(url)

    async def read(self, operation: Callable[[Connection], T]) -> T:
        async with self._engine.connect() as connection:
            return await connection.run_sync(operation)

    async def write(self, operation: Callable[[Connection], T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(operation)

    async def close(self) -> None:
        await self._engine.dispose()


def _lock(url: URL) -> int:
    if url.database in (None, "", ":memory:"):
        raise JournalError("a journal in memory would lose transfers; name a file: sqlite:///<path>")
    try:
        descriptor = os.open(f"{url.database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalError(f"the journal can't be kept at {url.database}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise JournalError(
            f"another gateway uses the journal {url.database}: "
            "stop it, or use PostgreSQL for several gateways"
        ) from None
    return descriptor


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin_immediate` does
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # a transaction that began as a read and then writes may find the database locked halfway
    connection.exec_driver_sql("BEGIN IMMEDIATE")
