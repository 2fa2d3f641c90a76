"""The adapter on a real Fabric network with CityGate's chaincode."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from citygate.adapter import (
    AdapterError,
    Issue,
    Reason,
    Redemption,
    Refusal,
    Signed,
)
from citygate.fabric import FabricAdapter, connect
from citygate.fabric.gateway import Contract
from citygate.fabric.gateway._protos import common_pb2

from .conftest import MemoryOutbox, Running, Wire
from .transfers import issued, prepared, ticket

pytestmark = pytest.mark.ledger


async def test_describes_itself_and_is_healthy(running: Running, adapter: FabricAdapter) -> None:
    described = await adapter.describe()
    assert (described.network, described.gate) == (running.network, "citychannel.citygate")
    assert described.ticket_collection == f"{running.network}/asset:citygate.ticket"
    health = await adapter.health()
    assert health.serving
    assert health.height > 0
    assert 0 <= health.lag_seconds < 60


async def test_health_tells_of_a_ledger_that_does_not_answer(running: Running, outbox: MemoryOutbox) -> None:
    options = running.devnet.settings().options
    async with Wire(options["endpoint"]) as wire:
        adapter = await connect({**options, "endpoint": wire.endpoint}, running.keys, outbox)
        assert (await adapter.health()).serving
        await wire.close()
        health = await adapter.health()
        assert not health.serving
        assert health.detail
        await adapter.close()


async def test_a_ticket_is_issued_and_redeemed_once(running: Running, adapter: FabricAdapter) -> None:
    new, asset = await issued(running, adapter)
    validator = running.account("operator-b")
    (held,) = await adapter.assets([asset])
    assert (held.owner, held.payload, held.redeemed_by) == (new.recipient, new.payload, "")
    assert held.payload_hash == hashlib.sha256(new.payload).digest()

    first = await adapter.redeem(validator, [Redemption(asset, "gate-1")])
    assert first.results == ("gate-1",)
    assert first.transaction is not None

    again = await adapter.redeem(validator, [Redemption(asset, "gate-1")])
    assert again.results == ("gate-1",)
    assert again.transaction is None, "a repetition changes nothing and needs no transaction"

    second = await adapter.redeem(validator, [Redemption(asset, "gate-2")])
    assert isinstance(second.results[0], Refusal)
    assert second.results[0].reason is Reason.ALREADY_APPLIED
    (held,) = await adapter.assets([asset])
    assert held.redeemed_by == "gate-1"


async def test_only_an_issuer_issues(running: Running, adapter: FabricAdapter) -> None:
    with pytest.raises(AdapterError) as refused:
        await adapter.issue(running.account("bob"), [ticket(running.account("bob"))])
    assert refused.value.reason is Reason.UNAUTHORISED
    with pytest.raises(AdapterError) as unknown:
        await adapter.issue("Org1MSP." + "0" * 40, [ticket(running.account("bob"))])
    assert unknown.value.reason is Reason.UNAUTHORISED
    await issued(running, adapter)


async def test_a_transaction_is_stored_before_it_is_sent(
    running: Running, adapter: FabricAdapter, outbox: MemoryOutbox
) -> None:
    receipt = await adapter.issue(running.account("operator-b"), [ticket(running.account("bob"))])
    assert receipt.transaction is not None
    assert outbox.history == [("put", receipt.transaction.id), ("done", receipt.transaction.id)]
    assert abs(receipt.transaction.time - time.time()) < 30
    assert receipt.transaction.block > 0


async def test_what_was_signed_and_not_sent_is_sent_on_connecting(
    running: Running, contract: Contract, adapter: FabricAdapter, outbox: MemoryOutbox
) -> None:
    new = ticket(running.account("bob"))
    await outbox.put(await unsent(running, contract, new))
    (held,) = await adapter.assets([adapter.asset_name(new.ticket_id)])
    assert not held.exists
    (signed,) = outbox.stored.values()
    for _ in range(2):  # the second time the channel has it already
        outbox.stored[signed.transaction] = signed
        restarted = await connect(running.devnet.settings().options, running.keys, outbox)
        assert outbox.stored == {}
        (held,) = await restarted.assets([adapter.asset_name(new.ticket_id)])
        assert held.owner == new.recipient
        await restarted.close()


async def test_what_the_orderer_refuses_leaves_the_outbox(
    running: Running, contract: Contract, outbox: MemoryOutbox
) -> None:
    signed = await unsent(running, contract, ticket(running.account("bob")))
    envelope = common_pb2.Envelope.FromString(signed.raw)
    unsigned = common_pb2.Envelope(payload=envelope.payload, signature=b"none")
    await outbox.put(replace(signed, raw=unsigned.SerializeToString()))
    adapter = await connect(running.devnet.settings().options, running.keys, outbox)
    await adapter.close()
    assert outbox.history == [("put", signed.transaction), ("done", signed.transaction)]


async def unsent(running: Running, contract: Contract, new: Issue) -> Signed:
    """What the adapter would have stored for an issue, had it died before sending."""
    item = {
        "ticket_id": new.ticket_id,
        "payload": base64.b64encode(new.payload).decode(),
        "recipient": new.recipient,
        "valid_from": new.valid_from,
        "valid_until": new.valid_until,
    }
    proposal = contract.proposal("IssueTickets", json.dumps({"items": [item]}))
    signed = await contract.sign(await contract.endorse(proposal))
    return Signed(running.network, signed.transaction_id, running.account("operator-b"), 0, signed.envelope)


async def test_the_events_tell_everything_in_order_and_resume(
    running: Running, adapter: FabricAdapter
) -> None:
    order = await prepared(running, adapter)
    seen: list[Any] = []
    async with aclosing(adapter.observe(None)) as events:
        async for event in events:
            seen.append(event)
            if event.kind == "prepared" and event.transfer_id == order.terms.id:
                break
    assert seen[-1].terms == order.terms
    assert seen[-1].payloads == order.payloads
    assert [e.transaction.block for e in seen] == sorted(e.transaction.block for e in seen)
    for position in (0, len(seen) // 2, len(seen) - 2):
        async with aclosing(adapter.observe(seen[position].cursor)) as events:
            assert (await anext(events)).cursor == seen[position + 1].cursor


async def test_a_cursor_that_leads_nowhere_is_refused(running: Running, adapter: FabricAdapter) -> None:
    await issued(running, adapter)
    for cursor in ("nonsense", f"1:{'0' * 64}:0"):
        with pytest.raises(AdapterError) as refused:
            async with aclosing(adapter.observe(cursor)) as events:
                await anext(events)
        assert refused.value.reason is Reason.INVALID


async def test_the_supply_follows_a_ticket(running: Running, adapter: FabricAdapter) -> None:
    _, asset = await issued(running, adapter)
    (supply,) = await adapter.supply([asset])
    assert (supply.escrowed, dict(supply.outstanding), supply.vouchers) == (0, {}, 0)


async def test_a_batch_has_a_limit(running: Running, adapter: FabricAdapter) -> None:
    issuer, owner = running.account("operator-b"), running.account("bob")
    with pytest.raises(AdapterError) as refused:
        await adapter.issue(issuer, [ticket(owner) for _ in range(51)])
    assert refused.value.reason is Reason.INVALID
    receipt = await adapter.issue(issuer, [ticket(owner) for _ in range(50)])
    assert all(isinstance(result, str) for result in receipt.results)


async def test_another_network_is_refused(running: Running, outbox: MemoryOutbox) -> None:
    options = {**running.devnet.settings().options, "network": "fabric:" + "0" * 32}
    with pytest.raises(AdapterError) as refused:
        await connect(options, running.keys, outbox)
    assert refused.value.reason is Reason.INVALID
    assert running.network in refused.value.detail


async def test_a_peer_that_is_not_there_is_unavailable(running: Running, outbox: MemoryOutbox) -> None:
    options = {**running.devnet.settings().options, "endpoint": "127.0.0.1:1"}
    with pytest.raises(AdapterError) as refused:
        await connect(options, running.keys, outbox)
    assert refused.value.reason is Reason.UNAVAILABLE
