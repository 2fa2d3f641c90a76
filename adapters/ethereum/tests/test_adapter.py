"""The adapter on a real node with the real contracts."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest

from citygate.adapter import (
    AdapterError,
    Claim,
    Decision,
    Event,
    Issue,
    Order,
    Proof,
    Reason,
    Redemption,
    Refusal,
    Settlement,
    State,
)
from citygate.ethereum import LocalKeys, MemoryOutbox, connect

from .city import CITIZEN, City

pytestmark = pytest.mark.ledger


def shown(city: City, order: Order, state: State) -> Proof:
    """What the gate abroad proves."""
    claim = Claim(city.abroad.network, city.abroad.gate, order.terms.id, state)
    return Proof(claim.network, (claim,), city.abroad.proof((claim.transfer_id, int(state))))


async def test_it_says_what_it_is(city: City) -> None:
    description = await city.adapter.describe()
    assert (description.network, description.kind) == ("eip155:31337", "ethereum")
    assert city.adapter.asset_name("T-0").startswith(description.ticket_collection + "/")
    health = await city.adapter.health()
    assert health.serving
    assert health.height > 0


# ---- tickets -------------------------------------------------------------------------------------------


async def test_issuing_twice_is_issuing_once(city: City) -> None:
    issue = Issue("TKT-A", b'{"id":"TKT-A"}', city.accounts["alice"], 0, 2**40)
    operator = city.accounts["operator-a"]
    first = await city.adapter.issue(operator, [issue])
    again = await city.adapter.issue(operator, [issue])
    assert first.transaction is not None
    assert again.transaction is None
    assert first.results == again.results == (city.adapter.asset_name("TKT-A"),)
    (record,) = await city.adapter.assets(first.results)  # pyright: ignore[reportArgumentType]  # names, as asserted
    assert (record.owner, record.payload) == (city.accounts["alice"], issue.payload)
    assert record.payload_hash == hashlib.sha256(issue.payload).digest()


async def test_another_payload_for_an_issued_ticket_is_refused_alone(city: City) -> None:
    asset, _ = await city.issue()
    number = next(i for i in range(1000) if city.adapter.asset_name(f"T-{i}") == asset)
    wrong = Issue(f"T-{number}", b"{}", city.accounts["alice"], 0, 2**40)
    good = Issue("TKT-B", b'{"id":"TKT-B"}', city.accounts["alice"], 0, 2**40)
    refused, issued = (await city.adapter.issue(city.accounts["operator-a"], [wrong, good])).results
    assert isinstance(refused, Refusal)
    assert "another payload" in refused.detail
    assert issued == city.adapter.asset_name("TKT-B")


async def test_who_lacks_the_role_cant_issue(city: City) -> None:
    issue = Issue("TKT-C", b"{}", city.accounts["alice"], 0, 2**40)
    with pytest.raises(AdapterError, match="lacks the role") as caught:
        await city.adapter.issue(city.accounts["alice"], [issue])
    assert caught.value.reason is Reason.UNAUTHORISED


async def test_a_sender_without_a_key_is_told_before_anything_is_numbered(city: City) -> None:
    stranger = "0x" + "99" * 20
    issue = Issue("TKT-C", b"{}", city.accounts["alice"], 0, 2**40)
    with pytest.raises(AdapterError, match="no key for"):
        await city.adapter.issue(stranger, [issue])
    assert stranger not in city.outbox.numbers


async def test_a_ticket_is_redeemed_once(city: City) -> None:
    asset, _ = await city.issue()
    validator = city.accounts["operator-a"]
    first = await city.adapter.redeem(validator, [Redemption(asset, "gate-7/1")])
    again = await city.adapter.redeem(validator, [Redemption(asset, "gate-7/1")])
    (other,) = (await city.adapter.redeem(validator, [Redemption(asset, "gate-7/2")])).results
    assert first.results == again.results == ("gate-7/1",)
    assert again.transaction is None
    assert isinstance(other, Refusal)
    assert "gate-7/1" in other.detail
    assert (await city.adapter.assets([asset]))[0].redeemed_by == "gate-7/1"


# ---- transfers -----------------------------------------------------------------------------------------


async def test_a_ticket_leaves_and_what_is_escrowed_is_outstanding(city: City) -> None:
    asset, payload = await city.issue()
    order = await city.order(asset, payload)
    prepared = await city.adapter.prepare([order])
    assert prepared.results == (State.PREPARED,)
    (record,) = await city.adapter.assets([asset])
    assert (record.owner, record.locked_by) == (city.options["gate"], order.terms.id)

    proofs = [shown(city, order, State.PREPARED)]
    decided = await city.adapter.decide([Decision(order, State.COMMITTED)], proofs)
    assert decided.results == (State.COMMITTED,)
    (record,) = await city.adapter.assets([asset])
    assert (record.owner, record.outstanding) == (city.options["gate"], city.abroad.network)
    assert record.locked_by == b""
    (supply,) = await city.adapter.supply([asset])
    assert (supply.escrowed, dict(supply.outstanding)) == (1, {city.abroad.network: 1})

    again = await city.adapter.decide([Decision(order, State.COMMITTED)], proofs)
    assert (again.transaction, again.results) == (None, (State.COMMITTED,))


async def test_a_voucher_comes_and_goes(city: City) -> None:
    """A Fabric ticket's voucher is minted by a settlement, then goes home again."""
    payload = b'{"id":"F-1"}'
    asset = f"{city.abroad.network}/asset:citygate.ticket/F-1"
    away = await city.order((await city.issue())[0], payload, decides_here=False)
    leg = replace(
        away.terms.legs[0],
        asset=asset,
        source=1,
        sender=CITIZEN,
        destination=0,
        recipient=city.accounts["alice"],
    )
    incoming = Order(replace(away.terms, legs=(leg,)), (payload,), (b"",))
    (none,) = await city.adapter.assets([asset])
    assert not none.exists
    assert (await city.adapter.prepare([incoming])).results == (State.PREPARED,)
    committed = [shown(city, incoming, State.COMMITTED)]
    settled = await city.adapter.settle([Settlement(incoming, State.COMMITTED)], committed)
    assert settled.results == (State.COMMITTED,)
    (record,) = await city.adapter.assets([asset])
    assert (record.exists, record.owner, record.payload) == (True, city.accounts["alice"], payload)
    assert (await city.adapter.supply([asset]))[0].vouchers == 1

    home = await city.order(asset, payload, decides_here=False)
    assert (await city.adapter.prepare([home])).results == (State.PREPARED,)
    committed = [shown(city, home, State.COMMITTED)]
    settled = await city.adapter.settle([Settlement(home, State.COMMITTED)], committed)
    assert settled.results == (State.COMMITTED,)
    (record,) = await city.adapter.assets([asset])
    assert not record.exists


