"""When a block is final: under so many others, or where the node's own tag says so."""

from __future__ import annotations

from typing import Literal

from ._rpc import Node

Finality = int | Literal["finalized"]
"""A number of confirmations (0: at once, for chains that never reorganise), or the node's `finalized` tag."""


def read_finality(value: object) -> Finality:
    """Read the option; ValueError where it is neither."""
    if value == "finalized":
        return "finalized"
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100_000:
        return value
    raise ValueError("finality: wanted is 'finalized' or a number of confirmations from 0")


async def final_number(node: Node, finality: Finality) -> int:
    """The number of the newest final block; below 0 where there is none yet."""
    if finality == "finalized":
        block = await node.call("eth_getBlockByNumber", "finalized", False)
        return -1 if block is None else int(block["number"], 16)
    return await node.number("eth_blockNumber") - finality


def in_words(finality: Finality) -> str:
    """For people."""
    if finality == "finalized":
        return "when the chain finalises its block"
    return "in its block" if finality == 0 else f"when {finality} blocks are on top of its block"
