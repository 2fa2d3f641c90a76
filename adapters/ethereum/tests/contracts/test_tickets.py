"""Issuing tickets, and redeeming them once: at home, and as vouchers."""

from __future__ import annotations

import pytest

from citygate.adapter import State

from .chain import Reverted
from .world import FABRIC, NETWORK, World, digest, order, token_id

pytestmark = pytest.mark.ledger

PAYLOAD = b'{"id":"TKT-1"}'
FOREIGN = f"{FABRIC}/asset:citygate.ticket/TKT-9"
NOBODY = "0x" + "00" * 20


def issue(world: World, name: str, **changes: object) -> tuple[object, ...]:
    now = world.chain.now
    values = {
        "id": token_id(name),
        "to": world.alice,
        "payload": PAYLOAD,
        "from": now - 1,
        "until": now + 86_400,
    }
    return tuple((values | changes).values())


# ---- issuing


def test_the_payload_is_published_and_its_hash_kept(world: World) -> None:
    new = issue(world, "TKT-1")
    (event,) = world.ticket.send("issue", [new]).named("Issued")
    assert tuple(event.values()) == new
    number = token_id("TKT-1")
    assert world.ticket.call("ownerOf", number) == world.alice
    assert world.ticket.call("payloadHash", number) == digest(PAYLOAD)
    assert world.ticket.call("validity", number) == new[3:]


def test_the_same_ticket_again_changes_nothing(world: World) -> None:
    world.ticket.send("issue", [issue(world, "TKT-1")])
    assert world.ticket.send("issue", [issue(world, "TKT-1", to=world.bob)]).logs == []
    assert world.ticket.call("ownerOf", token_id("TKT-1")) == world.alice


def test_a_bad_ticket_harms_no_other(world: World) -> None:
    world.ticket.send("issue", [issue(world, "TKT-0")])
    now = world.chain.now
    bad = {
        "DifferentPayload": issue(world, "TKT-0", payload=b"{}"),
        "InvalidPayload": issue(world, "TKT-1", payload=b""),
        "InvalidRecipient": issue(world, "TKT-2", to=world.gate.address),
        "InvalidValidity": issue(world, "TKT-3", **{"from": now, "until": now}),
    }
    too_long = issue(world, "TKT-4", payload=b"x" * 8193)
    good = issue(world, "TKT-5", payload=b"x" * 8192)
    receipt = world.ticket.send("issue", [*bad.values(), too_long, issue(world, "TKT-6", to=NOBODY), good])
    refused = [world.chain.error(refusal["reason"])[0] for refusal in receipt.named("IssueRefused")]
    assert refused == [*bad, "InvalidPayload", "InvalidRecipient"]
    assert [event["tokenId"] for event in receipt.named("Issued")] == [token_id("TKT-5")]


def test_roles(world: World) -> None:
    asset = world.issue("TKT-1")
    with pytest.raises(Reverted, match="AccessManagedUnauthorized"):
        world.ticket.send("issue", [issue(world, "TKT-2")], sender=world.bob)
    for contract in (world.ticket, world.vouchers):
        with pytest.raises(Reverted, match="AccessManagedUnauthorized"):
            contract.send("redeem", [(asset, "event-1")], sender=world.alice)
    assert world.redeem(world.ticket, asset) == ()


# ---- redeeming


def test_a_ticket_is_redeemed_once(world: World) -> None:
    asset = world.issue("TKT-1")
    (event,) = world.ticket.send("redeem", [(asset, "event-1")]).named("Redeemed")
    assert event == {
        "tokenId": token_id("TKT-1"),
        "asset": asset,
        "localEventId": "event-1",
        "validator": world.admin,
    }
    assert world.ticket.send("redeem", [(asset, "event-1")]).logs == []
    assert world.redeem(world.ticket, asset, "event-2") == ("AlreadyRedeemed", "event-1")
    assert world.ticket.call("redeemedBy", token_id("TKT-1")) == "event-1"


