"""Transfers that leave a real Fabric network, or stay on it."""

from __future__ import annotations

import hashlib
import secrets

import pytest

from citygate.adapter import (
    AdapterError,
    Decision,
    Leg,
    Order,
    Participant,
    Reason,
    Refusal,
    State,
)
from citygate.fabric import FabricAdapter

from .conftest import Running
from .transfers import authorised, issued, leaving, prepared, verified

pytestmark = pytest.mark.ledger


async def test_a_ticket_that_leaves_is_locked_and_its_claim_proven(
    running: Running, adapter: FabricAdapter
) -> None:
    order = await prepared(running, adapter)
    (record,) = await adapter.transfers([order.terms.id])
    assert record.state is State.PREPARED
    (held,) = await adapter.assets([order.terms.legs[0].asset])
    assert (held.owner, held.locked_by) == (running.devnet.gate, order.terms.id)

    proof = await adapter.prove([order.terms.id])
    (claim,) = proof.claims
    assert (claim.network, claim.gate, claim.state) == (running.network, running.devnet.gate, State.PREPARED)
    assert verified(running, proof.data) == [(order.terms.id, State.PREPARED)]


async def test_nothing_is_proven_of_an_unknown_transfer(adapter: FabricAdapter) -> None:
    unknown = secrets.token_bytes(32)
    (record,) = await adapter.transfers([unknown])
    assert record.state is State.NONE
    with pytest.raises(AdapterError) as refused:
        await adapter.prove([unknown])
    assert refused.value.reason is Reason.INVALID


async def test_preparing_again_changes_nothing(running: Running, adapter: FabricAdapter) -> None:
    order = await prepared(running, adapter)
    again = await adapter.prepare([order])
    assert again.results == (State.PREPARED,)
    assert again.transaction is None


async def test_one_refused_item_leaves_the_others_alone(running: Running, adapter: FabricAdapter) -> None:
    new, asset = await issued(running, adapter)
    good = await authorised(running, adapter, leaving(running, new, asset), new.payload)
    other, other_asset = await issued(running, adapter)
    bad = Order(leaving(running, other, other_asset), (other.payload,), (b"",))
    receipt = await adapter.prepare([bad, good])
    refused, state = receipt.results
    assert state is State.PREPARED
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.UNAUTHORISED
    (held,) = await adapter.assets([other_asset])
    assert held.owner == other.recipient


async def test_an_owner_authorises_these_terms_alone(running: Running, adapter: FabricAdapter) -> None:
    new, asset = await issued(running, adapter)
    signed = await authorised(running, adapter, leaving(running, new, asset), new.payload)
    others = leaving(running, new, asset)
    receipt = await adapter.prepare([Order(others, (new.payload,), signed.authorizations)])
    assert isinstance(receipt.results[0], Refusal)
    assert receipt.results[0].reason in {Reason.UNAUTHORISED, Reason.INVALID}
    assert (await adapter.prepare([signed])).results == (State.PREPARED,)


async def test_a_signature_of_somebody_else_is_refused_before_it_is_sent(
    running: Running, adapter: FabricAdapter
) -> None:
    new, asset = await issued(running, adapter)
    terms = leaving(running, new, asset)
    digest = adapter.authorization(terms, 0).digest
    stranger = running.keys.signer(running.network, running.account("relay"))
    owner = running.keys.signer(running.network, new.recipient)
    assert stranger is not None
    assert owner is not None
    with pytest.raises(ValueError, match="isn't that of"):
        adapter.authorized(terms, 0, stranger.public_key, await stranger.sign(digest))
    with pytest.raises(ValueError, match="isn't one of"):
        adapter.authorized(terms, 0, owner.public_key, await owner.sign(bytes(32)))
    assert adapter.authorized(terms, 0, owner.public_key, await owner.sign(digest))


async def test_a_transfer_within_the_channel_is_decided_at_once(
    running: Running, adapter: FabricAdapter
) -> None:
    new, asset = await issued(running, adapter)
    receiver = running.account("operator-a")
    terms = leaving(
        running,
        new,
        asset,
        participants=(Participant(running.network, running.devnet.gate),),
        initiator=new.recipient,
        legs=(Leg(asset, 1, 0, new.recipient, 0, receiver, hashlib.sha256(new.payload).digest()),),
    )
    order = await authorised(running, adapter, terms, new.payload)
    receipt = await adapter.decide([Decision(order, State.COMMITTED)], [])
    assert receipt.results == (State.COMMITTED,)
    (held,) = await adapter.assets([asset])
    assert (held.owner, held.locked_by) == (receiver, b"")


async def test_a_commit_without_the_other_ledgers_claim_is_refused(
    running: Running, adapter: FabricAdapter
) -> None:
    order = await prepared(running, adapter, decider=1, initiator=running.account("relay"))
    receipt = await adapter.decide([Decision(order, State.COMMITTED)], [])
    assert isinstance(receipt.results[0], Refusal)
    (record,) = await adapter.transfers([order.terms.id])
    assert record.state is State.PREPARED

    aborted = await adapter.decide([Decision(order, State.ABORTED)], [])
    assert aborted.results == (State.ABORTED,), "the relay is the initiator"
    (held,) = await adapter.assets([order.terms.legs[0].asset])
    assert (held.owner, held.locked_by) == (running.account("bob"), b"")
    proof = await adapter.prove([order.terms.id])
    assert verified(running, proof.data) == [(order.terms.id, State.ABORTED)]
