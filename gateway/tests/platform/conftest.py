from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import pytest

from citygate.adapter import Curve, Issue, State
from citygate.adapter.memory import Faults, MemoryAdapter, MemoryLedger, account_of
from citygate.gateway.infrastructure import KeyEntry, LocalKeyRing
from citygate.gateway.infrastructure.journal import Database, SqlJournal
from citygate.gateway.platform import (
    RELAY,
    AccountEntry,
    Draft,
    Engine,
    LegDraft,
    Network,
    Networks,
    Transfer,
    Transfers,
    Verb,
)

Make = Callable[[Sequence[str], Path], "Cities"]
PEOPLE = (RELAY, "alice", "bob")


class Cities:
    """In-memory networks that trust each other, and a gateway over them that can die and start again."""

    def __init__(self, names: Sequence[str], folder: Path) -> None:
        self.ledgers = {name: MemoryLedger(name) for name in names}
        for ledger in self.ledgers.values():
            ledger.trust(*(other for other in self.ledgers.values() if other is not ledger))
        self.faults = {name: Faults() for name in names}
        self.keys = [
            KeyEntry(person, self.network(name), "", Curve.P256, secrets.token_bytes(31).rjust(32, b"\x01"))
            for name in names
            for person in PEOPLE
        ]
        self.keys = [
            KeyEntry(k.name, k.network, account_of(_public_key(k)), k.curve, k.secret) for k in self.keys
        ]
        self.withheld: set[str] = set()
        self.max_batch = 50
        self.url = f"sqlite:///{folder / 'journal.db'}"
        self.database: Database
        self.journal: SqlJournal
        self.networks: Networks
        self.engine: Engine
        self.transfers: Transfers

    def network(self, name: str) -> str:
        return self.ledgers[name].me.network

    def account(self, name: str, person: str) -> str:
        wanted = (person, self.network(name))
        return next(key.account for key in self.keys if (key.name, key.network) == wanted)

    # ---- the gateway --------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the journal and connect the networks, with no engine running."""
        held = [key for key in self.keys if key.name not in self.withheld]
        ring = LocalKeyRing(held)
        networks: list[Network] = []
        for name, ledger in self.ledgers.items():
            adapter = MemoryAdapter(
                ledger, self.account(name, RELAY), ring, max_batch=self.max_batch, faults=self.faults[name]
            )
            networks.append(Network(name, adapter, await adapter.describe()))
        accounts = [AccountEntry(k.network, k.name, k.account, k.curve, k in held) for k in self.keys]
        self.networks = Networks(networks, accounts, ring)
        self.database = await Database.open(self.url)
        self.journal = SqlJournal(self.database)
        await self.journal.release_all()
        self.engine = Engine(self.networks, self.journal)
        self.transfers = Transfers(self.networks, self.journal, self.engine)

    async def start(self) -> None:
        await self.open()
        self.engine.start()

    async def crash(self) -> None:
        """End without storing anything more."""
        await self.engine.kill()
        await self.database.close()

    async def stop(self) -> None:
        await self.engine.stop()
        await self.database.close()

    # ---- what tests do ------------------------------------------------------------------------------------

    def issue(self, name: str, ticket: str, owner: str = "alice") -> str:
        ledger = self.ledgers[name]
        ledger.issuers.add("issuer")
        payload = b'{"id":"' + ticket.encode() + b'"}'
        issue = Issue(ticket, payload, self.account(name, owner), 0, 2**62)
        (asset,) = ledger.issue("issuer", [issue]).results
        assert isinstance(asset, str)
        return asset

    def leg(self, asset: str, source: str, destination: str, amount: int = 1, **who: str) -> LegDraft:
        return LegDraft(
            asset, amount, source, who.get("sender", "alice"), destination, who.get("recipient", "bob")
        )

    async def create(self, *legs: LegDraft, request_id: str = "", deadline: int | None = None) -> Transfer:
        request_id = request_id or secrets.token_hex(8)
        return await self.transfers.create(request_id, request_id.encode(), Draft(legs, deadline))

    async def finish(self, transfer_id: bytes) -> Transfer:
        """Wait for the final state."""
        return await self.until(transfer_id, lambda transfer: transfer.state.final)

    async def known(self, transfer_id: bytes) -> None:
        """Wait until the gateway has heard of a transfer."""
        for _ in range(1000):
            if await self.journal.get(transfer_id):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nobody told the gateway of the transfer")

    async def told(self, transfer_id: bytes) -> list[Verb]:
        """The verbs of a crossing's transactions, once the gates' events have told of all three."""
        verbs: list[Verb] = []
        for _ in range(500):
            verbs = [done.verb for done in (await self.transfers.get(transfer_id)).transactions]
            if verbs == list(Verb):
                break
            await asyncio.sleep(0.01)
        return verbs

    async def until(self, transfer_id: bytes, condition: Callable[[Transfer], bool]) -> Transfer:
        async for transfer in self.transfers.watch(transfer_id):
            if condition(transfer):
                return transfer
        raise AssertionError("the transfer ended without meeting the condition")

    # ---- what must hold -----------------------------------------------------------------------------------

    def owner(self, asset: str) -> list[tuple[str, str]]:
        """Everybody on any network who can use the asset, as (network name, person)."""
        people = {(self.network(n), self.account(n, p)): p for n in self.ledgers for p in PEOPLE}
        return [
            (name, people[ledger.me.network, account])
            for name, ledger in self.ledgers.items()
            for (held, account), amount in ledger.store.balances.items()
            if held == asset and amount
        ]

    def check_supply(self, *assets: str) -> None:
        """For every asset: in escrow at home = outstanding abroad = vouchers there."""
        for asset in assets:
            home = next(n for n in self.ledgers if asset.startswith(self.network(n) + "/"))
            supply = self.ledgers[home].supply(asset)
            assert supply.escrowed == sum(supply.outstanding.values())
            for name, ledger in self.ledgers.items():
                if name != home:
                    assert ledger.supply(asset).vouchers == supply.outstanding.get(self.network(name), 0)

    def states(self, transfer_id: bytes) -> set[State]:
        return {ledger.store.states[transfer_id] for ledger in self.ledgers.values()}

    def calls(self, method: str) -> int:
        return sum(m == method for faults in self.faults.values() for m, _ in faults.calls)


def _public_key(key: KeyEntry) -> bytes:
    signer = LocalKeyRing([key]).signer(key.network, key.account)
    assert signer is not None
    return signer.public_key


@pytest.fixture
async def two(tmp_path: Path) -> AsyncGenerator[Cities]:
    cities = Cities(("alpha", "beta"), tmp_path)
    await cities.start()
    yield cities
    await cities.stop()


@pytest.fixture
async def stopped(tmp_path: Path) -> AsyncGenerator[Cities]:
    """Two networks and an engine that isn't started yet."""
    cities = Cities(("alpha", "beta"), tmp_path)
    await cities.open()
    yield cities
    await cities.stop()


@pytest.fixture(scope="session")
def make() -> Make:
    return Cities


@pytest.fixture
async def three(tmp_path: Path) -> AsyncGenerator[Cities]:
    cities = Cities(("alpha", "beta", "gamma"), tmp_path)
    await cities.start()
    yield cities
    await cities.stop()
