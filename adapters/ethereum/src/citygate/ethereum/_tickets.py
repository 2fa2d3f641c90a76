"""Issuing tickets, and validating them: at home, or the vouchers of tickets from abroad."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citygate.adapter import Issue, Receipt, Redemption, Refusal, Transaction

from ._abi import LogType, contract
from ._errors import refusal
from ._names import Token, token_id
from ._rpc import Node, NodeError
from ._sending import Mined, Wallet

_TICKET = contract("Ticket")
_ISSUE_REFUSED = _TICKET.logs["IssueRefused"]
_REDEMPTION_REFUSED = _TICKET.logs["RedemptionRefused"]


@dataclass(frozen=True, slots=True)
class TokenContracts:
    """Where this network's tokens are: its own tickets, and the gate's vouchers of assets from abroad."""

    network: str
    tickets: str
    vouchers: str

    def locate(self, asset: str) -> tuple[str, int]:
        """The contract and the token id that stand for a unique asset; ValueError for a malformed name."""
        if asset.startswith(self.network + "/"):
            token = Token.parse(asset, self.network)
            return token.contract, token.id
        return self.vouchers, voucher_id(asset)

    def ticket_name(self, ticket_id: str) -> str:
        """The CAIP-19 name of a ticket issued here."""
        return f"{self.network}/erc721:{self.tickets}/{token_id(ticket_id)}"


def voucher_id(asset: str) -> int:
    """The voucher that stands for an asset from abroad: the SHA-256 of its name."""
    return int.from_bytes(hashlib.sha256(asset.encode()).digest(), "big")


async def ask(node: Node, address: str, function: str, *arguments: Any) -> Any:
    """One value of a contract with the ticket's interface; None where it reverts or has no such function."""
    view = _TICKET.functions[function]
    try:
        return view.answer(await node.view(address, view.call(*arguments)))[0]
    except NodeError as error:
        if error.reverted:
            return None
        raise
    except ValueError:
        return None


class Tickets:
    """Issues and redeems."""

    def __init__(self, node: Node, wallet: Wallet, contracts: TokenContracts) -> None:
        self._node = node
        self._wallet = wallet
        self._contracts = contracts

    async def issue(self, issuer: str, issues: Sequence[Issue]) -> Receipt:
        """See `Adapter.issue`."""
        ids = [token_id(issue.ticket_id) for issue in issues]
        issued = await asyncio.gather(
            *(ask(self._node, self._contracts.tickets, "payloadHash", token) for token in ids)
        )
        due = [
            (token, issue.recipient, issue.payload, issue.valid_from, issue.valid_until)
            for token, issue, known in zip(ids, issues, issued, strict=True)
            if known != hashlib.sha256(issue.payload).digest()
        ]
        transaction = None
        refused: Mapping[str, Refusal] = {}
        if due:
            data = _TICKET.functions["issue"].call(due)
            mined = await self._wallet.send(issuer, self._contracts.tickets, data)
            transaction = mined.transaction
            refused = _refusals(mined, _ISSUE_REFUSED, lambda fields: str(fields["tokenId"]))
        return Receipt(
            transaction,
            tuple(
                refused.get(str(token), self._contracts.ticket_name(issue.ticket_id))
                for token, issue in zip(ids, issues, strict=True)
            ),
        )

    async def redeem(self, validator: str, redemptions: Sequence[Redemption]) -> Receipt:
        """See `Adapter.redeem`. One transaction for each contract concerned; the receipt names the last."""
        placed = [self._contracts.locate(redemption.asset) for redemption in redemptions]
        redeemed = await asyncio.gather(*(ask(self._node, at, "redeemedBy", token) for at, token in placed))
        due: dict[str, list[tuple[str, str]]] = {}
        for (at, _), redemption, by in zip(placed, redemptions, redeemed, strict=True):
            if by != redemption.local_event_id:
                due.setdefault(at, []).append((redemption.asset, redemption.local_event_id))
        transaction: Transaction | None = None
        refused: dict[str, Refusal] = {}
        for at, arguments in due.items():
            mined = await self._wallet.send(validator, at, _TICKET.functions["redeem"].call(arguments))
            transaction = mined.transaction
            refused |= _refusals(
                mined, _REDEMPTION_REFUSED, lambda fields: _key(fields["asset"], fields["localEventId"])
            )
        return Receipt(
            transaction,
            tuple(refused.get(_key(r.asset, r.local_event_id), r.local_event_id) for r in redemptions),
        )


def _key(asset: str, event: str) -> str:
    return f"{asset} {event}"


def _refusals(mined: Mined, kind: LogType, key: Callable[[Mapping[str, Any]], str]) -> dict[str, Refusal]:
    """What was refused, by the `key` of the log's fields."""
    logs = [kind.read(log) for log in mined.logs if log["topics"] and log["topics"][0] == kind.topic]
    return {key(fields): refusal(fields["reason"]) for fields in logs}
