"""A Fabric channel's endorsers, played by keys that the test holds, in Fabric's own protobuf form.

Every part of a proof can be replaced, so that a test changes one thing and leaves the rest true.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_abi.abi import encode

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TAG = hashlib.sha256(b"citygate.claims.v1").digest()
PROOF = "(bytes,bytes,bytes,bytes,(bytes,bytes32,bytes32)[])"


def varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def field(number: int, value: bytes | int) -> bytes:
    """A protobuf field: bytes, a string or a message, or a varint."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


@dataclass(frozen=True)
class Endorser:
    """A peer of one organisation. Its identity has the size of a real one, certificate and all."""

    msp: str
    name: str
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, msp: str, name: str) -> Endorser:
        return cls(msp, name, ec.generate_private_key(ec.SECP256R1()))

    @property
    def identity(self) -> bytes:
        certificate = f"-----BEGIN CERTIFICATE-----\n{self.name}\n".encode().ljust(780, b"A")
        return field(1, self.msp.encode()) + field(2, certificate)

    @property
    def registered(self) -> tuple[bytes, bytes, bytes, bytes]:
        """FabricVerifier.Endorser."""
        public = self.key.public_key().public_numbers()
        return (
            hashlib.sha256(self.identity).digest(),
            public.x.to_bytes(32, "big"),
            public.y.to_bytes(32, "big"),
            hashlib.sha256(self.msp.encode()).digest(),
        )

    def endorse(self, response: bytes, *, high_s: bool = False) -> tuple[bytes, bytes, bytes]:
        r, s = decode_dss_signature(self.key.sign(response + self.identity, ec.ECDSA(hashes.SHA256())))
        if (s > ORDER // 2) != high_s:
            s = ORDER - s
        return (self.identity, r.to_bytes(32, "big"), s.to_bytes(32, "big"))


@dataclass(frozen=True)
class Answer:
    """What the chaincode answers to the query, and where."""

    network: str
    channel: str
    chaincode: str
    payload: bytes
    status: int = 200
    channel_header: bytes | None = None
    signature_header: bytes = field(1, b"creator") + field(2, bytes(24))
    proposal_payload: bytes = field(1, field(1, b"Claims"))
    action: bytes | None = None
    response_payload: bytes | None = None

    def parts(self) -> tuple[bytes, bytes, bytes, bytes]:
        """Channel header, signature header, proposal payload, response payload."""
        header = self.channel_header or (
            field(1, 3)
            + field(3, field(1, 1_700_000_000))
            + field(4, self.channel.encode())
            + field(5, b"f" * 64)
            + field(7, field(2, field(2, self.chaincode.encode())))
        )
        action = self.action or (
            field(1, b"read set")
            + field(3, field(1, self.status) + field(3, self.payload))
            + field(4, field(2, self.chaincode.encode()) + field(3, b"1.0"))
        )
        proposal = hashlib.sha256(header + self.signature_header + self.proposal_payload).digest()
        response = self.response_payload or field(1, proposal) + field(2, action)
        return header, self.signature_header, self.proposal_payload, response


@dataclass(frozen=True)
class FabricGate:
    """A gate on a channel and the peers that endorse its answers."""

    network: str
    channel: str
    chaincode: str
    endorsers: tuple[Endorser, ...]
    threshold: int

    @classmethod
    def create(cls, network: str, *, channel: str = "citychannel") -> FabricGate:
        peers = tuple(Endorser.create(f"Org{n}MSP", f"peer{p}.org{n}") for n in (1, 2, 3) for p in (0, 1))
        return cls(network, channel, "citygate", peers, 2)

    @property
    def gate(self) -> str:
        return f"{self.channel}.{self.chaincode}"

    @property
    def constructor(self) -> tuple[object, ...]:
        """What FabricVerifier is deployed with."""
        registered = [endorser.registered for endorser in self.endorsers]
        return (self.network, self.channel, self.chaincode, self.threshold, registered)

    def payload(self, claims: Sequence[tuple[bytes, int]]) -> bytes:
        ids, states = [c[0] for c in claims], [c[1] for c in claims]
        values = (TAG, self.network, self.gate, ids, states)
        return encode(["bytes32", "string", "string", "bytes32[]", "uint8[]"], values)

    def answer(self, *claims: tuple[bytes, int]) -> Answer:
        return Answer(self.network, self.channel, self.chaincode, self.payload(claims))

    def prove(self, answer: Answer, endorsers: Sequence[Endorser] | None = None) -> bytes:
        """The proof that these endorsers (the first of the first two organisations) endorsed the answer."""
        parts = answer.parts()
        chosen = (self.endorsers[0], self.endorsers[2]) if endorsers is None else endorsers
        return encode([PROOF], [(*parts, [endorser.endorse(parts[3]) for endorser in chosen])])

    def proof(self, *claims: tuple[bytes, int]) -> bytes:
        return self.prove(self.answer(*claims))

    def evidence(self, *claims: tuple[bytes, int]) -> tuple[str, bytes]:
        """IGate.Evidence."""
        return (self.network, self.proof(*claims))

    def with_threshold(self, threshold: int) -> FabricGate:
        return replace(self, threshold=threshold)