def test_a_refused_redemption_harms_no_other(world: World) -> None:
    asset = world.issue("TKT-1")
    strange = (
        f"{NETWORK}/erc721:{world.ticket.address}/{token_id('unissued')}",
        f"{NETWORK}/erc721:{world.ticket.address}/0{token_id('TKT-1')}",
        f"{NETWORK}/erc721:{world.ticket.address}/{'9' * 90}",
        f"{NETWORK}/erc1155:{world.ticket.address}/1",
        f"{NETWORK}/erc721:{world.gate.address}/1",
        FOREIGN,
        "",
    )
    batch = [*((name, "event-1") for name in strange), (asset, ""), (asset, "e" * 65), (asset, "e" * 64)]
    receipt = world.ticket.send("redeem", batch)
    refused = [world.chain.error(refusal["reason"]) for refusal in receipt.named("RedemptionRefused")]
    assert refused == [
        *(("NotRedeemable", name) for name in strange),
        ("InvalidEventId",),
        ("InvalidEventId",),
    ]
    assert world.ticket.call("redeemedBy", token_id("TKT-1")) == "e" * 64


def test_a_ticket_is_redeemed_while_it_is_valid(world: World) -> None:
    start = world.chain.now + 1000
    world.ticket.send("issue", [issue(world, "TKT-1", **{"from": start, "until": start + 1000})])
    world.ticket.send("issue", [issue(world, "TKT-2", **{"from": start, "until": start + 1000})])
    early, late = world.ticket_name("TKT-1"), world.ticket_name("TKT-2")
    assert world.redeem(world.ticket, early) == ("NotValidNow", start, start + 1000)
    world.chain.sleep_until(start)
    assert world.redeem(world.ticket, early) == ()
    world.chain.sleep_until(start + 1000)
    assert world.redeem(world.ticket, late) == ("NotValidNow", start, start + 1000)


def test_a_redeemed_ticket_does_not_leave(world: World) -> None:
    used, unused = world.issue("TKT-1", payload=PAYLOAD), world.issue("TKT-2", payload=PAYLOAD)
    world.redeem(world.ticket, used)
    for asset, refusal in ((used, ("AssetRefused", used)), (unused, ())):
        terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
        assert world.refusal(world.prepare(order(terms, [PAYLOAD]))) == refusal


def test_a_locked_or_escrowed_ticket_is_not_redeemed(world: World) -> None:
    asset = world.issue("TKT-1", payload=PAYLOAD)
    terms = world.terms(world.out(asset, payload_hash=digest(PAYLOAD)))
    world.prepare(order(terms, [PAYLOAD]))
    assert world.redeem(world.ticket, asset) == ("NotRedeemable", asset)
    world.commit(order(terms, [PAYLOAD]), world.prepared(terms))
    assert world.redeem(world.ticket, asset) == ("NotRedeemable", asset)
    home = world.terms(world.back(asset, payload_hash=digest(PAYLOAD)))
    world.commit(order(home), world.prepared(home))
    assert world.redeem(world.ticket, asset) == ()


def test_a_voucher_is_redeemed_here_and_then_stays(world: World) -> None:
    assert world.redeem(world.vouchers, FOREIGN) == ("NotRedeemable", FOREIGN)
    world.import_voucher(FOREIGN)
    leaving = world.departure(FOREIGN)
    world.prepare(order(leaving))
    assert world.redeem(world.vouchers, FOREIGN) == ("NotRedeemable", FOREIGN)
    world.settle(order(leaving), State.ABORTED, world.decided(leaving, State.ABORTED))
    assert world.redeem(world.vouchers, FOREIGN) == ()
    assert world.redeem(world.vouchers, FOREIGN) == ()
    assert world.redeem(world.vouchers, FOREIGN, "event-2") == ("AlreadyRedeemed", "event-1")
    again = world.departure(FOREIGN)
    assert world.refusal(world.prepare(order(again))) == ("AssetRefused", FOREIGN)


def test_energy_is_not_redeemed(world: World) -> None:
    energy = f"{FABRIC}/asset:citygate.energy"
    world.import_voucher(energy, amount=5)
    assert world.redeem(world.vouchers, energy) == ("NotRedeemable", energy)
