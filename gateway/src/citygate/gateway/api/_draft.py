"""A requested transfer: from its message to the platform's draft."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re

from citygate.adapter import MAX_AMOUNT, MAX_LEGS, AssetName
from citygate.gateway.platform import Draft, InvalidField, LegDraft
from citygate.v1.leg_pb2 import Leg
from citygate.v1.transfer_pb2 import Transfer

_DECIMAL = re.compile(r"0|[1-9][0-9]*")
_REQUEST_ID = re.compile(r"[A-Za-z0-9][-_.A-Za-z0-9]{0,63}")
_MAX_DIGITS = len(str(MAX_AMOUNT))


def draft_of(transfer: Transfer) -> Draft:
    """What the client asks for; InvalidField names the first of its fields that can't be right on any ledger.

    Output-only fields are left aside, as AIP-203 wants it.
    """
    if not 1 <= len(transfer.legs) <= MAX_LEGS:
        raise InvalidField("legs", f"1 to {MAX_LEGS} are wanted, not {len(transfer.legs)}")
    deadline = None
    if transfer.HasField("deadline"):
        if transfer.deadline.nanos or transfer.deadline.seconds < 0:
            raise InvalidField("deadline", "whole seconds after 1970 are wanted")
        deadline = transfer.deadline.seconds
    legs = tuple(_leg(leg, f"legs[{index}]") for index, leg in enumerate(transfer.legs))
    return Draft(legs, deadline, transfer.decider or None)


def fingerprint(draft: Draft) -> bytes:
    """SHA-256 of everything that a draft says: two requests with the same one ask for the same."""
    content = json.dumps(dataclasses.asdict(draft), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).digest()


def checked_request_id(request_id: str) -> str:
    """InvalidField where it has another form than the API documents."""
    if _REQUEST_ID.fullmatch(request_id) is None:
        raise InvalidField("request_id", "[A-Za-z0-9][-_.A-Za-z0-9]{0,63} is wanted, best a UUID")
    return request_id


def transfer_id(text: str) -> bytes:
    """The 32 bytes of a transfer's id."""
    if re.fullmatch("[0-9a-f]{64}", text) is None:
        raise InvalidField("id", "a transfer's id is wanted: 64 hex digits in lower case")
    return bytes.fromhex(text)


def _leg(leg: Leg, where: str) -> LegDraft:
    for field in ("asset", "source", "sender", "destination", "recipient"):
        if not getattr(leg, field):
            raise InvalidField(f"{where}.{field}", "is missing")
    try:
        AssetName.parse(leg.asset)
    except ValueError as error:
        raise InvalidField(f"{where}.asset", str(error)) from error
    return LegDraft(
        asset=leg.asset,
        amount=_amount(leg.amount, f"{where}.amount"),
        source=leg.source,
        sender=leg.sender,
        destination=leg.destination,
        recipient=leg.recipient,
    )


def _amount(text: str, where: str) -> int:
    if re.fullmatch(r"-[0-9.]+", text):
        raise InvalidField(where, f"{text[:_MAX_DIGITS]} is negative; 1 to 2^256 - 1 is wanted")
    if _DECIMAL.fullmatch(text) is None:
        raise InvalidField(
            where,
            f"{text[:_MAX_DIGITS]!r} is no amount; a whole decimal number of the asset's smallest unit "
            "is wanted, without sign, point or leading zeros",
        )
    if len(text) > _MAX_DIGITS or not 0 < int(text) <= MAX_AMOUNT:
        raise InvalidField(where, "1 to 2^256 - 1 is wanted")
    return int(text)
