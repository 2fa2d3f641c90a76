"""The chaincode's JSON (chaincode/README.md), written and read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from citygate.adapter import (
    AdapterError,
    AssetRecord,
    Issue,
    Order,
    Proof,
    Reason,
    Redemption,
    Refusal,
    State,
    Supply,
    TransferRecord,
)
from citygate.fabric._errors import refusal

Inputs = Sequence[Sequence[str]]
"""For each leg, the rows that pay for it."""

_Answer = TypeVar("_Answer")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


# ---- what is sent ------------------------------------------------------------------------------------------


def batch(
    orders: Sequence[Order],
    inputs: Sequence[Inputs],
    outcomes: Sequence[State] | None = None,
    proofs: Iterable[Proof] = (),
) -> str:
    """The argument of Prepare and, with outcomes and proofs, of Decide and Settle."""
    items = [_item(order, rows) for order, rows in zip(orders, inputs, strict=True)]
    for item, outcome in zip(items, outcomes or (), strict=False):
        item["outcome"] = int(outcome)
    message: dict[str, Any] = {"items": items}
    if outcomes is not None:
        message["proofs"] = [{"network": proof.network, "data": _base64(proof.data)} for proof in proofs]
    return _json(message)


def _item(order: Order, inputs: Inputs) -> dict[str, Any]:
    item: dict[str, Any] = {"id": order.terms.id.hex(), "terms": _base64(order.terms.encoded)}
    if any(order.payloads):
        item["payloads"] = [_base64(payload) for payload in order.payloads]
    if any(order.authorizations):
        item["authorizations"] = [_base64(authorization) for authorization in order.authorizations]
    if any(inputs):
        item["inputs"] = [list(rows) for rows in inputs]
    return item


def tickets(issues: Sequence[Issue]) -> str:
    """The argument of IssueTickets."""
    items = [
        {
            "ticket_id": issue.ticket_id,
            "payload": _base64(issue.payload),
            "recipient": issue.recipient,
            "valid_from": issue.valid_from,
            "valid_until": issue.valid_until,
        }
        for issue in issues
    ]
    return _json({"items": items})


def redemptions(redeemed: Sequence[Redemption]) -> str:
    """The argument of RedeemTickets."""
    return _json({"items": [{"asset": r.asset, "local_event_id": r.local_event_id} for r in redeemed]})


# ---- what is answered --------------------------------------------------------------------------------------


def states(answer: bytes) -> tuple[State | str | Refusal, ...]:
    return _results(answer, lambda entry: State(entry["state"]))


def issued(answer: bytes) -> tuple[State | str | Refusal, ...]:
    return _results(answer, lambda entry: str(entry["asset"]))


def redeemed(answer: bytes) -> tuple[State | str | Refusal, ...]:
    return _results(answer, lambda entry: str(entry["local_event_id"]))


def _results(
    answer: bytes, result: Callable[[Mapping[str, Any]], State | str]
) -> tuple[State | str | Refusal, ...]:
    return read(
        answer,
        lambda said: tuple(
            refusal(entry["refused"]) if "refused" in entry else result(entry) for entry in said["results"]
        ),
    )


def transfers(answer: bytes) -> list[TransferRecord]:
    return read(
        answer, lambda said: [TransferRecord(bytes.fromhex(e["id"]), State(e["state"])) for e in said]
    )


def assets(answer: bytes) -> list[AssetRecord]:
    return read(answer, lambda said: [_asset(entry) for entry in said])


def _asset(entry: Mapping[str, Any]) -> AssetRecord:
    return AssetRecord(
        asset=entry["asset"],
        exists=entry["exists"],
        owner=entry["owner"],
        payload=base64.b64decode(entry["payload"]),
        payload_hash=bytes.fromhex(entry["payload_hash"]),
        redeemed_by=entry["redeemed_by"],
        outstanding=entry["outstanding"],
        locked_by=bytes.fromhex(entry["locked_by"]),
    )


def supplies(answer: bytes) -> list[Supply]:
    return read(answer, lambda said: [_supply(entry) for entry in said])


def _supply(entry: Mapping[str, Any]) -> Supply:
    outstanding = cast("Mapping[str, str]", entry["outstanding"])
    return Supply(
        asset=entry["asset"],
        escrowed=int(entry["escrowed"]),
        outstanding={network: int(amount) for network, amount in outstanding.items()},
        vouchers=int(entry["vouchers"]),
    )


def rows(answer: bytes) -> tuple[list[tuple[str, int]], str]:
    """A page of rows with their amounts, and the first row of the next page."""
    return read(
        answer, lambda said: ([(row["row"], int(row["amount"])) for row in said["rows"]], said["next"])
    )


def read(answer: bytes, take: Callable[[Any], _Answer]) -> _Answer:
    """What `take` makes of the JSON in `answer`; AdapterError where it isn't what the chaincode promises."""
    try:
        return take(json.loads(answer))
    except (ValueError, KeyError, TypeError) as error:
        raise AdapterError(
            Reason.INVALID,
            f"the chaincode's answer has an unknown form ({error!r}): is it of this adapter's version?",
        ) from error
