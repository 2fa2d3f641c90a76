"""EIP-712 digests of docs/protocol.md: what a leg's sender and an attestor sign."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from citygate.adapter import Terms

from ._names import address_bytes, chain_id_of

_GATE_DOMAIN = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_ATTESTOR_DOMAIN = keccak(b"EIP712Domain(string name,string version)")
_AUTHORIZATION = keccak(
    b"Authorization(bytes32 transferId,string asset,uint256 amount,string recipient,"
    b"string network,uint64 deadline)"
)
_FINAL_HEADER = keccak(b"FinalHeader(string network,uint256 number,bytes32 blockHash)")


@cache
def _gate_separator(network: str, gate: str) -> bytes:
    return keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [_GATE_DOMAIN, keccak(b"CityGate"), keccak(b"1"), chain_id_of(network), address_bytes(gate)],
        )
    )


_ATTESTOR_SEPARATOR = keccak(_ATTESTOR_DOMAIN + keccak(b"CityGate Attestor") + keccak(b"1"))


def _digest(separator: bytes, struct: bytes) -> bytes:
    return keccak(b"\x19\x01" + separator + keccak(struct))


def authorization_digest(terms: Terms, leg: int) -> bytes:
    """What the sender of `terms.legs[leg]` signs, for the gate of the leg's source."""
    item = terms.legs[leg]
    source = terms.participants[item.source]
    struct = encode(
        ["bytes32", "bytes32", "bytes32", "uint256", "bytes32", "bytes32", "uint64"],
        [
            _AUTHORIZATION,
            terms.id,
            keccak(item.asset.encode()),
            item.amount,
            keccak(item.recipient.encode()),
            keccak(terms.participants[item.destination].network.encode()),
            terms.deadline,
        ],
    )
    return _digest(_gate_separator(source.network, source.gate), struct)


def authorization_json(terms: Terms, leg: int) -> str:
    """The same as JSON for `eth_signTypedData_v4`, for a wallet to show."""
    item = terms.legs[leg]
    source = terms.participants[item.source]
    document: dict[str, Any] = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Authorization": [
                {"name": "transferId", "type": "bytes32"},
                {"name": "asset", "type": "string"},
                {"name": "amount", "type": "uint256"},
                {"name": "recipient", "type": "string"},
                {"name": "network", "type": "string"},
                {"name": "deadline", "type": "uint64"},
            ],
        },
        "primaryType": "Authorization",
        "domain": {
            "name": "CityGate",
            "version": "1",
            "chainId": chain_id_of(source.network),
            "verifyingContract": source.gate,
        },
        "message": {
            "transferId": "0x" + terms.id.hex(),
            "asset": item.asset,
            # A decimal string: JSON numbers of wallets written in JavaScript end at 2^53.
            "amount": str(item.amount),
            "recipient": item.recipient,
            "network": terms.participants[item.destination].network,
            "deadline": terms.deadline,
        },
    }
    return json.dumps(document)


def final_header_digest(network: str, number: int, block_hash: bytes) -> bytes:
    """What an attestor signs: that block `number` of `network` is final and has this hash."""
    struct = encode(
        ["bytes32", "bytes32", "uint256", "bytes32"],
        [_FINAL_HEADER, keccak(network.encode()), number, block_hash],
    )
    return _digest(_ATTESTOR_SEPARATOR, struct)
