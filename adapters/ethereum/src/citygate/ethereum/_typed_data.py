"""EIP-712 documents of docs/protocol.md, what a leg's sender and an attestor sign, and their digests."""

from __future__ import annotations

import json
from typing import Any

from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from citygate.adapter import Terms

from ._names import chain_id_of

_TYPES: dict[str, dict[str, str]] = {
    "Authorization": {
        "transferId": "bytes32",
        "asset": "string",
        "amount": "uint256",
        "recipient": "string",
        "network": "string",
        "deadline": "uint64",
    },
    "FinalHeader": {"network": "string", "number": "uint256", "blockHash": "bytes32"},
}
_DOMAIN = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}


def _document(kind: str, domain: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """The form that `eth_signTypedData_v4` takes."""
    types = {"EIP712Domain": {name: _DOMAIN[name] for name in domain}, kind: _TYPES[kind]}
    return {
        "types": {
            struct: [{"name": name, "type": of} for name, of in fields.items()]
            for struct, fields in types.items()
        },
        "primaryType": kind,
        "domain": domain,
        "message": message,
    }


def _digest(document: dict[str, Any]) -> bytes:
    signable = encode_typed_data(full_message=document)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def _authorization(terms: Terms, leg: int) -> dict[str, Any]:
    item = terms.legs[leg]
    source = terms.participants[item.source]
    return _document(
        "Authorization",
        {
            "name": "CityGate",
            "version": "1",
            "chainId": chain_id_of(source.network),
            "verifyingContract": source.gate,
        },
        {
            "transferId": "0x" + terms.id.hex(),
            "asset": item.asset,
            # A decimal string: JSON numbers of wallets written in JavaScript end at 2^53.
            "amount": str(item.amount),
            "recipient": item.recipient,
            "network": terms.participants[item.destination].network,
            "deadline": terms.deadline,
        },
    )


def authorization_digest(terms: Terms, leg: int) -> bytes:
    """What the sender of `terms.legs[leg]` signs, for the gate of the leg's source."""
    return _digest(_authorization(terms, leg))


def authorization_json(terms: Terms, leg: int) -> str:
    """The same as JSON for `eth_signTypedData_v4`, for a wallet to show."""
    return json.dumps(_authorization(terms, leg))


def final_header_digest(network: str, number: int, block_hash: bytes) -> bytes:
    """What an attestor signs: that block `number` of `network` is final and has this hash."""
    domain = {"name": "CityGate Attestor", "version": "1"}
    message = {"network": network, "number": number, "blockHash": block_hash}
    return _digest(_document("FinalHeader", domain, message))
