"""Evidence from the right nodes, of something that isn't a claim of the gate."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from eth_abi.abi import encode

from citygate.adapter import Issue, Proof, State
from citygate.gateway.platform import Networks

from .forging import TAG, endorsed_parts, evm_parts, fabric_parts, posing
from .past_adapters import EthereumGate, FabricGate
from .terms import ISSUER, Crossing, account, issued, prepared, refusal, ticket

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]

CHANNEL = "citychannel"
ORGANISATIONS = ("Org1MSP", "Org2MSP")


async def refused_then_accepted(crossing: Crossing, forged: Proof, reason: str) -> None:
    assert reason in refusal(await crossing.decide(State.COMMITTED, forged)).detail
    assert await crossing.state(crossing.decider) is State.NONE
    assert await crossing.decide(State.COMMITTED, await crossing.proof(crossing.source)) is State.COMMITTED


# ---- shown to Ethereum: what Fabric's peers endorse -------------------------------------------------------


def claim(crossing: Crossing) -> bytes:
    """The answer of the chaincode that a forger would like to have endorsed."""
    source = crossing.source
    values = (TAG, source.id, source.description.gate, [crossing.id], [int(State.PREPARED)])
    return encode(["bytes32", "string", "string", "bytes32[]", "uint8[]"], values)


def carrying(wanted: bytes, owner: str) -> Issue:
    """A ticket whose payload holds bytes in every way that JSON can."""
    ways = {
        "base64": base64.b64encode(wanted).decode(),
        "hex": wanted.hex(),
        "raw": wanted.decode("latin-1"),
    }
    return replace(ticket(owner), payload=json.dumps(ways, separators=(",", ":")).encode())


async def test_bytes_that_a_client_stored(ledgers: Networks, fabric_gate: FabricGate) -> None:
    """Every query, endorsed by both organisations, of a ledger on which the claim's bytes lie."""
    (crossing,) = await prepared(ledgers, "fabric")
    source = crossing.source
    new = carrying(claim(crossing), account(ledgers, "fabric", "bob"))
    name = source.adapter.asset_name(new.ticket_id)
    assert (await source.adapter.issue(account(ledgers, "fabric", ISSUER["fabric"]), [new])).results == (
        name,
    )
    honest = await crossing.proof(source)
    transfer = crossing.id.hex()
    for function, *arguments in (
        ("Assets", name),
        ("Supply", name),
        ("Transfers", transfer),
        ("Rows", f"{ledgers.get('ethereum').id}/erc20:0x{'ab' * 20}", new.recipient, ""),
        ("Peers",),
        ("Describe",),
    ):
        contract = fabric_gate.contract
        endorsed = await contract.endorse(contract.proposal(function, *arguments))
        assert endorsed.result[:1] in (b"{", b"[")
        if function == "Assets":
            assert base64.b64encode(new.payload) in endorsed.result
        forged = posing(honest, endorsed_parts(endorsed))
        assert "NoClaims" in refusal(await crossing.decide(State.COMMITTED, forged)).detail
    assert await crossing.decide(State.COMMITTED, honest) is State.COMMITTED


async def test_another_chaincode(ledgers: Networks, fabric_gate: FabricGate) -> None:
    """The peers' own chaincode for queries, on the same channel, endorsed by both organisations."""
    (crossing,) = await prepared(ledgers, "fabric")
    proposal = fabric_gate.system.proposal("GetChainInfo", CHANNEL, organisations=ORGANISATIONS)
    endorsed = await fabric_gate.system.endorse(proposal)
    assert len(endorsed.endorsements) == len(ORGANISATIONS)
    forged = posing(await crossing.proof(crossing.source), endorsed_parts(endorsed))
    await refused_then_accepted(crossing, forged, "OtherChaincode(qscc)")


