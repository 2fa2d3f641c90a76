"""Crossings between an attested EVM network and a real Fabric network, as the Fabric side sees them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Sequence

import pytest

from citygate.adapter import (
    NO_PAYLOAD,
    AdapterError,
    Decision,
    Leg,
    Order,
    Participant,
    Reason,
    Redemption,
    Refusal,
    Settlement,
    State,
    Terms,
)
from citygate.fabric import FabricAdapter

from . import evm
from .conftest import Running
from .transfers import authorised, issued, leaving, prepared

pytestmark = pytest.mark.ledger

COIN = f"{evm.NETWORK}/erc20:0x{'20' * 20}"
CREDIT = f"{evm.NETWORK}/erc1155:0x{'55' * 20}/7"
"""An amount of one id: fungible, though the name has an id as a unique asset's has."""
ALICE = "0x" + "a1" * 20


def crossing(running: Running, legs: Sequence[Leg], decider: int = 1) -> Terms:
    """Terms between both networks: 0 is the EVM, 1 is Fabric."""
    return Terms(
        participants=(
            Participant(evm.NETWORK, evm.GATE),
            Participant(running.network, running.devnet.gate),
        ),
        decider=decider,
        initiator=ALICE if decider == 0 else running.account("relay"),
        deadline=int(time.time()) + 600,
        salt=secrets.token_bytes(32),
        legs=tuple(legs),
    )


def arriving(asset: str, amount: int, recipient: str, payload: bytes = b"") -> Leg:
    return Leg(
        asset, amount, 0, ALICE, 1, recipient, hashlib.sha256(payload).digest() if payload else NO_PAYLOAD
    )


async def receive(
    running: Running, adapter: FabricAdapter, amounts: Sequence[int], asset: str = COIN
) -> None:
    """Bob gets an asset, in as many rows as there are amounts."""
    for amount in amounts:
        terms = crossing(running, [arriving(asset, amount, running.account("bob"))])
        decision = Decision(Order(terms, (b"",), (b"",)), State.COMMITTED)
        receipt = await adapter.decide([decision], [evm.prove(terms.id, State.PREPARED)])
        assert receipt.results == (State.COMMITTED,)


def redemption(asset: str, event: str) -> Redemption:
    return Redemption(asset, event)


async def test_a_ticket_arrives_and_is_redeemed(running: Running, adapter: FabricAdapter) -> None:
    payload = b'{"id":"EVM-1"}'
    number = int.from_bytes(hashlib.sha256(secrets.token_bytes(8)).digest())
    asset = f"{evm.NETWORK}/erc721:0x{'77' * 20}/{number}"
    terms = crossing(running, [arriving(asset, 1, running.account("bob"), payload)])
    decision = Decision(Order(terms, (payload,), (b"",)), State.COMMITTED)

    refused = await adapter.decide([decision], [])
    assert isinstance(refused.results[0], Refusal)
    committed = await adapter.decide([decision], [evm.prove(terms.id, State.PREPARED)])
    assert committed.results == (State.COMMITTED,)
    (held,) = await adapter.assets([asset])
    assert (held.owner, held.payload) == (running.account("bob"), payload)
    assert held.payload_hash == hashlib.sha256(payload).digest()
    (supply,) = await adapter.supply([asset])
    assert (supply.vouchers, supply.escrowed) == (1, 0)

    validator = running.account("operator-b")
    assert (await adapter.redeem(validator, [redemption(asset, "gate-1")])).results == ("gate-1",)
    again = await adapter.redeem(validator, [redemption(asset, "gate-2")])
    assert isinstance(again.results[0], Refusal)


async def test_one_attestor_is_not_enough(running: Running, adapter: FabricAdapter) -> None:
    terms = crossing(running, [arriving(COIN, 5, running.account("bob"))])
    decision = Decision(Order(terms, (b"",), (b"",)), State.COMMITTED)
    refused = await adapter.decide([decision], [evm.prove(terms.id, State.PREPARED, signers=1)])
    assert isinstance(refused.results[0], Refusal)
    assert refused.results[0].reason is Reason.INVALID
    receipt = await adapter.decide([decision], [evm.prove(terms.id, State.PREPARED)])
    assert receipt.results == (State.COMMITTED,)


@pytest.mark.parametrize(
    ("outcome", "outstanding"), [(State.COMMITTED, {evm.NETWORK: 1}), (State.ABORTED, {})]
)
async def test_a_ticket_that_left_follows_the_evms_decision(
    running: Running, adapter: FabricAdapter, outcome: State, outstanding: dict[str, int]
) -> None:
    order = await prepared(running, adapter)
    asset = order.terms.legs[0].asset
    receipt = await adapter.settle([Settlement(order, outcome)], [evm.prove(order.terms.id, outcome)])
    assert receipt.results == (outcome,)
    (supply,) = await adapter.supply([asset])
    assert dict(supply.outstanding) == outstanding
    assert supply.escrowed == sum(outstanding.values())
    other = State.ABORTED if outcome is State.COMMITTED else State.COMMITTED
    late = await adapter.settle([Settlement(order, other)], [evm.prove(order.terms.id, other)])
    assert isinstance(late.results[0], Refusal)
    (record,) = await adapter.transfers([order.terms.id])
    assert record.state is outcome


