"""secp256k1 signatures in the form that contracts take: 65 bytes `r ‖ s ‖ v`, low S, v 27 or 28."""

from __future__ import annotations

from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak

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
        self._key = PrivateKey(secret)

    @property
    def public_key(self) -> bytes:
        """The uncompressed SEC1 point."""
        return self._key.public_key.format(compressed=False)

    @property
    def account(self) -> str:
        """The address."""
        return address_text(address_of(self.public_key))

    async def sign(self, digest: bytes) -> bytes:
        """`r ‖ s ‖ recovery id`, low S (deterministic nonce, RFC 6979)."""
        return self._key.sign_recoverable(digest, hasher=None)  # pyright: ignore[reportUnknownMemberType]


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
        key = PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except Exception as error:  # coincurve raises bare Exception where no point can be recovered
        raise ValueError("the signature is of no key") from error
    return address_of(key.format(compressed=False))
