"""An EVM network that exists only in what its attestors sign: the Fabric gate can't tell the difference.

Its state tries hold one account with one slot, so that each proof is one leaf.
"""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

from eth_abi.abi import encode
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from citygate.adapter import Claim, Proof, State

NETWORK = "eip155:31337"
GATE = "0x" + "12" * 20
THRESHOLD = 2

_ATTESTORS = sorted(
    (PrivateKey(bytes([number]) * 32) for number in (1, 2, 3)),
    key=lambda key: key.public_key.to_canonical_address(),
)
_rlp: Any = import_module("rlp").encode  # the package has no types
_PROOF = "(bytes,bytes[],bytes[],bytes32[],bytes[][])"
_FIELDS = 15

PEER = {
    "kind": "evm",
    "network": NETWORK,
    "gate": GATE,
    "attestors": [key.public_key.to_address() for key in _ATTESTORS],
    "threshold": THRESHOLD,
}


def prove(transfer: bytes, state: State, signers: int = THRESHOLD) -> Proof:
    """That the gate holds `state`, signed by so many attestors."""
    slot = keccak(transfer + _states_slot())
    storage_root, storage_proof = _leaf(slot, _rlp(int(state)))
    account = _rlp([1, 0, storage_root, keccak(b"code")])
    state_root, account_proof = _leaf(bytes.fromhex(GATE[2:]), account)
    number = int(time.time())
    header: bytes = _rlp([b"", b"", b"", state_root, b"", b"", b"", 0, number, *[b""] * (_FIELDS - 9)])
    attestations = [_attest(key, number, keccak(header)) for key in _ATTESTORS[:signers]]
    data = encode([_PROOF], [(header, attestations, [account_proof], [transfer], [[storage_proof]])])
    return Proof(NETWORK, (Claim(NETWORK, GATE, transfer, state),), data)


def _states_slot() -> bytes:
    """ERC-7201: the slot of the namespace `citygate.gate.states`."""
    inner = int.from_bytes(keccak(b"citygate.gate.states")) - 1
    return keccak(inner.to_bytes(32))[:31] + b"\x00"


def _leaf(key: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Root and only node of a trie that holds one value (hex-prefix 2: a leaf with an even path)."""
    node: bytes = _rlp([b"\x20" + keccak(key), value])
    return keccak(node), node


def _attest(key: PrivateKey, number: int, block: bytes) -> bytes:
    """EIP-712 `FinalHeader(string network,uint256 number,bytes32 blockHash)` in the attestors' domain."""
    domain = keccak(
        keccak(b"EIP712Domain(string name,string version)") + keccak(b"CityGate Attestor") + keccak(b"1")
    )
    kind = keccak(b"FinalHeader(string network,uint256 number,bytes32 blockHash)")
    content = keccak(kind + keccak(NETWORK.encode()) + number.to_bytes(32) + block)
    signature = key.sign_msg_hash(keccak(b"\x19\x01" + domain + content))
    return signature.r.to_bytes(32) + signature.s.to_bytes(32) + bytes([27 + signature.v])
