"""The database under the journal: opened, brought up to date, and written in commits that are shared."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ._backends import Backend, JournalError, Postgres, Sqlite

T = TypeVar("T")
_Operation = tuple[Callable[[Connection], Any], asyncio.Future[Any]]


class Database:
    """Reads side by side, writes one after another in groups.

    What arrives while a commit is under way is the next commit, so many writers pay for one flush to the
    disk.
    """

    def __init__(self, backend: Backend, insert: Callable[[Table], Any]) -> None:
        self.exclusive = backend.exclusive
        self.insert = insert
        """The dialect's INSERT, which knows ON CONFLICT."""
        self._backend = backend
        self._waiting: deque[_Operation] = deque()
        self._changed = asyncio.Event()
        self._writer = asyncio.create_task(self._write_loop())

    @classmethod
    async def open(cls, address: str) -> Database:
        """Connect and bring the schema up to date.

        JournalError says what is wrong: no such database, no address of one, or another gateway has it.
        """
        try:
            url = make_url(address)
        except ArgumentError:
            raise _no_journal(address) from None
        try:
            match url.get_backend_name():
                case "sqlite":
                    backend, insert = Sqlite(url), sqlite.insert
                case "postgresql":
                    backend = Postgres(url.set(drivername="postgresql+asyncpg"))
                    insert = postgresql.insert
                case _:
                    raise _no_journal(address)
            await backend.write(_migrate)
        except (SQLAlchemyError, OSError, ImportError) as error:
            shown = url.render_as_string(hide_password=True)
            raise JournalError(f"the journal {shown} can't be opened: {error}") from error
        return cls(backend, insert)

    async def close(self) -> None:
        """Close after the commit that is under way; what waits is dropped."""
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        for _, result in self._waiting:
            result.cancel()
        await self._backend.close()

    async def read(self, operation: Callable[[Connection], T]) -> T:
        """Run queries."""
        return await self._backend.read(operation)

    def write(self, operation: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Run changes in a transaction that others share; done once it is durable. In order of the calls.

        An operation that fails is run again in a transaction of its own, so it must change nothing but the
        database.
        """
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, result))
        self._changed.set()
        return result

    # ---- the writer ---------------------------------------------------------------------------------------

    async def _write_loop(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._waiting:
                group = list(self._waiting)
                self._waiting.clear()
                await self._commit(group)

    async def _commit(self, group: list[_Operation]) -> None:
        def run(connection: Connection) -> list[Any]:
            return [operation(connection) for operation, _ in group]

        try:
            values = await self._backend.write(run)
        except Exception as error:  # noqa: BLE001  # it is handed to the caller that it belongs to
            if len(group) > 1:
                for single in group:
                    await self._commit([single])
            elif not group[0][1].done():
                group[0][1].set_exception(error)
            return
        for (_, result), value in zip(group, values, strict=True):
            if not result.done():
                result.set_result(value)


def _no_journal(address: str) -> JournalError:
    return JournalError(
        f"{address!r} is no journal: sqlite:///<path> or postgresql://<user>@<host>/<database> is wanted"
    )


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "citygate.gateway:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
