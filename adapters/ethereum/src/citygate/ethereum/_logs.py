"""Logs, asked for in ranges that nodes answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._rpc import Node

Log = Mapping[str, Any]
"""A log as `eth_getLogs` gives it."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs of one network, from block `first` on; one question asks for `span` blocks."""

    node: Node
    first: int
    span: int

    async def ask(self, addresses: Sequence[str], topics: Sequence[Any], first: int, last: int) -> list[Log]:
        """The logs of these contracts in blocks `first` to `last`, both included, in the chain's order."""
        question = {
            "address": list(addresses),
            "topics": list(topics),
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        return await self.node.call("eth_getLogs", question)

    async def forwards(
        self, addresses: Sequence[str], topics: Sequence[Any], first: int, last: int
    ) -> AsyncIterator[Log]:
        """The same for a range of any length."""
        for start in range(first, last + 1, self.span):
            for log in await self.ask(addresses, topics, start, min(start + self.span - 1, last)):
                yield log

    async def newest(self, address: str, topics: Sequence[Any]) -> Log | None:
        """The last log of a contract; None where there is none since the gate was deployed."""
        last = await self.node.number("eth_blockNumber")
        for end in range(last, self.first - 1, -self.span):
            if logs := await self.ask([address], topics, max(self.first, end - self.span + 1), end):
                return logs[-1]
        return None


def topic(value: int | bytes) -> str:
    """An indexed value of up to 32 bytes as a topic."""
    data = value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")
    return "0x" + data.hex()
