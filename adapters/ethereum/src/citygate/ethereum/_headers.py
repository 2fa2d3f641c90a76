"""Block headers: from a node's JSON back to the RLP whose Keccak-256 is the block's hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import rlp
from eth_hash.auto import keccak

MAX_HEADER = 2048
"""Bytes. A header of today has about 640; consortium chains keep some hundred in `extraData`."""


def _data(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _quantity(text: str) -> bytes:
    number = int(text, 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


# In the order of the header's RLP list. Source: the Yellow Paper, 4.3, and the EIPs named below.
_FIELDS: tuple[tuple[str, Callable[[str], bytes]], ...] = (
    ("parentHash", _data),
    ("sha3Uncles", _data),
    ("miner", _data),
    ("stateRoot", _data),
    ("transactionsRoot", _data),
    ("receiptsRoot", _data),
    ("logsBloom", _data),
    ("difficulty", _quantity),
    ("number", _quantity),
    ("gasLimit", _quantity),
    ("gasUsed", _quantity),
    ("timestamp", _quantity),
    ("extraData", _data),
    ("mixHash", _data),
    ("nonce", _data),
)

# What later forks appended. A header that has one of them has all before it.
_FORKS: tuple[tuple[str, Callable[[str], bytes]], ...] = (
    ("baseFeePerGas", _quantity),  # London, EIP-1559
    ("withdrawalsRoot", _data),  # Shanghai, EIP-4895
    ("blobGasUsed", _quantity),  # Cancun, EIP-4844
    ("excessBlobGas", _quantity),
    ("parentBeaconBlockRoot", _data),  # Cancun, EIP-4788
    ("requestsHash", _data),  # Prague, EIP-7685
)


def encode_header(block: Mapping[str, Any]) -> bytes:
    """The RLP of the header of `block`, an answer of `eth_getBlockByNumber`.

    ValueError where the Keccak-256 of it isn't the block's own hash, so a header of a fork that isn't known
    here, or a node that answers with something else, is refused instead of signed.
    """
    try:
        items = [read(block[name]) for name, read in _FIELDS]
        for name, read in _FORKS:
            value = block.get(name)
            if value is None:
                break
            items.append(read(value))
        expected = _data(block["hash"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"the node's block is malformed: {error!r}") from error
    header = cast("bytes", rlp.encode(items))  # pyright: ignore[reportUnknownMemberType]
    if keccak(header) != expected:
        raise ValueError(
            f"block {block['number']} doesn't hash to {block['hash']}: "
            "the chain has header fields that this version doesn't know"
        )
    if len(header) > MAX_HEADER:
        raise ValueError(f"block {block['number']}: a header of {len(header)} bytes exceeds {MAX_HEADER}")
    return header


@dataclass(frozen=True, slots=True)
class Header:
    """What a proof needs to know of a header."""

    number: int
    state_root: bytes

    @classmethod
    def read(cls, data: bytes) -> Header:
        """Out of a header's RLP; ValueError where the bytes are none."""
        if len(data) > MAX_HEADER:
            raise ValueError(f"a header of {len(data)} bytes exceeds {MAX_HEADER}")
        try:
            items = cast("list[object]", rlp.decode(data))  # pyright: ignore[reportUnknownMemberType]
            state_root, number = items[3], items[8]
            if (
                len(items) < len(_FIELDS)
                or not isinstance(state_root, bytes)
                or not isinstance(number, bytes)
            ):
                raise ValueError
        except Exception as error:  # rlp's errors have no common type beside Exception
            raise ValueError("these bytes are no block header") from error
        return cls(int.from_bytes(number, "big"), state_root)
