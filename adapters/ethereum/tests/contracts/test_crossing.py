"""Assets crossing between this gate and a Fabric one, whose endorsers' keys the test holds."""

from __future__ import annotations

import pytest

from citygate.adapter import State

from .world import FABRIC, NETWORK, OTHER, World, digest, leg, order, token_id

pytestmark = pytest.mark.ledger

PAYLOAD = b'{"id":"TKT-1"}'
FOREIGN = f"{FABRIC}/asset:citygate.ticket/TKT-9"


def outstanding(world: World, asset: str, network: str = FABRIC) -> tuple[int, int]:
    """At the network, and in escrow."""
    return world.gate.call("outstanding", asset, network), world.gate.call("escrowed", asset)


def voucher(world: World, asset: str, owner: str) -> int:
    return int(world.vouchers.call("balanceOf", owner, token_id(asset)))


def test_a_ticket_leaves_in_two_steps_and_comes_home(world: World) -> None:
    asset = world.issue("TKT-1", payload=PAYLOAD)
    terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
    sent = order(terms, [PAYLOAD])

    receipt = world.prepare(sent)
    (event,) = receipt.named("Prepared")
    assert event == {"id": terms.id, "terms": terms.encoded, "payloads": (PAYLOAD,)}
    assert world.state(terms) is State.PREPARED
    assert world.gate.call("lockedBy", asset) == terms.id
    assert outstanding(world, asset) == (0, 0)

    receipt = world.commit(sent, world.prepared(terms), sender=world.relay)
    assert receipt.named("Committed") == [{"id": terms.id}]
    assert world.state(terms) is State.COMMITTED
    assert world.gate.call("lockedBy", asset) == bytes(32)
    assert outstanding(world, asset) == (1, 1)
    assert world.ticket.call("ownerOf", token_id("TKT-1")) == world.gate.address

    home = world.terms(world.back(asset, payload_hash=digest(PAYLOAD)))
    world.prepare(order(home), sender=world.relay)
    assert outstanding(world, asset) == (1, 1)
    receipt = world.commit(order(home), world.prepared(home), sender=world.relay)
    assert world.refusal(receipt) == ()
    assert outstanding(world, asset) == (0, 0)
    assert world.ticket.call("ownerOf", token_id("TKT-1")) == world.bob


def test_a_decider_with_nothing_to_prepare_apart_needs_one_transaction(world: World) -> None:
    asset = world.issue("TKT-1", payload=PAYLOAD)
    terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
    receipt = world.commit(order(terms, [PAYLOAD]), world.prepared(terms))
    names = [log.name for log in receipt.logs if log.name in {"Prepared", "Committed"}]
    assert names == ["Prepared", "Committed"]
    assert outstanding(world, asset) == (1, 1)


def test_a_foreign_ticket_becomes_a_voucher_and_goes_back(world: World) -> None:
    arriving = world.terms(
        world.back(FOREIGN, recipient=world.alice, payload_hash=digest(PAYLOAD)),
        decider=1,
        initiator="Org1MSP.carol",
    )
    world.prepare(order(arriving), sender=world.relay)
    assert voucher(world, FOREIGN, world.alice) == 0
    receipt = world.settle(
        order(arriving, [PAYLOAD]), State.COMMITTED, world.decided(arriving, State.COMMITTED)
    )
    (minted,) = receipt.named("Minted")
    assert minted == {"id": token_id(FOREIGN), "asset": FOREIGN, "payload": PAYLOAD}
    assert voucher(world, FOREIGN, world.alice) == 1
    assert world.vouchers.call("payloadHash", token_id(FOREIGN)) == digest(PAYLOAD)

    leaving = world.departure(FOREIGN, payload_hash=digest(PAYLOAD))
    world.prepare(order(leaving, [PAYLOAD]))
    assert world.gate.call("lockedBy", FOREIGN) == leaving.id
    assert world.vouchers.call("totalSupply", token_id(FOREIGN)) == 1
    receipt = world.settle(order(leaving), State.COMMITTED, world.decided(leaving, State.COMMITTED))
    assert world.refusal(receipt) == ()
    assert world.gate.call("lockedBy", FOREIGN) == bytes(32)
    assert world.vouchers.call("totalSupply", token_id(FOREIGN)) == 0


def test_an_abort_gives_back_what_was_locked(world: World) -> None:
    asset = world.issue("TKT-1", payload=PAYLOAD)
    terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
    world.prepare(order(terms, [PAYLOAD]))
    receipt = world.abort(order(terms))
    assert receipt.named("Aborted") == [{"id": terms.id}]
    assert world.ticket.call("ownerOf", token_id("TKT-1")) == world.alice
    assert world.gate.call("lockedBy", asset) == bytes(32)

    world.import_voucher(FOREIGN)
    terms = world.departure(FOREIGN)
    world.prepare(order(terms))
    assert voucher(world, FOREIGN, world.alice) == 0
    world.settle(order(terms), State.ABORTED, world.decided(terms, State.ABORTED))
    assert voucher(world, FOREIGN, world.alice) == 1


def test_an_abort_leaves_what_is_abroad_abroad(world: World) -> None:
    asset = world.issue("TKT-1", payload=PAYLOAD)
    terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
    world.commit(order(terms, [PAYLOAD]), world.prepared(terms))
    home = world.terms(world.back(asset, payload_hash=digest(PAYLOAD)))
    world.prepare(order(home))
    receipt = world.abort(order(home))
    assert receipt.named("Aborted") == [{"id": home.id}]
    assert outstanding(world, asset) == (1, 1)


