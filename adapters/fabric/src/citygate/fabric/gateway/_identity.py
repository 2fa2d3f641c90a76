"""Who a client is: a certificate of an organisation's MSP, and a signer for its key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from citygate.adapter import Curve, Signer

from ._protos import msp_pb2
from ._signature import der_to_raw, raw_to_der

_POINT = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@dataclass(frozen=True, slots=True)
class Identity:
    """A member of an organisation: its MSP's id and its certificate as PEM."""

    msp: str
    certificate: bytes

    def __post_init__(self) -> None:
        self.public_key  # noqa: B018  (a certificate that isn't usable is told here, not at the first call)

    @property
    def serialized(self) -> bytes:
        """`msp.SerializedIdentity`, the form in which Fabric carries an identity."""
        return msp_pb2.SerializedIdentity(mspid=self.msp, id_bytes=self.certificate).SerializeToString()

    @property
    def public_key(self) -> bytes:
        """The certificate's key: an uncompressed SEC1 point, 65 bytes; ValueError where it isn't on P-256."""
        key = x509.load_pem_x509_certificate(self.certificate).public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError(f"the certificate of a member of {self.msp} has a key that isn't on P-256")
        return key.public_bytes(*_POINT)


class LocalSigner:
    """A `Signer` whose private key is in this process."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise ValueError(f"Fabric signs on P-256, and this key is on {key.curve.name}")
        self._key = key

    @classmethod
    def from_pem(cls, pem: bytes, password: bytes | None = None) -> LocalSigner:
        """Read a private key as PEM; ValueError where it is no key on P-256."""
        key = serialization.load_pem_private_key(pem, password)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the private key isn't an elliptic-curve key")
        return cls(key)

    @property
    def curve(self) -> Curve:
        return Curve.P256

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(*_POINT)

    async def sign(self, digest: bytes) -> bytes:
        """`r ‖ s` with low S, 64 bytes."""
        return b"".join(der_to_raw(self._key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))))


@dataclass(frozen=True, slots=True)
class Member:
    """An identity together with the signer of its key; ValueError where the two don't belong together."""

    identity: Identity
    signer: Signer

    def __post_init__(self) -> None:
        if self.identity.public_key != self.signer.public_key:
            raise ValueError(
                f"the signer's key isn't that of the certificate of the member of {self.identity.msp}"
            )

    async def sign(self, message: bytes) -> bytes:
        """The member's DER signature over the SHA-256 of `message`."""
        return raw_to_der(await self.signer.sign(hashlib.sha256(message).digest()))
