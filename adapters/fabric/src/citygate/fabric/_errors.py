"""From a stage of a Fabric transaction to a reason of the adapter interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import grpc

from citygate.adapter import AdapterError, Reason, Refusal
from citygate.fabric.gateway import CommitError, CommitStatusError, GatewayError, SubmitError

_CHAINCODE_FAILED = "chaincode response "
_PEERS_DISAGREE = "ProposalResponsePayloads do not match"
_NO_ACCESS = "access denied"
_MAX_DETAIL = 500

_BY_CODE = {
    grpc.StatusCode.UNAVAILABLE: Reason.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: Reason.UNAVAILABLE,
    grpc.StatusCode.CANCELLED: Reason.UNAVAILABLE,
    # The Gateway service's answer while it knows too few peers for the endorsement policy.
    grpc.StatusCode.FAILED_PRECONDITION: Reason.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Reason.UNAVAILABLE,
    grpc.StatusCode.PERMISSION_DENIED: Reason.UNAUTHORISED,
    grpc.StatusCode.UNAUTHENTICATED: Reason.UNAUTHORISED,
    grpc.StatusCode.INVALID_ARGUMENT: Reason.INVALID,
    grpc.StatusCode.NOT_FOUND: Reason.INVALID,
    grpc.StatusCode.UNIMPLEMENTED: Reason.UNSUPPORTED,
    grpc.StatusCode.DATA_LOSS: Reason.INVALID,
}
_BY_VALIDATION = {
    "MVCC_READ_CONFLICT": Reason.CONFLICT,
    "PHANTOM_READ_CONFLICT": Reason.CONFLICT,
    "DUPLICATE_TXID": Reason.ALREADY_APPLIED,
}


def adapter_error(error: GatewayError) -> AdapterError:
    """The error that the adapter raises for what happened on the way to the ledger."""
    reason, detail = _reason(error)
    facts = {"stage": error.stage, "transaction": error.transaction_id}
    facts |= {f"peer.{peer.msp}": peer.message[:_MAX_DETAIL] for peer in error.peers}
    return AdapterError(reason, detail[:_MAX_DETAIL], **facts)


def refusal(entry: Mapping[str, Any]) -> Refusal:
    """What the chaincode says of a refused item."""
    return Refusal(_known(str(entry["reason"])), str(entry["detail"]))


def _reason(error: GatewayError) -> tuple[Reason, str]:
    if isinstance(error, CommitError):
        return _BY_VALIDATION.get(error.validation, Reason.REJECTED), error.message
    if isinstance(error, SubmitError) and error.refused:
        return Reason.REJECTED, error.message
    if isinstance(error, SubmitError | CommitStatusError):
        return Reason.UNAVAILABLE, f"{error}; whether it was ordered isn't known"
    for peer in error.peers:
        if peer.message.startswith(_CHAINCODE_FAILED):
            return _chaincodes_own(peer.message)
        if _PEERS_DISAGREE in peer.message:
            # Endorsers that aren't at the same block yet answer differently.
            return Reason.CONFLICT, f"the peers disagree: {peer.message}"
        if _NO_ACCESS in peer.message:
            return Reason.UNAUTHORISED, peer.message
    return _BY_CODE.get(error.code, Reason.REJECTED), str(error)


def _chaincodes_own(message: str) -> tuple[Reason, str]:
    """Out of `chaincode response 500, {"reason":"…","detail":"…"}`."""
    said = message.partition(", ")[2]
    try:
        entry: Any = json.loads(said)
    except ValueError:
        return Reason.REJECTED, said
    if not isinstance(entry, dict):
        return Reason.REJECTED, said
    fields = cast("dict[str, Any]", entry)
    return _known(str(fields.get("reason"))), str(fields.get("detail", said))


def _known(reason: str) -> Reason:
    try:
        return Reason(reason)
    except ValueError:
        return Reason.REJECTED
