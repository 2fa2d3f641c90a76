"""What `parse` takes and what it refuses; what `canonical` writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygate.schemas import MAX_DEPTH, MAX_DOCUMENT, DocumentError, Json, canonical, parse


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "no JSON: line 1, column 1"),
        (b'{"a": 1,\n}', "no JSON: line 2, column 1"),
        (b'{"a": 1} x', "no JSON: line 1, column 10"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"a": "\xff"}', "no UTF-8: byte 7 is 0xff"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', 'the key "c" comes twice'),
        (b'{"a": 1, "\\u0061": 2}', 'the key "a" comes twice'),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "-Infinity is no JSON number"),
        (b'{"a": 1e400}', "the number inf"),
        (b'{"a": 9007199254740992}', "the number 9007199254740992"),
        (b"[" + b"9" * 5000 + b"]", "too many digits"),
        (b'["\\ud800"]', "half of a surrogate pair"),
        (b'{"\\udfff": 1}', "half of a surrogate pair"),
        (nested(MAX_DEPTH + 2), "nested more than 16 deep"),
        (nested(30_000), "nested more than 16 deep"),
        (b'"' + b"a" * MAX_DOCUMENT + b'"', "at most 65536"),
    ],
)
def test_what_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(DocumentError, match=fault):
        parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 9007199254740991, "b": {"a": 1}}',
        b'["\\ud83d\\ude00"]',
        nested(MAX_DEPTH),
        b'"' + b"a" * (MAX_DOCUMENT - 2) + b'"',
    ],
)
def test_what_is_just_taken(data: bytes) -> None:
    assert parse(data) == json.loads(data)


def test_canonical_sorts_keys_and_drops_white_space() -> None:
    assert canonical(parse(b'{"b": [1.0, -0.0], "a": "\\u20ac"}')) == '{"a":"€","b":[1,0]}'.encode()


SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(DOCUMENTS)
def test_the_canonical_form_reads_back_and_is_its_own(document: Json) -> None:
    data = canonical(document)
    assert parse(data) == document
    assert canonical(parse(data)) == data
