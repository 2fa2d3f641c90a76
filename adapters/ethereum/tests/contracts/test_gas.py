"""What the verbs cost (`pytest --log-cli-level=info` tells), and a bound that a batch of fifty must keep."""

from __future__ import annotations

import logging

import pytest

from citygate.adapter import State, Terms

from .world import FABRIC, World, digest, order

pytestmark = pytest.mark.ledger

_log = logging.getLogger(__name__)
PAYLOAD = b'{"id":"TKT-1","status":"FULFILLED","bookingRef":"B-1","createdOn":"2026-01-01T00:00:00Z"}'
MOST_PER_ITEM = 300_000
"""So that fifty fit under the 2^24 gas that one transaction may use (EIP-7825)."""


def leaving(world: World, name: str, **changes: object) -> Terms:
    asset = world.issue(name, payload=PAYLOAD)
    return world.terms(world.out(asset, payload_hash=digest(PAYLOAD)), **changes)


def measure(world: World, count: int) -> dict[str, int]:
    """Gas per item of each verb, in a batch of `count` tickets."""
    out = [leaving(world, f"OUT-{count}-{n}") for n in range(count)]
    orders = [order(terms, [PAYLOAD]) for terms in out]
    gas = {"prepare": world.prepare(*orders).gas}
    evidence = world.fabric.evidence(*((terms.id, State.PREPARED) for terms in out))
    decisions = [(each, State.COMMITTED, [(0, n)]) for n, each in enumerate(orders)]
    gas["decide prepared"] = world.gate.send("decide", decisions, [evidence]).gas

    direct = [leaving(world, f"DIRECT-{count}-{n}") for n in range(count)]
    evidence = world.fabric.evidence(*((terms.id, State.PREPARED) for terms in direct))
    decisions = [(order(terms, [PAYLOAD]), State.COMMITTED, [(0, n)]) for n, terms in enumerate(direct)]
    gas["decide from none"] = world.gate.send("decide", decisions, [evidence], sender=world.alice).gas

    foreign = [f"{FABRIC}/asset:citygate.ticket/TKT-{count}-{n}" for n in range(count)]
    arriving = [world.terms(world.back(a, payload_hash=digest(PAYLOAD)), decider=1) for a in foreign]
    orders = [order(terms, [PAYLOAD]) for terms in arriving]
    gas["prepare arriving"] = world.prepare(*orders).gas
    evidence = world.fabric.evidence(*((terms.id, State.COMMITTED) for terms in arriving))
    settlements = [(each, State.COMMITTED, (0, n)) for n, each in enumerate(orders)]
    gas["settle arriving"] = world.gate.send("settle", settlements, [evidence]).gas
    for terms in (*out, *direct, *arriving):
        assert world.state(terms) is State.COMMITTED
    return {verb: total // count for verb, total in gas.items()}


def test_fifty_fit_into_one_transaction(world: World) -> None:
    figures = {count: measure(world, count) for count in (1, 10, 50)}
    for verb in figures[1]:
        _log.info("%-16s %s", verb, "".join(f"{figures[count][verb]:10,}" for count in figures))
    assert max(figures[50].values()) < MOST_PER_ITEM