async def test_a_ticket_abroad_comes_home_whatever_strangers_prepare(
    running: Running, adapter: FabricAdapter
) -> None:
    order = await prepared(running, adapter)
    asset, payload = order.terms.legs[0].asset, order.payloads[0]
    left = evm.prove(order.terms.id, State.COMMITTED)
    assert (await adapter.settle([Settlement(order, State.COMMITTED)], [left])).results == (State.COMMITTED,)
    leg = arriving(asset, 1, running.account("bob"), payload)

    elsewhere = Order(crossing(running, [leg], decider=0), (payload,), (b"",))
    refused = (await adapter.prepare([elsewhere])).results[0]
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.INVALID

    # Terms that nobody signed, by whoever sends the transaction.
    invented = Order(crossing(running, [leg]), (payload,), (b"",))
    assert (await adapter.prepare([invented])).results == (State.PREPARED,)
    (held,) = await adapter.assets([asset])
    assert (held.outstanding, held.locked_by) == (evm.NETWORK, b"")
    home = Decision(Order(crossing(running, [leg]), (payload,), (b"",)), State.COMMITTED)
    receipt = await adapter.decide([home], [evm.prove(home.order.terms.id, State.PREPARED)])
    assert receipt.results == (State.COMMITTED,)
    (held,) = await adapter.assets([asset])
    assert (held.owner, held.outstanding) == (running.account("bob"), "")


@pytest.mark.parametrize("asset", [COIN, CREDIT])
async def test_an_amount_is_paid_out_of_several_rows(
    running: Running, adapter: FabricAdapter, asset: str
) -> None:
    await receive(running, adapter, [30, 20, 10], asset)
    bob = running.account("bob")
    (before,) = await adapter.supply([asset])
    terms = crossing(running, [Leg(asset, 55, 1, bob, 0, ALICE)], decider=0)
    order = await authorised(running, adapter, terms, b"")
    assert (await adapter.prepare([order])).results == (State.PREPARED,)
    receipt = await adapter.settle(
        [Settlement(order, State.COMMITTED)], [evm.prove(terms.id, State.COMMITTED)]
    )
    assert receipt.results == (State.COMMITTED,)
    (after,) = await adapter.supply([asset])
    assert before.vouchers - after.vouchers == 55

    too_much = crossing(running, [Leg(asset, after.vouchers + 1, 1, bob, 0, ALICE)], decider=0)
    refused = (await adapter.prepare([await authorised(running, adapter, too_much, b"")])).results[0]
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.INSUFFICIENT


async def test_two_legs_of_a_batch_are_not_paid_by_the_same_row(
    running: Running, adapter: FabricAdapter
) -> None:
    await receive(running, adapter, [7, 7])
    bob = running.account("bob")
    orders = [
        await authorised(
            running, adapter, crossing(running, [Leg(COIN, 7, 1, bob, 0, ALICE)], decider=0), b""
        )
        for _ in range(2)
    ]
    assert (await adapter.prepare(orders)).results == (State.PREPARED, State.PREPARED)


async def test_two_batches_in_one_block_both_hold(running: Running, adapter: FabricAdapter) -> None:
    for _ in range(5):
        batches: list[list[Order]] = []
        for _ in range(2):
            new, asset = await issued(running, adapter)
            batches.append([await authorised(running, adapter, leaving(running, new, asset), new.payload)])
        one, other = await asyncio.gather(*(adapter.prepare(batch) for batch in batches))
        assert one.results == other.results == (State.PREPARED,)
        assert one.transaction is not None
        assert other.transaction is not None
        if one.transaction.block == other.transaction.block:
            return
    pytest.fail("the two never met in one block")


async def test_of_two_redemptions_at_once_one_conflicts_or_comes_second(
    running: Running, adapter: FabricAdapter
) -> None:
    _, asset = await issued(running, adapter)
    validator = running.account("operator-b")
    outcomes = await asyncio.gather(
        *(adapter.redeem(validator, [redemption(asset, event)]) for event in ("left", "right")),
        return_exceptions=True,
    )
    conflicts = [o for o in outcomes if isinstance(o, AdapterError)]
    assert all(conflict.reason is Reason.CONFLICT for conflict in conflicts)
    (held,) = await adapter.assets([asset])
    loser = "left" if held.redeemed_by == "right" else "right"
    repeated = (await adapter.redeem(validator, [redemption(asset, loser)])).results[0]
    assert isinstance(repeated, Refusal)
    assert repeated.reason is Reason.ALREADY_APPLIED
