"""A Fabric transaction that was endorsed while it was right, and sent when it no longer is."""

from __future__ import annotations

import pytest

from citygate.adapter import State
from citygate.fabric import _messages as messages
from citygate.fabric.gateway import CommitError, SignedTransaction
from citygate.gateway.platform import Networks

from .past_adapters import FabricGate
from .terms import Crossing, issued, prepared

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]


async def commit(gate: FabricGate, crossing: Crossing) -> SignedTransaction:
    """The decision to commit, endorsed and signed and not sent."""
    ready = [await crossing.proof(crossing.source)]
    return await endorsed(gate, "Decide", messages.batch([crossing.order], [()], [State.COMMITTED], ready))


async def prepare(gate: FabricGate, crossing: Crossing) -> SignedTransaction:
    return await endorsed(gate, "Prepare", messages.batch([crossing.order], [()]))


async def endorsed(gate: FabricGate, function: str, argument: str) -> SignedTransaction:
    proposal = gate.contract.proposal(function, argument)
    return await gate.contract.sign(await gate.contract.endorse(proposal))


async def test_a_commit_that_an_abort_overtakes(ledgers: Networks, fabric_gate: FabricGate) -> None:
    """The deadline is held against the time in the transaction, so only the abort ends what was held back."""
    crossing, sibling = await prepared(ledgers, "ethereum", 2)
    held, twin = await commit(fabric_gate, crossing), await commit(fabric_gate, sibling)
    assert await crossing.decide(State.ABORTED) is State.ABORTED
    before = await crossing.accounts()
    with pytest.raises(CommitError, match="MVCC_READ_CONFLICT"):
        await fabric_gate.contract.send(held)
    assert await crossing.accounts() == before
    await fabric_gate.contract.send(twin)
    assert await sibling.state(sibling.decider) is State.COMMITTED


async def test_a_prepare_that_a_tombstone_overtakes(ledgers: Networks, fabric_gate: FabricGate) -> None:
    crossing, sibling = await issued(ledgers, "fabric", 2)
    held, twin = await prepare(fabric_gate, crossing), await prepare(fabric_gate, sibling)
    assert await crossing.decide(State.ABORTED) is State.ABORTED
    assert await crossing.settle(State.ABORTED, await crossing.proof(crossing.decider)) is State.ABORTED
    before = await crossing.accounts()
    with pytest.raises(CommitError, match="MVCC_READ_CONFLICT"):
        await fabric_gate.contract.send(held)
    assert await crossing.accounts() == before
    await fabric_gate.contract.send(twin)
    assert await sibling.state(sibling.source) is State.PREPARED


async def test_a_ticket_that_another_transfer_takes_first(ledgers: Networks, fabric_gate: FabricGate) -> None:
    crossing, sibling = await issued(ledgers, "fabric", 2)
    other = await crossing.signed(salt=bytes(32))
    held, twin = await prepare(fabric_gate, other), await prepare(fabric_gate, sibling)
    assert await crossing.prepare() is State.PREPARED
    with pytest.raises(CommitError, match="MVCC_READ_CONFLICT"):
        await fabric_gate.contract.send(held)
    (record,) = await crossing.source.adapter.assets([crossing.asset])
    assert record.locked_by == crossing.id
    await fabric_gate.contract.send(twin)
    assert await sibling.state(sibling.source) is State.PREPARED
