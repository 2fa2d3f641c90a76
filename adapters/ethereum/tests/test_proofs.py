"""Proofs by real attestors of a real node, verified here as a foreign gate does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
import rlp
from eth_abi.abi import decode
from eth_hash.auto import keccak
from trie.hexary import HexaryTrie

from citygate.adapter import AdapterError, Decision, Reason, State
from citygate.ethereum import LocalKeys, MemoryOutbox, connect
from citygate.ethereum._headers import Header
from citygate.ethereum._proofs import state_slot
from citygate.ethereum._signatures import recover
from citygate.ethereum._typed_data import final_header_digest

from .city import City

pytestmark = pytest.mark.ledger

PROOF = "(bytes,bytes[],bytes[],bytes32[],bytes[][])"
STATE_ROOT, STORAGE_ROOT = 3, 2  # places in the header's and the account's list


def read_rlp(data: bytes) -> Any:
    return cast("Any", rlp.decode(data))  # pyright: ignore[reportUnknownMemberType]


def proven(root: bytes, key: bytes, nodes: Sequence[bytes]) -> Any:
    parts = [read_rlp(node) for node in nodes]
    return read_rlp(HexaryTrie.get_from_proof(root, keccak(key), parts))  # pyright: ignore[reportUnknownMemberType]


async def test_a_proof_shows_what_the_gate_holds(city: City) -> None:
    orders = [await city.order(*await city.issue()) for _ in range(3)]
    await city.adapter.prepare(orders)
    await city.adapter.decide([Decision(orders[1], State.ABORTED)], [])
    ids = [order.terms.id for order in orders]
    proof = await city.adapter.prove(ids)
    assert [claim.state for claim in proof.claims] == [State.PREPARED, State.ABORTED, State.PREPARED]
    assert {(claim.network, claim.gate) for claim in proof.claims} == {("eip155:31337", city.options["gate"])}

    ((header, signatures, account_proof, shown, storage_proofs),) = decode([PROOF], proof.data)
    digest = final_header_digest("eip155:31337", Header.read(header).number, keccak(header))
    signers = [recover(digest, signature) for signature in signatures]
    known = {bytes.fromhex(attestor["address"][2:]) for attestor in city.options["attestors"]}
    assert signers == sorted(signers)
    assert len(set(signers)) == 2
    assert set(signers) <= known

    gate = bytes.fromhex(city.options["gate"][2:])
    account = proven(read_rlp(header)[STATE_ROOT], gate, account_proof)
    assert list(shown) == ids
    for transfer_id, claim, nodes in zip(shown, proof.claims, storage_proofs, strict=True):
        value = proven(account[STORAGE_ROOT], state_slot(transfer_id), nodes)
        assert int.from_bytes(value, "big") == claim.state


async def test_what_doesnt_exist_cant_be_proven(city: City) -> None:
    order = await city.order(*await city.issue())
    with pytest.raises(AdapterError, match="nothing to prove") as caught:
        await city.adapter.prove([order.terms.id])
    assert caught.value.reason is Reason.INVALID
    await city.adapter.prepare([order])
    assert (await city.adapter.prove([order.terms.id])).claims[0].state is State.PREPARED


async def test_what_isnt_final_cant_be_proven_yet(city: City) -> None:
    slow = await connect(dict(city.options) | {"finality": 3}, LocalKeys(city.keys.values()), MemoryOutbox())
    try:
        order = await city.order(*await city.issue())
        await city.adapter.prepare([order])
        with pytest.raises(AdapterError) as caught:
            await slow.prove([order.terms.id])
        assert caught.value.reason is Reason.NOT_FINAL
        await city.node.call("anvil_mine", "0x3")
        assert (await slow.prove([order.terms.id])).claims[0].state is State.PREPARED
    finally:
        await slow.close()


@pytest.mark.parametrize(("dead", "works"), [(1, True), (2, False)])
async def test_one_attestor_may_be_down(city: City, dead: int, works: bool) -> None:
    order = await city.order(*await city.issue())
    await city.adapter.prepare([order])
    attestors = [dict(attestor) for attestor in city.options["attestors"]]
    for attestor in attestors[:dead]:
        attestor["endpoint"] = "127.0.0.1:1"
    adapter = await connect(
        dict(city.options) | {"attestors": attestors}, LocalKeys(city.keys.values()), MemoryOutbox()
    )
    try:
        if works:
            assert (await adapter.prove([order.terms.id])).claims[0].state is State.PREPARED
        else:
            with pytest.raises(AdapterError, match="fewer than 2 attestors") as caught:
                await adapter.prove([order.terms.id])
            assert caught.value.reason is Reason.UNAVAILABLE
    finally:
        await adapter.close()


async def test_an_attestor_with_another_key_doesnt_count(city: City) -> None:
    order = await city.order(*await city.issue())
    await city.adapter.prepare([order])
    attestors = [dict(attestor) for attestor in city.options["attestors"]]
    attestors[0]["address"], attestors[1]["address"] = attestors[1]["address"], attestors[0]["address"]
    adapter = await connect(
        dict(city.options) | {"attestors": attestors}, LocalKeys(city.keys.values()), MemoryOutbox()
    )
    try:
        with pytest.raises(AdapterError, match="another key's"):
            await adapter.prove([order.terms.id])
    finally:
        await adapter.close()
