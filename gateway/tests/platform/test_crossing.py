from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest

from citygate.adapter import State
from citygate.gateway.platform import Conflict, Draft, InvalidField, TransferFilter, TransferState, Verb

if TYPE_CHECKING:
    from .conftest import Cities


async def test_a_ticket_crosses_and_comes_home_with_three_transactions_each(two: Cities) -> None:
    asset = two.issue("alpha", "T1")
    payload = two.ledgers["alpha"].asset(asset).payload

    out = await two.finish((await two.create(two.leg(asset, "alpha", "beta"))).id)
    assert out.state is TransferState.COMMITTED
    assert [(t.verb, t.transaction.network) for t in out.transactions] == [
        (Verb.PREPARE, "memory:alpha"),
        (Verb.DECIDE, "memory:beta"),
        (Verb.SETTLE, "memory:alpha"),
    ]
    assert two.owner(asset) == [("beta", "bob")]
    assert (out.legs[0].network, out.legs[0].free) == ("memory:beta", True)
    assert two.ledgers["beta"].asset(asset).payload == payload
    assert out.terms.legs[0].payload_hash == hashlib.sha256(payload).digest()
    two.check_supply(asset)
    assert two.ledgers["alpha"].supply(asset).escrowed == 1

    home = two.leg(asset, "beta", "alpha", sender="bob", recipient="alice")
    back = await two.finish((await two.create(home)).id)
    assert back.state is TransferState.COMMITTED
    assert len(back.transactions) == 3
    assert two.owner(asset) == [("alpha", "alice")]
    two.check_supply(asset)
    assert two.ledgers["alpha"].supply(asset).escrowed == 0


async def test_an_exchange_of_two_assets_happens_on_both_ledgers(two: Cities) -> None:
    coin = "memory:beta/asset:coin"
    two.ledgers["beta"].mint(coin, two.account("beta", "bob"), 100)
    ticket = two.issue("alpha", "T1")
    legs = [two.leg(ticket, "alpha", "beta"), two.leg(coin, "beta", "alpha", 40, sender="bob")]
    done = await two.finish((await two.create(*legs)).id)
    assert done.state is TransferState.COMMITTED
    assert two.owner(ticket) == [("beta", "bob")]
    assert sorted(two.owner(coin)) == [("alpha", "bob"), ("beta", "bob")]
    two.check_supply(ticket, coin)


async def test_a_voucher_that_moves_on_takes_its_home_along(three: Cities) -> None:
    asset = three.issue("alpha", "T1")
    await three.finish((await three.create(three.leg(asset, "alpha", "beta"))).id)
    on = await three.finish((await three.create(three.leg(asset, "beta", "gamma", sender="bob"))).id)
    assert on.state is TransferState.COMMITTED
    assert [p.network for p in on.terms.participants] == ["memory:alpha", "memory:beta", "memory:gamma"]
    assert three.owner(asset) == [("gamma", "bob")]
    assert three.ledgers["alpha"].supply(asset).outstanding == {"memory:gamma": 1}
    three.check_supply(asset)


async def test_two_assets_that_come_home_to_two_networks_need_two_transfers(two: Cities) -> None:
    coins = {name: f"{two.network(name)}/asset:coin" for name in ("alpha", "beta")}
    for (name, coin), other in zip(coins.items(), ("beta", "alpha"), strict=True):
        two.ledgers[name].mint(coin, two.account(name, "alice"), 5)
        leg = two.leg(coin, name, other, 5, recipient="alice")
        assert (await two.finish((await two.create(leg)).id)).state is TransferState.COMMITTED
    home = [two.leg(coins["alpha"], "beta", "alpha", 5), two.leg(coins["beta"], "alpha", "beta", 5)]
    with pytest.raises(InvalidField, match="a transfer for each"):
        await two.create(*home)
    for leg in home:
        assert (await two.finish((await two.create(leg)).id)).state is TransferState.COMMITTED
    two.check_supply(*coins.values())


async def test_the_same_request_id_makes_one_transfer(two: Cities) -> None:
    asset = two.issue("alpha", "T1")
    draft = Draft((two.leg(asset, "alpha", "beta"),))
    first, second = await asyncio.gather(
        two.transfers.create("r1", b"same", draft), two.transfers.create("r1", b"same", draft)
    )
    assert first.id == second.id
    await two.finish(first.id)
    assert (await two.transfers.create("r1", b"same", draft)).state is TransferState.COMMITTED
    with pytest.raises(Conflict, match="r1"):
        await two.transfers.create("r1", b"other", draft)


async def test_five_hundred_transfers_share_ledger_transactions(two: Cities) -> None:
    for faults in two.faults.values():
        faults.delay = 0.005
    assets = [two.issue("alpha", f"T{n}") for n in range(500)]
    created = await asyncio.gather(*(two.create(two.leg(a, "alpha", "beta")) for a in assets))
    done = await asyncio.gather(*(two.finish(transfer.id) for transfer in created))
    assert {transfer.state for transfer in done} == {TransferState.COMMITTED}
    assert all(two.owner(asset) == [("beta", "bob")] for asset in assets)
    two.check_supply(*assets)
    # ten full batches of fifty would be thirty calls
    assert two.calls("prepare") + two.calls("decide") + two.calls("settle") < 90

    listed = 0
    page = await two.transfers.list(200)
    while True:
        listed += len(page.transfers)
        if not page.next_page_token:
            break
        page = await two.transfers.list(200, page.next_page_token)
    assert listed == 500
    committed = TransferFilter(frozenset({TransferState.COMMITTED}), "memory:beta")
    assert len((await two.transfers.list(500, filter=committed)).transfers) == 500
    aborted = TransferFilter(frozenset({TransferState.ABORTED}))
    assert (await two.transfers.list(filter=aborted)).transfers == ()
    assert (await two.transfers.list(filter=TransferFilter(network="memory:gamma"))).transfers == ()


async def test_watching_tells_every_step_up_to_the_end(two: Cities) -> None:
    asset = two.issue("alpha", "T1")
    for faults in two.faults.values():
        faults.delay = 0.02
    created = await two.create(two.leg(asset, "alpha", "beta"))
    seen = [transfer async for transfer in two.transfers.watch(created.id)]
    states = [transfer.state for transfer in seen]
    assert states == sorted(states, key=list(TransferState).index)
    assert {TransferState.PENDING, TransferState.DECIDING, TransferState.SETTLING} <= set(states)
    assert states[-1] is TransferState.COMMITTED
    deciding = next(t for t in seen if t.state is TransferState.DECIDING)
    assert deciding.states == {"memory:alpha": State.PREPARED, "memory:beta": State.NONE}
    assert not deciding.legs[0].free
    assert deciding.next_action == "commit on memory:beta"
