"""The operations on transfers that the API offers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import struct
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from citygate.adapter import AdapterError, Reason, State

from ._authorize import authorize
from ._drafting import build
from ._errors import Conflict, InvalidField, NotFound, Refused, from_adapter
from ._journal import Entry, Journal, Position
from ._model import Draft, Transfer, TransferFilter, TransferPage
from ._networks import Networks
from ._progress import view
from .engine import Engine

_MAX_PAGE = 500
_MAX_REQUEST_ID = 128
_ELSEWHERE = 1.0
"""Seconds between looks at a watched transfer that another gateway may work on."""


class Transfers:
    """Creates transfers and tells what has become of them; the engine moves them on.

    `lifetime`: seconds from its creation to the deadline of a transfer that names none.
    """

    def __init__(
        self,
        networks: Networks,
        journal: Journal,
        engine: Engine,
        *,
        lifetime: int = 600,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._networks = networks
        self._journal = journal
        self._engine = engine
        self._lifetime = lifetime
        self._clock = clock

    async def create(
        self, request_id: str, fingerprint: bytes, draft: Draft, *, validate_only: bool = False
    ) -> Transfer:
        """Build the terms, authorise what the key ring can, store, and let the engine go on.

        The same `request_id` with the same `fingerprint` (a hash of the request's content) answers with the
        transfer that there is. `validate_only` does everything but sign and store.
        Raises InvalidField, Conflict, Refused (the asset can't leave as asked), Unavailable.
        """
        if not 1 <= len(request_id) <= _MAX_REQUEST_ID:
            raise InvalidField("request_id", f"1 to {_MAX_REQUEST_ID} characters are wanted")
        if known := await self._journal.find(request_id):
            return self._same(known, fingerprint)
        now = self._clock()
        terms, payloads = await build(self._networks, draft, now=now, lifetime=self._lifetime)
        entry = Entry(
            terms,
            payloads,
            (b"",) * len(terms.legs),
            request_id,
            fingerprint,
            states={p.network: State.NONE for p in terms.participants},
            due_at=now,
            created_at=now,
            updated_at=now,
        )
        if validate_only:
            return view(entry)
        try:
            entry = replace(entry, authorizations=await authorize(self._networks, terms))
        except AdapterError as error:
            raise from_adapter(error) from error
        leased = self._engine.has_room
        stored = await self._journal.insert(entry, leased=leased)
        if stored.id != entry.id:
            return self._same(stored, fingerprint)
        if leased:
            self._engine.submit(stored)
        return view(stored)

    def _same(self, known: Entry, fingerprint: bytes) -> Transfer:
        if known.fingerprint != fingerprint:
            raise Conflict(
                f"request_id {known.request_id!r} stands for another request, transfer {known.id.hex()}: "
                "choose a new request_id"
            )
        return view(self._engine.current(known.id) or known)

    async def get(self, transfer_id: bytes) -> Transfer:
        """One transfer; NotFound where the journal has none."""
        return view(await self._entry(transfer_id))

    async def _entry(self, transfer_id: bytes) -> Entry:
        entry = self._engine.current(transfer_id) or await self._journal.get(transfer_id)
        if entry is None:
            raise NotFound(
                f"there is no transfer {transfer_id.hex()}; `citygate transfer list` shows those there are"
            )
        return entry

    async def list(
        self,
        page_size: int = 50,
        page_token: str = "",
        filter: TransferFilter | None = None,  # noqa: A002  # the name in AIP-132
    ) -> TransferPage:
        """A page of transfers, the newest first; InvalidField where the token is none of ours."""
        if page_size < 0:
            raise InvalidField("page_size", "a number of transfers, or 0 for the default, is wanted")
        size = min(page_size or 50, _MAX_PAGE)
        after = _position(page_token) if page_token else None
        await self._journal.flush()
        entries = await self._journal.page(size + 1, after, filter or TransferFilter())
        token = _token(entries[size - 1]) if len(entries) > size else ""
        return TransferPage(tuple(view(entry) for entry in entries[:size]), token)

    async def watch(self, transfer_id: bytes) -> AsyncIterator[Transfer]:
        """The transfer as it is and after each change, up to its final state; NotFound at the first step."""
        with self._engine.changes(transfer_id) as changed:
            entry = await self._entry(transfer_id)
            transfer = view(entry)
            yield transfer
            while not transfer.state.final:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_ELSEWHERE):
                        await changed.wait()
                changed.clear()
                seen, entry = entry, await self._entry(transfer_id)
                if replace(entry, updated_at=seen.updated_at, due_at=seen.due_at) != seen:
                    transfer = view(entry)
                    yield transfer

    async def abort(self, transfer_id: bytes) -> Transfer:
        """Ask for the decision ABORT; answers at once with the transfer as it is (final later: `watch`).

        Refused where the decision is COMMIT already; an aborted one is answered as it is.
        """
        transfer = await self.get(transfer_id)
        terms = transfer.terms
        decision = transfer.states[terms.participants[terms.decider].network]
        if decision is State.COMMITTED:
            raise Refused(
                Reason.REJECTED, f"transfer {transfer_id.hex()} is committed; make one that goes back"
            )
        if decision is State.NONE or decision is State.PREPARED:
            await self._engine.abort(transfer_id, "its abort was asked for")
        return await self.get(transfer_id)


# ---- page tokens ------------------------------------------------------------------------------------------


def _token(entry: Entry) -> str:
    return base64.urlsafe_b64encode(struct.pack(">d", entry.created_at) + entry.id).decode()


def _position(token: str) -> Position:
    try:
        raw = base64.urlsafe_b64decode(token.encode())
        (created_at,) = struct.unpack(">d", raw[:8])
    except (binascii.Error, struct.error, UnicodeEncodeError) as error:
        raise InvalidField(
            "page_token", "take it unchanged from the answer before, or leave it empty"
        ) from error
    if len(raw) != 40:
        raise InvalidField("page_token", "take it unchanged from the answer before, or leave it empty")
    return Position(created_at, raw[8:])
