"""Chaincode events: a stream that survives the loss of its connection and resumes where it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import grpc
import grpc.aio

from ._connection import Connection
from ._errors import EventsError, failed
from ._identity import Member
from ._protos import gateway_pb2, orderer_pb2

_LOST = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }
)
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where to go on: in `block`, after the event of `transaction_id`, or from its start where that is empty.

    Name only a transaction that had an event: the peer skips until it meets that event, however far away.
    """

    block: int
    transaction_id: str = ""


@dataclass(frozen=True, slots=True)
class ChaincodeEvent:
    """The event of a transaction, which has one at most. It is final: Fabric has no forks."""

    block: int
    transaction_id: str
    chaincode: str
    name: str
    payload: bytes

    @property
    def checkpoint(self) -> Checkpoint:
        """Resumes after this event."""
        return Checkpoint(self.block, self.transaction_id)


async def stream(
    connection: Connection, member: Member, channel: str, chaincode: str, checkpoint: Checkpoint | None
) -> AsyncGenerator[ChaincodeEvent, None]:
    """Events after `checkpoint`, or from the next block on; EventsError where the peer refuses."""
    pause = _FIRST_PAUSE
    while True:
        request = await _request(member, channel, chaincode, checkpoint)
        call = connection.chaincode_events(request)
        try:
            async for response in call:
                pause = _FIRST_PAUSE
                block = response.block_number
                for event in response.events:
                    checkpoint = Checkpoint(block, event.tx_id)
                    yield ChaincodeEvent(
                        block, event.tx_id, event.chaincode_id, event.event_name, event.payload
                    )
        except grpc.aio.AioRpcError as error:
            if error.code() not in _LOST:
                raise failed(EventsError, "", error) from error
        finally:
            call.cancel()
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _request(
    member: Member, channel: str, chaincode: str, checkpoint: Checkpoint | None
) -> gateway_pb2.SignedChaincodeEventsRequest:
    if checkpoint is None:
        start = orderer_pb2.SeekPosition(next_commit=orderer_pb2.SeekNextCommit())
    else:
        start = orderer_pb2.SeekPosition(specified=orderer_pb2.SeekSpecified(number=checkpoint.block))
    request = gateway_pb2.ChaincodeEventsRequest(
        channel_id=channel,
        chaincode_id=chaincode,
        identity=member.identity.serialized,
        start_position=start,
        after_transaction_id="" if checkpoint is None else checkpoint.transaction_id,
    ).SerializeToString()
    return gateway_pb2.SignedChaincodeEventsRequest(request=request, signature=await member.sign(request))
