"""The gate's and the tickets' logs as canonical events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from citygate.adapter import AdapterError, Event, Reason, Terms, Transaction

from ._abi import LogType, contract
from ._errors import refusal
from ._logs import Log, Logs
from ._tickets import TokenContracts

_GATE = contract("Gate")
_TICKET = contract("Ticket")
_KINDS: dict[str, tuple[str, LogType]] = {
    log.topic: (kind, log)
    for kind, log in (
        ("prepared", _GATE.logs["Prepared"]),
        ("committed", _GATE.logs["Committed"]),
        ("aborted", _GATE.logs["Aborted"]),
        ("refused", _GATE.logs["Refused"]),
        ("issued", _TICKET.logs["Issued"]),
        ("redeemed", _TICKET.logs["Redeemed"]),
    )
}
_VERBS = ("prepare", "decide", "settle")


def _position(cursor: str) -> tuple[int, int]:
    """The block and the log in it that a cursor stands for."""
    try:
        block, log = cursor.split(":")
        return int(block), int(log)
    except ValueError as error:
        raise AdapterError(Reason.INVALID, f"{cursor!r} is no cursor of this adapter (block:log)") from error


class Observer:
    """Follows the final blocks of one network."""

    def __init__(
        self,
        logs: Logs,
        gate: str,
        contracts: TokenContracts,
        final: Callable[[], Awaitable[int]],
        poll: float,
    ) -> None:
        """`final` answers with the newest final block's number; it is asked every `poll` seconds."""
        self._logs = logs
        self._contracts = contracts
        self._addresses = [gate, contracts.tickets, contracts.vouchers]
        self._final = final
        self._poll = poll

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        """See `Adapter.observe`. A block that is final here is never undone, so `reorganised` never comes."""
        block, seen = (self._logs.first, -1) if cursor is None else _position(cursor)
        while True:
            final = await self._final()
            async for log in self._logs.forwards(self._addresses, [list(_KINDS)], block, final):
                if (int(log["blockNumber"], 16), int(log["logIndex"], 16)) > (block, seen):
                    yield await self._event(log)
            if final >= block:
                block, seen = final + 1, -1
            await asyncio.sleep(self._poll)

    async def _event(self, log: Log) -> Event:
        kind, log_type = _KINDS[log["topics"][0]]
        fields = log_type.read(log)
        number = int(log["blockNumber"], 16)
        cursor = f"{number}:{int(log['logIndex'], 16)}"
        transaction = Transaction(
            self._contracts.network, log["transactionHash"], number, await self._time(log)
        )
        match kind:
            case "prepared":
                terms = _terms(fields["terms"])
                return Event(kind, cursor, transaction, fields["id"], terms, tuple(fields["payloads"]))
            case "refused":
                refused = refusal(fields["reason"])
                detail: dict[str, str] = {
                    "verb": _VERBS[fields["verb"]],
                    "reason": str(refused.reason),
                    "detail": refused.detail,
                }
                return Event(kind, cursor, transaction, fields["id"], detail=detail)
            case "issued":
                asset = f"{self._contracts.network}/erc721:{log['address'].lower()}/{fields['tokenId']}"
                return Event(kind, cursor, transaction, asset=asset, detail={"owner": fields["to"]})
            case "redeemed":
                detail = {"local_event_id": fields["localEventId"], "validator": fields["validator"]}
                return Event(kind, cursor, transaction, asset=fields["asset"], detail=detail)
            case _:
                return Event(kind, cursor, transaction, fields["id"])

    async def _time(self, log: Log) -> float:
        if log.get("blockTimestamp") is not None:
            return float(int(log["blockTimestamp"], 16))
        block = await self._logs.node.call("eth_getBlockByNumber", log["blockNumber"], False)
        return float(int(block["timestamp"], 16))


def _terms(encoded: bytes) -> Terms | None:
    """The gate has checked them, but what it took once must never stop the stream."""
    try:
        return Terms.decode(encoded)
    except ValueError:
        return None
