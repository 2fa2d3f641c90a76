"""Bad input: INVALID_ARGUMENT with its field. The positive twin of each is the transfer that is taken."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from citygate.v1.transfer_pb2 import Transfer
from citygate.v1.transfer_service_pb2 import (
    CreateTransferRequest,
    GetTransferRequest,
    ListTransfersRequest,
)

if TYPE_CHECKING:
    from gateway.tests.conftest import Refusal, Served

Told = Callable[[Awaitable[object]], Awaitable["Refusal"]]
CREATE = "/citygate.v1.TransferService/CreateTransfer"


@pytest.fixture(scope="session")
async def asset(served: Served) -> str:
    return await served.issue()


def raw(served: Served, method: str, data: bytes) -> Awaitable[object]:
    """A call with bytes that no client library would send."""
    channel: Any = served.channel
    return channel.unary_unary(method)(data)


def only(refused: Refusal) -> tuple[str, str]:
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.info.reason == "INVALID_FIELD"
    ((field, text),) = refused.fields.items()
    assert field in refused.message
    return field, text


async def test_the_leg_that_the_others_vary_is_taken(served: Served, asset: str) -> None:
    request = CreateTransferRequest(transfer=Transfer(legs=[served.leg(asset)]), validate_only=True)
    transfer = await served.transfers.CreateTransfer(request)
    assert transfer.state == Transfer.STATE_PENDING
    assert transfer.legs[0].amount == "1"


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"amount": ""}, "amount", "is no amount"),
        ({"amount": "ten"}, "amount", "is no amount"),
        ({"amount": "1.5"}, "amount", "is no amount"),
        ({"amount": "0x10"}, "amount", "is no amount"),
        ({"amount": "1e3"}, "amount", "is no amount"),
        ({"amount": "+1"}, "amount", "is no amount"),
        ({"amount": "01"}, "amount", "is no amount"),
        ({"amount": " 1"}, "amount", "is no amount"),
        ({"amount": "١"}, "amount", "is no amount"),
        ({"amount": "0"}, "amount", "1 to 2^256 - 1"),
        ({"amount": "-1"}, "amount", "is negative"),
        ({"amount": str(2**256)}, "amount", "1 to 2^256 - 1"),
        ({"amount": "9" * 500}, "amount", "1 to 2^256 - 1"),
        ({"amount": "9" * 100_000}, "amount", "at most 512 are taken"),
        ({"source": "gamma"}, "source", "no network 'gamma' is connected"),
        ({"source": "eip155:99"}, "source", "alpha (memory:alpha)"),
        ({"destination": "alhpa"}, "destination", "did you mean alpha?"),
        ({"destination": ""}, "destination", "is missing"),
        ({"sender": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"}, "sender", "40 hex digits"),
        ({"recipient": "nobody"}, "recipient", "40 hex digits"),
        ({"asset": "ticket"}, "asset", "is no CAIP-19 asset name"),
        ({"asset": "eip155:5/erc721:0xabc/1"}, "asset", "no network 'eip155:5'"),
        ({"asset": "memory:alpha/erc721:ticket/1"}, "asset", "is none of memory:alpha/asset:ticket"),
        ({"asset": "x" * 512}, "asset", "is no CAIP-19 asset name"),
        ({"asset": "x" * 513}, "asset", "it has 513 bytes; at most 512 are taken"),
    ],
)
async def test_a_bad_leg_is_refused(
    served: Served, refusal: Told, asset: str, change: dict[str, str], field: str, text: str
) -> None:
    leg = served.leg(**({"asset": asset} | change))
    request = CreateTransferRequest(transfer=Transfer(legs=[served.leg(asset), leg]), validate_only=True)
    found, description = only(await refusal(served.transfers.CreateTransfer(request)))
    assert found == f"transfer.legs[1].{field}"
    assert text in description
    assert len(description) <= 1000


@pytest.mark.parametrize(
    ("deadline", "text"),
    [
        (Timestamp(seconds=int(time.time()) - 1), "in the future"),
        (Timestamp(seconds=0), "in the future"),
        (Timestamp(seconds=-5), "whole seconds"),
        (Timestamp(seconds=4_000_000_000, nanos=1), "whole seconds"),
    ],
)
async def test_a_bad_deadline_is_refused(
    served: Served, refusal: Told, asset: str, deadline: Timestamp, text: str
) -> None:
    transfer = Transfer(legs=[served.leg(asset)], deadline=deadline)
    field, description = only(
        await refusal(served.transfers.CreateTransfer(CreateTransferRequest(transfer=transfer)))
    )
    assert field == "transfer.deadline"
    assert text in description


@pytest.mark.parametrize("count", [0, 17])
async def test_too_few_or_many_legs_are_refused(
    served: Served, refusal: Told, asset: str, count: int
) -> None:
    transfer = Transfer(legs=[served.leg(asset)] * count)
    field, _ = only(await refusal(served.transfers.CreateTransfer(CreateTransferRequest(transfer=transfer))))
    assert field == "transfer.legs"


async def test_a_decider_that_takes_no_part_is_refused(served: Served, refusal: Told, asset: str) -> None:
    transfer = Transfer(legs=[served.leg(asset)], decider="gamma")
    field, _ = only(await refusal(served.transfers.CreateTransfer(CreateTransferRequest(transfer=transfer))))
    assert field == "transfer.decider"


@pytest.mark.parametrize("request_id", ["-x", "x" * 65, "ü", "a b"])
async def test_a_bad_request_id_is_refused(
    served: Served, refusal: Told, asset: str, request_id: str
) -> None:
    request = CreateTransferRequest(transfer=Transfer(legs=[served.leg(asset)]), request_id=request_id)
    field, _ = only(await refusal(served.transfers.CreateTransfer(request)))
    assert field == "request_id"


async def test_text_that_is_no_utf_8_is_refused_with_its_field(
    served: Served, refusal: Told, asset: str
) -> None:
    good = served.leg(asset, recipient="REPLACED")
    request = CreateTransferRequest(transfer=Transfer(legs=[served.leg(asset), good]))
    data = request.SerializeToString().replace(b"REPLACED", b"\xff\xfe\xff\xfe1234")
    field, description = only(await refusal(raw(served, CREATE, data)))
    assert field == "transfer.legs[1].recipient"
    assert description == "no UTF-8: byte 0 is 0xff"


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05ab"])
async def test_bytes_that_are_no_message_are_refused(served: Served, refusal: Told, data: bytes) -> None:
    field, description = only(await refusal(raw(served, CREATE, data)))
    assert field == "request"
    assert "citygate.v1.CreateTransferRequest" in description


async def test_ten_megabytes_are_refused_with_their_field(served: Served, refusal: Told, asset: str) -> None:
    leg = served.leg(asset, recipient="x" * 10_000_000)
    request = CreateTransferRequest(transfer=Transfer(legs=[leg]))
    field, description = only(await refusal(served.transfers.CreateTransfer(request)))
    assert field == "transfer.legs[0].recipient"
    assert "at most 1048576 are taken" in description


async def test_more_than_grpc_takes_is_refused_by_it(served: Served, asset: str) -> None:
    leg = served.leg(asset, recipient="x" * 13_000_000)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.transfers.CreateTransfer(CreateTransferRequest(transfer=Transfer(legs=[leg])))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in (caught.value.details() or "")


@pytest.mark.parametrize("transfer_id", ["", "abc", "G" * 64, "A" * 64, "a" * 66])
async def test_a_bad_transfer_id_is_refused(served: Served, refusal: Told, transfer_id: str) -> None:
    field, _ = only(await refusal(served.transfers.GetTransfer(GetTransferRequest(id=transfer_id))))
    assert field == "id"


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"page_size": -1}, "page_size"),
        ({"page_token": "no token"}, "page_token"),
        ({"page_token": "AAAA"}, "page_token"),
        ({"filter": "color = red"}, "filter"),
        ({"filter": "state = DONE"}, "filter"),
        ({"filter": "state = ABORTED AND state = COMMITTED"}, "filter"),
        ({"filter": "network = alpha OR network = beta"}, "filter"),
        ({"filter": "network = gamma"}, "filter"),
        ({"filter": "state = ABORTED OR"}, "filter"),
        ({"filter": "x" * 2000}, "filter"),
    ],
)
async def test_a_bad_list_is_refused(
    served: Served, refusal: Told, request_: dict[str, Any], field: str
) -> None:
    found, _ = only(await refusal(served.transfers.ListTransfers(ListTransfersRequest(**request_))))
    assert found == field


async def test_what_an_unknown_field_carries_is_left_aside(served: Served, asset: str) -> None:
    # As protobuf has it, so that clients may be newer than the gateway. (Tickets are stricter.)
    request = CreateTransferRequest(transfer=Transfer(legs=[served.leg(asset)]), validate_only=True)
    data = request.SerializeToString() + b"\xfa\x07\x03abc"
    await raw(served, CREATE, data)
