"""Proofs taken apart and put together wrong. The source of both formats is docs/protocol.md, "Claims and proofs"."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_abi.abi import decode, encode

from citygate.adapter import Proof, State
from citygate.fabric.gateway import Endorsed, der_to_raw

TAG = hashlib.sha256(b"citygate.claims.v1").digest()
"""What Fabric's claims begin with."""

FABRIC_PROOF = "(bytes,bytes,bytes,bytes,(bytes,bytes32,bytes32)[])"
EVM_PROOF = "(bytes,bytes[],bytes[],bytes32[],bytes[][])"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True)
class FabricParts:
    """The parts of a FabricProof; an endorsement is (identity, r, s)."""

    channel_header: bytes
    signature_header: bytes
    proposal_payload: bytes
    response_payload: bytes
    endorsements: Sequence[tuple[bytes, bytes, bytes]]


@dataclass(frozen=True)
class EvmParts:
    """The parts of an EvmProof."""

    header: bytes
    attestations: Sequence[bytes]
    account_proof: Sequence[bytes]
    ids: Sequence[bytes]
    storage_proofs: Sequence[Sequence[bytes]]


Parts = FabricParts | EvmParts


def fabric_parts(proof: Proof) -> FabricParts:
    ((*parts,),) = decode([FABRIC_PROOF], proof.data)
    return FabricParts(*parts)


def evm_parts(proof: Proof) -> EvmParts:
    ((*parts,),) = decode([EVM_PROOF], proof.data)
    return EvmParts(*parts)


def endorsed_parts(endorsed: Endorsed) -> FabricParts:
    """Whatever was endorsed, as the proof that it would be if it were claims."""
    proposal = endorsed.proposal
    return FabricParts(
        proposal.channel_header,
        proposal.signature_header,
        proposal.payload,
        endorsed.response_payload,
        [(e.identity, *der_to_raw(e.signature)) for e in endorsed.endorsements],
    )


def parts_of(proof: Proof) -> Parts:
    return fabric_parts(proof) if proof.network.startswith("fabric:") else evm_parts(proof)


def encoded(parts: Parts) -> bytes:
    form = FABRIC_PROOF if isinstance(parts, FabricParts) else EVM_PROOF
    return encode([form], [tuple(vars(parts).values())])


def posing(honest: Proof, data: bytes | Parts) -> Proof:
    """Other bytes that pose as the honest proof's claims."""
    return replace(honest, data=data if isinstance(data, bytes) else encoded(data))


def claiming(proof: Proof, state: State) -> Proof:
    """An honest proof of which it is said that it shows another state."""
    return replace(proof, claims=tuple(replace(claim, state=state) for claim in proof.claims))


# ---- flipped bytes ----------------------------------------------------------------------------------------


def flips(proof: Proof, *, step: int, dense: bytes) -> Iterator[bytes]:
    """The proof with one byte changed: every `step`th of each part, and every one of `dense` wherever it lies."""
    parts = parts_of(proof)
    for name, value in vars(parts).items():
        for changed in _changed(value, step, dense):
            yield encoded(replace(parts, **{name: changed}))


def _changed(value: Any, step: int, dense: bytes) -> Iterator[Any]:
    """`value`, bytes in lists in lists, with one byte changed."""
    if isinstance(value, bytes):
        for position in _positions(value, step, dense):
            yield value[:position] + bytes([value[position] ^ 0x20]) + value[position + 1 :]
        return
    for index, element in enumerate(value):
        for changed in _changed(element, step, dense):
            yield (*value[:index], changed, *value[index + 1 :])


def _positions(value: bytes, step: int, dense: bytes) -> list[int]:
    chosen = {*range(0, len(value), step), len(value) - 1}
    start = value.find(dense)
    if start >= 0:
        chosen |= {*range(start, start + len(dense))}
    return sorted(chosen)


# ---- signatures -------------------------------------------------------------------------------------------


def malformed(r: bytes, s: bytes, order: int) -> dict[str, tuple[bytes, bytes]]:
    """What is no signature's one form, made of a signature."""
    zero, large = bytes(32), order.to_bytes(32)
    return {
        "high S": (r, (order - int.from_bytes(s)).to_bytes(32)),
        "r of zero": (zero, s),
        "s of zero": (r, zero),
        "both zero": (zero, zero),
        "r of the order": (large, s),
        "s of the order": (r, large),
        "r past the field": (b"\xff" * 32, s),
        "r and s exchanged": (s, r),
    }
