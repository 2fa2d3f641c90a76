"""One adapter call for a batch of steps that agree in network and action."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import assert_never

from citygate.adapter import Decision, Proof, Receipt, Settlement, State
from citygate.gateway.platform._networks import Networks

from ._lane import Batch
from ._plan import Action


async def perform(networks: Networks, network: str, action: Action, batch: Batch) -> Receipt:
    """Fetch the proofs that the batch needs, one per network, and make the call; AdapterError where either
    fails.
    """
    adapter = networks.get(network).adapter
    match action:
        case Action.READ:
            records = await adapter.transfers([item.id for item, _ in batch])
            return Receipt(None, tuple(record.state for record in records))
        case Action.PREPARE:
            return await adapter.prepare([item.order(network) for item, _ in batch])
        case Action.DECIDE:
            decisions = [Decision(item.order(network), step.outcome) for item, step in batch]
            return await adapter.decide(decisions, await _proofs(networks, action, batch))
        case Action.SETTLE:
            settlements = [Settlement(item.order(network), step.outcome) for item, step in batch]
            return await adapter.settle(settlements, await _proofs(networks, action, batch))
        case _:
            assert_never(action)


async def _proofs(networks: Networks, action: Action, batch: Batch) -> list[Proof]:
    wanted: defaultdict[str, list[bytes]] = defaultdict(list)
    for item, step in batch:
        if action is Action.SETTLE:
            wanted[item.decider].append(item.id)
        elif step.outcome is State.COMMITTED:
            for other in item.others:
                wanted[other].append(item.id)
    return await asyncio.gather(*(networks.get(n).adapter.prove(ids) for n, ids in wanted.items()))
