"""A settlement can't be blocked: not by a recipient, not by a token, not by too little gas."""

from __future__ import annotations

import pytest

from citygate.adapter import State, Terms

from .chain import Contract, Reverted
from .world import FABRIC, NETWORK, World, digest, leg, order, token_id

pytestmark = pytest.mark.ledger

ENERGY = f"{FABRIC}/asset:citygate.energy"
NONE, REVERT, BURN_GAS, RETURN_BOMB, REENTER = range(5)
FALSE, MISBEHAVE = 2, 3


@pytest.fixture
def hostile(world: World) -> Contract:
    return world.chain.deploy("HostileAccount")


def to(world: World, recipient: Contract) -> Terms:
    return world.terms(world.back(ENERGY, amount=10, recipient=recipient.address))


def commit_beside_an_honest_one(world: World, bad: Terms) -> list[dict[str, object]]:
    """Commit it first in a batch; the honest one must be unharmed. The Held events."""
    honest = world.terms(world.back(ENERGY, amount=10))
    evidence = world.fabric.evidence((bad.id, State.PREPARED), (honest.id, State.PREPARED))
    decisions = [(order(terms), State.COMMITTED, [(0, n)]) for n, terms in enumerate((bad, honest))]
    receipt = world.gate.send("decide", decisions, [evidence], sender=world.relay)
    assert receipt.named("Refused") == []
    assert (world.state(bad), world.state(honest)) == (State.COMMITTED, State.COMMITTED)
    assert world.vouchers.call("balanceOf", world.bob, token_id(ENERGY)) == 10
    return receipt.named("Held")


def test_a_willing_contract_receives(world: World, hostile: Contract) -> None:
    assert commit_beside_an_honest_one(world, to(world, hostile)) == []
    assert world.vouchers.call("balanceOf", hostile.address, token_id(ENERGY)) == 10


@pytest.mark.parametrize("kind", [REVERT, BURN_GAS, RETURN_BOMB])
def test_what_a_recipient_refuses_is_held_and_can_be_claimed(
    world: World, hostile: Contract, kind: int
) -> None:
    hostile.send("setKind", kind, world.alice, b"")
    terms = to(world, hostile)
    held = commit_beside_an_honest_one(world, terms)
    assert held == [{"id": terms.id, "account": hostile.address, "asset": ENERGY, "amount": 10}]
    assert world.gate.call("held", hostile.address, ENERGY) == 10
    # Nobody else can claim it, and the recipient only once.
    with pytest.raises(Reverted, match="NothingHeld"):
        world.gate.send("claim", ENERGY, world.alice, sender=world.alice)
    claim = bytes.fromhex(world.gate.data("claim", ENERGY, world.alice)[2:])
    hostile.send("execute", world.gate.address, claim)
    assert world.vouchers.call("balanceOf", world.alice, token_id(ENERGY)) == 10
    assert world.gate.call("held", hostile.address, ENERGY) == 0
    with pytest.raises(Reverted):
        hostile.send("execute", world.gate.address, claim)


def test_a_recipient_that_reenters_gets_nowhere(world: World, hostile: Contract) -> None:
    other = world.terms(world.back(ENERGY, amount=10, recipient=hostile.address))
    for call in (
        world.gate.data("prepare", [order(other)]),
        world.gate.data("decide", [(order(other), State.ABORTED, [])], []),
        world.gate.data("settle", [(order(other), State.ABORTED, (0, 0))], []),
        world.gate.data("claim", ENERGY, hostile.address),
    ):
        hostile.send("setKind", REENTER, world.gate.address, bytes.fromhex(call[2:]))
        terms = to(world, hostile)
        assert world.refusal(world.commit(order(terms), world.prepared(terms))) == ()
        assert world.chain.error(hostile.call("reentry")) == ("ReentrancyGuardReentrantCall",)
    assert world.state(other) is State.NONE
    assert world.vouchers.call("balanceOf", hostile.address, token_id(ENERGY)) == 40


def test_a_token_that_freezes_is_held_until_it_thaws(world: World) -> None:
    token = world.chain.deploy("HostileERC20")
    token.send("mint", world.alice, 10)
    token.send("approve", world.gate.address, 10, sender=world.alice)
    asset = f"{NETWORK}/erc20:{token.address}"
    world.escrow(asset, amount=10)
    token.send("setMode", FALSE)
    terms = world.terms(world.back(asset, amount=10))
    held = commit_beside_an_honest_one(world, terms)
    assert held == [{"id": terms.id, "account": world.bob, "asset": asset, "amount": 10}]
    with pytest.raises(Reverted, match="AssetRefused"):
        world.gate.send("claim", asset, world.bob, sender=world.bob)
    token.send("setMode", 0)
    for nowhere in (world.gate.address, "0x" + "00" * 20):
        with pytest.raises(Reverted, match="AssetRefused"):
            world.gate.send("claim", asset, nowhere, sender=world.bob)
    (claimed,) = world.gate.send("claim", asset, world.relay, sender=world.bob).named("Claimed")
    assert claimed == {"account": world.bob, "asset": asset, "amount": 10, "to": world.relay}
    assert token.call("balanceOf", world.relay) == 10


