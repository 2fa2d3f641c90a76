"""Fabric claims that the verifier refuses, each beside the untouched proof, which it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from citygate.adapter import State

from .chain import Contract, Reverted
from .fabric import ORDER, PROOF, TAG, Answer, Endorser, FabricGate, field, varint
from .world import FABRIC, OTHER, World

pytestmark = pytest.mark.ledger

ID = bytes(range(32))
CLAIM = (ID, State.PREPARED)


@pytest.fixture
def verifier(world: World) -> Contract:
    return world.chain.at("FabricVerifier", world.gate.call("peer", FABRIC)[1])


def refused(verifier: Contract, proof: bytes) -> str:
    """The error's name; the test fails where the proof is taken."""
    with pytest.raises(Reverted) as caught:
        verifier.call("verify", proof)
    return caught.value.error[0]


def test_one_proof_shows_many_claims(world: World, verifier: Contract) -> None:
    claims = [(bytes([n]) * 32, 1 + n % 3) for n in range(50)]
    assert verifier.call("verify", world.fabric.proof(*claims)) == tuple(claims)
    assert verifier.call("network") == FABRIC
    assert verifier.call("gate") == world.fabric.gate


def test_any_endorsers_of_enough_organisations(world: World, verifier: Contract) -> None:
    peers = world.fabric.endorsers
    for chosen in (peers[:4:3], peers[1:6:2], peers):
        proof = world.fabric.prove(world.fabric.answer(CLAIM), chosen)
        assert verifier.call("verify", proof) == (CLAIM,)


# ---- bytes


def flips(parts: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The proof's parts with one byte changed, at every third place of each."""
    for place, part in enumerate(parts[:4]):
        for position in range(0, len(part), 3):
            changed = bytearray(part)
            changed[position] ^= 0x20
            yield (*parts[:place], bytes(changed), *parts[place + 1 :])
    for number, endorsement in enumerate(parts[4]):
        for place, part in enumerate(endorsement):
            for position in range(0, len(part), 16):
                changed = bytearray(part)
                changed[position] ^= 0x20
                spoilt = (*endorsement[:place], bytes(changed), *endorsement[place + 1 :])
                yield (*parts[:4], (*parts[4][:number], spoilt, *parts[4][number + 1 :]))


def test_no_byte_can_be_changed(world: World, verifier: Contract) -> None:
    proof = world.fabric.proof(CLAIM)
    (parts,) = decode([PROOF], proof)
    assert encode([PROOF], [parts]) == proof
    for spoilt in flips(parts):
        assert refused(verifier, encode([PROOF], [spoilt]))
    assert verifier.call("verify", proof) == (CLAIM,)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 64, 500, 1500])
def test_a_proof_that_ends_early(world: World, verifier: Contract, length: int) -> None:
    proof = world.fabric.proof(CLAIM)
    assert refused(verifier, proof[:length]) is not None
    assert verifier.call("verify", proof) == (CLAIM,)


# ---- who endorsed


def test_too_few_organisations(world: World, verifier: Contract) -> None:
    answer, peers = world.fabric.answer(CLAIM), world.fabric.endorsers
    assert refused(verifier, world.fabric.prove(answer, [])) == "TooFewOrganisations"
    assert refused(verifier, world.fabric.prove(answer, peers[:1])) == "TooFewOrganisations"
    # Two peers, but of one organisation.
    assert refused(verifier, world.fabric.prove(answer, peers[:2])) == "TooFewOrganisations"
    assert verifier.call("verify", world.fabric.prove(answer, peers[1:3])) == (CLAIM,)


def test_one_endorser_counted_twice(world: World, verifier: Contract) -> None:
    answer, peers = world.fabric.answer(CLAIM), world.fabric.endorsers
    assert refused(verifier, world.fabric.prove(answer, [peers[0], peers[0]])) == "DuplicateEndorser"
    assert (
        refused(verifier, world.fabric.prove(answer, [peers[0], peers[2], peers[0]])) == "DuplicateEndorser"
    )
    assert refused(verifier, world.fabric.prove(answer, [*peers, peers[0]])) == "TooManyEndorsements"


