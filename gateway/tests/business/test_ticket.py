"""The canonical ticket's two forms say the same."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygate.gateway.business import InvalidTicketError, ticket_from_json, ticket_to_json
from citygate.schemas import Json, canonical, find, parse
from citygate.v1.ticket_pb2 import Ticket

STATUSES = find("mobility/ticket").content["properties"]["status"]["enum"]
NAMES = st.text(min_size=1, max_size=128)
TIMES = st.datetimes(min_value=datetime(1000, 1, 1)).map(  # noqa: DTZ001 - hypothesis wants it so
    lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ")
)
DAYS = st.dates(min_value=date(1000, 1, 1)).map(str)
REFERENCES = st.lists(st.fixed_dictionaries({"id": NAMES}), min_size=1, max_size=4)
TICKETS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[A-Za-z0-9][-.A-Za-z0-9]{0,63}", fullmatch=True),
        "status": st.sampled_from(STATUSES),
        "bookingRef": NAMES,
        "createdOn": TIMES,
        "validity": st.fixed_dictionaries({"validFrom": TIMES, "validUntil": TIMES}),
        "travelDocumentType": st.from_regex(r"[A-Z][A-Z0-9_]{0,31}", fullmatch=True),
    },
    optional={
        "controlNumber": NAMES,
        "issuer": NAMES,
        "bookingParts": REFERENCES,
        "billingReferences": REFERENCES,
        "availableUsage": st.fixed_dictionaries(
            {"fromPlaceRequired": st.booleans()},
            optional={
                "travelDates": st.lists(DAYS, min_size=1, max_size=4, unique=True),
                "maxAvailableZones": st.integers(1, 10000),
            },
        ),
        "tripCoverage": st.fixed_dictionaries(
            {"coveredTripId": NAMES, "sectionIndex": st.integers(0, 10000)},
            optional={"coveredLegIds": st.lists(NAMES, min_size=1, max_size=4, unique=True)},
        ),
    },
)


@given(TICKETS)
def test_a_ticket_survives_the_way_to_its_message_and_back(document: Json) -> None:
    message = ticket_from_json(document)
    assert ticket_to_json(message) == document
    assert ticket_to_json(Ticket.FromString(message.SerializeToString())) == document


@given(TICKETS)
def test_the_canonical_bytes_survive_too(document: Json) -> None:
    payload = canonical(document)
    assert canonical(ticket_to_json(ticket_from_json(parse(payload)))) == payload


@pytest.mark.parametrize(
    "change",
    [{"summary": "x"}, {"status": "STATUS_FULFILLED"}, {"created_on": "2026-01-15T09:30:00Z"}, {"id": 7}],
)
def test_what_the_schema_refuses_has_no_message(change: dict[str, Any]) -> None:
    document: dict[str, Any] = {
        "id": "T-1",
        "status": "FULFILLED",
        "bookingRef": "B",
        "createdOn": "2026-01-15T09:30:00Z",
        "validity": {"validFrom": "2026-01-15T00:00:00Z", "validUntil": "2036-01-15T00:00:00Z"},
        "travelDocumentType": "QR",
    }
    assert ticket_from_json(document).id == "T-1"
    with pytest.raises(InvalidTicketError, match="breaks its schema"):
        ticket_from_json(document | change)


def test_an_empty_message_lacks_what_is_required() -> None:
    with pytest.raises(InvalidTicketError) as caught:
        ticket_to_json(Ticket())
    assert {violation.rule for violation in caught.value.violations} == {"required"}
    assert json.dumps(str(caught.value)).count("required") == 6


def test_message_and_schema_have_the_same_names_all_the_way_down() -> None:
    schema = find("mobility/ticket").content
    compare(Ticket.DESCRIPTOR, schema, schema["$defs"])


def compare(descriptor: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> None:
    assert {field.json_name for field in descriptor.fields} == set(schema["properties"])
    for field in descriptor.fields:
        part = resolved(schema["properties"][field.json_name], definitions)
        assert field.is_repeated == (part.get("type") == "array"), field.name
        inner = resolved(part["items"], definitions) if field.is_repeated else part
        if inner.get("type") == "object":
            compare(field.message_type, inner, definitions)


def resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return schema | definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