@pytest.mark.parametrize("kind", [REVERT, BURN_GAS, RETURN_BOMB])
def test_an_abort_gives_back_even_what_the_token_refuses(world: World, kind: int) -> None:
    token = world.chain.deploy("HostileERC20")
    token.send("mint", world.alice, 10)
    token.send("approve", world.gate.address, 10, sender=world.alice)
    asset = f"{NETWORK}/erc20:{token.address}"
    terms = world.terms(world.out(asset, amount=10))
    world.prepare(order(terms))
    token.send("setMode", MISBEHAVE)
    token.send("setKind", kind, world.alice, b"")
    receipt = world.abort(order(terms))
    assert receipt.named("Aborted")
    assert world.gate.call("held", world.alice, asset) == 10


def test_amounts_beyond_any_sum_do_not_block(world: World) -> None:
    """A hostile home sends more than can exist: what fits is made, and honest legs go through."""
    for _ in range(2):
        terms = world.terms(world.back(ENERGY, amount=2**256 - 1), world.back(f"{ENERGY}2", amount=1))
        assert world.refusal(world.commit(order(terms), world.prepared(terms))) == ()
    assert world.vouchers.call("totalSupply", token_id(ENERGY)) == 2**256 - 1
    assert world.vouchers.call("balanceOf", world.bob, token_id(f"{ENERGY}2")) == 2


def test_the_worst_transfer_still_settles_in_one_transaction(world: World, hostile: Contract) -> None:
    """Sixteen legs with the longest payloads for a recipient that burns its gas, within EIP-7825's limit."""
    hostile.send("setKind", BURN_GAS, world.alice, b"")
    payload = b'"' + b"x" * 8190 + b'"'
    legs = [
        leg(f"{ENERGY}{n}", 1, "carol", 0, hostile.address, payload_hash=digest(payload), amount=2**255)
        for n in range(16)
    ]
    terms = world.terms(*legs)
    receipt = world.commit(order(terms, [payload] * 16), world.prepared(terms))
    assert world.refusal(receipt) == ()
    assert len(receipt.named("Held")) == 16


def test_too_little_gas_never_turns_into_a_refusal(world: World, hostile: Contract) -> None:
    """Whatever gas a relayer gives, either everything happens as it should or nothing does."""
    terms = to(world, hostile)
    decisions, evidence = [(order(terms), State.COMMITTED, [(0, 0)])], [world.prepared(terms)]
    outcomes: set[object] = set()
    for gas in range(60_000, 1_300_000, 20_000):
        try:
            world.gate.call("decide", decisions, evidence, gas=gas)
        except Reverted:
            outcomes.add("nothing")
            continue
        snapshot = world.chain.rpc("evm_snapshot")
        receipt = world.gate.send("decide", decisions, evidence, gas=gas)
        assert receipt.named("Refused") == []
        assert receipt.named("Held") == []
        outcomes.add("everything")
        world.chain.rpc("evm_revert", snapshot)
    assert outcomes == {"nothing", "everything"}


def test_estimated_gas_is_enough(world: World, hostile: Contract) -> None:
    terms = to(world, hostile)
    data = world.gate.data("decide", [(order(terms), State.COMMITTED, [(0, 0)])], [world.prepared(terms)])
    request = {"from": world.relay, "to": world.gate.address, "data": data}
    gas = int(world.chain.rpc("eth_estimateGas", request), 16)
    receipt = world.chain.send(world.relay, world.gate.address, data, gas)
    assert receipt.named("Committed")
    assert receipt.named("Held") == []


def test_tokens_sent_to_the_gate_by_mistake_bounce(world: World) -> None:
    world.import_voucher(ENERGY, amount=10)
    token = world.chain.deploy("PlainERC1155")
    token.send("mint", world.alice, 7, 10)
    for contract, identity in ((world.vouchers, token_id(ENERGY)), (token, 7)):
        with pytest.raises(Reverted, match="ERC1155InvalidReceiver"):
            contract.send(
                "safeTransferFrom", world.alice, world.gate.address, identity, 1, b"", sender=world.alice
            )
        contract.send("safeTransferFrom", world.alice, world.bob, identity, 1, b"", sender=world.alice)
        with pytest.raises(Reverted, match="ERC1155InvalidReceiver"):
            contract.send(
                "safeBatchTransferFrom",
                world.alice,
                world.gate.address,
                [identity],
                [1],
                b"",
                sender=world.alice,
            )
