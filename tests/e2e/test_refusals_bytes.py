"""No byte of what was signed or proven can be changed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from eth_abi.abi import encode

from citygate.adapter import Proof, State
from citygate.gateway.platform import Networks

from .forging import TAG, flips, posing
from .past_adapters import Gate
from .terms import GATES, OTHER, Crossing, decided, prepared

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]

STEP = {"ethereum": 5, "fabric": 7}
"""Every which byte is changed, outside of the claim itself; proofs shown to `fabric` are much longer."""
TOGETHER = 16


def claim_bytes(proof: Proof) -> bytes:
    """What says in the proof which claims it is of: for Fabric the chaincode's answer, for an EVM the id."""
    (claim,) = proof.claims
    if proof.network.startswith("eip155:"):
        return claim.transfer_id
    values = [TAG, claim.network, claim.gate, [claim.transfer_id], [int(claim.state)]]
    return encode(["bytes32", "string", "string", "bytes32[]", "uint8[]"], values)


async def no_byte_matters_not(gate: Gate, verb: str, crossing: Crossing, honest: Proof, step: int) -> None:
    claim = claim_bytes(honest)
    assert honest.data.count(claim) == 1
    forged = [posing(honest, data) for data in flips(honest, step=step, dense=claim)]
    assert len(forged) > len(claim)
    before = await gate.ask(verb, crossing.order, State.COMMITTED, [forged[0]])
    assert before is not State.COMMITTED
    for start in range(0, len(forged), TOGETHER):
        some = forged[start : start + TOGETHER]
        assert await gate.ask(verb, crossing.order, State.COMMITTED, some) is before
    # The twin: among as many others, the honest one is believed.
    assert await gate.ask(verb, crossing.order, State.COMMITTED, [*forged[:3], honest]) is State.COMMITTED


@pytest.mark.parametrize("gate", GATES)
async def test_a_proof_that_it_is_prepared(ledgers: Networks, gates: Mapping[str, Gate], gate: str) -> None:
    (crossing,) = await prepared(ledgers, OTHER[gate])
    honest = await crossing.proof(crossing.source)
    await no_byte_matters_not(gates[gate], "decide", crossing, honest, STEP[gate])
    assert await crossing.decide(State.COMMITTED, honest) is State.COMMITTED


@pytest.mark.parametrize("gate", GATES)
async def test_a_proof_of_the_decision(ledgers: Networks, gates: Mapping[str, Gate], gate: str) -> None:
    (crossing,) = await decided(ledgers, gate, State.COMMITTED)
    honest = await crossing.proof(crossing.decider)
    await no_byte_matters_not(gates[gate], "settle", crossing, honest, STEP[gate])
    assert await crossing.settle(State.COMMITTED, honest) is State.COMMITTED
