"""What a transfer consists of, and the one encoding that its id is the hash of.

The source of the format is docs/protocol.md: the ABI encoding of one tuple, which Solidity decodes natively.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import pairwise

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from ._names import AssetName

VERSION = 1
MAX_PARTICIPANTS = 8
MAX_LEGS = 16
MAX_STRING = 256
MAX_PAYLOAD = 8192
MAX_TERMS = 16384
MAX_AMOUNT = 2**256 - 1
NO_PAYLOAD = bytes(32)

_TEXT = re.compile(rf"[!-~]{{1,{MAX_STRING}}}")
_LEG = "(string,uint256,uint8,string,uint8,string,bytes32)"
_TERMS = f"(uint8,(string,string)[],uint8,string,uint64,bytes32,{_LEG}[])"


class State(IntEnum):
    """What a gate holds for a transfer. COMMITTED and ABORTED are final."""

    NONE = 0
    PREPARED = 1
    COMMITTED = 2
    ABORTED = 3

    @property
    def final(self) -> bool:
        return self in (State.COMMITTED, State.ABORTED)


@dataclass(frozen=True, slots=True)
class Participant:
    """A network and its gate there."""

    network: str
    gate: str


@dataclass(frozen=True, slots=True)
class Leg:
    """An amount of one asset, from a sender on one participant to a recipient on another (or the same)."""

    asset: str
    amount: int
    source: int
    sender: str
    destination: int
    recipient: str
    payload_hash: bytes = NO_PAYLOAD

    @property
    def home(self) -> str:
        """The network that the asset is at home on."""
        return AssetName.parse(self.asset).network


@dataclass(frozen=True)
class Terms:
    """The immutable content of a transfer; `deadline` in seconds since the epoch, by the decider's clock."""

    participants: tuple[Participant, ...]
    decider: int
    initiator: str
    deadline: int
    salt: bytes
    legs: tuple[Leg, ...]

    @cached_property
    def encoded(self) -> bytes:
        """The ABI tuple; ValueError where a value doesn't fit its type."""
        value = (
            VERSION,
            [(p.network, p.gate) for p in self.participants],
            self.decider,
            self.initiator,
            self.deadline,
            self.salt,
            [
                (
                    leg.asset,
                    leg.amount,
                    leg.source,
                    leg.sender,
                    leg.destination,
                    leg.recipient,
                    leg.payload_hash,
                )
                for leg in self.legs
            ],
        )
        try:
            return encode([_TERMS], [value])
        except EncodingError as error:
            raise ValueError(f"the terms can't be encoded: {error}") from error

    @cached_property
    def id(self) -> bytes:
        """The transfer's id: SHA-256 of the encoded terms."""
        return hashlib.sha256(self.encoded).digest()

    @classmethod
    def decode(cls, data: bytes) -> Terms:
        """Read encoded terms; ValueError where the bytes are none or `check` finds a fault."""
        if len(data) > MAX_TERMS:
            raise ValueError(f"encoded terms of {len(data)} bytes exceed {MAX_TERMS}")
        try:
            ((version, participants, decider, initiator, deadline, salt, legs),) = decode([_TERMS], data)
        except (DecodingError, OverflowError, UnicodeDecodeError) as error:
            raise ValueError(f"these bytes are no encoded terms: {error}") from error
        if version != VERSION:
            raise ValueError(f"terms of version {version}; this gateway knows version {VERSION}")
        terms = cls(
            tuple(Participant(*p) for p in participants),
            decider,
            initiator,
            deadline,
            salt,
            tuple(Leg(*leg) for leg in legs),
        )
        terms.check()
        if terms.encoded != data:
            raise ValueError("these bytes decode to terms, but aren't their one encoding")
        return terms

    def check(self) -> None:
        """Hold the terms to docs/protocol.md; ValueError names the first fault and where it is."""
        networks = [p.network for p in self.participants]
        _require(1 <= len(networks) <= MAX_PARTICIPANTS, f"participants: 1 to {MAX_PARTICIPANTS}")
        _require(
            all(a.encode() < b.encode() for a, b in pairwise(networks)),
            "participants: networks strictly ascending",
        )
        _require(self.decider < len(networks), "decider: no such participant")
        _require(0 <= self.deadline < 2**64, "deadline: out of range")
        _require(1 <= len(self.legs) <= MAX_LEGS, f"legs: 1 to {MAX_LEGS}")
        strings = [self.initiator]
        used: set[str] = set()
        for participant in self.participants:
            strings += [participant.network, participant.gate]
        for number, leg in enumerate(self.legs):
            where = f"legs[{number}]"
            _require(leg.source < len(networks), f"{where}.source: no such participant")
            _require(leg.destination < len(networks), f"{where}.destination: no such participant")
            _require(0 < leg.amount <= MAX_AMOUNT, f"{where}.amount: 1 to 2^256 - 1")
            _require(len(leg.payload_hash) == 32, f"{where}.payload_hash: 32 bytes")
            _require(leg.home in networks, f"{where}.asset: its home {leg.home} is no participant")
            _require(
                leg.home in (networks[leg.source], networks[self.decider]),
                f"{where}.asset: it leaves a network that isn't its home, so its home {leg.home} must decide",
            )
            used |= {leg.home, networks[leg.source], networks[leg.destination]}
            strings += [leg.asset, leg.sender, leg.recipient]
        _require(used == set(networks), "participants: one takes no part in any leg")
        _require(
            all(_TEXT.fullmatch(text) for text in strings),
            f"every string is 1 to {MAX_STRING} visible ASCII characters",
        )
        _require(len(self.encoded) <= MAX_TERMS, f"encoded terms exceed {MAX_TERMS} bytes")

    def index(self, network: str) -> int:
        """The position of `network` among the participants; ValueError where it is none."""
        for position, participant in enumerate(self.participants):
            if participant.network == network:
                return position
        raise ValueError(f"{network} is no participant")


def _require(holds: bool, fault: str) -> None:
    if not holds:
        raise ValueError(fault)
