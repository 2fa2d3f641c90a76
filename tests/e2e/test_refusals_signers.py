"""Who signed a proof: enough, each once, known, and in a signature's one form."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from citygate.adapter import Proof, State
from citygate.ethereum._headers import Header
from citygate.ethereum._signatures import LocalKey, pack, recover
from citygate.ethereum._typed_data import final_header_digest
from citygate.fabric.gateway import der_to_raw
from citygate.gateway.platform import Networks

from .forging import P256_ORDER, SECP256K1_ORDER, evm_parts, fabric_parts, malformed, posing
from .past_adapters import FabricGate
from .terms import prepared, refusal

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]


async def test_endorsements(ledgers: Networks, fabric_gate: FabricGate) -> None:
    """Of a true answer, shown to Ethereum. Two organisations have to endorse."""
    (crossing,) = await prepared(ledgers, "fabric")
    honest = await crossing.proof(crossing.source)
    parts = fabric_parts(honest)
    one, two = parts.endorsements
    client = fabric_gate.member.identity.serialized

    async def by_client(identity: bytes) -> tuple[bytes, bytes, bytes]:
        """The signature of a member of the first organisation that is no peer, in the name of `identity`."""
        return (
            identity,
            *der_to_raw(await fabric_gate.member.sign(parts.response_payload + identity)),
        )

    cases: list[tuple[Sequence[tuple[bytes, bytes, bytes]], str]] = [
        ([], "TooFewOrganisations"),
        ([one], "TooFewOrganisations"),
        ([two], "TooFewOrganisations"),
        ([one, one], "DuplicateEndorser"),
        ([one, two, one], "TooManyEndorsements"),
        ([one, (two[0], one[1], one[2])], "BadSignature"),
        ([(two[0], one[1], one[2]), (one[0], two[1], two[2])], "BadSignature"),
        ([await by_client(client), two], "UnknownEndorser"),
        ([one, await by_client(client)], "UnknownEndorser"),
        ([await by_client(one[0]), two], "BadSignature"),
        ([one, (two[0] + b"\x00", two[1], two[2])], "UnknownEndorser"),
    ]
    cases += [
        ([one, (two[0], *signature)], "BadSignature")
        for signature in malformed(two[1], two[2], P256_ORDER).values()
    ]
    for endorsements, reason in cases:
        forged = posing(honest, replace(parts, endorsements=endorsements))
        assert reason in refusal(await crossing.decide(State.COMMITTED, forged)).detail
    assert await crossing.state(crossing.decider) is State.NONE
    # The twin: the order of the endorsements doesn't matter.
    turned = posing(honest, replace(parts, endorsements=[two, one]))
    assert await crossing.decide(State.COMMITTED, turned) is State.COMMITTED


async def test_attestations(ledgers: Networks) -> None:
    """Of a true header, shown to Fabric. Two attestors of three have to sign, their addresses ascending."""
    (crossing,) = await prepared(ledgers, "ethereum")
    honest = await crossing.proof(crossing.source)
    parts = evm_parts(honest)
    one, two = parts.attestations
    stranger = LocalKey(secrets.token_bytes(32))
    unknown = pack(await stranger.sign(digest_of(honest)))
    cases: list[tuple[Sequence[bytes], str]] = [
        ([], "0 attestations of 2"),
        ([one], "1 attestations of 2"),
        ([two], "1 attestations of 2"),
        ([one, one], "strictly ascending"),
        ([one, two, two], "strictly ascending"),
        ([two, one], "strictly ascending"),
        (ascending(honest, one, unknown), "no attestor"),
        (ascending(honest, one, two, unknown), "no attestor"),
        ([unknown], "1 attestations of 2"),
        ([one, two[:64]], "65 bytes"),
        ([one, two + b"\x00"], "isn't the ABI encoding"),
    ]
    cases += [([one, two[:64] + bytes([v])], "out of range") for v in (0, 1, two[64] - 27, 26, 29, 255)]
    for case, (r, s) in malformed(two[:32], two[32:64], SECP256K1_ORDER).items():
        # The other S goes with the other parity: without the rule it would be the same signer's.
        parity = 55 - two[64] if case == "high S" else two[64]
        reason = "attestations[1]" if case == "r and s exchanged" else "out of range"
        cases.append(([one, r + s + bytes([parity])], reason))
    for attestations, reason in cases:
        forged = posing(honest, replace(parts, attestations=attestations))
        assert reason in refusal(await crossing.decide(State.COMMITTED, forged)).detail
    assert await crossing.state(crossing.decider) is State.NONE
    assert await crossing.decide(State.COMMITTED, honest) is State.COMMITTED


def digest_of(proof: Proof) -> bytes:
    """What its attestors signed."""
    header = evm_parts(proof).header
    return final_header_digest(proof.network, Header.read(header).number, keccak(header))


def ascending(proof: Proof, *attestations: bytes) -> list[bytes]:
    """Sorted by their signers' addresses, so that nothing but the signers can be wrong."""
    return sorted(attestations, key=lambda signature: recover(digest_of(proof), signature))
