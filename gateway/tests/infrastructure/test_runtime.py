"""Start-up over an in-memory network: what is wired, and what is said where the configuration is wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from citygate.adapter import Curve, Issue, Redemption, Refusal
from citygate.adapter.memory import MemoryLedger, account_of, connect
from citygate.gateway.infrastructure import (
    AdapterMissingError,
    KeyEntry,
    KnownAccount,
    LocalKeyRing,
    NetworkEntry,
    Settings,
    SettingsError,
    open_platform,
    rebuild_journal,
)
from citygate.gateway.platform import (
    AccountEntry,
    Draft,
    InvalidField,
    LegDraft,
    NotFound,
    Refused,
    TransferState,
)


def key(name: str) -> KeyEntry:
    secret = hashlib.sha256(name.encode()).digest()
    blank = KeyEntry(name, "memory:a", "", Curve.P256, secret)
    signer = LocalKeyRing([blank]).signer("memory:a", "")
    assert signer is not None
    return KeyEntry(name, "memory:a", account_of(signer.public_key), Curve.P256, secret)


RELAY, ALICE = key("relay"), key("alice")
BOB = "b" * 40


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> MemoryLedger:
    def find(name: str) -> object:
        if name != "memory":
            raise AdapterMissingError(name)
        return connect

    monkeypatch.setattr("citygate.gateway.infrastructure._runtime.find_adapter", find)
    ledger = MemoryLedger("a")
    ledger.issuers.add(ALICE.account)
    ledger.validators.add(ALICE.account)
    return ledger


def configured(folder: Path, ledger: MemoryLedger | str) -> Settings:
    options = {"ledger": ledger, "relay": RELAY.account}
    return Settings(
        journal=f"sqlite:///{folder / 'journal.db'}",
        networks=[NetworkEntry(name="city", adapter="memory", options=options)],
        accounts=[KnownAccount(network="memory:a", name="bob", account=BOB, curve=Curve.P256)],
    )


async def test_a_platform_serves_tickets_and_transfers(tmp_path: Path, ledger: MemoryLedger) -> None:
    settings = configured(tmp_path, ledger)
    async with open_platform(settings, [RELAY, ALICE]) as platform:
        assert platform.networks.accounts("city") == [
            AccountEntry("memory:a", "alice", ALICE.account, Curve.P256, held=True),
            AccountEntry("memory:a", "bob", BOB, Curve.P256, held=False),
            AccountEntry("memory:a", "relay", RELAY.account, Curve.P256, held=True),
        ]
        assert platform.networks.get("city") is platform.networks.get("memory:a")
        issue = Issue("T1", b"{}", ALICE.account, 0, 2**62)
        issued = await platform.tickets.issue("city", "alice", issue)
        assert (await platform.tickets.get(issued.result, "city")).owner == ALICE.account

        draft = Draft((LegDraft(issued.result, 1, "city", "alice", "city", "bob"),))
        dry = await platform.transfers.create("r1", b"", draft, validate_only=True)
        with pytest.raises(NotFound):
            await platform.transfers.get(dry.id)
        created = await platform.transfers.create("r1", b"", draft)
        seen = [transfer.state async for transfer in platform.transfers.watch(created.id)]
        assert seen[-1] is TransferState.COMMITTED
        assert (await platform.tickets.get(issued.result, "city")).owner == BOB

        event = Redemption(issued.result, "e1")
        assert (await platform.tickets.redeem("city", "alice", event)).result == "e1"
        assert (await platform.tickets.redeem("city", "alice", event)).result == "e1"
        with pytest.raises(Refused, match="redeemed by e1"):
            await platform.tickets.redeem("city", "alice", Redemption(issued.result, "e2"))
        with pytest.raises(NotFound):
            await platform.tickets.get("memory:a/asset:ticket/none", "city")

    async with open_platform(settings, [RELAY, ALICE]) as platform:
        assert (await platform.transfers.get(created.id)).state is TransferState.COMMITTED
    (tmp_path / "journal.db").unlink()
    assert (await rebuild_journal(settings, [RELAY, ALICE])).transfers == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"asset": "ticket"}, "legs[0].asset"),
        ({"asset": "memory:b/asset:ticket/T1"}, "legs[0].asset"),
        ({"asset": "memory:a/asset:ticket"}, "legs[0].asset"),
        ({"amount": 0}, "legs[0].amount"),
        ({"amount": -1}, "legs[0].amount"),
        ({"amount": 2**256}, "legs[0].amount"),
        ({"source": "nowhere"}, "legs[0].source"),
        ({"sender": "0x1"}, "legs[0].sender"),
        ({"destination": "memory:b"}, "legs[0].destination"),
        ({"recipient": "carol"}, "legs[0].recipient"),
    ],
)
async def test_a_wrong_leg_is_named(
    tmp_path: Path, ledger: MemoryLedger, change: dict[str, Any], field: str
) -> None:
    good: dict[str, Any] = {
        "asset": "memory:a/asset:ticket/T1",
        "amount": 1,
        "source": "city",
        "sender": "alice",
        "destination": "city",
        "recipient": "bob",
    }
    ledger.issue(ALICE.account, [Issue("T1", b"{}", ALICE.account, 0, 2**62)])
    async with open_platform(configured(tmp_path, ledger), [RELAY, ALICE]) as platform:
        draft = Draft((LegDraft(**good),))
        assert (await platform.transfers.create("r", b"", draft, validate_only=True)).terms.legs
        with pytest.raises(InvalidField) as caught:
            await platform.transfers.create("r", b"", Draft((LegDraft(**(good | change)),)))
        assert caught.value.field == field


async def test_a_wrong_draft_is_named(tmp_path: Path, ledger: MemoryLedger) -> None:
    ledger.issue(ALICE.account, [Issue("T1", b"{}", ALICE.account, 0, 2**62)])
    leg = LegDraft("memory:a/asset:ticket/T1", 1, "city", "alice", "city", "bob")
    wrong = [
        (Draft(()), "legs"),
        (Draft((leg,) * 17), "legs"),
        (Draft((leg,), deadline=1), "deadline"),
        (Draft((leg,), deadline=2**64), "deadline"),
        (Draft((leg,), decider="memory:b"), "decider"),
    ]
    async with open_platform(configured(tmp_path, ledger), [RELAY, ALICE]) as platform:
        for draft, field in wrong:
            with pytest.raises(InvalidField) as caught:
                await platform.transfers.create("r", b"", draft)
            assert caught.value.field == field
        for request_id in ("", "x" * 129):
            with pytest.raises(InvalidField, match="request_id"):
                await platform.transfers.create(request_id, b"", Draft((leg,)))
        with pytest.raises(InvalidField, match="page_token"):
            await platform.transfers.list(page_token="x")
        with pytest.raises(InvalidField, match="page_token"):
            await platform.transfers.list(page_token="é")


async def test_an_asset_that_cannot_leave_is_refused(tmp_path: Path, ledger: MemoryLedger) -> None:
    asset = "memory:a/asset:ticket/T1"
    async with open_platform(configured(tmp_path, ledger), [RELAY, ALICE]) as platform:

        async def refused(sender: str) -> str:
            draft = Draft((LegDraft(asset, 1, "city", sender, "city", "bob"),))
            with pytest.raises(Refused) as caught:
                await platform.transfers.create("r", b"", draft)
            return caught.value.message

        assert "there is none" in await refused("alice")
        ledger.issue(ALICE.account, [Issue("T1", b"{}", ALICE.account, 0, 2**62)])
        assert "its owner is" in await refused("bob")
        (result,) = ledger.redeem(ALICE.account, [Redemption(asset, "e1")]).results
        assert not isinstance(result, Refusal)
        assert "redeemed" in await refused("alice")


async def test_what_is_missing_at_start_is_named(tmp_path: Path, ledger: MemoryLedger) -> None:
    with pytest.raises(SettingsError, match="no account named 'relay'"):
        async with open_platform(configured(tmp_path, ledger), [ALICE]):
            pass
    with pytest.raises(SettingsError, match="networks: city: options: ledger"):
        async with open_platform(configured(tmp_path, "nowhere"), [RELAY]):
            pass
    # the journal is free again
    async with open_platform(configured(tmp_path, ledger), [RELAY]):
        pass


async def test_a_network_that_is_connected_twice_is_refused(tmp_path: Path, ledger: MemoryLedger) -> None:
    settings = configured(tmp_path, ledger)
    twice = settings.model_copy(
        update={"networks": [*settings.networks, settings.networks[0].model_copy(update={"name": "again"})]}
    )
    with pytest.raises(SettingsError, match="connected twice"):
        async with open_platform(twice, [RELAY]):
            pass
