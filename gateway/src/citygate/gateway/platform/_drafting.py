"""From what a client asks for to terms: checked against the connected networks and what their ledgers hold
now.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass

from citygate.adapter import (
    MAX_AMOUNT,
    MAX_LEGS,
    NO_PAYLOAD,
    AdapterError,
    AssetName,
    AssetRecord,
    Leg,
    Participant,
    Reason,
    Terms,
)

from ._errors import InvalidField, Refused, from_adapter
from ._model import Draft, LegDraft
from ._networks import Network, Networks


@dataclass(frozen=True, slots=True)
class _Checked:
    """A leg whose names are resolved."""

    asset: AssetName
    amount: int
    home: Network
    source: Network
    sender: str
    destination: Network
    recipient: str


async def build(
    networks: Networks, draft: Draft, *, now: float, lifetime: int
) -> tuple[Terms, tuple[bytes, ...]]:
    """The terms of a draft and each leg's payload; InvalidField, Refused or Unavailable say what is in the
    way.
    """
    if not 1 <= len(draft.legs) <= MAX_LEGS:
        raise InvalidField("legs", f"1 to {MAX_LEGS} legs are wanted, not {len(draft.legs)}")
    deadline = int(now) + lifetime if draft.deadline is None else draft.deadline
    if not now < deadline < 2**64:
        raise InvalidField("deadline", "a time in the future is wanted")
    legs = [_check(networks, leg, f"legs[{number}]") for number, leg in enumerate(draft.legs)]
    payloads = await _payloads(legs)
    taking_part = {n.id: n for leg in legs for n in (leg.home, leg.source, leg.destination)}
    ordered = [taking_part[network] for network in sorted(taking_part, key=str.encode)]
    position = {network.id: index for index, network in enumerate(ordered)}
    decider = _decider(networks, draft, legs, ordered)
    terms = Terms(
        tuple(Participant(n.id, n.description.gate) for n in ordered),
        position[decider.id],
        networks.relay(decider),
        deadline,
        os.urandom(32),
        tuple(
            Leg(
                str(leg.asset),
                leg.amount,
                position[leg.source.id],
                leg.sender,
                position[leg.destination.id],
                leg.recipient,
                hashlib.sha256(payload).digest() if payload else NO_PAYLOAD,
            )
            for leg, payload in zip(legs, payloads, strict=True)
        ),
    )
    try:
        terms.check()
    except ValueError as error:
        raise InvalidField("legs", str(error)) from error
    return terms, payloads


def _check(networks: Networks, leg: LegDraft, where: str) -> _Checked:
    try:
        asset = AssetName.parse(leg.asset)
    except ValueError as error:
        raise InvalidField(f"{where}.asset", str(error)) from error
    home = networks.field(asset.network, f"{where}.asset")
    try:
        home.adapter.check_asset(leg.asset)
    except ValueError as error:
        raise InvalidField(f"{where}.asset", str(error)) from error
    if not 1 <= leg.amount <= MAX_AMOUNT:
        raise InvalidField(f"{where}.amount", "an amount from 1 to 2^256 - 1 is wanted")
    source = networks.field(leg.source, f"{where}.source")
    destination = networks.field(leg.destination, f"{where}.destination")
    return _Checked(
        asset,
        leg.amount,
        home,
        source,
        networks.account(source, leg.sender, f"{where}.sender"),
        destination,
        networks.account(destination, leg.recipient, f"{where}.recipient"),
    )


def _decider(networks: Networks, draft: Draft, legs: list[_Checked], ordered: list[Network]) -> Network:
    """The home of what leaves another network; else the one asked for; else one that locks nothing: it
    prepares and decides in one ledger transaction.
    """
    homes = {leg.home.id: leg.home for leg in legs if leg.home is not leg.source}
    if len(homes) > 1:
        raise InvalidField(
            "legs",
            f"assets of {' and '.join(sorted(homes))} leave networks that aren't their homes, "
            "and each home would have to decide: make a transfer for each",
        )
    for home in homes.values():
        if draft.decider is not None and networks.field(draft.decider, "decider") is not home:
            raise InvalidField(
                "decider", f"{home.id} must decide: an asset that is at home there leaves another network"
            )
        return home
    if draft.decider is not None:
        asked = networks.field(draft.decider, "decider")
        if asked not in ordered:
            raise InvalidField("decider", f"{asked.id} takes no part in any leg")
        return asked
    sources = {leg.source.id for leg in legs}
    destinations = {leg.destination.id for leg in legs}
    return min(ordered, key=lambda n: (n.id in sources, n.id not in destinations))


# ---- what the ledgers hold --------------------------------------------------------------------------------


async def _payloads(legs: list[_Checked]) -> tuple[bytes, ...]:
    """The payload of each leg's asset as its source has it; Refused where the asset can't leave as asked."""
    sources = {leg.source.id: leg.source for leg in legs if leg.asset.token}
    wanted = {
        network: [str(leg.asset) for leg in legs if leg.asset.token and leg.source.id == network]
        for network in sources
    }
    try:
        answers = await asyncio.gather(*(sources[n].adapter.assets(names) for n, names in wanted.items()))
    except AdapterError as error:
        raise from_adapter(error) from error
    records = {
        (network, record.asset): record
        for network, answer in zip(wanted, answers, strict=True)
        for record in answer
    }
    return tuple(
        _payload(leg, number, records[leg.source.id, str(leg.asset)]) if leg.asset.token else b""
        for number, leg in enumerate(legs)
    )


def _payload(leg: _Checked, number: int, record: AssetRecord) -> bytes:
    what = f"legs[{number}]: {leg.asset} on {leg.source.id}"
    if not record.exists:
        raise Refused(Reason.REJECTED, f"{what}: there is none; name the network that it is on now")
    if record.redeemed_by:
        raise Refused(Reason.REJECTED, f"{what}: it is redeemed, and a redeemed ticket doesn't leave")
    if record.outstanding:
        raise Refused(Reason.REJECTED, f"{what}: it is on {record.outstanding} now; let it start there")
    if record.locked_by:
        raise Refused(
            Reason.CONFLICT,
            f"{what}: transfer {record.locked_by.hex()} holds it; wait for its end or abort it",
        )
    if record.owner and record.owner != leg.sender:
        raise Refused(Reason.UNAUTHORISED, f"{what}: its owner is {record.owner}, not {leg.sender}")
    return record.payload
