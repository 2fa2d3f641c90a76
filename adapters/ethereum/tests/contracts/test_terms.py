"""Terms that a gate doesn't take, each beside the same terms unspoilt."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from citygate.adapter import Participant, State, Terms

from .world import FABRIC, NETWORK, OTHER, World, leg, order

pytestmark = pytest.mark.ledger

ENERGY = f"{FABRIC}/asset:citygate.energy"
Spoil = Callable[[Terms], Terms]


def changed(terms: Terms, **changes: Any) -> Terms:
    return replace(terms, legs=(replace(terms.legs[0], **changes), *terms.legs[1:]))


def party(terms: Terms, position: int, **changes: str) -> Terms:
    parties = list(terms.participants)
    parties[position] = replace(parties[position], **changes)
    return replace(terms, participants=tuple(parties))


FAULTS: dict[str, tuple[Spoil, str]] = {
    "no participants": (lambda t: replace(t, participants=()), "NotParticipant"),
    "nine participants": (
        lambda t: replace(t, participants=(*t.participants, *(Participant(f"x:{n}", "g") for n in range(7)))),
        "participants: 1 to 8",
    ),
    "descending": (
        lambda t: replace(t, participants=t.participants[::-1]),
        "participants: networks not strictly ascending",
    ),
    "one network twice": (
        lambda t: replace(t, participants=(*t.participants, t.participants[1])),
        "participants: networks not strictly ascending",
    ),
    "an idle participant": (
        lambda t: replace(t, participants=(*t.participants, Participant(OTHER, "otherchannel.citygate"))),
        "participants: one takes no part in any leg",
    ),
    "no such decider": (lambda t: replace(t, decider=2), "decider: no such participant"),
    "no initiator": (lambda t: replace(t, initiator=""), "strings: 1 to 256 bytes"),
    "a long initiator": (lambda t: replace(t, initiator="x" * 257), "strings: 1 to 256 bytes"),
    "no legs": (lambda t: replace(t, legs=()), "legs: 1 to 16"),
    "seventeen legs": (lambda t: replace(t, legs=t.legs * 17), "legs: 1 to 16"),
    "no such source": (lambda t: changed(t, source=2), "legs: no such participant"),
    "no such destination": (lambda t: changed(t, destination=2), "legs: no such participant"),
    "an amount of zero": (lambda t: changed(t, amount=0), "legs: an amount of zero"),
    "a home that is no participant": (
        lambda t: changed(t, asset=f"{OTHER}/asset:citygate.energy"),
        "legs: the asset's home is no participant",
    ),
    "a voucher that leaves without its home deciding": (
        lambda t: changed(t, source=0, sender=t.legs[0].recipient, destination=1),
        "decider: must be the home of what leaves elsewhere",
    ),
    "an asset without a network": (
        lambda t: changed(t, asset="energy"),
        "legs: the asset's home is no participant",
    ),
    "an empty asset": (lambda t: changed(t, asset=""), "strings: 1 to 256 bytes"),
    "a long sender": (lambda t: changed(t, sender="x" * 257), "strings: 1 to 256 bytes"),
    "an empty recipient": (lambda t: changed(t, recipient=""), "strings: 1 to 256 bytes"),
    "another gate here": (lambda t: party(t, 0, gate="0x" + "11" * 20), "NotParticipant"),
    "this gate in capitals": (lambda t: party(t, 0, gate=t.participants[0].gate.upper()), "NotParticipant"),
    "another network here": (lambda t: party(t, 0, network="eip155:1"), "NotParticipant"),
    "another gate there": (lambda t: party(t, 1, gate="citychannel.other"), "UnknownPeer"),
    "a network without a peer": (
        lambda t: changed(party(t, 1, network="fabric:beef"), asset="fabric:beef/asset:c.e"),
        "UnknownPeer",
    ),
    "a recipient that is no address": (lambda t: changed(t, recipient="bob"), "InvalidAccount"),
    "a recipient in capitals": (lambda t: changed(t, recipient="0x" + "AB" * 20), "InvalidAccount"),
    "a recipient without 0x": (lambda t: changed(t, recipient="ab" * 20), "InvalidAccount"),
    "the zero recipient": (lambda t: changed(t, recipient="0x" + "00" * 20), "InvalidAccount"),
    "the gate as recipient": (lambda t: changed(t, recipient=t.participants[0].gate), "InvalidAccount"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_spoilt_terms_are_refused(world: World, fault: str) -> None:
    spoil, reason = FAULTS[fault]
    terms = world.terms(world.back(ENERGY, amount=10))
    assert reason in world.refusal(world.prepare(order(spoil(terms))))
    assert world.refusal(world.prepare(order(terms))) == ()


def test_as_large_as_terms_may_be(world: World) -> None:
    """Sixteen legs whose names have 256 bytes are within 16,384 bytes, and still settle."""
    asset = f"{ENERGY}{'x' * 150}"
    legs = [world.back(f"{asset}{n:02}", amount=2**256 - 1 - n, sender="s" * 200) for n in range(16)]
    terms = world.terms(*legs)
    assert 14_000 < len(terms.encoded) <= 16_384
    assert world.refusal(world.commit(order(terms), world.prepared(terms))) == ()
    larger = world.terms(*[replace(part, sender="s" * 256, recipient="r" * 256) for part in legs])
    assert len(larger.encoded) > 16_384
    assert "terms: more than 16384 bytes" in world.refusal(world.prepare(order(larger)))


def test_terms_that_do_not_hash_to_the_id(world: World) -> None:
    terms = world.terms(world.back(ENERGY, amount=10))
    wrong = bytes([terms.id[0] ^ 1]) + terms.id[1:]
    assert world.refusal(world.prepare((wrong, *order(terms)[1:]))) == ("TermsMismatch", terms.id)
    assert world.refusal(world.prepare(order(terms))) == ()


def test_a_version_of_the_future(world: World) -> None:
    terms = world.terms(world.back(ENERGY, amount=10))
    encoded = terms.encoded[:63] + b"\x02" + terms.encoded[64:]
    receipt = world.prepare((hashlib.sha256(encoded).digest(), encoded, [b""], [b""]))
    assert "version: must be 1" in world.refusal(receipt)


def test_bytes_that_are_not_the_one_encoding(world: World) -> None:
    terms = world.terms(world.back(ENERGY, amount=10))
    good = terms.encoded
    for encoded in (good + bytes(32), good[:-32], b"", b"\xff" * 640, good[:31] + b"\x40" + good[32:]):
        receipt = world.prepare((hashlib.sha256(encoded).digest(), encoded, [b""], [b""]))
        assert receipt.named("Refused")
    assert world.refusal(world.prepare(order(terms))) == ()


def test_offsets_that_all_point_at_one_string_cost_little(world: World) -> None:
    """A decoder that copies would need gigabytes for these 16,384 bytes."""
    # The tuple's head: version, participants, decider, initiator, deadline, salt, legs; then an array of 255
    # parts, each of whose offsets leads to one string of 8,192 bytes.
    head = [32, 1, 224, 0, 8192, 2**64 - 1, 7, 224]
    words = [*head, 255, *[8192] * 247, 8192]
    encoded = b"".join(word.to_bytes(32, "big") for word in words).ljust(16_384, b"\x01")
    receipt = world.prepare((hashlib.sha256(encoded).digest(), encoded, [b""], [b""]))
    assert world.refusal(receipt) == ("InvalidTerms", "participants: 1 to 8")
    assert receipt.gas < 1_000_000


def test_one_payload_and_one_authorisation_per_leg(world: World) -> None:
    terms = world.terms(world.back(ENERGY, amount=10))
    for payloads, authorizations in (([b"", b""], [b""]), ([b""], [b"", b""])):
        receipt = world.prepare((terms.id, terms.encoded, payloads, authorizations))
        assert "InvalidTerms" in world.refusal(receipt)
    assert world.refusal(world.prepare(order(terms))) == ()


def test_a_leg_between_two_others_still_needs_its_home(world: World) -> None:
    """Sent between two other networks, an asset of this one takes this gate along."""
    asset = f"{NETWORK}/erc20:0x{'22' * 20}"
    terms = world.terms(leg(asset, 1, "a", 2, "b"), parties=3)
    evidence = (world.prepared(terms), world.other.evidence((terms.id, State.PREPARED)))
    assert world.refusal(world.commit(order(terms), *evidence)) == ("ExceedsOutstanding", asset, FABRIC, 0)


def test_the_home_of_what_leaves_elsewhere_decides(world: World) -> None:
    world.import_voucher(ENERGY, amount=5)
    money = f"{NETWORK}/erc20:0x{'22' * 20}"
    for parties, part, home in (
        (2, world.out(ENERGY, amount=5), 1),
        (3, leg(ENERGY, 0, world.alice, 2, "b", amount=5), 1),
        (2, world.back(money), 0),
        (3, leg(money, 1, "a", 2, "b"), 0),
    ):
        for decider in {*range(parties)} - {home}:
            receipt = world.prepare(order(world.terms(part, parties=parties, decider=decider)))
            assert "decider: must be the home of what leaves elsewhere" in world.refusal(receipt)
    assert world.refusal(world.prepare(order(world.departure(ENERGY, amount=5)))) == ()
    assert world.refusal(world.prepare(order(world.terms(world.back(money))))) == ()
