"""TransferService over in-memory ledgers."""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from citygate.adapter import AdapterError, Reason
from citygate.v1.claim_pb2 import GATE_STATE_ABORTED, GATE_STATE_COMMITTED
from citygate.v1.leg_pb2 import Leg
from citygate.v1.transfer_pb2 import Transfer
from citygate.v1.transfer_service_pb2 import (
    AbortTransferRequest,
    CreateTransferRequest,
    GetTransferRequest,
    ListTransfersRequest,
    WatchTransferRequest,
)

if TYPE_CHECKING:
    from gateway.tests.conftest import Refusal, Served

Told = Callable[[Awaitable[object]], Awaitable["Refusal"]]
ALPHA, BETA = "memory:alpha", "memory:beta"


async def test_a_transfer_tells_what_it_is_and_where_the_value_went(served: Served) -> None:
    asset = await served.issue()
    before = time.time()
    done = await served.cross(asset)
    assert done.state == Transfer.STATE_COMMITTED
    assert done.id == hashlib.sha256(done.terms).hexdigest()
    assert [(gate.network, gate.gate, gate.state) for gate in done.gates] == [
        (ALPHA, "gate", GATE_STATE_COMMITTED),
        (BETA, "gate", GATE_STATE_COMMITTED),
    ]
    (leg,) = done.legs
    assert (leg.source, leg.sender) == (ALPHA, served.accounts[ALPHA, "alice"])
    assert (leg.destination, leg.recipient) == (BETA, served.accounts[BETA, "bob"])
    assert leg.holding == Leg.Holding(
        network=BETA, holder=served.accounts[BETA, "bob"], availability=Leg.Holding.AVAILABILITY_FREE
    )
    assert leg.payload_hash == served.ledgers["alpha"].asset(asset).payload_hash
    verbs = [
        (transaction.Verb.Name(transaction.verb), transaction.network) for transaction in done.transactions
    ]
    assert verbs == [("VERB_PREPARE", ALPHA), ("VERB_DECIDE", BETA), ("VERB_SETTLE", ALPHA)]
    assert not done.next_action
    assert not done.failure
    assert uuid.UUID(done.request_id)
    assert before - 1 < done.create_time.seconds <= done.update_time.seconds <= time.time()


async def test_watching_shows_states_in_order_up_to_the_last(served: Served) -> None:
    asset = await served.issue()
    request = CreateTransferRequest(transfer=Transfer(legs=[served.leg(asset)]))
    created = await served.transfers.CreateTransfer(request)
    seen = [t.state async for t in served.transfers.WatchTransfer(WatchTransferRequest(id=created.id))]
    assert seen == sorted(seen)
    assert seen[-1] == Transfer.STATE_COMMITTED
    again = [t.state async for t in served.transfers.WatchTransfer(WatchTransferRequest(id=created.id))]
    assert again == [Transfer.STATE_COMMITTED]


async def test_many_can_watch_and_leave(served: Served) -> None:
    asset = await served.issue()
    served.faults["beta"].add("decide", *[AdapterError(Reason.UNAVAILABLE, "down")] * 3)
    created = await served.transfers.CreateTransfer(
        CreateTransferRequest(transfer=Transfer(legs=[served.leg(asset)]))
    )
    leaving = served.transfers.WatchTransfer(WatchTransferRequest(id=created.id))
    await leaving.read()
    leaving.cancel()
    ends = await asyncio.gather(*(served.end(created.id) for _ in range(20)))
    assert {end.state for end in ends} == {Transfer.STATE_COMMITTED}


async def test_the_same_request_gets_the_same_transfer(served: Served, refusal: Told) -> None:
    asset, other = await served.issue(), await served.issue()
    request = CreateTransferRequest(
        transfer=Transfer(legs=[served.leg(asset)], deadline=Timestamp(seconds=int(time.time()) + 2)),
        request_id=str(uuid.uuid4()),
    )
    first, second = await asyncio.gather(*(served.transfers.CreateTransfer(request) for _ in range(2)))
    assert first.id == second.id
    assert (await served.end(first.id)).state == Transfer.STATE_COMMITTED
    third = await served.transfers.CreateTransfer(request)
    assert (third.id, third.state) == (first.id, Transfer.STATE_COMMITTED)

    changed = CreateTransferRequest()
    changed.CopyFrom(request)
    changed.transfer.legs[0].asset = other
    refused = await refusal(served.transfers.CreateTransfer(changed))
    assert refused.code is grpc.StatusCode.ALREADY_EXISTS
    assert refused.info.reason == "REQUEST_ID_REUSED"
    assert first.id in refused.message


async def test_output_only_fields_of_a_request_are_left_aside(served: Served) -> None:
    asset = await served.issue()
    request_id = str(uuid.uuid4())
    plain = Transfer(legs=[served.leg(asset)])
    filled = Transfer(legs=[served.leg(asset)], id="x", state=Transfer.STATE_COMMITTED, failure="none")
    ids = [
        (await served.transfers.CreateTransfer(CreateTransferRequest(transfer=t, request_id=request_id))).id
        for t in (plain, filled)
    ]
    assert ids[0] == ids[1] != "x"