async def test_who_didnt_sign_loses_nothing_and_the_others_go_through(city: City) -> None:
    tickets = [await city.issue() for _ in range(3)]
    orders = [await city.order(*ticket) for ticket in tickets]
    stranger = city.keys[city.accounts["bob"]]
    orders[1] = await city.order(*tickets[1], key=stranger)
    first, second, third = (await city.adapter.prepare(orders)).results
    assert (first, third) == (State.PREPARED, State.PREPARED)
    assert isinstance(second, Refusal)
    assert second.reason is Reason.UNAUTHORISED
    assert (await city.adapter.assets([tickets[1][0]]))[0].owner == city.accounts["alice"]


async def test_a_signature_is_checked_before_it_is_passed_on(city: City) -> None:
    order = await city.order(*await city.issue())
    stranger = city.keys[city.accounts["bob"]]
    signature = await stranger.sign(city.adapter.authorization(order.terms, 0).digest)
    with pytest.raises(AdapterError, match="isn't the sender's"):
        city.adapter.authorized(order.terms, 0, stranger.public_key, signature)


async def test_an_order_that_is_prepared_already_isnt_sent(city: City) -> None:
    order = await city.order(*await city.issue())
    await city.adapter.prepare([order])
    again = await city.adapter.prepare([order])
    assert (again.transaction, again.results) == (None, (State.PREPARED,))


