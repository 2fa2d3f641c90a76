"""From the chaincode's events to the adapter interface's.

A transaction carries one chaincode event with a list of changes. A cursor names a change:
`<block>:<transaction>:<position>`.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from citygate.adapter import AdapterError, Event, Reason, Terms, Transaction
from citygate.fabric import _messages as messages
from citygate.fabric._blocks import Blocks
from citygate.fabric.gateway import ChaincodeEvent, Checkpoint, Contract

EVENT = "citygate"

# The chaincode tells of more (peers that changed, vouchers that were there already) than concerns a gateway.
_KINDS = frozenset({"prepared", "committed", "aborted", "refused", "issued", "redeemed"})


@dataclass(frozen=True, slots=True)
class Cursor:
    """The change at `position` of a transaction."""

    block: int
    transaction: str
    position: int

    def __str__(self) -> str:
        return f"{self.block}:{self.transaction}:{self.position}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """AdapterError where `text` is no cursor of this adapter."""
        block, _, rest = text.partition(":")
        transaction, _, position = rest.partition(":")
        if not (block.isdecimal() and transaction and position.isdecimal()):
            raise AdapterError(Reason.INVALID, f"{text!r} is no cursor of a Fabric network")
        return cls(int(block), transaction, int(position))


async def observe(
    contract: Contract, blocks: Blocks, network: str, cursor: str | None
) -> AsyncGenerator[Event, None]:
    """The ledger's changes after `cursor`, or all of them."""
    last = None if cursor is None else Cursor.parse(cursor)
    # The peer could skip to the transaction itself, but would skip for ever where the cursor is wrong.
    start = Checkpoint(0 if last is None else last.block)
    async with aclosing(contract.events(start)) as stream:
        async for happened in stream:
            first = 0
            if last is not None:
                if happened.block > last.block:
                    raise AdapterError(
                        Reason.INVALID, f"block {last.block} has no event of transaction {last.transaction}"
                    )
                if happened.transaction_id != last.transaction:
                    continue
                first, last = last.position + 1, None
            if happened.name == EVENT:
                times = await blocks.times(happened.block)
                time = times[happened.transaction_id]
                for event in read(network, happened, time, first):
                    yield event


def read(network: str, happened: ChaincodeEvent, time: float, first: int) -> list[Event]:
    """The changes of one transaction from position `first` on."""
    transaction = Transaction(network, happened.transaction_id, happened.block, time)
    return messages.read(
        happened.payload,
        lambda said: [
            _event(transaction, str(Cursor(transaction.block, transaction.id, position)), entry)
            for position, entry in enumerate(said["events"] or ())
            if position >= first and entry["kind"] in _KINDS
        ],
    )


def _event(transaction: Transaction, cursor: str, entry: Mapping[str, Any]) -> Event:
    detail = {name: str(entry[name]) for name in ("reason", "detail", "event") if name in entry}
    return Event(
        kind=entry["kind"],
        cursor=cursor,
        transaction=transaction,
        transfer_id=bytes.fromhex(entry.get("id", "")),
        terms=Terms.decode(base64.b64decode(entry["terms"])) if "terms" in entry else None,
        payloads=tuple(base64.b64decode(payload) for payload in entry.get("payloads") or ()),
        asset=entry.get("asset", ""),
        detail=detail,
    )
