"""Which gates are believed changes with a delay and an overlap, and only by who may."""

from __future__ import annotations

import pytest

from citygate.adapter import State

from .chain import Reverted
from .fabric import FabricGate
from .world import FABRIC, NETWORK, OVERLAP, PEERS, World, order, selector

pytestmark = pytest.mark.ledger

ENERGY = f"{FABRIC}/asset:citygate.energy"


def test_a_replaced_verifier_stays_valid_for_the_overlap(world: World) -> None:
    before, after = world.fabric, FabricGate.create(FABRIC)
    for step, (old, new) in {"first": ((), ()), "late": (("ProofRefused",), ())}.items():
        if step == "first":
            world.register(after)
        else:
            world.chain.sleep_until(world.gate.call("peer", FABRIC)[4] + 1)
        for gate, refusal in ((before, old), (after, new)):
            terms = world.terms(world.back(ENERGY), deadline=world.chain.now + 10 * OVERLAP)
            receipt = world.commit(order(terms), gate.evidence((terms.id, State.PREPARED)))
            assert world.refusal(receipt)[:1] == refusal


def test_a_transfer_under_way_settles_with_a_gate_that_moved(world: World) -> None:
    terms = world.terms(world.back(ENERGY), decider=1)
    world.prepare(order(terms))
    moved = FabricGate.create(FABRIC, channel="newchannel")
    world.register(moved)
    late = world.terms(world.back(ENERGY), decider=1)
    assert world.refusal(world.prepare(order(late))) == ("UnknownPeer", FABRIC, world.fabric.gate)
    # The new gate doesn't speak for the old one.
    receipt = world.settle(order(terms), State.COMMITTED, moved.evidence((terms.id, State.COMMITTED)))
    assert world.refusal(receipt) == ("ClaimMismatch", FABRIC)
    receipt = world.settle(order(terms), State.COMMITTED, world.fabric.evidence((terms.id, State.COMMITTED)))
    assert world.refusal(receipt) == ()


def test_a_peer_that_is_ended(world: World) -> None:
    world.gate.send("setPeer", FABRIC, "", "0x" + "00" * 20)
    terms = world.terms(world.back(ENERGY))
    assert world.refusal(world.prepare(order(terms))) == ("UnknownPeer", FABRIC, world.fabric.gate)
    world.register(world.fabric)
    assert world.refusal(world.prepare(order(terms))) == ()


def test_only_who_may_changes_peers_and_only_after_the_delay(world: World) -> None:
    verifier = world.gate.call("peer", FABRIC)[1]
    with pytest.raises(Reverted, match="AccessManagedUnauthorized"):
        world.gate.send("setPeer", FABRIC, "channel.citygate", verifier, sender=world.relay)
    world.manager.send(
        "setTargetFunctionRole", world.gate.address, [selector("setPeer(string,string,address)")], PEERS
    )
    world.manager.send("grantRole", PEERS, world.bob, 86_400)
    change = world.gate.data("setPeer", FABRIC, "channel.citygate", verifier)
    with pytest.raises(Reverted, match="AccessManagerNotScheduled"):
        world.gate.send("setPeer", FABRIC, "channel.citygate", verifier, sender=world.bob)
    world.manager.send("schedule", world.gate.address, bytes.fromhex(change[2:]), 0, sender=world.bob)
    with pytest.raises(Reverted, match="AccessManagerNotReady"):
        world.gate.send("setPeer", FABRIC, "channel.citygate", verifier, sender=world.bob)
    world.chain.sleep_until(world.chain.now + 86_401)
    receipt = world.gate.send("setPeer", FABRIC, "channel.citygate", verifier, sender=world.bob)
    (event,) = receipt.named("PeerSet")
    assert event["gate"] == "channel.citygate"
    assert event["previousUntil"] == world.chain.now + OVERLAP
    assert world.gate.call("peer", FABRIC)[:3] == ("channel.citygate", verifier, world.fabric.gate)


def test_peers_that_make_no_sense(world: World) -> None:
    verifier = world.gate.call("peer", FABRIC)[1]
    for network, gate, by in (
        (NETWORK, "0x" + "11" * 20, verifier),
        (FABRIC, "", verifier),
        (FABRIC, "channel.citygate", "0x" + "00" * 20),
        (FABRIC, "channel.citygate", world.alice),
    ):
        with pytest.raises(Reverted, match="InvalidPeer"):
            world.gate.send("setPeer", network, gate, by)


def test_evidence_of_a_network_without_a_verifier(world: World) -> None:
    terms = world.terms(world.back(ENERGY))
    network, proof = world.prepared(terms)
    receipt = world.commit(order(terms), ("fabric:unheard", proof))
    assert world.refusal(receipt)[0] == "ProofRefused"
    assert world.refusal(world.commit(order(terms), (network, proof))) == ()
