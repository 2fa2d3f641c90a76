"""A Fabric claim and its proof. The source of both formats is docs/protocol.md, "A Fabric claim"."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from citygate.adapter import AdapterError, Claim, Proof, Reason, State
from citygate.fabric.gateway import Endorsed, der_to_raw

TAG = hashlib.sha256(b"citygate.claims.v1").digest()

_CLAIMS = ["bytes32", "string", "string", "bytes32[]", "uint8[]"]
_PROOF = "(bytes,bytes,bytes,bytes,(bytes,bytes32,bytes32)[])"


def proof(network: str, gate: str, ids: Sequence[bytes], endorsed: Endorsed) -> Proof:
    """The proof that an endorsed `Claims` query is, never submitted; AdapterError where it answers else."""
    claims = _claims(network, gate, endorsed.result)
    if [claim.transfer_id for claim in claims] != list(ids):
        raise AdapterError(
            Reason.INVALID, f"the gate {gate} answered for other transfers than those asked for"
        )
    proposal = endorsed.proposal
    data = encode(
        [_PROOF],
        [
            (
                proposal.channel_header,
                proposal.signature_header,
                proposal.payload,
                endorsed.response_payload,
                [(e.identity, *der_to_raw(e.signature)) for e in endorsed.endorsements],
            )
        ],
    )
    return Proof(network, claims, data)


def _claims(network: str, gate: str, result: bytes) -> tuple[Claim, ...]:
    try:
        tag, claimed_network, claimed_gate, ids, states = decode(_CLAIMS, result)
        if (tag, claimed_network, claimed_gate) != (TAG, network, gate) or len(ids) != len(states):
            raise ValueError("other tag, network or gate")
        return tuple(
            Claim(network, gate, transfer, State(state)) for transfer, state in zip(ids, states, strict=True)
        )
    except (DecodingError, ValueError) as error:
        raise AdapterError(Reason.INVALID, f"the gate {gate} gave no claims of its own: {error}") from error