async def test_a_forged_proof_is_refused_with_the_reason(city: City) -> None:
    order = await city.order(*await city.issue())
    await city.adapter.prepare([order])
    proof = shown(city, order, State.PREPARED)
    forged = replace(proof, data=city.abroad.proof((b"\x66" * 32, 1)))
    (refused,) = (await city.adapter.decide([Decision(order, State.COMMITTED)], [forged])).results
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.INVALID
    (decided,) = (await city.adapter.decide([Decision(order, State.COMMITTED)], [proof])).results
    assert decided is State.COMMITTED


async def test_a_decision_without_its_proof_isnt_sent(city: City) -> None:
    order = await city.order(*await city.issue())
    receipt = await city.adapter.decide([Decision(order, State.COMMITTED)], [])
    assert receipt.transaction is None
    (refused,) = receipt.results
    assert isinstance(refused, Refusal)
    assert "no proof shows PREPARED" in refused.detail


async def test_an_abort_gives_the_ticket_back(city: City) -> None:
    asset, payload = await city.issue()
    order = await city.order(asset, payload)
    await city.adapter.prepare([order])
    assert (await city.adapter.decide([Decision(order, State.ABORTED)], [])).results == (State.ABORTED,)
    assert (await city.adapter.assets([asset]))[0].owner == city.accounts["alice"]
    (late,) = (await city.adapter.prepare([order])).results
    assert isinstance(late, Refusal)
    assert late.reason is Reason.ALREADY_APPLIED


async def test_an_aborts_tombstone_stops_a_late_prepare(city: City) -> None:
    order = await city.order(*await city.issue(), decides_here=False)
    settlement = Settlement(order, State.ABORTED)
    settled = await city.adapter.settle([settlement], [shown(city, order, State.ABORTED)])
    assert settled.results == (State.ABORTED,)
    (late,) = (await city.adapter.prepare([order])).results
    assert isinstance(late, Refusal)


async def test_fifty_orders_and_their_states(city: City) -> None:
    tickets = [await city.issue() for _ in range(50)]
    orders = [await city.order(*ticket) for ticket in tickets]
    receipt = await city.adapter.prepare(orders)
    assert set(receipt.results) == {State.PREPARED}
    records = await city.adapter.transfers([order.terms.id for order in orders] + [bytes(32)])
    assert [record.state for record in records] == [State.PREPARED] * 50 + [State.NONE]


# ---- events --------------------------------------------------------------------------------------------


async def test_events_come_in_order_and_go_on_from_a_cursor(city: City) -> None:
    asset, payload = await city.issue()
    order = await city.order(asset, payload)
    await city.adapter.prepare([order])
    await city.adapter.decide([Decision(order, State.ABORTED)], [])
    await city.adapter.redeem(city.accounts["operator-a"], [Redemption(asset, "last")])
    seen: list[Event] = []
    async with asyncio.timeout(20):
        async for event in city.adapter.observe(None):
            seen.append(event)
            if event.detail.get("local_event_id") == "last":
                break
    mine = [e for e in seen if order.terms.id == e.transfer_id or asset == e.asset]
    assert [e.kind for e in mine] == ["issued", "prepared", "aborted", "redeemed"]
    assert (mine[1].terms, mine[1].payloads) == (order.terms, order.payloads)
    async with asyncio.timeout(20):
        resumed = [await anext(city.adapter.observe(event.cursor)) for event in mine[:-1]]
    assert [e.cursor for e in resumed] == [seen[seen.index(e) + 1].cursor for e in mine[:-1]]


# ---- connecting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason", "fault"),
    [
        ({"network": "eip155:1"}, Reason.INVALID, "node of eip155:31337"),
        ({"gate": "0x" + "99" * 20}, Reason.INVALID, "no gate at"),
        ({"url": "http://127.0.0.1:1"}, Reason.UNAVAILABLE, "check its URL"),
    ],
)
async def test_a_wrong_endpoint_is_refused(
    city: City, change: dict[str, str], reason: Reason, fault: str
) -> None:
    with pytest.raises(AdapterError, match=fault) as caught:
        await connect(dict(city.options) | change, LocalKeys(city.keys.values()), MemoryOutbox())
    assert caught.value.reason is reason
