"""MobilityService."""

# ruff: noqa: N802 - the methods have the names that the protos give them

from __future__ import annotations

from typing import Any

import grpc.aio

from citygate.adapter import Transaction
from citygate.gateway.business import Mobility
from citygate.v1.ledger_transaction_pb2 import LedgerTransaction
from citygate.v1.mobility_service_pb2 import (
    GetTicketRequest,
    GetTicketResponse,
    IssueTicketRequest,
    IssueTicketResponse,
    RedeemTicketRequest,
    RedeemTicketResponse,
)
from citygate.v1.mobility_service_pb2_grpc import MobilityServiceServicer

from ._messages import asset_message, transaction_message

_Context = grpc.aio.ServicerContext[Any, Any]


class MobilityService(MobilityServiceServicer):
    """The business layer's tickets."""

    def __init__(self, mobility: Mobility) -> None:
        self._mobility = mobility

    async def IssueTicket(self, request: IssueTicketRequest, context: _Context) -> IssueTicketResponse:
        issued = await self._mobility.issue(
            request.network,
            request.issuer,
            request.recipient,
            request.ticket,
            validate_only=request.validate_only,
        )
        return IssueTicketResponse(
            asset=issued.asset,
            payload_hash=issued.payload_hash,
            transaction=_message(issued.transaction, LedgerTransaction.VERB_ISSUE),
        )

    async def GetTicket(self, request: GetTicketRequest, context: _Context) -> GetTicketResponse:
        held = await self._mobility.get(request.asset, request.network)
        return GetTicketResponse(
            ticket=held.ticket,
            asset=asset_message(held.record, held.network),
            redeemed_by=held.record.redeemed_by,
        )

    async def RedeemTicket(self, request: RedeemTicketRequest, context: _Context) -> RedeemTicketResponse:
        redeemed = await self._mobility.redeem(
            request.network, request.asset, request.validator, request.local_event_id
        )
        return RedeemTicketResponse(
            redemption=redeemed.redemption,
            transaction=_message(redeemed.transaction, LedgerTransaction.VERB_REDEEM),
        )


def _message(
    transaction: Transaction | None, verb: LedgerTransaction.Verb.ValueType
) -> LedgerTransaction | None:
    return None if transaction is None else transaction_message(transaction, verb)
