"""Calling a chaincode as one member: in one step, or stage by stage."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import grpc
import grpc.aio

from ._connection import Connection
from ._errors import CommitError, CommitStatusError, EndorseError, EvaluateError, SubmitError, failed
from ._events import ChaincodeEvent, Checkpoint, stream
from ._identity import Member
from ._proposal import Proposal, propose
from ._protos import gateway_pb2, peer_pb2
from ._transaction import Endorsed, MismatchError, SignedTransaction, read_endorsed


@dataclass(frozen=True, slots=True)
class Committed:
    """A transaction that the peers found valid, what its chaincode returned, and the block that it is in."""

    transaction_id: str
    block: int
    result: bytes


class Contract:
    """A chaincode on a channel, called by `member` through `connection`."""

    def __init__(self, connection: Connection, member: Member, channel: str, chaincode: str) -> None:
        self._connection = connection
        self._member = member
        self._channel = channel
        self._chaincode = chaincode

    # ---- in one step ---------------------------------------------------------------------------------------

    async def evaluate(
        self, function: str, *arguments: str | bytes, transient: Mapping[str, bytes] | None = None
    ) -> bytes:
        """Ask one peer; nothing is written. EvaluateError where it fails."""
        proposal = self.proposal(function, *arguments, transient=transient)
        request = proposal.evaluate_request(await self._member.sign(proposal.bytes))
        try:
            answer = await self._connection.evaluate(request, timeout=self._connection.deadlines.evaluate)
        except grpc.aio.AioRpcError as error:
            raise failed(EvaluateError, proposal.transaction_id, error) from error
        return answer.result.payload

    async def submit(
        self, function: str, *arguments: str | bytes, transient: Mapping[str, bytes] | None = None
    ) -> Committed:
        """Endorse, sign, submit, and wait for the commit; a `GatewayError` names the stage that failed."""
        endorsed = await self.endorse(self.proposal(function, *arguments, transient=transient))
        block = await self.send(await self.sign(endorsed))
        return Committed(endorsed.proposal.transaction_id, block, endorsed.result)

    # ---- stage by stage ------------------------------------------------------------------------------------

    def proposal(
        self,
        function: str,
        *arguments: str | bytes,
        transient: Mapping[str, bytes] | None = None,
        organisations: Sequence[str] = (),
    ) -> Proposal:
        """A proposal with a new transaction id and this machine's time; peers refuse one 15 minutes off."""
        return propose(
            self._member.identity,
            channel=self._channel,
            chaincode=self._chaincode,
            function=function,
            arguments=arguments,
            transient=transient or {},
            organisations=organisations,
        )

    async def endorse(self, proposal: Proposal) -> Endorsed:
        """Collect the endorsements that the policy demands. EndorseError where peers refuse or disagree."""
        request = proposal.endorse_request(await self._member.sign(proposal.bytes))
        try:
            answer = await self._connection.endorse(request, timeout=self._connection.deadlines.endorse)
        except grpc.aio.AioRpcError as error:
            raise failed(EndorseError, proposal.transaction_id, error) from error
        try:
            return read_endorsed(proposal, answer.prepared_transaction)
        except MismatchError as error:
            raise EndorseError(proposal.transaction_id, str(error), grpc.StatusCode.DATA_LOSS) from error

    async def sign(self, endorsed: Endorsed) -> SignedTransaction:
        """Sign what was endorsed. The result can be stored, and sent again after a crash."""
        return endorsed.signed(await self._member.sign(endorsed.payload))

    async def send(self, transaction: SignedTransaction) -> int:
        """Submit and wait for the commit, in the block that is answered.

        SubmitError, CommitStatusError, CommitError.
        """
        try:
            await self._connection.submit(transaction.request(), timeout=self._connection.deadlines.submit)
        except grpc.aio.AioRpcError as error:
            raise failed(SubmitError, transaction.transaction_id, error) from error
        return await self.commit_status(transaction.transaction_id)

    async def commit_status(self, transaction_id: str) -> int:
        """Wait until the peer has committed the transaction; the answer is its block.

        CommitError where it is invalid, CommitStatusError where no answer comes in time.
        """
        request = gateway_pb2.CommitStatusRequest(
            transaction_id=transaction_id,
            channel_id=self._channel,
            identity=self._member.identity.serialized,
        ).SerializeToString()
        signed = gateway_pb2.SignedCommitStatusRequest(
            request=request, signature=await self._member.sign(request)
        )
        try:
            status = await self._connection.commit_status(
                signed, timeout=self._connection.deadlines.commit_status
            )
        except grpc.aio.AioRpcError as error:
            raise failed(CommitStatusError, transaction_id, error) from error
        if status.result != peer_pb2.VALID:
            raise CommitError(transaction_id, status.result, status.block_number)
        return status.block_number

    # ---- events --------------------------------------------------------------------------------------------

    async def events(self, checkpoint: Checkpoint | None = None) -> AsyncGenerator[ChaincodeEvent, None]:
        """The chaincode's events, from the next block on or after `checkpoint`; goes on until it is closed.

        A lost connection is restored; no event is lost or comes twice. EventsError where the peer refuses.
        """
        source = stream(self._connection, self._member, self._channel, self._chaincode, checkpoint)
        async with aclosing(source) as events:
            async for event in events:
                yield event