def test_strangers_and_borrowed_identities(world: World, verifier: Contract) -> None:
    answer, peers = world.fabric.answer(CLAIM), world.fabric.endorsers
    stranger = Endorser.create("Org2MSP", "peer9.org2")
    assert refused(verifier, world.fabric.prove(answer, [peers[0], stranger])) == "UnknownEndorser"
    # A registered identity, signed for with another key.
    borrowed = replace(peers[2], key=stranger.key)
    assert refused(verifier, world.fabric.prove(answer, [peers[0], borrowed])) == "BadSignature"


def test_high_s_and_malformed_signatures(world: World, verifier: Contract) -> None:
    parts = world.fabric.answer(CLAIM).parts()
    one, two = world.fabric.endorsers[0].endorse(parts[3]), world.fabric.endorsers[2].endorse(parts[3])
    high = (two[0], two[1], (ORDER - int.from_bytes(two[2], "big")).to_bytes(32, "big"))
    zero, large = bytes(32), ORDER.to_bytes(32, "big")
    for bad in (
        high,
        (two[0], zero, two[2]),
        (two[0], two[1], zero),
        (two[0], large, two[2]),
        (two[0], one[1], one[2]),
    ):
        assert refused(verifier, encode([PROOF], [(*parts, [one, bad])])) == "BadSignature"
    assert verifier.call("verify", encode([PROOF], [(*parts, [one, two])])) == (CLAIM,)


# ---- what was endorsed


def answers(gate: FabricGate) -> dict[str, tuple[Answer, str]]:
    """Answers that the right peers endorsed, and which aren't claims of this gate."""
    good = gate.answer(CLAIM)
    proper = (TAG, gate.network, gate.gate, [ID], [1])
    types = ["bytes32", "string", "string", "bytes32[]", "uint8[]"]

    def payload(*values: Any) -> Answer:
        return replace(good, payload=encode(types, [*values, *proper[len(values) :]]))

    def states(*values: int) -> Answer:
        return replace(good, payload=encode(types, [*proper[:4], list(values)]))

    stored = b'{"note":"' + good.payload.hex().encode() + b'"}'
    return {
        "another chaincode": (replace(good, chaincode="other"), "OtherChaincode"),
        "another channel": (replace(good, channel="other"), "OtherChannel"),
        "a failed query": (replace(good, status=500), "NotSuccessful"),
        "no status": (replace(good, status=0), "NotSuccessful"),
        "another network": (payload(TAG, OTHER), "OtherGate"),
        "another gate": (payload(TAG, gate.network, "citychannel.other"), "OtherGate"),
        "another tag": (payload(bytes(32)), "NoClaims"),
        "JSON that a client stored": (replace(good, payload=stored), "NoClaims"),
        "nothing": (replace(good, payload=b""), "NoClaims"),
        "no claims": (replace(good, payload=gate.payload([])), "NoClaims"),
        "more ids than states": (states(), "NoClaims"),
        "more states than ids": (states(1, 1), "NoClaims"),
        "the state NONE": (states(0), "NoClaims"),
        "an unknown state": (states(4), "NoClaims"),
    }


@pytest.mark.parametrize("case", answers(FabricGate("n", "c", "x", (), 1)))
def test_endorsed_answers_that_are_no_claims_of_this_gate(
    world: World, verifier: Contract, case: str
) -> None:
    answer, error = answers(world.fabric)[case]
    assert refused(verifier, world.fabric.prove(answer)) == error
    assert verifier.call("verify", world.fabric.proof(CLAIM)) == (CLAIM,)


def test_a_response_to_another_proposal(world: World, verifier: Contract) -> None:
    good = world.fabric.answer(CLAIM)
    response = good.parts()[3]
    another = replace(good, proposal_payload=b"another", response_payload=response)
    assert refused(verifier, world.fabric.prove(another)) == "OtherProposal"


@pytest.mark.parametrize("into", ["signature header", "proposal payload"])
def test_a_channel_hidden_behind_the_channel_header(world: World, verifier: Contract, into: str) -> None:
    """Peers take the last channel_id, and the hash that they sign doesn't tell where the channel header ends."""
    good = world.fabric.answer(CLAIM)
    shown, _, _, _ = good.parts()
    hidden = field(4, b"other")
    whole = replace(good, channel_header=shown + hidden)
    _, signature_header, payload, response = whole.parts()
    assert refused(verifier, world.fabric.prove(whole)) == "DuplicateField"
    moved = replace(good, channel_header=shown, response_payload=response)
    if into == "signature header":
        moved = replace(moved, signature_header=hidden + signature_header)
    else:
        moved = replace(moved, signature_header=b"", proposal_payload=hidden + signature_header + payload)
    assert refused(verifier, world.fabric.prove(moved)) == "UnexpectedField"
    assert verifier.call("verify", world.fabric.proof(CLAIM)) == (CLAIM,)


