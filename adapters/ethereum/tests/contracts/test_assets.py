"""What may leave: assets by the one spelling of their name, with their own payload, in full."""

from __future__ import annotations

import pytest

from citygate.adapter import State

from .chain import Contract, Reverted
from .world import FABRIC, NETWORK, World, digest, order, token_id

pytestmark = pytest.mark.ledger

PAYLOAD = b'{"id":"TKT-1"}'
ENERGY = f"{FABRIC}/asset:citygate.energy"
HONEST, FEE, FALSE, MISBEHAVE = range(4)
REVERT, BURN_GAS, RETURN_BOMB, REENTER = range(1, 5)


@pytest.fixture
def token(world: World) -> Contract:
    token = world.chain.deploy("HostileERC20")
    token.send("mint", world.alice, 1000)
    token.send("approve", world.gate.address, 1000, sender=world.alice)
    return token


# ---- hostile tokens


@pytest.mark.parametrize("mode", [FEE, FALSE])
def test_tokens_that_deliver_less_than_they_say(world: World, token: Contract, mode: int) -> None:
    asset = f"{NETWORK}/erc20:{token.address}"
    token.send("setMode", mode)
    terms = world.terms(world.out(asset, amount=100))
    assert world.refusal(world.prepare(order(terms))) == ("AssetRefused", asset)
    assert token.call("balanceOf", world.alice) == 1000
    token.send("setMode", HONEST)
    assert world.refusal(world.prepare(order(terms))) == ()


@pytest.mark.parametrize("kind", [REVERT, BURN_GAS, RETURN_BOMB])
def test_a_token_that_misbehaves_is_refused_alone(world: World, token: Contract, kind: int) -> None:
    asset = f"{NETWORK}/erc20:{token.address}"
    token.send("setMode", MISBEHAVE)
    token.send("setKind", kind, world.alice, b"")
    bad = world.terms(world.out(asset, amount=100))
    good = world.terms(world.out(world.issue("TKT-1", payload=PAYLOAD), payload_hash=digest(PAYLOAD)))
    receipt = world.prepare(order(bad), order(good, [PAYLOAD]))
    assert world.refusal(receipt) == ("AssetRefused", asset)
    assert receipt.gas < 1_000_000
    assert (world.state(bad), world.state(good)) == (State.NONE, State.PREPARED)


def test_a_token_that_reenters_on_the_way_in(world: World, token: Contract) -> None:
    asset = f"{NETWORK}/erc20:{token.address}"
    terms = world.terms(world.out(asset, amount=100))
    again = world.gate.data("prepare", [order(terms)])
    token.send("setMode", MISBEHAVE)
    token.send("setKind", REENTER, world.gate.address, bytes.fromhex(again[2:]))
    assert world.refusal(world.prepare(order(terms))) == ("AssetRefused", asset)  # nothing arrived
    assert world.state(terms) is State.NONE


def test_more_than_the_sender_has_or_approved(world: World, token: Contract) -> None:
    asset = f"{NETWORK}/erc20:{token.address}"
    for amount in (1001, 2**256 - 1):
        terms = world.terms(world.out(asset, amount=amount))
        assert world.refusal(world.prepare(order(terms))) == ("AssetRefused", asset)
    token.send("approve", world.gate.address, 0, sender=world.alice)
    terms = world.terms(world.out(asset, amount=1000))
    assert world.refusal(world.prepare(order(terms))) == ("AssetRefused", asset)
    token.send("approve", world.gate.address, 1000, sender=world.alice)
    assert world.refusal(world.prepare(order(terms))) == ()


def test_a_refused_leg_undoes_the_legs_before_it(world: World, token: Contract) -> None:
    money = f"{NETWORK}/erc20:{token.address}"
    terms = world.terms(world.out(money, amount=100), world.out(money, amount=901))
    assert world.refusal(world.prepare(order(terms))) == ("AssetRefused", money)
    assert token.call("balanceOf", world.alice) == 1000
    terms = world.terms(world.out(money, amount=100), world.out(money, amount=900))
    assert world.refusal(world.prepare(order(terms))) == ()


# ---- names


def test_an_asset_has_one_name(world: World) -> None:
    name = world.issue("TKT-1", payload=PAYLOAD)
    where, number = world.ticket.address, str(token_id("TKT-1"))
    for wrong in (
        f"erc721:{where.upper().replace('X', 'x')}/{number}",
        f"erc721:{where[2:]}/{number}",
        f"erc721:{where}/0{number}",
        f"erc721:{where}/{hex(token_id('TKT-1'))}",
        f"erc721:{where}/{number}/",
        f"erc721:{where}/",
        f"erc721:{where}",
        f"erc721:{where}/{number}x",
        f"erc721:{where}/{2**256 + token_id('TKT-1')}",
        f"erc721:/{number}",
        f"ERC721:{where}/{number}",
        f"erc20:{where}/{number}",
        f"erc722:{where}/{number}",
        "erc721",
        "",
    ):
        asset = f"{NETWORK}/{wrong}"
        terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
        assert world.refusal(world.prepare(order(terms, [PAYLOAD]))) == ("InvalidAsset", asset)
    terms = world.terms(world.out(name, payload_hash=digest(PAYLOAD)))
    assert world.refusal(world.prepare(order(terms, [PAYLOAD]))) == ()


