"""Nothing leaves without its owner: the sender itself, an operator, a signature, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from citygate.adapter import Terms

from .world import FABRIC, World, digest, order

pytestmark = pytest.mark.ledger

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
PAYLOAD = b'{"id":"T"}'


def leaving(world: World, **changes: Any) -> Terms:
    asset = world.issue("TKT-1", payload=PAYLOAD, **changes)
    return world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))


def relayed(world: World, terms: Terms, authorization: bytes) -> tuple[Any, ...]:
    """Prepared by somebody else than the sender; the refusal."""
    return world.refusal(world.prepare(order(terms, [PAYLOAD], [authorization]), sender=world.relay))


def test_the_sender_needs_no_signature_and_others_do(world: World) -> None:
    terms = leaving(world)
    assert relayed(world, terms, b"") == ("Unauthorized", 0, world.alice)
    assert world.refusal(world.prepare(order(terms, [PAYLOAD]), sender=world.alice)) == ()


def test_a_signature_authorises(world: World) -> None:
    terms = leaving(world)
    assert relayed(world, terms, world.sign(terms)) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"id": bytes(32)},
        {"asset": "eip155:31337/erc721:0x0/1"},
        {"amount": 2},
        {"recipient": "Org1MSP.mallory"},
        {"network": "fabric:beef"},
        {"deadline": 1},
        {"gate": "0x" + "11" * 20},
        {"chain": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_signature_authorises_these_terms_and_no_others(world: World, changes: dict[str, Any]) -> None:
    terms = leaving(world)
    assert relayed(world, terms, world.sign(terms, **changes))[0] == "Unauthorized"
    assert relayed(world, terms, world.sign(terms)) == ()


def test_somebody_elses_signature(world: World) -> None:
    terms = leaving(world)
    assert relayed(world, terms, world.sign(terms, signer=world.admin))[0] == "Unauthorized"
    assert relayed(world, terms, world.sign(terms)) == ()


def test_malformed_and_high_s_signatures(world: World) -> None:
    terms = leaving(world)
    good = world.sign(terms)
    s = int.from_bytes(good[32:64], "big")
    assert s <= HALF_ORDER
    flipped = bytes([55 - good[64]])  # 27 and 28 change places with s
    high = good[:32] + (SECP256K1_ORDER - s).to_bytes(32, "big") + flipped
    for bad in (high, good[:64], good + b"\x00", good[:64] + b"\x00", good[:64] + flipped, bytes(65)):
        assert relayed(world, terms, bad)[0] == "Unauthorized"
    assert relayed(world, terms, good) == ()


def test_an_operator_until_it_is_revoked(world: World) -> None:
    terms = leaving(world)
    world.gate.send("setOperator", world.relay, True, sender=world.bob)
    assert relayed(world, terms, b"")[0] == "Unauthorized"
    for approved in (True, False):
        receipt = world.gate.send("setOperator", world.relay, approved, sender=world.alice)
        (event,) = receipt.named("OperatorSet")
        assert event == {"account": world.alice, "operator": world.relay, "approved": approved}
    assert relayed(world, terms, b"")[0] == "Unauthorized"
    world.gate.send("setOperator", world.relay, True, sender=world.alice)
    assert world.gate.call("isOperator", world.alice, world.relay)
    assert relayed(world, terms, b"") == ()


def test_a_wallet_contract_signs_by_erc_1271(world: World) -> None:
    wallet = world.chain.deploy("HostileAccount")  # its owner is admin
    terms = leaving(world, to=wallet.address)
    terms = world.terms(
        world.out(terms.legs[0].asset, sender=wallet.address, payload_hash=terms.legs[0].payload_hash)
    )
    assert relayed(world, terms, world.sign(terms, signer=world.alice))[0] == "Unauthorized"
    assert relayed(world, terms, world.sign(terms, signer=world.admin)) == ()


def test_a_wallet_that_burns_its_gas_is_refused_alone(world: World) -> None:
    wallet = world.chain.deploy("HostileAccount")
    wallet.send("setKind", 2, world.alice, b"")
    asset = world.issue("TKT-2", to=wallet.address)
    hostile = world.terms(world.out(asset, sender=wallet.address, payload_hash=digest(PAYLOAD)))
    honest = leaving(world)
    orders = [order(hostile, [PAYLOAD], [bytes(65)]), order(honest, [PAYLOAD], [world.sign(honest)])]
    receipt = world.prepare(*orders, sender=world.relay)
    assert world.refusal(receipt) == ("Unauthorized", 0, wallet.address)
    assert receipt.gas < 1_000_000
    assert world.state(honest) == 1


def test_a_voucher_leaves_only_with_its_owner(world: World) -> None:
    asset = f"{FABRIC}/asset:citygate.energy"
    world.import_voucher(asset, amount=5)
    terms = world.departure(asset, amount=5)
    assert world.refusal(world.prepare(order(terms), sender=world.relay)) == ("Unauthorized", 0, world.alice)
    assert world.refusal(world.prepare(order(terms, None, [world.sign(terms)]), sender=world.relay)) == ()
    more = world.departure(asset, amount=1)
    assert world.refusal(world.prepare(order(more))) == ("AssetRefused", asset)
