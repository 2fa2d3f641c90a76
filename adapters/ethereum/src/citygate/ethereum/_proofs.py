"""Proofs of an EVM claim: an attested header, and under it the proof of the gate's slots."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from citygate.adapter import AdapterError, Claim, Proof, Reason, State

from ._attestors import AttestedHeader, Attestors
from ._headers import Header
from ._rpc import Node

_PROOF = "(bytes,bytes[],bytes[],bytes32[],bytes[][])"


def _namespace(name: str) -> bytes:
    """The storage slot of an ERC-7201 namespace."""
    inner = int.from_bytes(keccak(name.encode()), "big") - 1
    return keccak(inner.to_bytes(32, "big"))[:31] + b"\x00"


_STATES = _namespace("citygate.gate.states")


def state_slot(transfer_id: bytes) -> bytes:
    """Where the gate keeps a transfer's state: 32 bytes, as nodes want storage positions."""
    return keccak(transfer_id + _STATES)


def _nodes(proof: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(node[2:]) for node in proof]


def _encode(attested: AttestedHeader, account: dict[str, Any], ids: Sequence[bytes]) -> bytes:
    storage = [_nodes(slot["proof"]) for slot in account["storageProof"]]
    value = (attested.header, attested.signatures, _nodes(account["accountProof"]), list(ids), storage)
    return encode([_PROOF], [value])


class Prover:
    """Proves what one gate holds."""

    def __init__(self, node: Node, attestors: Attestors, network: str, gate: str) -> None:
        self._node = node
        self._attestors = attestors
        self._network = network
        self._gate = gate

    async def prove(self, ids: Sequence[bytes], number: int) -> Proof:
        """Show the states as of the end of block `number`.

        AdapterError NOT_FINAL where a transfer had none there but has one since, INVALID where it has none at
        all.
        """
        slots = ["0x" + state_slot(transfer_id).hex() for transfer_id in ids]
        account, attested = await asyncio.gather(
            self._node.call("eth_getProof", self._gate, slots, hex(number)),
            self._attestors.header(number),
        )
        root = _nodes(account["accountProof"][:1])
        if [keccak(node) for node in root] != [Header.read(attested.header).state_root]:
            raise AdapterError(
                Reason.NOT_FINAL,
                f"the node and the attestors have different blocks {number}: wait until they agree",
            )
        states = [int(slot["value"], 16) for slot in account["storageProof"]]
        for transfer_id, state in zip(ids, states, strict=True):
            if not 1 <= state <= 3:
                await self._explain(transfer_id, number)
        claims = tuple(
            Claim(self._network, self._gate, transfer_id, State(state))
            for transfer_id, state in zip(ids, states, strict=True)
        )
        return Proof(self._network, claims, _encode(attested, account, ids))

    async def _explain(self, transfer_id: bytes, number: int) -> None:
        slot = "0x" + state_slot(transfer_id).hex()
        newest = await self._node.number("eth_getStorageAt", self._gate, slot, "latest")
        if newest == 0:
            raise AdapterError(
                Reason.INVALID, f"transfer {transfer_id.hex()} has no state at {self._gate}: nothing to prove"
            )
        raise AdapterError(
            Reason.NOT_FINAL,
            f"transfer {transfer_id.hex()} has no state yet in block {number}, the last final one",
        )
