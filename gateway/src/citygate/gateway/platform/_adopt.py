"""Transfers read back from the gates' events, where the journal doesn't know them (any more)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from citygate.adapter import NO_PAYLOAD, Event, State, Terms

from ._authorize import authorize
from ._errors import NotFound
from ._journal import Entry, Journal
from ._model import EVENT_STATES
from ._networks import Network, Networks


async def adopt(event: Event, networks: Networks, journal: Journal) -> Entry | None:
    """Store the transfer that an event shows, due at once; None where it isn't this gateway's to finish.

    Ours are those whose initiator is our relay and whose participants are all connected.
    """
    terms = event.terms
    if terms is None or terms.id != event.transfer_id or not _ours(terms, networks):
        return None
    time = event.transaction.time
    entry = Entry(
        terms,
        await _payloads(terms, event.payloads, networks),
        await authorize(networks, terms),
        due_at=time,
        created_at=time,
        updated_at=time,
    )
    entry = await journal.insert(entry, leased=False)
    await journal.note(event)
    return entry


def _ours(terms: Terms, networks: Networks) -> bool:
    for participant in terms.participants:
        if participant.network not in networks:
            return False
        if networks.get(participant.network).description.gate != participant.gate:
            return False
    try:
        return networks.relay(networks.get(terms.participants[terms.decider].network)) == terms.initiator
    except NotFound:
        return False


async def _payloads(terms: Terms, known: tuple[bytes, ...], networks: Networks) -> tuple[bytes, ...]:
    """Each leg's payload: from the event where this gate has it, else from the asset's record at either
    end.
    """
    payloads = list(known or (b"",) * len(terms.legs))
    for number, leg in enumerate(terms.legs):
        if payloads[number] or leg.payload_hash == NO_PAYLOAD:
            continue
        for end in (leg.source, leg.destination):
            (record,) = await networks.get(terms.participants[end].network).adapter.assets([leg.asset])
            if hashlib.sha256(record.payload).digest() == leg.payload_hash:
                payloads[number] = record.payload
                break
    return tuple(payloads)


# ---- the whole journal ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What `rebuild` read: events from the gates, and transfers that the journal didn't have."""

    events: int
    transfers: int


async def rebuild(networks: Networks, journal: Journal, *, quiet: float = 2.0) -> Rebuilt:
    """Fill the journal from the gates' events, each network's up to where none comes for `quiet` seconds.

    What the journal has stays. Clients' request_ids aren't on the ledgers, so they are lost with a journal.
    AdapterError where a network can't be read; doing it again goes on.
    """
    entries: dict[bytes, Entry] = {}
    counts = [await _read_back(network, networks, journal, entries, quiet) for network in networks]
    for network in networks:
        concerned = [
            e for e in entries.values() if any(p.network == network.id for p in e.terms.participants)
        ]
        for start in range(0, len(concerned), 100):
            part = concerned[start : start + 100]
            for entry, record in zip(
                part, await network.adapter.transfers([e.id for e in part]), strict=True
            ):
                entries[entry.id] = replace(entry, states={**entry.states, network.id: State(record.state)})
    await journal.save(list(entries.values()))
    return Rebuilt(sum(counts), len(entries))


async def _read_back(
    network: Network, networks: Networks, journal: Journal, entries: dict[bytes, Entry], quiet: float
) -> int:
    events = network.adapter.observe(None)
    count, cursor = 0, ""
    while event := await _next(events, quiet):
        count, cursor = count + 1, event.cursor
        if event.kind not in EVENT_STATES:
            continue
        if not await journal.note(event) and (entry := await adopt(event, networks, journal)):
            entries[entry.id] = entry
    if cursor:
        await journal.move_cursor(network.id, cursor)
    return count


async def _next(events: AsyncIterator[Event], quiet: float) -> Event | None:
    """The next event, None where none comes in time."""
    try:
        async with asyncio.timeout(quiet):
            return await anext(events)
    except (TimeoutError, StopAsyncIteration):
        return None
