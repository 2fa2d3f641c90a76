"""The canonical ticket as the message `citygate.v1.Ticket` and as the JSON of the schema `mobility/ticket`.

Both say the same: a ticket that is turned into the other form and back is the same ticket.
"""

from __future__ import annotations

from typing import Any, cast

from google.protobuf import json_format

from citygate.schemas import Json, Violation, find
from citygate.v1.ticket_pb2 import Ticket

SCHEMA = "mobility/ticket"
_STATUS = "STATUS_"


class InvalidTicketError(ValueError):
    """The ticket breaks its schema; `violations` says where, all of them."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("the ticket breaks its schema:\n" + "\n".join(f"  {v}" for v in violations))
        self.violations = violations


def ticket_to_json(ticket: Ticket) -> Json:
    """The JSON form; InvalidTicketError where there is none that the schema takes."""
    known = Ticket()
    known.CopyFrom(ticket)
    known.DiscardUnknownFields()
    if known.ByteSize() != ticket.ByteSize():
        raise InvalidTicketError([Violation("", "additionalProperties", "unknown fields", "no such key")])
    try:
        document: dict[str, Any] = json_format.MessageToDict(ticket)
    except (json_format.Error, ValueError) as error:
        # protobuf's times go further than RFC 3339's.
        raise InvalidTicketError([Violation("", "format", str(error), '"date-time"')]) from None
    if "status" in document:
        document["status"] = str(document["status"]).removeprefix(_STATUS)
    return _checked(document)


def ticket_from_json(document: Json) -> Ticket:
    """The message form; InvalidTicketError where the schema doesn't take the document."""
    values = cast("dict[str, Any]", _checked(document))
    return json_format.ParseDict({**values, "status": _STATUS + values["status"]}, Ticket())


def _checked(document: Json) -> Json:
    if violations := find(SCHEMA).violations(document):
        raise InvalidTicketError(violations)
    return document
