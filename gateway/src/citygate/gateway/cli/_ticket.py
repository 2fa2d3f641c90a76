"""`citygate ticket`."""

from __future__ import annotations

import uuid
from pathlib import Path

from google.protobuf.json_format import MessageToDict

from citygate.gateway.business import InvalidTicketError, ticket_from_json, ticket_to_json
from citygate.schemas import DocumentError, parse
from citygate.v1.mobility_service_pb2 import GetTicketRequest, IssueTicketRequest, RedeemTicketRequest
from citygate.v1.mobility_service_pb2_grpc import MobilityServiceStub
from citygate.v1.ticket_pb2 import Ticket

from ._exit import CommandError, Exit
from ._files import read_payload
from ._session import Remote

_DEFAULT = Remote()
_PATIENCE = 60
"""Seconds that a call has, which waits for a ledger."""


def issue(
    file: Path,
    /,
    *,
    network: str,
    issuer: str,
    recipient: str,
    dry_run: bool = False,
    remote: Remote = _DEFAULT,
) -> int:
    """Put a ticket on a network.

    Parameters
    ----------
    file
        The ticket as JSON of the schema mobility/ticket.
    network
        The network to issue on (id or name).
    issuer
        The account that issues (or its name).
    recipient
        The account that gets the ticket (or its name).
    dry_run
        Check everything that can be checked without the ledger, and stop there.
    """
    request = IssueTicketRequest(network=network, issuer=issuer, recipient=recipient, validate_only=dry_run)
    return remote.run(_issue(remote, file, request))


async def _issue(remote: Remote, file: Path, request: IssueTicketRequest) -> None:
    request.ticket.CopyFrom(_read(file))
    async with remote.channel() as channel:
        response = await MobilityServiceStub(channel).IssueTicket(request, timeout=_PATIENCE)
    remote.output.record(
        MessageToDict(response),
        [
            ("asset", response.asset),
            ("payload hash", response.payload_hash.hex()),
            ("transaction", response.transaction.id or "nothing sent"),
        ],
    )


def show(asset: str, /, *, network: str = "", remote: Remote = _DEFAULT) -> int:
    """A ticket, where it is and who has it.

    Parameters
    ----------
    asset
        The ticket's CAIP-19 name.
    network
        The network to ask (id or name), in place of where the ticket's home says it is.
    """
    return remote.run(_show(remote, asset, network))


async def _show(remote: Remote, asset: str, network: str) -> None:
    async with remote.channel() as channel:
        request = GetTicketRequest(asset=asset, network=network)
        response = await MobilityServiceStub(channel).GetTicket(request, timeout=_PATIENCE)
    held = response.asset
    data = MessageToDict(response)
    data["ticket"] = ticket_to_json(response.ticket)
    remote.output.record(
        data,
        [
            ("ticket", response.ticket.id),
            ("status", Ticket.Status.Name(response.ticket.status).removeprefix("STATUS_")),
            ("booking", response.ticket.booking_ref),
            ("valid from", response.ticket.validity.valid_from.ToJsonString()),
            ("valid until", response.ticket.validity.valid_until.ToJsonString()),
            ("network", held.network),
            ("owner", held.owner),
            ("now on", held.outstanding),
            ("held by transfer", held.locked_by),
            ("redeemed by", response.redeemed_by),
            ("payload hash", held.payload_hash.hex()),
        ],
    )


def redeem(
    asset: str,
    /,
    *,
    network: str,
    validator: str,
    event_id: str = "",
    remote: Remote = _DEFAULT,
) -> int:
    """Use a ticket up.

    Parameters
    ----------
    asset
        The ticket's CAIP-19 name.
    network
        The network that the ticket is on now (id or name).
    validator
        The account that validates (or its name).
    event_id
        The validator's own id of the event, with which the command can be repeated. By default a new one.
    """
    return remote.run(_redeem(remote, asset, network, validator, event_id or str(uuid.uuid4())))


async def _redeem(remote: Remote, asset: str, network: str, validator: str, event_id: str) -> None:
    request = RedeemTicketRequest(network=network, asset=asset, validator=validator, local_event_id=event_id)
    async with remote.channel() as channel:
        response = await MobilityServiceStub(channel).RedeemTicket(request, timeout=_PATIENCE)
    redemption = response.redemption
    remote.output.record(
        MessageToDict(response),
        [
            ("ticket", redemption.ticket_id),
            ("result", redemption.EventResult.Name(redemption.event_result).removeprefix("EVENT_RESULT_")),
            ("event", redemption.local_event_id),
            ("validator", redemption.validator),
            ("transaction", response.transaction.id or "redeemed before"),
        ],
    )


def _read(file: Path) -> Ticket:
    try:
        return ticket_from_json(parse(read_payload(file)))
    except (DocumentError, InvalidTicketError) as error:
        raise CommandError(
            Exit.INVALID,
            f"{file}: {error}",
            "Correct the file; `citygate schema show mobility/ticket` shows the schema.",
        ) from error
