"""What an asset's owner authorised is bound to these terms, and these terms to their id."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from eth_abi.abi import decode, encode

from citygate.adapter import Reason, State
from citygate.ethereum._signatures import pack
from citygate.gateway.platform import Networks

from .forging import P256_ORDER, SECP256K1_ORDER, malformed
from .terms import GATES, ISSUER, OTHER, Crossing, account, decided, issued, prepared, refusal

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]

FABRIC_FORM = ["bytes", "bytes32", "bytes32"]


# ---- authorisations ---------------------------------------------------------------------------------------


def misformed(crossing: Crossing) -> dict[str, bytes]:
    """The owner's own signature, in forms that aren't the one form."""
    (honest,) = crossing.order.authorizations
    if crossing.source.name == "fabric":
        key, r, s = decode(FABRIC_FORM, honest)
        forms = {
            case: encode(FABRIC_FORM, [key, *signature])
            for case, signature in malformed(r, s, P256_ORDER).items()
        }
        return forms | {
            "a byte more": honest + b"\x00",
            "a word more": honest + bytes(32),
            "a word less": honest[:-32],
            "no key": encode(FABRIC_FORM, [b"", r, s]),
        }
    r, s, v = honest[:32], honest[32:64], honest[64]
    forms = {
        # The other S goes with the other parity: without the rule it would be the same signer's.
        case: signature[0] + signature[1] + bytes([55 - v if case == "high S" else v])
        for case, signature in malformed(r, s, SECP256K1_ORDER).items()
    }
    compact = r + ((v - 27) << 255 | int.from_bytes(s)).to_bytes(32)
    return forms | {
        "a byte more": honest + b"\x00",
        "a byte less": honest[:-1],
        "EIP-2098": compact,
        "a parity of 0 or 1": honest[:64] + bytes([v - 27]),
        "a parity of 29": honest[:64] + bytes([29]),
    }


async def others(crossing: Crossing) -> dict[str, bytes]:
    """Signatures that are good, but of somebody or something else."""
    terms = crossing.order.terms
    (sibling,) = await issued(crossing.ledgers, crossing.source.name)
    cases = {"none": b"", "for another ticket": sibling.order.authorizations[0]}
    for what, changes in {
        "for another deadline": {"deadline": terms.deadline + 1},
        "for another salt": {"salt": bytes(32)},
        "for another initiator": {"initiator": "somebody"},
        "for another recipient": {"legs": (replace(terms.legs[0], recipient="somebody"),)},
        "for another payload": {"legs": (replace(terms.legs[0], payload_hash=bytes(32)),)},
    }.items():
        (cases[what],) = (await crossing.signed(**changes)).order.authorizations
    stranger = account(crossing.ledgers, crossing.source.name, ISSUER[crossing.source.name])
    signer = crossing.ledgers.keys.signer(crossing.source.id, stranger)
    assert signer is not None
    digest = crossing.source.adapter.authorization(terms, 0).digest
    signature = await signer.sign(digest)
    if crossing.source.name == "ethereum":
        return cases | {"somebody else's": pack(signature)}
    own_key, _, _ = decode(FABRIC_FORM, crossing.order.authorizations[0])
    as_stranger = await crossing.signed(legs=(replace(terms.legs[0], sender=stranger),))
    their_key, _, _ = decode(FABRIC_FORM, as_stranger.order.authorizations[0])
    return cases | {
        "somebody else's": encode(FABRIC_FORM, [their_key, signature[:32], signature[32:]]),
        "somebody else's under the owner's key": encode(
            FABRIC_FORM, [own_key, signature[:32], signature[32:]]
        ),
    }


@pytest.mark.parametrize("gate", GATES)
async def test_what_the_owner_did_not_authorise(ledgers: Networks, gate: str) -> None:
    (crossing,) = await issued(ledgers, gate)
    before = await crossing.accounts()
    for case, authorization in {**misformed(crossing), **await others(crossing)}.items():
        said = refusal(await crossing.changed(authorizations=(authorization,)).prepare())
        assert said.reason is Reason.UNAUTHORISED, case
    assert await crossing.accounts() == before
    assert await crossing.prepare() is State.PREPARED


@pytest.mark.parametrize("gate", GATES)
async def test_a_sender_who_does_not_own_it(ledgers: Networks, gate: str) -> None:
    """Terms that a stranger signs as their own, of somebody else's ticket."""
    (crossing,) = await issued(ledgers, gate)
    stranger = account(ledgers, gate, ISSUER[gate])
    stolen = await crossing.signed(legs=(replace(crossing.order.terms.legs[0], sender=stranger),))
    assert stolen.order.authorizations[0]
    assert refusal(await stolen.prepare()).reason in (Reason.UNAUTHORISED, Reason.REJECTED)
    assert await crossing.prepare() is State.PREPARED


