"""What an asset's own state forbids, and what a batch's other items don't."""

from __future__ import annotations

import pytest

from citygate.adapter import Decision, Order, Reason, Redemption, Refusal, Settlement, State
from citygate.gateway.platform import Networks

from .forging import claiming
from .terms import GATES, ISSUER, OTHER, Crossing, account, arrived, issued, prepared, refusal

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]

BATCH = 50
BAD = 17


# ---- tickets that can't leave -----------------------------------------------------------------------------


async def again(crossing: Crossing) -> Crossing:
    """Another transfer of the same ticket, which its owner signed as well."""
    return await crossing.signed(salt=bytes(32))


async def does_not_leave(crossing: Crossing) -> None:
    """It is refused and changes nothing; a ticket like it leaves."""
    before = await crossing.accounts()
    said = refusal(await crossing.prepare())
    assert said.reason in (Reason.REJECTED, Reason.CONFLICT, Reason.UNAUTHORISED)
    assert await crossing.accounts() == before
    (like_it,) = await issued(crossing.ledgers, crossing.source.name)
    assert await like_it.prepare() is State.PREPARED


@pytest.mark.parametrize("gate", GATES)
async def test_a_redeemed_ticket(ledgers: Networks, gate: str) -> None:
    (crossing,) = await issued(ledgers, gate)
    validator = account(ledgers, gate, ISSUER[gate])
    event = f"event-{crossing.id.hex()[:16]}"
    receipt = await crossing.source.adapter.redeem(validator, [Redemption(crossing.asset, event)])
    assert receipt.results == (event,)
    await does_not_leave(crossing)


@pytest.mark.parametrize("gate", GATES)
async def test_a_locked_ticket(ledgers: Networks, gate: str) -> None:
    (crossing,) = await prepared(ledgers, gate)
    await does_not_leave(await again(crossing))


@pytest.mark.parametrize("gate", GATES)
async def test_a_ticket_that_is_abroad(ledgers: Networks, gate: str) -> None:
    crossing = await arrived(ledgers, gate)
    await does_not_leave(await again(crossing))


@pytest.mark.parametrize("gate", GATES)
async def test_the_same_ticket_twice_in_one_batch(ledgers: Networks, gate: str) -> None:
    (crossing,) = await issued(ledgers, gate)
    other = await again(crossing)
    receipt = await crossing.source.adapter.prepare([crossing.order, other.order])
    first, second = receipt.results
    assert first is State.PREPARED
    assert refusal(second)
    (record,) = await crossing.source.adapter.assets([crossing.asset])
    assert record.locked_by == crossing.id


# ---- vouchers that can't go home --------------------------------------------------------------------------


@pytest.mark.parametrize("gate", GATES)
async def test_a_voucher_whose_owner_did_not_sign(ledgers: Networks, gate: str) -> None:
    """Nobody's signature, and that of the owner at home, who has no say any more."""
    crossing = await arrived(ledgers, OTHER[gate])
    back = await crossing.returning()
    before = await back.accounts()
    for authorizations in ((b"",), crossing.order.authorizations):
        said = refusal(await back.changed(authorizations=authorizations).prepare())
        assert said.reason is Reason.UNAUTHORISED
    assert await back.accounts() == before
    assert await back.prepare() is State.PREPARED


@pytest.mark.parametrize("gate", GATES)
async def test_a_voucher_goes_home_once(ledgers: Networks, gate: str) -> None:
    """Locked, it can't be locked again; at home, it is gone."""
    crossing = await arrived(ledgers, OTHER[gate])
    back = await crossing.returning()
    twice = await back.signed(salt=bytes([1]) * 32)
    assert await back.prepare() is State.PREPARED
    assert refusal(await twice.prepare())
    assert await back.decide(State.COMMITTED, await back.proof(back.source)) is State.COMMITTED
    assert refusal(await twice.prepare())
    assert await back.settle(State.COMMITTED, await back.proof(back.decider)) is State.COMMITTED
    before = await back.accounts()
    assert refusal(await twice.prepare())
    assert await back.accounts() == before
    (record,) = await back.destination.adapter.assets([back.asset])
    assert record.owner == crossing.order.terms.legs[0].sender


@pytest.mark.parametrize("gate", GATES)
async def test_a_redeemed_voucher(ledgers: Networks, gate: str) -> None:
    crossing, sibling = await arrived(ledgers, OTHER[gate]), await arrived(ledgers, OTHER[gate])
    validator = account(ledgers, gate, ISSUER[gate])
    event = f"event-{crossing.id.hex()[:16]}"
    receipt = await crossing.destination.adapter.redeem(validator, [Redemption(crossing.asset, event)])
    assert receipt.results == (event,)
    back = await crossing.returning()
    assert refusal(await back.prepare()).reason is Reason.REJECTED
    assert await (await sibling.returning()).prepare() is State.PREPARED


@pytest.mark.parametrize("gate", GATES)
async def test_a_voucher_whose_home_does_not_decide(ledgers: Networks, gate: str) -> None:
    """Neither where the voucher is nor at its home can such a transfer be prepared."""
    back = await (await arrived(ledgers, OTHER[gate])).returning()
    (leg,) = back.order.terms.legs
    decided_abroad = await back.signed(decider=leg.source, initiator=ledgers.relay(back.source))
    for network in (back.source, back.destination):
        (said,) = (await network.adapter.prepare([decided_abroad.order])).results
        assert "home" in refusal(said).detail
    assert await back.prepare() is State.PREPARED


# ---- batches ----------------------------------------------------------------------------------------------


def all_but_one(results: tuple[State | str | Refusal, ...], wanted: State) -> None:
    assert isinstance(results[BAD], Refusal)
    assert results[:BAD] + results[BAD + 1 :] == (wanted,) * (BATCH - 1)


@pytest.mark.parametrize("source", GATES)
async def test_one_bad_transfer_in_a_batch_of_fifty(ledgers: Networks, source: str) -> None:
    """Each verb in turn: the bad one isn't signed, then has another payload, then isn't decided as it says."""
    crossings = await issued(ledgers, source, BATCH)
    bad = crossings[BAD]
    home, away = bad.source.adapter, bad.destination.adapter

    def orders(spoilt: Crossing) -> list[Order]:
        return [crossing.order for crossing in (*crossings[:BAD], spoilt, *crossings[BAD + 1 :])]

    receipt = await home.prepare(orders(bad.changed(authorizations=(b"",))))
    all_but_one(receipt.results, State.PREPARED)
    assert await bad.prepare() is State.PREPARED

    ids = [crossing.id for crossing in crossings]
    ready = await home.prove(ids)
    spoilt = orders(bad.changed(payloads=(b"{}",)))
    receipt = await away.decide([Decision(order, State.COMMITTED) for order in spoilt], [ready])
    all_but_one(receipt.results, State.COMMITTED)

    # The bad one is aborted instead, and yet sent along as if it had been committed.
    assert await bad.decide(State.ABORTED) is State.ABORTED
    decision = await away.prove(ids)
    said = claiming(decision, State.COMMITTED)
    receipt = await home.settle([Settlement(order, State.COMMITTED) for order in orders(bad)], [said])
    all_but_one(receipt.results, State.COMMITTED)
    supplies = await home.supply([crossing.asset for crossing in crossings])
    assert [supply.escrowed for supply in supplies] == [int(crossing is not bad) for crossing in crossings]
    assert await bad.settle(State.ABORTED, await bad.proof(bad.decider)) is State.ABORTED