async def test_a_channel_header_that_ends_elsewhere(
    ledgers: Networks, fabric_gate: FabricGate, ethereum_gate: EthereumGate
) -> None:
    """What the peers hash doesn't tell where the channel header ends, and to them its last channel_id counts.

    A second channel would be needed to endorse there; here the second channel_id is the first one again.
    """
    (crossing,) = await prepared(ledgers, "fabric")
    honest = await crossing.proof(crossing.source)
    for first in (CHANNEL, "other"):
        name = b"\x22" + bytes([len(first)]) + first.encode()  # ChannelHeader.channel_id
        plain = fabric_gate.contract.proposal("Claims", crossing.id.hex())
        proposal = replace(plain, channel_header=name + plain.channel_header)
        whole = endorsed_parts(await fabric_gate.contract.endorse(proposal))
        rest = whole.channel_header[len(name) :] + whole.signature_header
        for forged in (
            whole,
            replace(whole, channel_header=name, signature_header=rest),
            replace(
                whole,
                channel_header=name,
                signature_header=b"",
                proposal_payload=rest + whole.proposal_payload,
            ),
        ):
            said = await ethereum_gate.ask(
                "decide", crossing.order, State.COMMITTED, [posing(honest, forged)]
            )
            assert said is State.NONE
    assert await crossing.decide(State.COMMITTED, honest) is State.COMMITTED


async def test_an_answer_to_another_question(ledgers: Networks, fabric_gate: FabricGate) -> None:
    """The endorsed claim under the header of another proposal: the endorsers signed its hash."""
    (crossing,) = await prepared(ledgers, "fabric")
    honest = await crossing.proof(crossing.source)
    other = fabric_gate.contract.proposal("Claims", crossing.id.hex())
    forged = replace(fabric_parts(honest), channel_header=other.channel_header)
    await refused_then_accepted(crossing, posing(honest, forged), "OtherProposal")


# ---- shown to Fabric: what an EVM's nodes prove -----------------------------------------------------------


async def test_the_slot_of_a_contract_that_a_forger_controls(
    ledgers: Networks, ethereum_gate: EthereumGate
) -> None:
    crossing, decoy = await issued(ledgers, "ethereum", 2)
    assert await decoy.prepare() is State.PREPARED
    counterfeit = await ethereum_gate.counterfeit(crossing.id, State.PREPARED)
    # of a block in which the gate holds nothing for the transfer
    gates = evm_parts(await decoy.proof(decoy.source))
    under_the_gate = replace(gates, ids=[crossing.id], storage_proofs=evm_parts(counterfeit).storage_proofs)
    assert await crossing.prepare() is State.PREPARED
    honest = await crossing.proof(crossing.source)
    for forged, reason in (
        (counterfeit.data, "the account proof"),
        (under_the_gate, "the storage proof"),
    ):
        said = refusal(await crossing.decide(State.COMMITTED, posing(honest, forged)))
        assert reason in said.detail
    assert await crossing.decide(State.COMMITTED, honest) is State.COMMITTED


async def test_the_decoys_slot_under_this_id(ledgers: Networks) -> None:
    """The gate's own slot of another transfer."""
    crossing, decoy = await prepared(ledgers, "ethereum", 2)
    honest, other = await crossing.proof(crossing.source), await decoy.proof(decoy.source)
    forged = replace(evm_parts(other), ids=[crossing.id])
    await refused_then_accepted(crossing, posing(honest, forged), "the storage proof")


async def test_a_header_that_is_not_attested(ledgers: Networks) -> None:
    """Two blocks' proofs mixed: only what the attestors signed is believed, and only what lies under it."""
    (crossing,) = await prepared(ledgers, "ethereum")
    first = await crossing.proof(crossing.source)
    await prepared(ledgers, "ethereum")
    second = await crossing.proof(crossing.source)
    one, two = evm_parts(first), evm_parts(second)
    assert one.header != two.header
    for forged, reason in (
        (replace(two, attestations=one.attestations), "attestations[0]"),
        (replace(two, header=one.header), "attestations[0]"),
        (replace(two, header=one.header, attestations=one.attestations), "the account proof"),
        (replace(two, storage_proofs=one.storage_proofs), "the storage proof"),
        (replace(two, header=b""), "the header"),
    ):
        said = refusal(await crossing.decide(State.COMMITTED, posing(second, forged)))
        assert reason in said.detail
    assert await crossing.state(crossing.decider) is State.NONE
    # The twin: an older block's own proof is as true as ever.
    assert await crossing.decide(State.COMMITTED, first) is State.COMMITTED
