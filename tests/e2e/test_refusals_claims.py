"""Scratch."""

from __future__ import annotations

from dataclasses import replace

import pytest
from citygate.adapter import State
from citygate.gateway.platform import Networks
from citygate.fabric._proof import proof as as_proof

from .forging import fabric_parts, posing, with_part
from .past_adapters import FabricGate, EthereumGate
from .terms import OTHER, prepared

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]


async def test_shift(ledgers: Networks, fabric_gate: FabricGate, ethereum_gate: EthereumGate) -> None:
    (crossing,) = await prepared(ledgers, "fabric")
    c = fabric_gate.contract
    p = c.proposal("Claims", crossing.id.hex())
    name = b"\x22\x0bcitychannel"
    p = replace(p, channel_header=name + p.channel_header)
    e = await c.endorse(p)
    honest = await crossing.proof(crossing.source)
    (claim,) = honest.claims
    twice = as_proof(claim.network, claim.gate, [crossing.id], e)
    parts = fabric_parts(twice)
    print("unshifted", await ethereum_gate.ask("decide", crossing.order, State.COMMITTED, [twice]))
    sh = with_part(parts, channel_header=name, signature_header=parts.channel_header[len(name):] + parts.signature_header)
    print("shifted", await ethereum_gate.ask("decide", crossing.order, State.COMMITTED, [posing(honest, sh)]))
    # other channel first
    for fn, cc, args in (("GetChainInfo", "qscc", ["citychannel"]),):
        from citygate.fabric.gateway import Contract
        q = Contract(c._connection, c._member, "citychannel", cc)
        for orgs in ((), ("Org1MSP", "Org2MSP")):
            try:
                e = await q.endorse(q.proposal(fn, *args, organisations=orgs))
                print(cc, orgs, len(e.endorsements), e.result[:40])
            except Exception as error:
                print(cc, orgs, repr(error)[:300])
