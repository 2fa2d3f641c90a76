"""What the sender of a leg signs on Fabric. The source is docs/protocol.md, "Authorisation"."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from eth_abi.abi import encode

from citygate.adapter import Curve, SigningRequest, Terms
from citygate.fabric._names import subject_public_key_info
from citygate.fabric.gateway import der_to_raw, raw_to_der

_HASH_DIGITS = 40


def request(terms: Terms, leg: int) -> SigningRequest:
    """The text that the sender of `terms.legs[leg]` signs, and its SHA-256."""
    moved = terms.legs[leg]
    source = terms.participants[moved.source]
    text = "\n".join(
        (
            "CityGate authorization v1",
            f"network: {source.network}",
            f"gate: {source.gate}",
            f"transfer: {terms.id.hex()}",
            f"asset: {moved.asset}",
            f"amount: {moved.amount}",
            f"recipient: {moved.recipient}",
            f"destination: {terms.participants[moved.destination].network}",
            f"deadline: {terms.deadline}",
        )
    )
    return SigningRequest(moved.sender, Curve.P256, hashlib.sha256(text.encode()).digest(), text)


def encoded(terms: Terms, leg: int, public_key: bytes, signature: bytes) -> bytes:
    """`abi.encode(bytes publicKey, bytes32 r, bytes32 s)`; ValueError where it isn't the sender's."""
    asked = request(terms, leg)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    info = subject_public_key_info(key)
    if hashlib.sha256(info).hexdigest()[:_HASH_DIGITS] != asked.account.rpartition(".")[2]:
        raise ValueError(f"the public key isn't that of {asked.account}")
    encoded_signature = raw_to_der(signature)
    try:
        key.verify(encoded_signature, asked.digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    except InvalidSignature as error:
        raise ValueError(f"the signature isn't one of {asked.account} over these terms") from error
    return encode(["bytes", "bytes32", "bytes32"], [info, *der_to_raw(encoded_signature)])
