"""Claims and their proofs between in-memory ledgers.

A proof is the ABI encoding of (network, gate, ids, states) and an authentication code over it. The key plays
the part of a verifier set: who registers a ledger as a peer takes its key, and only that ledger makes codes
with it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from citygate.adapter import Claim, State

from ._refusal import Refused

_CLAIMS = ["string", "string", "bytes32[]", "uint8[]"]
_MAX_PROOF = 1 << 20


@dataclass(frozen=True, slots=True)
class Peer:
    """What a gate trusts of another network: its gate's name and the key that its claims are authenticated
    with.
    """

    network: str
    gate: str
    key: bytes = field(repr=False)


def prove(peer: Peer, claims: Sequence[Claim]) -> bytes:
    """The proof that the network with this peer's key makes of its claims."""
    body = encode(
        _CLAIMS, [peer.network, peer.gate, [c.transfer_id for c in claims], [c.state for c in claims]]
    )
    return encode(["bytes", "bytes32"], [body, hmac.digest(peer.key, body, hashlib.sha256)])


def verify(peer: Peer, proof: bytes) -> set[Claim]:
    """The claims that a proof shows of a peer; Refused where it shows none."""
    if len(proof) > _MAX_PROOF:
        raise Refused.invalid("a proof of more than a megabyte")
    try:
        body, code = decode(["bytes", "bytes32"], proof)
        if not hmac.compare_digest(hmac.digest(peer.key, body, hashlib.sha256), code):
            raise Refused.invalid(f"the proof is not one of {peer.network}")
        network, gate, ids, states = decode(_CLAIMS, body)
    except (DecodingError, OverflowError, UnicodeDecodeError) as error:
        raise Refused.invalid(f"these bytes are no proof: {error}") from error
    if (network, gate) != (peer.network, peer.gate) or len(ids) != len(states):
        raise Refused.invalid(f"the proof is of {network}, not of the registered gate of {peer.network}")
    return {Claim(network, gate, i, State(s)) for i, s in zip(ids, states, strict=True)}
