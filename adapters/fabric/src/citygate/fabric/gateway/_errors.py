"""What can go wrong with a transaction, named by the stage that it failed in.

EvaluateError       the query failed, or nobody answered it
EndorseError        the peers did not agree to the proposal; nothing happened
SubmitError         the orderer did not take it, or its answer was lost: it may be ordered all the same
CommitStatusError   the transaction was submitted, and what became of it isn't known
CommitError         it is on the ledger, and the peers found it invalid: nothing changed
EventsError         the stream of events can't be opened
"""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError

from ._protos import gateway_pb2, peer_pb2, rpc_pb2

_DETAILS = "grpc-status-details-bin"
_DETAIL_TYPE = "/gateway.ErrorDetail"
_MAX_SHOWN = 300


@dataclass(frozen=True, slots=True)
class PeerMessage:
    """What one peer or orderer said."""

    address: str
    msp: str
    message: str


class GatewayError(Exception):
    """A transaction failed in the stage that the class names; `peers` holds what the nodes said."""

    stage = "transaction"

    def __init__(
        self,
        transaction_id: str,
        message: str,
        code: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        peers: tuple[PeerMessage, ...] = (),
    ) -> None:
        said = "; ".join(f"{peer.msp} at {peer.address}: {peer.message[:_MAX_SHOWN]}" for peer in peers)
        subject = f"{self.stage} of {transaction_id}" if transaction_id else self.stage
        super().__init__(f"{subject}: {message}" + (f" ({said})" if said else ""))
        self.transaction_id = transaction_id
        self.message = message
        self.code = code
        self.peers = peers


class EvaluateError(GatewayError):
    stage = "evaluate"


class EndorseError(GatewayError):
    stage = "endorse"


class SubmitError(GatewayError):
    stage = "submit"

    @property
    def refused(self) -> bool:
        """Whether an orderer itself said no: then it isn't ordered, and sending it again won't help."""
        return self.code is grpc.StatusCode.ABORTED


class CommitStatusError(GatewayError):
    stage = "commit status"


class EventsError(GatewayError):
    stage = "events"


class CommitError(GatewayError):
    """It is on the ledger as invalid; `validation` is the peers' code, such as MVCC_READ_CONFLICT."""

    stage = "commit"

    def __init__(self, transaction_id: str, validation: int, block: int) -> None:
        self.validation = validation_name(validation)
        self.block = block
        super().__init__(
            transaction_id, f"invalid in block {block}: {self.validation}", grpc.StatusCode.ABORTED
        )


def validation_name(code: int) -> str:
    """The name of a `TxValidationCode`."""
    value = peer_pb2.TxValidationCode.DESCRIPTOR.values_by_number.get(code)
    return str(code) if value is None else value.name


def failed(kind: type[GatewayError], transaction_id: str, error: grpc.aio.AioRpcError) -> GatewayError:
    """The error of stage `kind` that a failed call tells of."""
    message = error.details() or error.code().name
    return kind(transaction_id, f"{error.code().name}: {message}", error.code(), peer_messages(error))


def peer_messages(error: grpc.aio.AioRpcError) -> tuple[PeerMessage, ...]:
    """The nodes' messages out of a call's status details; empty where there are none."""
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS and isinstance(value, bytes):
            try:
                return _read(value)
            except DecodeError:
                return ()
    return ()


def _read(status: bytes) -> tuple[PeerMessage, ...]:
    details = [
        gateway_pb2.ErrorDetail.FromString(detail.value)
        for detail in rpc_pb2.Status.FromString(status).details
        if detail.type_url.endswith(_DETAIL_TYPE)
    ]
    return tuple(PeerMessage(detail.address, detail.msp_id, detail.message) for detail in details)
