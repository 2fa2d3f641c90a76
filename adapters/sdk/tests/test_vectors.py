"""The shared vectors hold Python, Solidity and Go to the same bytes; this is where Python is held to them."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from typing import Any

import pytest

from citygate.adapter import Leg, Participant, Terms

VECTORS: list[dict[str, Any]] = json.loads(
    files("citygate.adapter").joinpath("vectors", "terms.json").read_text()
)


def terms_of(vector: dict[str, Any]) -> Terms:
    fields = vector["terms"]
    return Terms(
        participants=tuple(Participant(**p) for p in fields["participants"]),
        decider=fields["decider"],
        initiator=fields["initiator"],
        deadline=fields["deadline"],
        salt=bytes.fromhex(fields["salt"]),
        legs=tuple(
            Leg(
                leg["asset"],
                int(leg["amount"]),
                leg["source"],
                leg["sender"],
                leg["destination"],
                leg["recipient"],
                bytes.fromhex(leg["payload_hash"]),
            )
            for leg in fields["legs"]
        ),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_terms_encode_to_the_vector(vector: dict[str, Any]) -> None:
    terms = terms_of(vector)
    terms.check()
    assert terms.encoded.hex() == vector["encoded"]
    assert terms.id.hex() == vector["id"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_terms_decode_from_the_vector(vector: dict[str, Any]) -> None:
    encoded = bytes.fromhex(vector["encoded"])
    assert Terms.decode(encoded) == terms_of(vector)
    assert hashlib.sha256(encoded).hexdigest() == vector["id"]


def test_any_changed_byte_changes_the_id_or_is_no_terms() -> None:
    vector = VECTORS[0]
    encoded = bytes.fromhex(vector["encoded"])
    for position in range(len(encoded)):
        changed = bytearray(encoded)
        changed[position] ^= 1
        try:
            terms = Terms.decode(bytes(changed))
        except ValueError:
            continue
        assert hashlib.sha256(changed).hexdigest() != vector["id"]
        assert terms != terms_of(vector)
