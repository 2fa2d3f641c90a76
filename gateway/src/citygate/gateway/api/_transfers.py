"""TransferService."""

# ruff: noqa: N802 - the methods have the names that the protos give them

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import grpc.aio

from citygate.gateway.platform import InvalidField, Networks, TransferFilter, Transfers
from citygate.v1.transfer_pb2 import Transfer
from citygate.v1.transfer_service_pb2 import (
    AbortTransferRequest,
    CreateTransferRequest,
    GetTransferRequest,
    ListTransfersRequest,
    ListTransfersResponse,
    WatchTransferRequest,
)
from citygate.v1.transfer_service_pb2_grpc import TransferServiceServicer

from ._draft import checked_request_id, draft_of, fingerprint, transfer_id
from ._filter import parse_filter
from ._messages import transfer_message

_Context = grpc.aio.ServicerContext[Any, Any]
_PAGE = 50
_MAX_PAGE = 200


class TransferService(TransferServiceServicer):
    """The platform's transfers."""

    def __init__(self, networks: Networks, transfers: Transfers) -> None:
        self._networks = networks
        self._transfers = transfers

    async def CreateTransfer(self, request: CreateTransferRequest, context: _Context) -> Transfer:
        request_id = checked_request_id(request.request_id or str(uuid.uuid4()))
        try:
            draft = draft_of(request.transfer)
            created = await self._transfers.create(
                request_id, fingerprint(draft), draft, validate_only=request.validate_only
            )
        except InvalidField as error:
            raise InvalidField(f"transfer.{error.field}", error.message) from error
        return transfer_message(created)

    async def GetTransfer(self, request: GetTransferRequest, context: _Context) -> Transfer:
        return transfer_message(await self._transfers.get(transfer_id(request.id)))

    async def ListTransfers(self, request: ListTransfersRequest, context: _Context) -> ListTransfersResponse:
        if request.page_size < 0:
            raise InvalidField("page_size", "1 to 200 is wanted, or nothing for 50")
        page = await self._transfers.list(
            min(request.page_size or _PAGE, _MAX_PAGE), request.page_token, self._filter(request.filter)
        )
        return ListTransfersResponse(
            transfers=[transfer_message(transfer) for transfer in page.transfers],
            next_page_token=page.next_page_token,
        )

    async def WatchTransfer(
        self, request: WatchTransferRequest, context: _Context
    ) -> AsyncIterator[Transfer]:
        async for transfer in self._transfers.watch(transfer_id(request.id)):
            yield transfer_message(transfer)

    async def AbortTransfer(self, request: AbortTransferRequest, context: _Context) -> Transfer:
        return transfer_message(await self._transfers.abort(transfer_id(request.id)))

    def _filter(self, text: str) -> TransferFilter:
        """The filter with its network's id in place of its name."""
        found = parse_filter(text)
        if not found.network:
            return found
        return replace(found, network=self._networks.field(found.network, "filter").id)
