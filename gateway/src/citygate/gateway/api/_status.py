"""Every error as a google.rpc.Status (AIP-193), with ErrorInfo, and BadRequest where input is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from citygate.adapter import Reason
from citygate.gateway.business import InvalidTicketError, RedemptionRefused
from citygate.gateway.platform import (
    Conflict,
    InvalidField,
    NotFound,
    PlatformError,
    Refused,
    Unavailable,
)
from citygate.schemas import UnknownSchemaError, Violation
from citygate.v1.ticket_pb2 import TicketRedemption

DOMAIN = "citygate"
"""The domain of every ErrorInfo."""
_MAX_VIOLATIONS = 20
"""A status travels in HTTP/2 trailers, of which clients take 8 KiB."""
_MAX_TEXT = 1000


def status_of(error: Exception) -> Status | None:
    """What a client is told of an error; None where it is none of those that are expected."""
    match error:
        case InvalidField():
            return invalid([(error.field, error.message)])
        case InvalidTicketError():
            return invalid((_field("ticket", v), str(v)) for v in error.violations)
        case RedemptionRefused():
            result = TicketRedemption.EventResult.Name(error.event_result).removeprefix("EVENT_RESULT_")
            return _status(
                grpc.StatusCode.FAILED_PRECONDITION, error.reason.name, str(error), {"event_result": result}
            )
        case Refused(reason=Reason.UNAUTHORISED):
            return _status(grpc.StatusCode.PERMISSION_DENIED, error.reason.name, str(error))
        case Refused():
            return _status(grpc.StatusCode.FAILED_PRECONDITION, error.reason.name, str(error))
        case NotFound() | UnknownSchemaError():
            return _status(grpc.StatusCode.NOT_FOUND, "NOT_FOUND", str(error))
        case Conflict():
            return _status(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED", str(error))
        case Unavailable():
            return _status(grpc.StatusCode.UNAVAILABLE, "LEDGER_UNAVAILABLE", str(error))
        case PlatformError():
            return _status(grpc.StatusCode.FAILED_PRECONDITION, "REFUSED", str(error))
        case _:
            return None


def invalid(faults: Iterable[tuple[str, str]]) -> Status:
    """INVALID_ARGUMENT with fields and what is wrong with each."""
    all_faults = list(faults)
    told = [(field, text[:_MAX_TEXT]) for field, text in all_faults[:_MAX_VIOLATIONS]]
    summary = "; ".join(f"{field}: {text}" for field, text in told[:3])
    rest = len(all_faults) - min(3, len(told))
    more = f"; and {rest} more" if rest else ""
    status = _status(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", summary + more)
    violations = [BadRequest.FieldViolation(field=field, description=text) for field, text in told]
    status.details.add().Pack(BadRequest(field_violations=violations))
    return status


def internal(error_id: str) -> Status:
    """What a client is told of an error that nobody expected: an id, under which the log has the rest."""
    return _status(
        grpc.StatusCode.INTERNAL,
        "INTERNAL",
        f"the gateway failed; its log says why under {error_id}, which its operator can look up",
        {"error_id": error_id},
    )


def _status(
    code: grpc.StatusCode, reason: str, text: str, metadata: Mapping[str, str] | None = None
) -> Status:
    status = Status(code=code.value[0], message=text[: 3 * _MAX_TEXT])
    status.details.add().Pack(ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata or {}))
    return status


def _field(root: str, violation: Violation) -> str:
    """A JSON pointer as the path of a field: `/bookingParts/0/id` is `ticket.booking_parts[0].id`."""
    path = root
    for part in violation.pointer.split("/")[1:]:
        name = re.sub("[A-Z]", lambda match: "_" + match[0].lower(), part)
        path += f"[{part}]" if part.isdigit() else f".{name}"
    return path
