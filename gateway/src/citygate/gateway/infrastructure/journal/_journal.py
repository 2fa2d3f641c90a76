"""The platform's journal in SQL, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Text, bindparam, case, or_, select, tuple_, update

from citygate.adapter import Event
from citygate.gateway.platform import Entry, LedgerTransaction, Position, TransferFilter, Verb

from ._database import Database
from ._rows import FINAL, changing_columns, constant_columns, entries, transaction_row
from ._schema import cursors, ledger_transactions, transfers

LEASE = 15.0
"""Seconds that a lease lasts unless it is renewed."""


class SqlJournal:
    """Implements `citygate.gateway.platform.Journal`. `clock` is in seconds since the epoch."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._owner = uuid.uuid4().hex
        insert = database.insert(ledger_transactions)
        self._put_transaction = insert.on_conflict_do_update(
            index_elements=["transfer_id", "network", "transaction_id"],
            set_={"verb": insert.excluded.verb},
            # one transaction may prepare and decide; it counts as the decision
            where=insert.excluded.verb != Verb.PREPARE.value,
        )

    async def release_all(self) -> None:
        """Forget the leases of whoever used this database before: only where nobody else can use it now."""
        await self._database.write(lambda c: c.execute(update(transfers).values(lease_owner=None)))

    # ---- transfers ----------------------------------------------------------------------------------------

    async def insert(self, entry: Entry, *, leased: bool) -> Entry:
        """See the port."""
        if leased:
            entry = replace(entry, fence=1)
        row = constant_columns(entry) | changing_columns(entry) | {"fence": entry.fence}
        if leased:
            row |= {"lease_owner": self._owner, "lease_until": self._clock() + LEASE}

        def insert(connection: Connection) -> Entry:
            done = connection.execute(self._database.insert(transfers).values(row).on_conflict_do_nothing())
            if done.rowcount:
                return entry
            there = transfers.c.id == entry.id
            if entry.request_id:
                there = or_(there, transfers.c.request_id == entry.request_id)
            return _select(connection, there)[0]

        return await self._database.write(insert)

    async def get(self, transfer_id: bytes) -> Entry | None:
        """See the port."""
        found = await self._database.read(lambda c: _select(c, transfers.c.id == transfer_id))
        return found[0] if found else None

    async def find(self, request_id: str) -> Entry | None:
        """See the port."""
        found = await self._database.read(lambda c: _select(c, transfers.c.request_id == request_id))
        return found[0] if found else None

    async def page(self, size: int, after: Position | None, wanted: TransferFilter) -> list[Entry]:
        """See the port."""
        query = select(transfers).order_by(transfers.c.created_at.desc(), transfers.c.id.desc()).limit(size)
        if after is not None:
            query = query.where(tuple_(transfers.c.created_at, transfers.c.id) < (after.created_at, after.id))
        if wanted.states:
            query = query.where(transfers.c.phase.in_([state.value for state in wanted.states]))
        if wanted.network:
            query = query.where(transfers.c.states.contains(f'"{wanted.network}"', autoescape=True))

        def page(connection: Connection) -> list[Entry]:
            return entries(connection, connection.execute(query).all())

        return await self._database.read(page)

    async def save(self, entries: Sequence[Entry], *, release: bool = False) -> None:
        """See the port."""
        if not entries:
            return
        given = transfers.c.abort_reason
        change = (
            update(transfers)
            .where(transfers.c.id == bindparam("the_id"), transfers.c.fence == bindparam("the_fence"))
            # another gateway may have stored the wish in the meantime
            .values(abort_reason=case((given == "", bindparam("new_reason", type_=Text)), else_=given))
        )
        rows = [
            {"the_id": e.id, "the_fence": e.fence, "new_reason": e.abort_reason, **changing_columns(e)}
            for e in entries
        ]
        for row in rows:
            del row["abort_reason"]
        columns = [name for name in rows[0] if name in transfers.c]
        change = change.values({name: bindparam(name) for name in columns})
        if release:
            change = change.values(lease_owner=None, lease_until=None)
        done = [transaction_row(entry.id, one) for entry in entries for one in entry.transactions]

        def save(connection: Connection) -> None:
            connection.execute(change, rows)
            if done:
                connection.execute(self._put_transaction, done)

        await self._database.write(save)

    async def abort(self, transfer_id: bytes, reason: str) -> None:
        """See the port."""
        change = (
            update(transfers)
            .where(transfers.c.id == transfer_id, transfers.c.abort_reason == "", _unfinished())
            .values(abort_reason=reason, due_at=self._clock())
        )
        await self._database.write(lambda c: c.execute(change))

    async def note(self, event: Event) -> bool:
        """See the port."""

        def note(connection: Connection) -> bool:
            query = select(transfers.c.decider).where(transfers.c.id == event.transfer_id)
            decider = connection.execute(query).scalar_one_or_none()
            if decider is None:
                return False
            done = LedgerTransaction(Verb.of(event, decider), event.transaction)
            row = transaction_row(event.transfer_id, done)
            connection.execute(self._put_transaction, row)
            due = (
                update(transfers)
                .where(transfers.c.id == event.transfer_id, _unfinished())
                .values(due_at=self._clock())
            )
            connection.execute(due)
            return True

        return await self._database.write(note)

    # ---- leases -------------------------------------------------------------------------------------------

    async def lease(self, limit: int) -> list[Entry]:
        """See the port."""
        now = self._clock()
        free = or_(transfers.c.lease_owner.is_(None), transfers.c.lease_until < now)
        due = (
            select(transfers.c.id)
            .where(_unfinished(), transfers.c.due_at <= now, free)
            .order_by(transfers.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        take = (
            update(transfers)
            .where(transfers.c.id.in_(due))
            .values(lease_owner=self._owner, lease_until=now + LEASE, fence=transfers.c.fence + 1)
            .returning(transfers)
        )

        def lease(connection: Connection) -> list[Entry]:
            return entries(connection, connection.execute(take).all())

        return await self._database.write(lease)

    async def renew(self) -> Mapping[bytes, str]:
        """See the port."""
        change = (
            update(transfers)
            .where(transfers.c.lease_owner == self._owner)
            .values(lease_until=self._clock() + LEASE)
            .returning(transfers.c.id, transfers.c.abort_reason)
        )

        def renew(connection: Connection) -> dict[bytes, str]:
            return {row.id: row.abort_reason for row in connection.execute(change)}

        return await self._database.write(renew)

    # ---- cursors ------------------------------------------------------------------------------------------

    async def cursor(self, network: str) -> str | None:
        """See the port."""
        query = select(cursors.c.cursor).where(cursors.c.network == network)

        def cursor(connection: Connection) -> str | None:
            return connection.execute(query).scalar_one_or_none()

        return await self._database.read(cursor)

    async def move_cursor(self, network: str, cursor: str) -> None:
        """See the port."""
        insert = self._database.insert(cursors).values(network=network, cursor=cursor)
        change = insert.on_conflict_do_update(index_elements=["network"], set_={"cursor": cursor})

        def move(connection: Connection) -> None:
            connection.execute(change)

        await self._database.write(move)

    async def flush(self) -> None:
        """See the port."""

        def nothing(_: Connection) -> None:
            return

        await self._database.write(nothing)


def _unfinished() -> Any:
    return transfers.c.phase.not_in(FINAL)


def _select(connection: Connection, condition: Any) -> list[Entry]:
    rows = connection.execute(select(transfers).where(condition)).all()
    return entries(connection, rows)
