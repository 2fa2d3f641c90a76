"""secp256k1 signatures in the form that contracts take: 65 bytes `r ‖ s ‖ v`, low S, v 27 or 28."""

from __future__ import annotations

from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from citygate.adapter import Curve

from ._names import address_text

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def address_of(public_key: bytes) -> bytes:
    """The 20-byte address of an uncompressed SEC1 point (65 bytes)."""
    return keccak(public_key[1:])[12:]


class LocalKey:
    """A private key in this process: a `citygate.adapter.Signer`."""

    curve: Curve = Curve.SECP256K1

    def __init__(self, secret: bytes) -> None:
        """`secret` is the private scalar, 32 bytes big-endian. ValueError where it is none."""
        try:
            self._key = PrivateKey(secret)
        except ValidationError as error:
            raise ValueError("a private key has 32 bytes") from error

    @property
    def public_key(self) -> bytes:
        """The uncompressed SEC1 point."""
        return b"\x04" + self._key.public_key.to_bytes()

    @property
    def account(self) -> str:
        """The address."""
        return address_text(self._key.public_key.to_canonical_address())

    async def sign(self, digest: bytes) -> bytes:
        """`r ‖ s ‖ recovery id`, low S (deterministic nonce, RFC 6979)."""
        return self._key.sign_msg_hash(digest).to_bytes()


def pack(signature: bytes) -> bytes:
    """What a `Signer` of secp256k1 answers with, in the form that contracts take."""
    if len(signature) != 65:
        raise ValueError("a signature of secp256k1 is 65 bytes r ‖ s ‖ recovery id")
    return signature[:64] + bytes([27 + signature[64]])


def recover(digest: bytes, signature: bytes) -> bytes:
    """The 20-byte address that signed; ValueError where the signature isn't in the one form."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise ValueError("a signature is 65 bytes r ‖ s ‖ v with v 27 or 28")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise ValueError("the signature's S is high: the low one is the only form")
    try:
        found = Signature(signature[:64] + bytes([signature[64] - 27]))
        return found.recover_public_key_from_msg_hash(digest).to_canonical_address()
    except BadSignature as error:
        raise ValueError("the signature is of no key") from error
