"""The shipped schemas, their examples, and the reference implementation's opinion of both."""

from __future__ import annotations

import copy
import datetime
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import citygate.schemas
from citygate.schemas import Json, Schema, UnknownSchemaError, catalogue, find, parse

ROOT = Path(citygate.schemas.__file__).parent
EXAMPLES = sorted(ROOT.glob("*/*/examples/*.json"))
TICKET = json.loads((ROOT / "mobility/ticket/examples/valid-single.json").read_bytes())


def schema_of(example: Path) -> Schema:
    return find("/".join(example.relative_to(ROOT).parts[:2]))


def is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.datetime.fromisoformat(value))


def is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.date.fromisoformat(value))


def reference(schema: Schema) -> Any:
    """jsonschema with formats held to ISO 8601 as Python reads it."""
    formats = jsonschema.FormatChecker(())
    formats.checks("date-time", ValueError)(is_time)
    formats.checks("date", ValueError)(is_date)
    return jsonschema.Draft202012Validator(schema.content, format_checker=formats)


def test_there_are_valid_and_invalid_examples_of_every_schema() -> None:
    for schema in catalogue():
        names = [path.name for path in EXAMPLES if schema_of(path) == schema]
        assert any(name.startswith("valid-") for name in names), schema.name
        assert any(name.startswith("invalid-") for name in names), schema.name


@pytest.mark.parametrize("schema", catalogue(), ids=lambda schema: schema.name)
def test_a_schema_is_one(schema: Schema) -> None:
    jsonschema.Draft202012Validator.check_schema(schema.content)
    assert schema.uri == "urn:citygate:schema:" + schema.name.replace("/", ":")
    assert schema.title
    assert schema.description


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_what_its_name_says(example: Path) -> None:
    violations = schema_of(example).violations(parse(example.read_bytes()))
    assert bool(violations) == example.name.startswith("invalid-"), violations


# Python's `$`, which the reference takes, also matches before a final line feed; that of ECMA-262 doesn't.
AGREED = [path for path in EXAMPLES if path.stem != "invalid-id-line-feed"]


@pytest.mark.parametrize("example", AGREED, ids=lambda path: path.stem)
def test_the_reference_agrees_on_every_example(example: Path) -> None:
    schema, document = schema_of(example), parse(example.read_bytes())
    assert reference(schema).is_valid(document) == (not schema.violations(document))


KEYS = st.sampled_from([*TICKET, "validFrom", "coveredTripId", "coveredLegIds", "sectionIndex", "other"])
VALUES = st.recursive(
    st.one_of(
        st.sampled_from(
            ["TKT-1", "", "QR", "FULFILLED", "2026-01-15T09:30:00Z", "2026-02-30T00:00:00Z", "2026-02-01"]
        ),
        st.text("aZ-é€", max_size=130),
        st.integers(-2, 10001),
        st.floats(allow_nan=False, allow_infinity=False, width=16),
        st.booleans(),
        st.none(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


PLACES = st.sampled_from(["", "validity", "tripCoverage"])


@given(st.dictionaries(KEYS, VALUES, max_size=3), st.sets(KEYS, max_size=1), PLACES)
def test_the_reference_agrees_on_changed_tickets(
    changes: dict[str, Any], missing: set[str], where: str
) -> None:
    document: dict[str, Any] = copy.deepcopy(TICKET)
    target = document[where] if where else document
    target.update(changes)
    for key in missing:
        target.pop(key, None)
    schema = find("mobility/ticket")
    assert reference(schema).is_valid(document) == (not schema.violations(document))


def test_every_violation_is_told_with_its_place_rule_value_and_wish() -> None:
    document: Json = {**TICKET, "id": "a b", "status": "USED", "a/b": 1, "bookingParts": [{"id": "x"}, {}]}
    del document["validity"]
    found = [(v.pointer, v.rule, v.value, v.expected) for v in find("mobility/ticket").violations(document)]
    statuses = json.dumps(find("mobility/ticket").content["properties"]["status"]["enum"])
    assert found == [
        ("/a~1b", "additionalProperties", "1", "no such key"),
        ("/bookingParts/1/id", "required", "nothing", 'the key "id"'),
        ("/id", "pattern", '"a b"', '"^[A-Za-z0-9][-.A-Za-z0-9]{0,63}$"'),
        ("/status", "enum", '"USED"', statuses),
        ("/validity", "required", "nothing", 'the key "validity"'),
    ]


def test_long_values_are_shortened() -> None:
    (violation,) = find("mobility/ticket").violations({**TICKET, "id": "x" * 5000})
    assert len(violation.value) == 160
    assert violation.value.endswith("…")


def test_a_schema_is_found_by_name_with_or_without_its_version() -> None:
    assert find("mobility/ticket") is find("mobility/ticket/1.0.0")
    with pytest.raises(UnknownSchemaError, match=r"did you mean mobility/ticket/1\.0\.0\?"):
        find("mobility/tickets")
    with pytest.raises(UnknownSchemaError, match="there are: mobility/ticket"):
        find("x")


def test_a_reference_to_elsewhere_is_refused() -> None:
    content = {"$id": "urn:x", "$ref": "file:///etc/hostname"}
    with pytest.raises(Exception, match="schemas refer to nothing outside themselves"):
        Schema("x/y/1.0.0", json.dumps(content).encode()).violations({})
