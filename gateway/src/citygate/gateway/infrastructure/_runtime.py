"""Start-up: everything below the business layer, wired together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from citygate.adapter import KeyRing, Outbox
from citygate.gateway.platform import (
    RELAY,
    AccountEntry,
    Engine,
    Journal,
    Network,
    Networks,
    Rebuilt,
    Tickets,
    Transfers,
    rebuild,
)

from ._adapters import find_adapter
from ._keystore import KeyEntry, LocalKeyRing, load_keystore, read_passphrase
from ._settings import NetworkEntry, Settings, SettingsError
from .journal import Database, SqlJournal, SqlOutbox


@dataclass(frozen=True, slots=True)
class Platform:
    """What the business layer works with."""

    networks: Networks
    transfers: Transfers
    tickets: Tickets


@asynccontextmanager
async def open_platform(
    settings: Settings, keys: Sequence[KeyEntry] | None = None
) -> AsyncGenerator[Platform]:
    """Connect the networks, open the journal, run the engine; leaving the context stops it gracefully.

    `keys` stand in for the keystore's. SettingsError, KeystoreError, AdapterMissingError, JournalError and
    AdapterError say what is wrong with the configuration or with a ledger.
    """
    async with _connected(settings, keys) as (networks, journal):
        engine = Engine(networks, journal)
        engine.start()
        try:
            transfers = Transfers(networks, journal, engine, lifetime=settings.transfer_lifetime)
            yield Platform(networks, transfers, Tickets(networks))
        finally:
            await engine.stop()


@asynccontextmanager
async def open_networks(settings: Settings) -> AsyncGenerator[Networks]:
    """The connected networks alone: transfers stay as they are."""
    async with _connected(settings, None) as (networks, _):
        yield networks


async def rebuild_journal(settings: Settings, keys: Sequence[KeyEntry] | None = None) -> Rebuilt:
    """Fill the journal from the gates' events, with no engine running; raises what `open_platform` does."""
    async with _connected(settings, keys) as (networks, journal):
        return await rebuild(networks, journal)


@asynccontextmanager
async def _connected(
    settings: Settings, keys: Sequence[KeyEntry] | None
) -> AsyncGenerator[tuple[Networks, Journal]]:
    if keys is None:
        keys = _keys(settings)
    ring = LocalKeyRing(keys)
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.journal)
        stack.push_async_callback(database.close)
        journal = SqlJournal(database)
        if database.exclusive:
            await journal.release_all()
        outbox = SqlOutbox(database)
        connecting = [_connect(entry, ring, outbox, stack) for entry in settings.networks]
        networks = await asyncio.gather(*connecting)
        yield Networks(networks, _accounts(settings, keys, networks), ring), journal


async def _connect(entry: NetworkEntry, keys: KeyRing, outbox: Outbox, stack: AsyncExitStack) -> Network:
    connect = find_adapter(entry.adapter)
    try:
        adapter = await connect(entry.options, keys, outbox)
    except ValueError as error:
        raise SettingsError(f"networks: {entry.name}: options: {error}") from error
    stack.push_async_callback(adapter.close)
    return Network(entry.name, adapter, await adapter.describe())


def _keys(settings: Settings) -> list[KeyEntry]:
    if settings.keystore is None:
        return []
    return load_keystore(settings.keystore.path, read_passphrase(settings.keystore.passphrase_file))


def _accounts(
    settings: Settings, keys: Sequence[KeyEntry], networks: Sequence[Network]
) -> list[AccountEntry]:
    accounts = [AccountEntry(k.network, k.name, k.account, k.curve, held=True) for k in keys]
    accounts += [AccountEntry(a.network, a.name, a.account, a.curve, held=False) for a in settings.accounts]
    relayed = {entry.network for entry in accounts if entry.name == RELAY and entry.held}
    for network in networks:
        if network.id not in relayed:
            raise SettingsError(
                f"networks: {network.name}: the keystore has no account named {RELAY!r} on {network.id}: "
                "add the one that the adapter sends with"
            )
    ids = [network.id for network in networks]
    for network in networks:
        if ids.count(network.id) > 1:
            raise SettingsError(f"networks: {network.name}: {network.id} is connected twice; leave one out")
    return accounts