def action(*fields: bytes) -> bytes:
    return b"".join(fields)


@pytest.mark.parametrize(
    "twice", ["channel", "chaincode id", "chaincode name", "response", "status", "payload", "hash"]
)
def test_a_field_that_comes_twice(world: World, verifier: Contract, twice: str) -> None:
    """Protobuf lets the last one win; who took the first would see another claim in the same bytes."""
    gate = world.fabric
    good = gate.answer(CLAIM)
    name = field(2, gate.chaincode.encode())
    response = field(1, 200) + field(3, good.payload)
    match twice:
        case "channel":
            spoilt = replace(good, channel_header=good.parts()[0] + field(4, gate.channel.encode()))
        case "chaincode id":
            spoilt = replace(good, action=action(field(3, response), field(4, name), field(4, name)))
        case "chaincode name":
            spoilt = replace(good, action=action(field(3, response), field(4, name + name)))
        case "response":
            spoilt = replace(good, action=action(field(3, response), field(3, response), field(4, name)))
        case "status":
            spoilt = replace(good, action=action(field(3, field(1, 500) + response), field(4, name)))
        case "payload":
            spoilt = replace(good, action=action(field(3, response + field(3, b"{}")), field(4, name)))
        case _:
            response_payload = good.parts()[3]
            spoilt = replace(good, response_payload=response_payload + response_payload[:34])
    assert refused(verifier, gate.prove(spoilt)) == "DuplicateField"
    plain = replace(good, action=action(field(3, response), field(4, name)))
    assert verifier.call("verify", gate.prove(plain)) == (CLAIM,)


@pytest.mark.parametrize(
    "tail",
    [
        b"\x80",  # a tag without its end
        b"\x00\x01",  # field 0
        varint(9 << 3 | 3),  # a group
        varint(9 << 3 | 2) + varint(100) + b"short",
        varint(9 << 3 | 2) + varint(2**64 - 1) + b"x",
        varint(9 << 3 | 1) + bytes(7),
        varint(9 << 3 | 5) + bytes(3),
        varint(9 << 3) + b"\xff" * 10 + b"\x01",
        varint(9 << 3) + b"\xff" * 9 + b"\x7f",
        varint(4 << 3) + b"\x01",  # the chaincode's id as a number
    ],
)
def test_malformed_protobuf(world: World, verifier: Contract, tail: bytes) -> None:
    good = world.fabric.answer(CLAIM)
    body = field(3, field(1, 200) + field(3, good.payload))
    named = field(4, field(2, world.fabric.chaincode.encode()))
    spoilt = replace(good, action=(body if tail[0] == 0x20 else body + named) + tail)
    assert refused(verifier, world.fabric.prove(spoilt)) == "Malformed"
    harmless = replace(good, action=body + field(9, b"unknown") + named + varint(9 << 3 | 5) + bytes(4))
    assert verifier.call("verify", world.fabric.prove(harmless)) == (CLAIM,)


# ---- the configuration


def test_a_verifier_is_only_made_of_what_can_verify(world: World) -> None:
    gate = world.fabric

    def deploy(threshold: int, endorsers: Sequence[tuple[bytes, ...]]) -> None:
        world.chain.deploy("FabricVerifier", gate.network, gate.channel, gate.chaincode, threshold, endorsers)

    registered = [endorser.registered for endorser in gate.endorsers]
    for threshold in (0, 4):
        with pytest.raises(Reverted, match="InvalidThreshold"):
            deploy(threshold, registered)
    off_curve = (bytes(32), bytes([1]) * 32, bytes([1]) * 32, bytes([1]) * 32)
    nameless = (*registered[0][:3], bytes(32))
    for bad in ([*registered, registered[0]], [off_curve], [nameless]):
        with pytest.raises(Reverted, match="InvalidEndorser"):
            deploy(1, bad)
    deploy(3, registered)
