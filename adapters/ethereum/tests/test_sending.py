"""What a crash leaves behind is put right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from citygate.adapter import AdapterError, Event, Reason, Signed, State
from citygate.ethereum import LocalKey, LocalKeys, MemoryOutbox, connect

from .city import City

pytestmark = pytest.mark.ledger


class Crash(Exception):
    """The process ends here."""


class CrashAfterStoring(MemoryOutbox):
    async def put(self, signed: Signed) -> None:
        await super().put(signed)
        raise Crash


async def until(events: AsyncIterator[Event], transfer_id: bytes) -> AsyncIterator[Event]:
    """The events up to the first of the transfer."""
    async for event in events:
        yield event
        if event.transfer_id == transfer_id:
            return


async def a_fresh_relay(city: City) -> tuple[dict[str, Any], LocalKeys]:
    """The city's options with a funded relay that nobody else sends from."""
    relay = LocalKey(int(await city.node.number("eth_blockNumber") + 1).to_bytes(32, "big"))
    await city.node.call("anvil_setBalance", relay.account, hex(10**20))
    keys = LocalKeys([*city.keys.values(), relay])
    return dict(city.options) | {"relay": relay.account}, keys


async def test_a_number_that_was_assigned_but_never_used_is_filled(city: City) -> None:
    options, keys = await a_fresh_relay(city)
    outbox = MemoryOutbox()
    await outbox.sequence("eip155:31337", options["relay"], 0)  # and then the process ended
    adapter = await connect(options, keys, outbox)
    try:
        order = await city.order(*await city.issue())
        assert (await adapter.prepare([order])).results == (State.PREPARED,)
        assert await city.node.number("eth_getTransactionCount", options["relay"], "latest") == 2
    finally:
        await adapter.close()


async def test_what_was_signed_and_never_sent_is_sent_at_the_next_start(city: City) -> None:
    options, keys = await a_fresh_relay(city)
    dying = CrashAfterStoring()
    adapter = await connect(options, keys, dying)
    order = await city.order(*await city.issue())
    with pytest.raises(Crash):
        await adapter.prepare([order])
    await adapter.close()
    assert (await city.adapter.transfers([order.terms.id]))[0].state is State.NONE

    outbox = MemoryOutbox()
    outbox.numbers, outbox.stored = dying.numbers, dying.stored
    restarted = await connect(options, keys, outbox)
    try:
        async with asyncio.timeout(20):
            kinds = {e.kind async for e in until(restarted.observe(None), order.terms.id)}
        assert "prepared" in kinds
        again = await restarted.prepare([order])
        assert (again.transaction, again.results) == (None, (State.PREPARED,))
    finally:
        await restarted.close()
    third = await connect(options, keys, outbox)
    await third.close()
    assert not outbox.stored, "what is in a block is forgotten"


async def test_a_number_that_somebody_else_used_is_left_to_them(city: City) -> None:
    options, keys = await a_fresh_relay(city)
    first = await connect(options, keys, MemoryOutbox())
    second = await connect(options, keys, MemoryOutbox())  # as after the loss of the journal
    try:
        orders = [await city.order(*await city.issue()) for _ in range(4)]
        for adapter, order in zip((first, second, first, second), orders, strict=True):
            assert (await adapter.prepare([order])).results == (State.PREPARED,)
    finally:
        await first.close()
        await second.close()


async def test_a_transaction_whose_number_went_to_another_is_given_up(city: City) -> None:
    options, keys = await a_fresh_relay(city)
    adapter = await connect(options, keys, MemoryOutbox())
    order = await city.order(*await city.issue())
    await city.node.call("evm_setAutomine", False)
    try:
        preparing = asyncio.ensure_future(adapter.prepare([order]))
        async with asyncio.timeout(20):
            pool: dict[str, Any] = {}
            while options["relay"] not in str(pool).lower():
                pool = await city.node.call("txpool_content")
        (stolen,) = (tx for sent in pool["pending"].values() for tx in sent.values())
        await city.node.call("anvil_dropTransaction", stolen["hash"])
        await city.node.call("anvil_setNonce", options["relay"], "0x1")
        with pytest.raises(AdapterError, match="number 0 of") as caught:
            await preparing
        assert caught.value.reason is Reason.NONCE
    finally:
        await city.node.call("evm_setAutomine", True)
    assert (await adapter.prepare([order])).results == (State.PREPARED,)
    await adapter.close()


async def test_batches_at_the_same_time_go_through(city: City) -> None:
    orders = [await city.order(*await city.issue()) for _ in range(8)]
    receipts = await asyncio.gather(*(city.adapter.prepare([order]) for order in orders))
    assert {receipt.results for receipt in receipts} == {(State.PREPARED,)}
    assert len({receipt.transaction for receipt in receipts}) == 8


async def test_a_relay_without_funds_is_told(city: City) -> None:
    options, keys = await a_fresh_relay(city)
    await city.node.call("anvil_setBalance", options["relay"], "0x0")
    adapter = await connect(options, keys, MemoryOutbox())
    try:
        order = await city.order(*await city.issue())
        with pytest.raises(AdapterError, match="fund it") as caught:
            await adapter.prepare([order])
        assert caught.value.reason is Reason.INSUFFICIENT
        await city.node.call("anvil_setBalance", options["relay"], hex(10**20))
        assert (await adapter.prepare([order])).results == (State.PREPARED,)
    finally:
        await adapter.close()


async def test_a_limit_that_is_too_low_is_raised(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate reverts rather than be unfair to an item; then the node is asked how much it takes."""
    for part in ("_GAS_PER_CALL", "_GAS_PER_LEG"):
        monkeypatch.setattr(f"citygate.ethereum._verbs.{part}", 100_000)
    order = await city.order(*await city.issue())
    assert (await city.adapter.prepare([order])).results == (State.PREPARED,)
