"""`citygate transfer`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from google.protobuf.timestamp_pb2 import Timestamp

from citygate.v1.leg_pb2 import Leg
from citygate.v1.transfer_pb2 import Transfer
from citygate.v1.transfer_service_pb2 import (
    AbortTransferRequest,
    CreateTransferRequest,
    GetTransferRequest,
    ListTransfersRequest,
    WatchTransferRequest,
)
from citygate.v1.transfer_service_pb2_grpc import TransferServiceStub

from ._exit import Exit
from ._session import Remote
from ._transfer_view import data, rows, state, summary

if TYPE_CHECKING:
    from citygate.v1.transfer_service_pb2_grpc import TransferServiceAsyncStub

_DEFAULT = Remote()
_PATIENCE = 30
_PAGE = 200


def create(
    asset: str,
    /,
    *,
    source: str,
    sender: str,
    destination: str,
    recipient: str,
    amount: str = "1",
    lifetime: int | None = None,
    decider: str = "",
    request_id: str = "",
    dry_run: bool = False,
    wait: bool = False,
    remote: Remote = _DEFAULT,
) -> int:
    """Move an asset from one network to another. (Transfers of several legs are made through the API.)

    Parameters
    ----------
    asset
        Its CAIP-19 name.
    source
        The network that it leaves (id or name).
    sender
        The account that gives it (or its name).
    destination
        The network that it reaches (id or name).
    recipient
        The account that gets it (or its name).
    amount
        In the asset's smallest unit; 1 for a unique asset.
    lifetime
        Seconds from now to the deadline; the gateway's default where it is left out.
    decider
        The network that decides (id or name); the gateway chooses where it is left out.
    request_id
        With the same one, the command can be repeated.
    dry_run
        Check everything and show the transfer as it would be.
    wait
        Show each change until it is final; exit 7 where it ends ABORTED.
    """
    leg = Leg(
        asset=asset, amount=amount, source=source, sender=sender, destination=destination, recipient=recipient
    )
    deadline = None if lifetime is None else Timestamp(seconds=int(time.time()) + lifetime)
    request = CreateTransferRequest(
        transfer=Transfer(legs=[leg], deadline=deadline, decider=decider),
        request_id=request_id,
        validate_only=dry_run,
    )
    return remote.run(_create(remote, request, wait and not dry_run))


async def _create(remote: Remote, request: CreateTransferRequest, wait: bool) -> int:
    async with remote.channel() as channel:
        stub = TransferServiceStub(channel)
        transfer = await stub.CreateTransfer(request, timeout=_PATIENCE)
        if wait:
            return await _follow(remote, stub, transfer.id)
    remote.output.record(data(transfer), rows(transfer))
    return Exit.DONE


def show(transfer_id: str, /, *, remote: Remote = _DEFAULT) -> int:
    """A transfer and what has come of it.

    Parameters
    ----------
    transfer_id
        64 hex digits.
    """
    return remote.run(_show(remote, transfer_id))


async def _show(remote: Remote, transfer_id: str) -> None:
    async with remote.channel() as channel:
        request = GetTransferRequest(id=transfer_id)
        transfer = await TransferServiceStub(channel).GetTransfer(request, timeout=_PATIENCE)
    remote.output.record(data(transfer), rows(transfer))


def watch(transfer_id: str, /, *, remote: Remote = _DEFAULT) -> int:
    """Each change of a transfer on a line, until it is final; exit 7 where it ends ABORTED.

    Parameters
    ----------
    transfer_id
        64 hex digits.
    """
    return remote.run(_watch(remote, transfer_id))


async def _watch(remote: Remote, transfer_id: str) -> int:
    async with remote.channel() as channel:
        return await _follow(remote, TransferServiceStub(channel), transfer_id)


async def _follow(remote: Remote, stub: TransferServiceAsyncStub, transfer_id: str) -> int:
    last = Transfer()
    async for last in stub.WatchTransfer(WatchTransferRequest(id=transfer_id)):
        remote.output.line(data(last), summary(last))
    return Exit.ABORTED if last.state == Transfer.STATE_ABORTED else Exit.DONE


def list_transfers(
    *,
    filter_: Annotated[str, Parameter(name="--filter")] = "",
    limit: int = 50,
    remote: Remote = _DEFAULT,
) -> int:
    """Transfers, the newest first.

    Parameters
    ----------
    filter_
        Such as: state = SETTLING OR state = DECIDING AND network = mobility.
    limit
        How many at most.
    """
    return remote.run(_list(remote, filter_, limit))


async def _list(remote: Remote, filter_: str, limit: int) -> None:
    found: list[Transfer] = []
    request = ListTransfersRequest(filter=filter_)
    async with remote.channel() as channel:
        stub = TransferServiceStub(channel)
        while len(found) < limit:
            request.page_size = min(limit - len(found), _PAGE)
            page = await stub.ListTransfers(request, timeout=_PATIENCE)
            found += page.transfers
            request.page_token = page.next_page_token
            if not page.next_page_token:
                break
    remote.output.table(
        [data(transfer) for transfer in found],
        ["id", "state", "created", "legs", "next"],
        [
            [
                transfer.id,
                state(transfer),
                transfer.create_time.ToJsonString(),
                "; ".join(f"{leg.source} → {leg.destination}" for leg in transfer.legs),
                transfer.failure or transfer.next_action,
            ]
            for transfer in found
        ],
    )


def abort(transfer_id: str, /, *, wait: bool = False, remote: Remote = _DEFAULT) -> int:
    """Ask for the decision to abort.

    Parameters
    ----------
    transfer_id
        64 hex digits.
    wait
        Show each change until it is final; exit 7 where it ends ABORTED, as asked.
    """
    return remote.run(_abort(remote, transfer_id, wait))


async def _abort(remote: Remote, transfer_id: str, wait: bool) -> int:
    async with remote.channel() as channel:
        stub = TransferServiceStub(channel)
        transfer = await stub.AbortTransfer(AbortTransferRequest(id=transfer_id), timeout=_PATIENCE)
        if wait:
            return await _follow(remote, stub, transfer_id)
    remote.output.record(data(transfer), rows(transfer))
    return Exit.DONE
