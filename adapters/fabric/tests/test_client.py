"""The Gateway client on a real Fabric network."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from contextlib import aclosing

import grpc
import pytest

from citygate.fabric.gateway import (
    Checkpoint,
    CommitError,
    CommitStatusError,
    Connection,
    Contract,
    Deadlines,
    EndorseError,
    EvaluateError,
    EventsError,
    Identity,
    LocalSigner,
    Member,
    SignedTransaction,
    SubmitError,
)
from citygate.fabric.gateway._protos import common_pb2

from .conftest import Running, Wire

pytestmark = pytest.mark.ledger


def an_issue(running: Running) -> tuple[str, str]:
    """The argument that issues a new ticket to bob, and the ticket's name."""
    number = f"CLIENT-{secrets.token_hex(6)}"
    now = int(time.time())
    item = {
        "ticket_id": number,
        "payload": base64.b64encode(json.dumps({"id": number}, separators=(",", ":")).encode()).decode(),
        "recipient": running.account("bob"),
        "valid_from": now - 60,
        "valid_until": now + 3600,
    }
    return json.dumps({"items": [item]}), f"{running.network}/asset:citygate.ticket/{number}"


async def test_what_is_submitted_can_be_evaluated(running: Running, contract: Contract) -> None:
    argument, asset = an_issue(running)
    before = json.loads(await contract.evaluate("Assets", asset))
    assert before[0]["exists"] is False
    done = await contract.submit("IssueTickets", argument)
    assert json.loads(done.result) == {"results": [{"asset": asset}]}
    assert done.block > 0
    after = json.loads(await contract.evaluate("Assets", asset))
    assert after[0]["owner"] == running.account("bob")
    assert await contract.commit_status(done.transaction_id) == done.block


async def test_an_endorsement_alone_changes_nothing(running: Running, contract: Contract) -> None:
    argument, asset = an_issue(running)
    endorsed = await contract.endorse(contract.proposal("IssueTickets", argument))
    assert endorsed.emits
    assert len(endorsed.endorsements) == 2
    assert json.loads(await contract.evaluate("Assets", asset))[0]["exists"] is False


async def test_a_failed_query_carries_the_peers_message(contract: Contract) -> None:
    with pytest.raises(EvaluateError) as failed:
        await contract.evaluate("NoSuchFunction")
    (peer,) = failed.value.peers
    assert peer.msp == "Org1MSP"
    assert "NoSuchFunction" in peer.message
    assert peer.message in str(failed.value)


async def test_a_refused_endorsement_carries_transaction_and_peer(contract: Contract) -> None:
    proposal = contract.proposal("NoSuchFunction")
    with pytest.raises(EndorseError) as failed:
        await contract.endorse(proposal)
    assert failed.value.transaction_id == proposal.transaction_id
    assert failed.value.code is grpc.StatusCode.ABORTED
    assert "NoSuchFunction" in failed.value.peers[0].message


async def test_a_stranger_gets_no_endorsement(running: Running, connection: Connection) -> None:
    member = running.member("operator-b")
    posing = Member(Identity("Org1MSP", member.identity.certificate), member.signer)
    stranger = Contract(connection, posing, "citychannel", "citygate")
    with pytest.raises(EndorseError):
        await stranger.submit("IssueTickets", an_issue(running)[0])


async def test_an_altered_transaction_is_not_submitted(running: Running, contract: Contract) -> None:
    argument, asset = an_issue(running)
    signed = await contract.sign(await contract.endorse(contract.proposal("IssueTickets", argument)))
    envelope = common_pb2.Envelope.FromString(signed.envelope)
    envelope.signature = envelope.signature[:-1] + bytes([envelope.signature[-1] ^ 1])
    altered = SignedTransaction(signed.channel, signed.transaction_id, envelope.SerializeToString())
    with pytest.raises(SubmitError) as failed:
        await contract.send(altered)
    assert failed.value.transaction_id == signed.transaction_id
    assert failed.value.refused
    assert json.loads(await contract.evaluate("Assets", asset))[0]["exists"] is False
    assert await contract.send(signed) > 0


