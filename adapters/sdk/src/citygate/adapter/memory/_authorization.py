"""Who allowed a leg: a P-256 signature over the text of docs/protocol.md, the account being a hash of the
key.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from citygate.adapter import Curve, Reason, SigningRequest, Terms

from ._refusal import require

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SIZE = 65 + 64


def account_of(public_key: bytes) -> str:
    """The account of a key: the first 40 hex digits of the SHA-256 of its uncompressed point."""
    return hashlib.sha256(public_key).hexdigest()[:40]


def request(terms: Terms, number: int) -> SigningRequest:
    """What the sender of a leg has to sign."""
    leg = terms.legs[number]
    source = terms.participants[leg.source]
    text = "\n".join(
        [
            "CityGate authorization v1",
            f"network: {source.network}",
            f"gate: {source.gate}",
            f"transfer: {terms.id.hex()}",
            f"asset: {leg.asset}",
            f"amount: {leg.amount}",
            f"recipient: {leg.recipient}",
            f"destination: {terms.participants[leg.destination].network}",
            f"deadline: {terms.deadline}",
        ]
    )
    return SigningRequest(leg.sender, Curve.P256, hashlib.sha256(text.encode()).digest(), text)


def authorization(public_key: bytes, signature: bytes) -> bytes:
    """The form in which the gate takes a signature."""
    return public_key + signature


def check(terms: Terms, number: int, given: bytes) -> None:
    """Refused unless `given` is the authorisation of a leg by its sender."""
    wanted = request(terms, number)
    what = f"legs[{number}]: the authorisation of {wanted.account}"
    require(len(given) == _SIZE, Reason.UNAUTHORISED, f"{what} is missing or malformed")
    public_key, r, s = given[:65], int.from_bytes(given[65:97]), int.from_bytes(given[97:])
    require(account_of(public_key) == wanted.account, Reason.UNAUTHORISED, f"{what} is by another key")
    require(s <= _ORDER // 2, Reason.INVALID, f"{what} has a high S")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
        der = utils.encode_dss_signature(r, s)
        key.verify(der, wanted.digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        valid = True
    except (InvalidSignature, ValueError):
        valid = False
    require(valid, Reason.UNAUTHORISED, f"{what} doesn't verify")