def test_a_stranger_cannot_keep_an_asset_from_coming_home(world: World) -> None:
    """Anybody can prepare invented terms at the home: nothing that is abroad is tied up by them."""
    asset = world.issue("TKT-1", payload=PAYLOAD)
    terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
    world.commit(order(terms, [PAYLOAD]), world.prepared(terms))
    invented = world.terms(world.back(asset, payload_hash=digest(PAYLOAD), sender="Org1MSP.nobody"))
    assert world.refusal(world.prepare(order(invented), sender=world.relay)) == ()
    assert world.state(invented) is State.PREPARED
    assert world.gate.call("lockedBy", asset) == bytes(32)
    assert outstanding(world, asset) == (1, 1)

    home = world.terms(world.back(asset, payload_hash=digest(PAYLOAD)))
    assert world.refusal(world.commit(order(home), world.prepared(home), sender=world.relay)) == ()
    assert world.ticket.call("ownerOf", token_id("TKT-1")) == world.bob
    # What came home once doesn't come again, not even with a claim.
    receipt = world.commit(order(invented), world.prepared(invented), sender=world.relay)
    assert world.refusal(receipt) == ("ExceedsOutstanding", asset, FABRIC, 0)
    assert outstanding(world, asset) == (0, 0)


def test_a_voucher_that_moves_on_takes_its_home_along(world: World) -> None:
    asset = world.issue("TKT-1", payload=PAYLOAD)
    terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
    world.commit(order(terms, [PAYLOAD]), world.prepared(terms))
    forged = world.terms(
        leg(asset, 1, "Org1MSP.carol", 2, "Org1MSP.dave", payload_hash=digest(b"{}")), parties=3
    )
    evidence = (world.prepared(forged), world.other.evidence((forged.id, State.PREPARED)))
    assert world.refusal(world.commit(order(forged), *evidence)) == ("PayloadMismatch", 0)
    onward = world.terms(
        leg(asset, 1, "Org1MSP.carol", 2, "Org1MSP.dave", payload_hash=digest(PAYLOAD)), parties=3
    )
    evidence = (world.prepared(onward), world.other.evidence((onward.id, State.PREPARED)))
    assert world.refusal(world.commit(order(onward), *evidence)) == ()
    assert outstanding(world, asset, FABRIC) == (0, 1)
    assert outstanding(world, asset, OTHER) == (1, 1)


def test_a_network_gives_back_no_more_than_was_sent_there(world: World) -> None:
    token = world.chain.deploy("PlainERC20")
    token.send("mint", world.alice, 100)
    token.send("approve", world.gate.address, 100, sender=world.alice)
    asset = f"{NETWORK}/erc20:{token.address}"
    world.escrow(asset, amount=100)

    def bring(amount: int) -> tuple[object, ...]:
        terms = world.terms(world.back(asset, amount=amount))
        return world.refusal(world.commit(order(terms), world.prepared(terms)))

    assert bring(101) == ("ExceedsOutstanding", asset, FABRIC, 100)
    assert bring(60) == ()
    assert bring(60) == ("ExceedsOutstanding", asset, FABRIC, 40)
    # Another network, to which nothing was sent, gives nothing back.
    terms = world.terms(
        leg(asset, 1, "Org1MSP.carol", 0, world.bob), participants=world.terms(parties=3).participants[::2]
    )
    receipt = world.commit(order(terms), world.other.evidence((terms.id, State.PREPARED)))
    assert world.refusal(receipt) == ("ExceedsOutstanding", asset, OTHER, 0)
    assert token.call("balanceOf", world.bob) == 60
    assert outstanding(world, asset) == (40, 40)


@pytest.mark.parametrize("standard", ["erc20", "erc721", "erc1155"])
def test_existing_tokens_are_escrowed_as_they_are(world: World, standard: str) -> None:
    token = world.chain.deploy(f"Plain{standard.upper()}")
    amount = 1 if standard == "erc721" else 25
    identity = [] if standard == "erc20" else [7]
    token.send("mint", world.alice, *identity, *([] if standard == "erc721" else [amount]))
    if standard == "erc20":
        token.send("approve", world.gate.address, amount, sender=world.alice)
    else:
        token.send("setApprovalForAll", world.gate.address, True, sender=world.alice)
    asset = f"{NETWORK}/{standard}:{token.address}" + "".join(f"/{i}" for i in identity)

    def owned(owner: str) -> int:
        if standard == "erc721":
            return int(token.call("ownerOf", 7) == owner)
        return int(token.call("balanceOf", owner, *identity))

    world.escrow(asset, amount=amount)
    assert (owned(world.alice), owned(world.gate.address)) == (0, amount)
    assert outstanding(world, asset) == (amount, amount)
    terms = world.terms(world.back(asset, amount=amount))
    assert world.refusal(world.commit(order(terms), world.prepared(terms))) == ()
    assert (owned(world.bob), owned(world.gate.address)) == (amount, 0)
    assert outstanding(world, asset) == (0, 0)


def test_energy_against_payment_in_one_transfer(world: World) -> None:
    token = world.chain.deploy("PlainERC20")
    token.send("mint", world.alice, 100)
    token.send("approve", world.gate.address, 100, sender=world.alice)
    money, energy = f"{NETWORK}/erc20:{token.address}", f"{FABRIC}/asset:citygate.energy"
    terms = world.terms(world.out(money, amount=30), world.back(energy, amount=5000, recipient=world.alice))
    assert world.refusal(world.commit(order(terms), world.prepared(terms))) == ()
    assert voucher(world, energy, world.alice) == 5000
    assert outstanding(world, money) == (30, 30)
