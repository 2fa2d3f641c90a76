"""What goes wrong on the way: refusals, deadlines, finality, lost answers, and a gateway that dies."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citygate.adapter import AdapterError, Reason, State
from citygate.adapter.memory import Fault
from citygate.gateway.platform import Draft, Refused, TransferState, rebuild

if TYPE_CHECKING:
    from .conftest import Cities, Make

ABORTED = {State.ABORTED}
COMMITTED = {State.COMMITTED}


# ---- aborts -----------------------------------------------------------------------------------------------


async def test_a_refused_prepare_aborts_and_leaves_the_owner_alone(stopped: Cities) -> None:
    asset = stopped.issue("alpha", "T1")
    good = stopped.issue("alpha", "T2")
    bad = await stopped.create(stopped.leg(asset, "alpha", "beta"))
    fine = await stopped.create(stopped.leg(good, "alpha", "beta"))
    token = stopped.ledgers["alpha"].store.tokens[asset]
    assert token is not None
    stopped.ledgers["alpha"].store.tokens[asset] = type(token)(token.payload, redeemed_by="someone")
    stopped.engine.start()

    ended = await stopped.finish(bad.id)
    assert ended.state is TransferState.ABORTED
    assert "is redeemed" in ended.failure
    assert stopped.owner(asset) == [("alpha", "alice")]
    assert stopped.states(bad.id) == ABORTED
    # the other one of the same batch isn't touched by it
    assert (await stopped.finish(fine.id)).state is TransferState.COMMITTED


async def test_a_deadline_that_passes_aborts_and_frees_what_was_locked(two: Cities) -> None:
    asset = two.issue("alpha", "T1")
    two.faults["beta"].add("decide", *[Fault.UNSENT] * 5)
    created = await two.create(two.leg(asset, "alpha", "beta"), deadline=int(time.time()) + 1)
    locked = await two.until(created.id, lambda t: t.states["memory:alpha"] is State.PREPARED)
    assert not locked.legs[0].free
    ended = await two.finish(created.id)
    assert ended.state is TransferState.ABORTED
    assert "deadline" in ended.failure
    assert two.owner(asset) == [("alpha", "alice")]
    assert two.states(created.id) == ABORTED


async def test_a_transfer_waits_for_a_sender_whose_key_is_elsewhere(stopped: Cities) -> None:
    asset = stopped.issue("alpha", "T1")
    await stopped.stop()
    stopped.withheld = {"alice"}
    await stopped.start()
    created = await stopped.create(stopped.leg(asset, "alpha", "beta"), deadline=int(time.time()) + 1)
    assert created.state is TransferState.PENDING
    assert "authorisation" in created.next_action
    ended = await stopped.finish(created.id)
    assert ended.state is TransferState.ABORTED
    assert stopped.calls("prepare") == 0


async def test_an_abort_that_is_asked_for_wins_before_the_decision_and_not_after(two: Cities) -> None:
    asset = two.issue("alpha", "T1")
    two.ledgers["alpha"].hold_finality()
    created = await two.create(two.leg(asset, "alpha", "beta"))
    await two.until(created.id, lambda t: "isn't final" in t.failure)
    await two.transfers.abort(created.id)
    ended = await two.finish(created.id)
    assert ended.state is TransferState.ABORTED
    assert two.owner(asset) == [("alpha", "alice")]
    assert (await two.transfers.abort(created.id)).state is TransferState.ABORTED

    two.ledgers["alpha"].release_finality()
    committed = await two.finish((await two.create(two.leg(asset, "alpha", "beta"))).id)
    with pytest.raises(Refused, match="committed"):
        await two.transfers.abort(committed.id)


async def test_finality_releases_a_transfer_at_once(two: Cities) -> None:
    asset = two.issue("alpha", "T1")
    two.ledgers["alpha"].hold_finality()
    created = await two.create(two.leg(asset, "alpha", "beta"))
    await two.until(created.id, lambda t: "isn't final" in t.failure)
    two.ledgers["alpha"].release_finality()
    ended = await two.finish(created.id)
    assert ended.state is TransferState.COMMITTED
    assert ended.failure == ""


# ---- failing calls ----------------------------------------------------------------------------------------


async def test_a_call_that_fails_as_a_whole_is_taken_apart(stopped: Cities) -> None:
    assets = [stopped.issue("alpha", f"T{n}") for n in range(10)]
    created = [await stopped.create(stopped.leg(asset, "alpha", "beta")) for asset in assets]
    stopped.faults["alpha"].add("prepare", AdapterError(Reason.INVALID, "too much gas"))
    stopped.engine.start()
    for transfer in created:
        assert (await stopped.finish(transfer.id)).state is TransferState.COMMITTED
    sizes = [items for method, items in stopped.faults["alpha"].calls if method == "prepare"]
    assert sizes == [10] + [1] * 10


async def test_an_adapter_that_breaks_stops_nothing(two: Cities, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = two.issue("alpha", "T1")
    ledger = two.ledgers["alpha"]
    prepare = ledger.prepare
    broken = True

    def once(*arguments: object) -> object:
        nonlocal broken
        if broken:
            broken = False
            raise RuntimeError("a bug")
        return prepare(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(ledger, "prepare", once)
    created = await two.create(two.leg(asset, "alpha", "beta"))
    await two.until(created.id, lambda t: "broke" in t.failure)
    assert (await two.finish(created.id)).state is TransferState.COMMITTED


FAULTS = st.lists(st.sampled_from([Fault.UNSENT, Fault.LOST_ANSWER, Fault.TWICE]), max_size=2)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from(["alpha", "beta"]),
            st.sampled_from(["prepare", "decide", "settle", "prove", "transfers"]),
        ),
        FAULTS,
    )
)
async def test_whatever_gets_lost_nothing_is_lost_or_doubled(
    make: Make, faults: dict[tuple[str, str], list[Fault]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cities = make(("alpha", "beta"), Path(folder))
        await cities.start()
        asset = cities.issue("alpha", "T1")
        for (network, method), queue in faults.items():
            cities.faults[network].add(method, *queue)
        ended = await cities.finish((await cities.create(cities.leg(asset, "alpha", "beta"))).id)
        assert ended.state is TransferState.COMMITTED
        assert cities.owner(asset) == [("beta", "bob")]
        cities.check_supply(asset)
        await cities.stop()


# ---- death ------------------------------------------------------------------------------------------------

HANGS = [Fault.HANG_BEFORE, Fault.HANG_AFTER]


@pytest.mark.parametrize("hang", HANGS)
@pytest.mark.parametrize("way", ["out", "home"])
@pytest.mark.parametrize("call", ["source prepare", "destination decide", "source settle", "source prove"])
async def test_a_gateway_that_dies_at_any_call_goes_on_where_it_was(
    two: Cities, hang: Fault, way: str, call: str
) -> None:
    asset = two.issue("alpha", "T1")
    ends, leg = ("alpha", "beta"), two.leg(asset, "alpha", "beta")
    if way == "home":
        await two.finish((await two.create(leg)).id)
        ends, leg = ("beta", "alpha"), two.leg(asset, "beta", "alpha", sender="bob", recipient="alice")
    where, method = call.split()
    faults = two.faults[ends[0] if where == "source" else ends[1]]
    faults.add(method, hang)
    created = await two.create(leg, request_id="r1")
    await asyncio.wait_for(faults.hung.wait(), 5)
    await two.crash()

    await two.start()
    ended = await two.finish(created.id)
    assert ended.state is TransferState.COMMITTED
    assert await two.told(created.id) == ["prepare", "decide", "settle"]
    assert two.owner(asset) == [("alpha", "alice") if way == "home" else ("beta", "bob")]
    two.check_supply(asset)
    assert (await two.transfers.create("r1", b"r1", Draft((leg,)))).id == created.id


@pytest.mark.parametrize("how", ["rebuild", "observe"])
async def test_a_lost_journal_is_read_back_from_the_gates(two: Cities, how: str) -> None:
    assets = [two.issue("alpha", f"T{n}") for n in range(3)]
    over = await two.finish((await two.create(two.leg(assets[0], "alpha", "beta"))).id)
    two.faults["beta"].add("decide", Fault.HANG_AFTER)
    decided = await two.create(two.leg(assets[1], "alpha", "beta"))
    await two.faults["beta"].hung.wait()
    prepared = await two.create(two.leg(assets[2], "alpha", "beta"))
    await two.until(prepared.id, lambda t: t.states["memory:alpha"] is State.PREPARED)
    await two.crash()
    for file in Path(two.url.removeprefix("sqlite:///")).parent.glob("journal.db*"):
        file.unlink()

    await two.open()
    if how == "rebuild":
        rebuilt = await rebuild(two.networks, two.journal, quiet=0.2)
        assert rebuilt.transfers == 3
        assert (await rebuild(two.networks, two.journal, quiet=0.2)).transfers == 0
        assert (await two.transfers.get(over.id)).state is TransferState.COMMITTED
        assert (await two.transfers.get(prepared.id)).state is TransferState.DECIDING
    two.engine.start()
    for created in (over, decided, prepared):
        await two.known(created.id)
        ended = await two.finish(created.id)
        assert ended.state is TransferState.COMMITTED
        assert await two.told(created.id) == ["prepare", "decide", "settle"]
    assert [two.owner(asset) for asset in assets] == [[("beta", "bob")]] * 3
    two.check_supply(*assets)


async def test_a_graceful_stop_ends_the_call_under_way_and_gives_the_leases_back(two: Cities) -> None:
    asset = two.issue("alpha", "T1")
    two.faults["alpha"].delay = 0.1
    created = await two.create(two.leg(asset, "alpha", "beta"))
    await asyncio.sleep(0)  # the lane begins the call
    assert two.calls("prepare") == 1
    await two.stop()
    await two.open()
    stopped = await two.transfers.get(created.id)
    assert stopped.states["memory:alpha"] is State.PREPARED
    assert len(stopped.transactions) == 1
    assert [entry.id for entry in await two.journal.lease(10)] == [created.id]  # nobody has it any more
    await two.journal.release_all()
    two.engine.start()
    assert (await two.finish(created.id)).state is TransferState.COMMITTED
