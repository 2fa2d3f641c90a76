"""Evidence that is genuine in every byte, shown for another transfer, state, network or gate than its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from citygate.adapter import Claim, Proof, State
from citygate.gateway.platform import Networks

from .forging import claiming, posing
from .terms import GATES, OTHER, Crossing, decided, issued, prepared, refusal, result

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]

NOT_THE_CLAIM = {"ethereum": "another transfer, gate or state", "fabric": "no proof shows"}
UNKNOWN_PEER = {"ethereum": "isn't registered here", "fabric": "is no peer"}
STRANGER = {"ethereum": "0x" + "ab" * 20, "fabric": "citychannel.other"}
"""A gate that nobody knows, as each network would name it."""


@pytest.mark.parametrize("gate", GATES)
async def test_another_transfer_to_be_decided(ledgers: Networks, gate: str) -> None:
    mine, other = await prepared(ledgers, OTHER[gate], 2)
    honest = await mine.proof(mine.source)
    stolen = posing(honest, (await other.proof(other.source)).data)
    assert NOT_THE_CLAIM[gate] in refusal(await mine.decide(State.COMMITTED, stolen)).detail
    assert await mine.state(mine.decider) is State.NONE
    assert await mine.decide(State.COMMITTED, honest) is State.COMMITTED


@pytest.mark.parametrize("outcome", [State.COMMITTED, State.ABORTED])
@pytest.mark.parametrize("gate", GATES)
async def test_another_transfers_decision(ledgers: Networks, gate: str, outcome: State) -> None:
    (other,) = await decided(ledgers, gate, outcome)
    (mine,) = await prepared(ledgers, gate)
    stolen = Proof(other.decider.id, claims_of(mine, outcome), (await other.proof(other.decider)).data)
    assert NOT_THE_CLAIM[gate] in refusal(await mine.settle(outcome, stolen)).detail
    assert await mine.state(mine.settler) is State.PREPARED
    assert await other.settle(outcome, await other.proof(other.decider)) is outcome


@pytest.mark.parametrize("outcome", [State.COMMITTED, State.ABORTED])
@pytest.mark.parametrize("gate", GATES)
async def test_a_decider_that_has_only_prepared(ledgers: Networks, gate: str, outcome: State) -> None:
    (crossing,) = await prepared(ledgers, gate)
    assert result(await crossing.decider.adapter.prepare([crossing.order])) is State.PREPARED
    undecided = await crossing.proof(crossing.decider)
    said = refusal(await crossing.settle(outcome, claiming(undecided, outcome)))
    assert NOT_THE_CLAIM[gate] in said.detail
    assert await crossing.state(crossing.settler) is State.PREPARED
    await decide_and_settle(crossing, outcome)


@pytest.mark.parametrize("outcome", [State.COMMITTED, State.ABORTED])
@pytest.mark.parametrize("gate", GATES)
async def test_a_decision_for_the_other_outcome(ledgers: Networks, gate: str, outcome: State) -> None:
    (crossing,) = await decided(ledgers, gate, outcome)
    honest = await crossing.proof(crossing.decider)
    other = State.ABORTED if outcome is State.COMMITTED else State.COMMITTED
    said = refusal(await crossing.settle(other, claiming(honest, other)))
    assert NOT_THE_CLAIM[gate] in said.detail
    assert await crossing.state(crossing.settler) is State.PREPARED
    assert await crossing.settle(outcome, honest) is outcome


@pytest.mark.parametrize("gate", GATES)
async def test_evidence_of_another_network(ledgers: Networks, gate: str) -> None:
    """The honest bytes, labelled as those of a network that nobody knows, and of the gate's own."""
    (crossing,) = await prepared(ledgers, OTHER[gate])
    honest = await crossing.proof(crossing.source)
    for network in ("eip155:424242", ledgers.get(gate).id):
        said = refusal(await crossing.decide(State.COMMITTED, replace(honest, network=network)))
        assert {"ethereum": "isn't registered here", "fabric": "no proof shows"}[gate] in said.detail
    assert await crossing.decide(State.COMMITTED, honest) is State.COMMITTED


@pytest.mark.parametrize("gate", GATES)
async def test_terms_with_a_gate_that_is_no_peer(ledgers: Networks, gate: str) -> None:
    (crossing,) = await issued(ledgers, gate)
    elsewhere = await renamed(crossing, OTHER[gate], STRANGER[OTHER[gate]]).signed()
    assert UNKNOWN_PEER[gate] in refusal(await elsewhere.prepare()).detail
    assert await crossing.prepare() is State.PREPARED


@pytest.mark.parametrize("gate", GATES)
async def test_terms_with_another_gate_in_this_ones_place(ledgers: Networks, gate: str) -> None:
    (crossing,) = await issued(ledgers, gate)
    elsewhere = renamed(crossing, gate, STRANGER[gate])
    assert "participant" in refusal(await elsewhere.prepare()).detail
    assert await crossing.prepare() is State.PREPARED


@pytest.mark.parametrize("gate", GATES)
async def test_no_evidence_at_all(ledgers: Networks, gate: str) -> None:
    (crossing,) = await prepared(ledgers, OTHER[gate])
    honest = await crossing.proof(crossing.source)
    for nothing in (b"", bytes(32), bytes(1024), b"\xff" * 1024):
        assert refusal(await crossing.decide(State.COMMITTED, posing(honest, nothing)))
    assert await crossing.state(crossing.decider) is State.NONE
    assert await crossing.decide(State.COMMITTED, honest) is State.COMMITTED


# ---- what the tests are made of ---------------------------------------------------------------------------


def claims_of(crossing: Crossing, state: State) -> tuple[Claim, ...]:
    """What has to be shown to the gate that follows the decider."""
    decider = crossing.decider
    return (Claim(decider.id, decider.description.gate, crossing.id, state),)


def renamed(crossing: Crossing, network: str, gate: str) -> Crossing:
    """The same with another gate on a network, and signatures that are of the terms before."""
    terms = crossing.order.terms
    participants = list(terms.participants)
    place = terms.index(crossing.ledgers.get(network).id)
    participants[place] = replace(participants[place], gate=gate)
    return crossing.changed(terms=replace(terms, participants=tuple(participants)))


async def decide_and_settle(crossing: Crossing, outcome: State) -> None:
    ready = [await crossing.proof(crossing.source)] if outcome is State.COMMITTED else []
    assert await crossing.decide(outcome, *ready) is outcome
    assert await crossing.settle(outcome, await crossing.proof(crossing.decider)) is outcome
