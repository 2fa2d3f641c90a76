"""MobilityService over in-memory ledgers."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from citygate.v1.ledger_transaction_pb2 import LedgerTransaction
from citygate.v1.mobility_service_pb2 import (
    GetTicketRequest,
    IssueTicketRequest,
    RedeemTicketRequest,
    RedeemTicketResponse,
)
from citygate.v1.ticket_pb2 import Ticket, TicketRedemption

if TYPE_CHECKING:
    from gateway.tests.conftest import Refusal, Served

Told = Callable[[Awaitable[object]], Awaitable["Refusal"]]
ALPHA, BETA = "memory:alpha", "memory:beta"


def issuing(ticket: Ticket, **changes: str) -> IssueTicketRequest:
    usual = {"network": "alpha", "issuer": "operator", "recipient": "alice"} | changes
    return IssueTicketRequest(
        ticket=ticket, network=usual["network"], issuer=usual["issuer"], recipient=usual["recipient"]
    )


async def redeem(served: Served, asset: str, event: str, **changes: str) -> RedeemTicketResponse:
    usual = {"network": "alpha", "asset": asset, "validator": "operator", "local_event_id": event}
    return await served.mobility.RedeemTicket(RedeemTicketRequest(**(usual | changes)))


async def test_a_ticket_is_issued_as_the_canonical_json_that_hashes_to_its_hash(served: Served) -> None:
    ticket = served.ticket()
    issued = await served.mobility.IssueTicket(issuing(ticket))
    record = served.ledgers["alpha"].asset(issued.asset)
    assert record.payload == (
        b'{"bookingRef":"B-1","createdOn":"2023-11-14T22:13:20Z","id":"' + ticket.id.encode() + b'",'
        b'"status":"FULFILLED","travelDocumentType":"QR",'
        b'"validity":{"validFrom":"2023-11-14T22:13:20Z","validUntil":"2096-10-02T07:06:40Z"}}'
    )
    assert issued.payload_hash == hashlib.sha256(record.payload).digest() == record.payload_hash
    assert issued.transaction.network == ALPHA
    assert issued.transaction.verb == LedgerTransaction.VERB_ISSUE


async def test_the_same_ticket_again_is_the_same_and_another_under_its_id_refused(
    served: Served, refusal: Told
) -> None:
    ticket = served.ticket()
    first = await served.mobility.IssueTicket(issuing(ticket))
    again = await served.mobility.IssueTicket(issuing(ticket))
    assert (again.asset, again.payload_hash) == (first.asset, first.payload_hash)
    ticket.booking_ref = "B-2"
    refused = await refusal(served.mobility.IssueTicket(issuing(ticket)))
    assert (refused.code, refused.info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "REJECTED")


async def test_validating_only_issues_nothing(served: Served, refusal: Told) -> None:
    request = issuing(served.ticket())
    request.validate_only = True
    dry = await served.mobility.IssueTicket(request)
    assert len(dry.payload_hash) == 32
    assert not dry.HasField("transaction")
    refused = await refusal(served.mobility.GetTicket(GetTicketRequest(asset=dry.asset)))
    assert refused.code is grpc.StatusCode.NOT_FOUND
    request.validate_only = False
    assert (await served.mobility.IssueTicket(request)).asset == dry.asset


async def test_a_ticket_is_the_same_wherever_it_went(served: Served) -> None:
    ticket = served.ticket()
    asset = await served.issue(ticket)
    here = await served.mobility.GetTicket(GetTicketRequest(asset=asset))
    assert here.ticket == ticket
    assert (here.asset.network, here.asset.owner) == (ALPHA, served.accounts[ALPHA, "alice"])

    await served.cross(asset)
    there = await served.mobility.GetTicket(GetTicketRequest(asset=asset))
    assert there.ticket == ticket
    assert (there.asset.network, there.asset.owner) == (BETA, served.accounts[BETA, "bob"])
    assert there.asset.payload_hash == here.asset.payload_hash
    home = await served.mobility.GetTicket(GetTicketRequest(asset=asset, network="alpha"))
    assert home.asset.outstanding == BETA


async def test_every_fault_of_a_ticket_is_told(served: Served, refusal: Told) -> None:
    ticket = served.ticket("no id")
    ticket.status = Ticket.STATUS_UNSPECIFIED
    ticket.validity.ClearField("valid_until")
    ticket.created_on.nanos = 5
    ticket.booking_parts.add()
    refused = await refusal(served.mobility.IssueTicket(issuing(ticket)))
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert set(refused.fields) == {
        "ticket.id",
        "ticket.status",
        "ticket.validity.valid_until",
        "ticket.created_on",
        "ticket.booking_parts[0].id",
    }
    assert refused.fields["ticket.id"] == (
        '/id: found "no id", but pattern wants "^[A-Za-z0-9][-.A-Za-z0-9]{0,63}$"'
    )
    assert refused.fields["ticket.status"] == '/status: found nothing, but required wants the key "status"'
    assert refused.message.endswith("and 2 more")


async def test_many_faults_fit_into_a_status(served: Served, refusal: Told) -> None:
    ticket = served.ticket()
    for _ in range(1000):
        ticket.booking_parts.add(id="")
    refused = await refusal(served.mobility.IssueTicket(issuing(ticket)))
    assert len(refused.fields) == 20
    assert refused.message.endswith("and 998 more")


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"network": "gamma"}, "network", "no network 'gamma'"),
        ({"issuer": "0x00"}, "issuer", "40 hex digits"),
        ({"recipient": ""}, "recipient", "40 hex digits"),
    ],
)
async def test_names_that_are_none_are_refused(
    served: Served, refusal: Told, change: dict[str, str], field: str, text: str
) -> None:
    refused = await refusal(served.mobility.IssueTicket(issuing(served.ticket(), **change)))
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert text in refused.fields[field]


async def test_a_ticket_that_ends_before_it_begins_is_refused(served: Served, refusal: Told) -> None:
    ticket = served.ticket()
    ticket.validity.valid_until.CopyFrom(ticket.validity.valid_from)
    refused = await refusal(served.mobility.IssueTicket(issuing(ticket)))
    assert list(refused.fields) == ["ticket.validity.valid_until"]


@pytest.mark.parametrize("seconds", [253402300800, -62135596801])
async def test_a_time_beyond_the_calendar_is_refused(served: Served, refusal: Told, seconds: int) -> None:
    ticket = served.ticket()
    ticket.created_on.CopyFrom(Timestamp(seconds=seconds))
    refused = await refusal(served.mobility.IssueTicket(issuing(ticket)))
    assert list(refused.fields) == ["ticket"]


async def test_a_ticket_larger_than_a_gate_takes_is_refused(served: Served, refusal: Told) -> None:
    ticket = served.ticket()
    for _ in range(64):
        ticket.booking_parts.add(id="p" * 115)
    refused = await refusal(served.mobility.IssueTicket(issuing(ticket)))
    assert "gates take at most 8192" in refused.fields["ticket"]
    del ticket.booking_parts[55:]
    await served.issue(ticket)


async def test_a_ticket_with_fields_that_nobody_knows_is_refused(served: Served, refusal: Told) -> None:
    ticket = Ticket.FromString(served.ticket().SerializeToString() + b"\xfa\x07\x03abc")
    refused = await refusal(served.mobility.IssueTicket(issuing(ticket)))
    assert list(refused.fields) == ["ticket"]
    assert "unknown fields" in refused.fields["ticket"]


async def test_only_issuers_issue(served: Served, refusal: Told) -> None:
    refused = await refusal(served.mobility.IssueTicket(issuing(served.ticket(), issuer="bob")))
    assert (refused.code, refused.info.reason) == (grpc.StatusCode.PERMISSION_DENIED, "UNAUTHORISED")


async def test_a_redemption_is_told_in_bobs_terms_and_can_be_repeated(served: Served) -> None:
    ticket = served.ticket()
    asset, event = await served.issue(ticket), secrets.token_hex(8)
    before = time.time()
    first = await redeem(served, asset, event)
    assert first.redemption.ticket_id == ticket.id
    assert first.redemption.local_event_id == event
    assert first.redemption.event_type == TicketRedemption.EVENT_TYPE_VALIDATION
    assert first.redemption.event_result == TicketRedemption.EVENT_RESULT_SUCCESS
    assert first.redemption.validator == served.accounts[ALPHA, "operator"]
    assert before - 1 <= first.redemption.time.seconds <= time.time()
    assert first.transaction.verb == LedgerTransaction.VERB_REDEEM
    again = await redeem(served, asset, event)
    assert again.redemption.event_result == TicketRedemption.EVENT_RESULT_SUCCESS
    assert (await served.mobility.GetTicket(GetTicketRequest(asset=asset))).redeemed_by == event


async def test_a_second_redemption_is_passback(served: Served, refusal: Told) -> None:
    asset = await served.issue()
    await redeem(served, asset, "first")
    refused = await refusal(redeem(served, asset, "second"))
    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    assert refused.info.metadata["event_result"] == "PASSBACK"


async def test_a_ticket_is_redeemed_only_where_it_is(served: Served, refusal: Told) -> None:
    asset = await served.issue()
    await served.cross(asset)
    refused = await refusal(redeem(served, asset, "here"))
    assert refused.info.metadata["event_result"] == "OTHER"
    there = await redeem(served, asset, "there", network="beta")
    assert there.redemption.event_result == TicketRedemption.EVENT_RESULT_SUCCESS


async def test_a_ticket_is_redeemed_only_while_it_is_valid(served: Served, refusal: Told) -> None:
    ticket = served.ticket()
    ticket.validity.valid_from.FromSeconds(int(time.time()) + 3600)
    asset = await served.issue(ticket)
    refused = await refusal(redeem(served, asset, "early"))
    assert refused.info.metadata["event_result"] == "TIME"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"local_event_id": ""}, "local_event_id"),
        ({"local_event_id": "x" * 65}, "local_event_id"),
        ({"network": "gamma"}, "network"),
        ({"asset": "T-1"}, "asset"),
        ({"asset": "memory:alpha/asset:coin"}, "asset"),
        ({"validator": "nobody"}, "validator"),
    ],
)
async def test_a_bad_redemption_is_refused_with_its_field(
    served: Served, refusal: Told, change: dict[str, str], field: str
) -> None:
    if "asset" not in change:
        change = change | {"asset": await served.issue()}
    refused = await refusal(redeem(served, **({"asset": "", "event": "e"} | change)))
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refused.fields) == [field]


async def test_a_ticket_that_was_never_issued_is_not_found(served: Served, refusal: Told) -> None:
    asset = f"{ALPHA}/asset:ticket/NONE"
    assert (await refusal(redeem(served, asset, "e"))).code is grpc.StatusCode.NOT_FOUND
    got = await refusal(served.mobility.GetTicket(GetTicketRequest(asset=asset)))
    assert got.code is grpc.StatusCode.NOT_FOUND


async def test_a_ticket_at_home_elsewhere_needs_its_network_named(served: Served, refusal: Told) -> None:
    asset = "eip155:1/erc721:0xabc/1"
    refused = await refusal(served.mobility.GetTicket(GetTicketRequest(asset=asset)))
    assert list(refused.fields) == ["network"]
