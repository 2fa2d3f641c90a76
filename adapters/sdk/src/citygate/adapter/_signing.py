"""Signing as a port: a key may live in this process, in another one or in hardware."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Curve(StrEnum):
    """The curves that accounts use."""

    SECP256K1 = "secp256k1"
    P256 = "p256"


class Signer(Protocol):
    """One private key, wherever it lives."""

    @property
    def curve(self) -> Curve: ...

    @property
    def public_key(self) -> bytes:
        """The uncompressed SEC1 point: 65 bytes, the first of them 4."""
        ...

    async def sign(self, digest: bytes) -> bytes:
        """ECDSA over a 32-byte digest: `r ‖ s`, 64 bytes with low S.

        On secp256k1 a 65th byte follows, the recovery id 0 or 1.
        """
        ...


class KeyRing(Protocol):
    """The accounts that this gateway holds keys for."""

    def signer(self, network: str, account: str) -> Signer | None:
        """The key of an account (local form), or None where its owner keeps it."""
        ...


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """What the sender of a leg has to sign, and what it means.

    `digest` is what an ECDSA key signs. `text` says it in words or as EIP-712 JSON, for a wallet to show.
    """

    account: str
    curve: Curve
    digest: bytes
    text: str