async def test_validating_only_stores_nothing(served: Served, refusal: Told) -> None:
    asset = await served.issue()
    request = CreateTransferRequest(
        transfer=Transfer(legs=[served.leg(asset)]), request_id=str(uuid.uuid4()), validate_only=True
    )
    dry = await served.transfers.CreateTransfer(request)
    refused = await refusal(served.transfers.GetTransfer(GetTransferRequest(id=dry.id)))
    assert refused.code is grpc.StatusCode.NOT_FOUND
    request.validate_only = False
    created = await served.transfers.CreateTransfer(request)
    got = await served.transfers.GetTransfer(GetTransferRequest(id=created.id))
    assert (got.id, got.request_id) == (created.id, request.request_id)


async def test_an_asset_that_cannot_leave_is_refused(served: Served, refusal: Told) -> None:
    asset = await served.issue()
    stolen = Transfer(legs=[served.leg(asset, sender="bob")])
    refused = await refusal(served.transfers.CreateTransfer(CreateTransferRequest(transfer=stolen)))
    assert (refused.code, refused.info.reason) == (grpc.StatusCode.PERMISSION_DENIED, "UNAUTHORISED")
    await served.cross(asset)
    gone = Transfer(legs=[served.leg(asset)])
    refused = await refusal(served.transfers.CreateTransfer(CreateTransferRequest(transfer=gone)))
    assert (refused.code, refused.info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "REJECTED")
    assert "it is on memory:beta now" in refused.message


async def test_a_ledger_that_is_away_is_unavailable(served: Served, refusal: Told) -> None:
    asset = await served.issue()
    served.faults["alpha"].add("assets", AdapterError(Reason.UNAVAILABLE, "the node is away"))
    request = CreateTransferRequest(transfer=Transfer(legs=[served.leg(asset)]))
    refused = await refusal(served.transfers.CreateTransfer(request))
    assert (refused.code, refused.info.reason) == (grpc.StatusCode.UNAVAILABLE, "LEDGER_UNAVAILABLE")
    assert (await served.transfers.CreateTransfer(request)).id


async def test_an_aborted_transfer_leaves_the_value_free_at_its_sender(served: Served, refusal: Told) -> None:
    asset = await served.issue()
    done = await served.abort(asset)
    assert done.state == Transfer.STATE_ABORTED
    assert {gate.state for gate in done.gates} == {GATE_STATE_ABORTED}
    assert done.legs[0].holding == Leg.Holding(
        network=ALPHA, holder=served.accounts[ALPHA, "alice"], availability=Leg.Holding.AVAILABILITY_FREE
    )
    again = await served.transfers.AbortTransfer(AbortTransferRequest(id=done.id))
    assert again.state == Transfer.STATE_ABORTED

    committed = await served.cross(asset)
    refused = await refusal(served.transfers.AbortTransfer(AbortTransferRequest(id=committed.id)))
    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize("method", ["GetTransfer", "AbortTransfer"])
async def test_an_unknown_transfer_is_not_found(served: Served, refusal: Told, method: str) -> None:
    request = {"GetTransfer": GetTransferRequest, "AbortTransfer": AbortTransferRequest}[method](id="ab" * 32)
    refused = await refusal(getattr(served.transfers, method)(request))
    assert (refused.code, refused.info.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


async def test_watching_an_unknown_transfer_is_not_found(served: Served, refusal: Told) -> None:
    call = served.transfers.WatchTransfer(WatchTransferRequest(id="ab" * 32))

    async def first() -> object:
        return await anext(aiter(call))

    assert (await refusal(first())).code is grpc.StatusCode.NOT_FOUND


async def test_pages_join_up_newest_first(served: Served) -> None:
    made = [(await served.cross(await served.issue())).id for _ in range(5)]
    pages: list[list[str]] = []
    request = ListTransfersRequest(page_size=2, filter="state = COMMITTED")
    while len(pages) < 3:
        page = await served.transfers.ListTransfers(request)
        pages.append([transfer.id for transfer in page.transfers])
        request.page_token = page.next_page_token
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [i for page in pages for i in page][:5] == made[::-1]


async def test_the_last_page_has_no_token(served: Served) -> None:
    await served.cross(await served.issue())
    seen: list[str] = []
    request = ListTransfersRequest(page_size=3)
    while True:
        page = await served.transfers.ListTransfers(request)
        seen += [transfer.id for transfer in page.transfers]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert len(seen) == len(set(seen))
    everything = await served.transfers.ListTransfers(ListTransfersRequest(page_size=1000))
    assert [transfer.id for transfer in everything.transfers] == seen[:200]


async def test_the_filter_picks_states_and_network(served: Served) -> None:
    aborted = (await served.abort(await served.issue())).id
    committed = (await served.cross(await served.issue())).id

    async def newest(filter_: str) -> str:
        page = await served.transfers.ListTransfers(ListTransfersRequest(page_size=1, filter=filter_))
        return page.transfers[0].id if page.transfers else ""

    assert await newest("state = ABORTED") == aborted
    assert await newest("state = STATE_ABORTED OR state = PENDING AND network = beta") == aborted
    assert await newest("state=COMMITTED OR state=ABORTED") == committed
    assert await newest(f'network = "{ALPHA}"') == committed
    assert await newest("state = SETTLING AND network = alpha") == ""