def test_a_voucher_is_no_asset_of_this_network(world: World) -> None:
    world.import_voucher(ENERGY, amount=5)
    disguised = f"{NETWORK}/erc1155:{world.vouchers.address}/{token_id(ENERGY)}"
    terms = world.terms(world.out(disguised, amount=5))
    assert world.refusal(world.prepare(order(terms))) == ("InvalidAsset", disguised)
    terms = world.departure(ENERGY, amount=5)
    assert world.refusal(world.prepare(order(terms))) == ()


def test_an_address_without_a_contract_holds_nothing(world: World) -> None:
    for kind in ("erc20:0x" + "12" * 20, "erc721:0x" + "12" * 20 + "/1", f"erc20:{world.gate.address}"):
        asset = f"{NETWORK}/{kind}"
        terms = world.terms(world.out(asset))
        assert world.refusal(world.prepare(order(terms))) == ("AssetRefused", asset)


# ---- payloads


def test_a_ticket_travels_with_its_own_payload_only(world: World) -> None:
    asset = world.issue("TKT-1", payload=PAYLOAD)
    other = b'{"id":"TKT-2"}'
    for claimed, given in (
        (bytes(32), b""),
        (digest(other), other),
        (digest(PAYLOAD), other),
        (digest(PAYLOAD), b""),
        (bytes(32), PAYLOAD),
    ):
        terms = world.terms(world.out(asset, payload_hash=claimed))
        assert world.refusal(world.prepare(order(terms, [given]))) == ("PayloadMismatch", 0)
    terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
    assert world.refusal(world.prepare(order(terms, [PAYLOAD]))) == ()


def test_a_token_without_payload_carries_none(world: World, token: Contract) -> None:
    asset = f"{NETWORK}/erc20:{token.address}"
    terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
    assert world.refusal(world.prepare(order(terms, [PAYLOAD]))) == ("PayloadMismatch", 0)
    terms = world.terms(world.out(asset))
    assert world.refusal(world.prepare(order(terms))) == ()


def test_a_voucher_is_minted_with_its_payload_only(world: World) -> None:
    asset = f"{FABRIC}/asset:citygate.ticket/TKT-9"
    terms = world.terms(world.back(asset, payload_hash=digest(PAYLOAD)))
    for given in (b"", b'{"id":"TKT-2"}', b"x" * 8193):
        receipt = world.commit(order(terms, [given]), world.prepared(terms))
        assert world.refusal(receipt) == ("PayloadMismatch", 0)
    assert world.refusal(world.commit(order(terms, [PAYLOAD]), world.prepared(terms))) == ()


def test_a_voucher_leaves_with_the_payload_it_came_with(world: World) -> None:
    asset = f"{FABRIC}/asset:citygate.ticket/TKT-9"
    arriving = world.terms(world.back(asset, recipient=world.alice, payload_hash=digest(PAYLOAD)))
    world.commit(order(arriving, [PAYLOAD]), world.prepared(arriving))
    other = b'{"id":"TKT-2"}'
    for payload_hash, given in ((digest(other), other), (bytes(32), b"")):
        terms = world.departure(asset, payload_hash=payload_hash)
        assert world.refusal(world.prepare(order(terms, [given]))) == ("PayloadMismatch", 0)
    terms = world.departure(asset, payload_hash=digest(PAYLOAD))
    assert world.refusal(world.prepare(order(terms, [PAYLOAD]))) == ()


# ---- who makes vouchers


def test_only_the_gate_makes_and_destroys_vouchers(world: World) -> None:
    for function, *arguments in (["mint", ENERGY, 1, bytes(32), b""], ["burn", ENERGY, 1]):
        with pytest.raises(Reverted, match="OnlyGate"):
            world.vouchers.send(str(function), *arguments)


# ---- who has them


def test_the_holder_of_a_unique_asset(world: World) -> None:
    asset = f"{FABRIC}/asset:citygate.ticket/TKT-9"
    number = token_id(asset)
    nobody = "0x" + "00" * 20

    def holder() -> str:
        return world.vouchers.call("holderOf", number)

    assert holder() == nobody
    world.import_voucher(asset)
    assert holder() == world.alice
    nothing = (world.relay, world.admin, number, 0, b"")
    world.vouchers.send("safeTransferFrom", *nothing, sender=world.relay)
    assert holder() == world.alice
    world.vouchers.send("safeTransferFrom", world.alice, world.bob, number, 1, b"", sender=world.alice)
    assert holder() == world.bob
    both = ([number, number], [1, 0])
    world.vouchers.send("safeBatchTransferFrom", world.bob, world.alice, *both, b"", sender=world.bob)
    assert holder() == world.alice

    terms = world.departure(asset)
    assert world.refusal(world.prepare(order(terms))) == ()
    assert holder() == world.gate.address
    world.settle(order(terms), State.COMMITTED, world.decided(terms, State.COMMITTED))
    assert holder() == nobody


def test_several_of_an_asset_have_no_holder(world: World) -> None:
    world.import_voucher(ENERGY, amount=1)
    assert world.vouchers.call("holderOf", token_id(ENERGY)) == world.alice
    world.import_voucher(ENERGY, to=world.bob, amount=1)
    assert int(world.vouchers.call("holderOf", token_id(ENERGY)), 16) == 0
