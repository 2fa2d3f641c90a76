"""ECDSA signatures on P-256 as Fabric takes them: DER, with the lower of the two possible S values.

Of a signature (r, s) the pair (r, n - s) is valid too. Fabric refuses the one with the higher S, so that
nobody can alter a signature on its way.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HALF = P256_ORDER // 2
_SIZE = 32


def low_s(s: int) -> int:
    """The lower of `s` and `n - s`."""
    return P256_ORDER - s if s > _HALF else s


def raw_to_der(signature: bytes) -> bytes:
    """`r ‖ s`, 64 bytes, as DER with low S; ValueError where it is no signature on P-256."""
    if len(signature) != 2 * _SIZE:
        raise ValueError(f"a P-256 signature is r ‖ s in 64 bytes, not {len(signature)}")
    r, s = int.from_bytes(signature[:_SIZE]), int.from_bytes(signature[_SIZE:])
    _check(r, s)
    return encode_dss_signature(r, low_s(s))


def der_to_raw(signature: bytes) -> tuple[bytes, bytes]:
    """A DER signature's r and low s, 32 bytes each; ValueError where it is no signature on P-256."""
    r, s = decode_dss_signature(signature)
    _check(r, s)
    return r.to_bytes(_SIZE), low_s(s).to_bytes(_SIZE)


def _check(r: int, s: int) -> None:
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise ValueError("a signature's r and s lie between 0 and the order of P-256")