async def test_of_two_that_read_the_same_one_is_invalid(running: Running, contract: Contract) -> None:
    argument, asset = an_issue(running)
    await contract.submit("IssueTickets", argument)
    redemptions = [
        json.dumps({"items": [{"asset": asset, "local_event_id": event}]}) for event in ("left", "right")
    ]
    signed = [
        await contract.sign(await contract.endorse(contract.proposal("RedeemTickets", redemption)))
        for redemption in redemptions
    ]
    left, right = await asyncio.gather(*(contract.send(s) for s in signed), return_exceptions=True)
    (lost,) = [outcome for outcome in (left, right) if isinstance(outcome, CommitError)]
    assert lost.validation == "MVCC_READ_CONFLICT"
    assert lost.block > 0
    assert sum(isinstance(outcome, int) for outcome in (left, right)) == 1


async def test_a_transaction_sent_twice_is_on_the_ledger_once(running: Running, contract: Contract) -> None:
    argument, _ = an_issue(running)
    signed = await contract.sign(await contract.endorse(contract.proposal("IssueTickets", argument)))
    assert await contract.send(signed) == await contract.send(signed)


async def test_an_unknown_transactions_status_does_not_come(running: Running) -> None:
    endpoint = running.devnet.settings().options["endpoint"]
    async with Connection(endpoint, running.tls(), Deadlines(commit_status=0.3)) as hasty:
        contract = Contract(hasty, running.member("operator-b"), "citychannel", "citygate")
        with pytest.raises(CommitStatusError) as failed:
            await contract.commit_status("0" * 64)
        assert failed.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
        assert (await contract.submit("IssueTickets", an_issue(running)[0])).block > 0


async def test_events_resume_after_a_checkpoint(running: Running, contract: Contract) -> None:
    done = [await contract.submit("IssueTickets", an_issue(running)[0]) for _ in range(3)]
    wanted = [(d.block, d.transaction_id) for d in done]
    async with aclosing(contract.events(Checkpoint(done[0].block))) as events:
        first, second = await anext(events), await anext(events)
    assert [(e.block, e.transaction_id) for e in (first, second)] == wanted[:2]
    assert json.loads(first.payload)["events"][0]["kind"] == "issued"
    async with aclosing(contract.events(second.checkpoint)) as events:
        third = await anext(events)
    assert (third.block, third.transaction_id) == wanted[2]


async def test_events_survive_a_cut_connection(running: Running, contract: Contract) -> None:
    endpoint = running.devnet.settings().options["endpoint"]
    first = await contract.submit("IssueTickets", an_issue(running)[0])
    async with Wire(endpoint) as wire, Connection(wire.endpoint, running.tls()) as cuttable:
        listener = Contract(cuttable, running.member("relay"), "citychannel", "citygate")
        async with aclosing(listener.events(Checkpoint(first.block))) as events:
            assert (await anext(events)).transaction_id == first.transaction_id
            wire.cut()
            second = await contract.submit("IssueTickets", an_issue(running)[0])
            assert (await anext(events)).transaction_id == second.transaction_id
        assert wire.opened == 2


async def test_events_of_an_unknown_channel_are_refused(running: Running, connection: Connection) -> None:
    elsewhere = Contract(connection, running.member("relay"), "nochannel", "citygate")
    with pytest.raises(EventsError):
        async with aclosing(elsewhere.events()) as events:
            await anext(events)


async def test_a_peer_that_nobody_vouches_for_is_not_talked_to(running: Running) -> None:
    endpoint = running.devnet.settings().options["endpoint"]
    async with Connection(endpoint, running.tls(1), Deadlines(evaluate=2)) as wrong:
        contract = Contract(wrong, running.member("relay"), "citychannel", "citygate")
        with pytest.raises(EvaluateError) as failed:
            await contract.evaluate("Describe")
    assert failed.value.code is grpc.StatusCode.UNAVAILABLE


async def test_a_signer_must_belong_to_its_certificate(running: Running) -> None:
    bob, relay = running.member("bob"), running.member("relay")
    with pytest.raises(ValueError, match="isn't that of the certificate"):
        Member(bob.identity, relay.signer)
    assert isinstance(bob.signer, LocalSigner)