@pytest.mark.parametrize("gate", GATES)
async def test_another_payload(ledgers: Networks, gate: str) -> None:
    """Neither at the source nor at the destination can a payload be slipped in."""
    (crossing,) = await issued(ledgers, gate)
    for payload in (b"", b"{}", crossing.payload + b" "):
        said = refusal(await crossing.changed(payloads=(payload,)).prepare())
        assert said.reason is Reason.INVALID
    assert await crossing.prepare() is State.PREPARED
    ready = await crossing.proof(crossing.source)
    for payload in (b"", b"{}", crossing.payload + b" "):
        said = refusal(await crossing.changed(payloads=(payload,)).decide(State.COMMITTED, ready))
        assert said.reason is Reason.INVALID
    assert await crossing.decide(State.COMMITTED, ready) is State.COMMITTED


# ---- terms and their id -----------------------------------------------------------------------------------

MISMATCH = {"ethereum": "the terms hash to", "fabric": "the terms don't hash to the id"}


def misnamed(crossing: Crossing, transfer_id: bytes) -> Crossing:
    """The same terms under another transfer's id."""
    terms = replace(crossing.order.terms)
    vars(terms)["id"] = transfer_id
    return crossing.changed(terms=terms)


@pytest.mark.parametrize("gate", GATES)
async def test_prepare_terms_that_do_not_hash_to_the_id(ledgers: Networks, gate: str) -> None:
    (crossing,) = await issued(ledgers, gate)
    before = await crossing.accounts()
    other = misnamed(crossing, secrets.token_bytes(32))
    assert MISMATCH[gate] in refusal(await other.prepare()).detail
    assert await other.state(other.source) is State.NONE
    assert await crossing.accounts() == before
    assert await crossing.prepare() is State.PREPARED


@pytest.mark.parametrize("gate", GATES)
async def test_decide_terms_that_do_not_hash_to_the_id(ledgers: Networks, gate: str) -> None:
    """Another transfer is ready, and its proof true."""
    ready, mine = await prepared(ledgers, OTHER[gate], 2)
    proof = await ready.proof(ready.source)
    said = refusal(await misnamed(mine, ready.id).decide(State.COMMITTED, proof))
    assert MISMATCH[gate] in said.detail
    assert await ready.decide(State.COMMITTED, proof) is State.COMMITTED


@pytest.mark.parametrize("gate", GATES)
async def test_settle_terms_that_do_not_hash_to_the_id(ledgers: Networks, gate: str) -> None:
    """Another transfer is decided, and its proof true."""
    (done,), (mine,) = await decided(ledgers, gate, State.COMMITTED), await prepared(ledgers, gate)
    proof = await done.proof(done.decider)
    said = refusal(await misnamed(mine, done.id).settle(State.COMMITTED, proof))
    assert MISMATCH[gate] in said.detail
    assert await mine.state(mine.settler) is State.PREPARED
    assert await done.settle(State.COMMITTED, proof) is State.COMMITTED
