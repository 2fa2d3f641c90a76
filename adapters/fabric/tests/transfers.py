"""Tickets and transfers for the tests."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from itertools import count
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_abi.abi import decode

from citygate.adapter import (
    Issue,
    Leg,
    Order,
    Participant,
    State,
    Terms,
)
from citygate.fabric import FabricAdapter
from citygate.fabric.gateway._protos import common_pb2, msp_pb2, peer_pb2

from . import evm
from .conftest import Running

_numbers = count(1)
_HALF_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2


def ticket(recipient: str) -> Issue:
    number = f"TKT-{next(_numbers)}-{secrets.token_hex(3)}"
    now = int(time.time())
    payload = json.dumps({"id": number}, separators=(",", ":")).encode()
    return Issue(number, payload, recipient, now - 60, now + 3600)


async def issued(running: Running, adapter: FabricAdapter, owner: str = "bob") -> tuple[Issue, str]:
    new = ticket(running.account(owner))
    receipt = await adapter.issue(running.account("operator-b"), [new])
    assert receipt.results == (adapter.asset_name(new.ticket_id),)
    return new, adapter.asset_name(new.ticket_id)


def leaving(running: Running, new: Issue, asset: str, **changes: Any) -> Terms:
    """Terms for a ticket that goes to the EVM network, whose gate decides unless `decider` is 1."""
    values: dict[str, Any] = {
        "participants": (
            Participant(evm.NETWORK, evm.GATE),
            Participant(running.network, running.devnet.gate),
        ),
        "decider": 0,
        "initiator": "0x" + "ab" * 20,
        "deadline": int(time.time()) + 600,
        "salt": secrets.token_bytes(32),
        "legs": (
            Leg(
                asset=asset,
                amount=1,
                source=1,
                sender=new.recipient,
                destination=0,
                recipient="0x" + "cd" * 20,
                payload_hash=hashlib.sha256(new.payload).digest(),
            ),
        ),
    }
    return Terms(**{**values, **changes})


async def authorised(running: Running, adapter: FabricAdapter, terms: Terms, payload: bytes) -> Order:
    request = adapter.authorization(terms, 0)
    signer = running.keys.signer(running.network, request.account)
    assert signer is not None
    authorization = adapter.authorized(terms, 0, signer.public_key, await signer.sign(request.digest))
    return Order(terms, (payload,), (authorization,))


async def prepared(running: Running, adapter: FabricAdapter, **changes: Any) -> Order:
    new, asset = await issued(running, adapter)
    order = await authorised(running, adapter, leaving(running, new, asset, **changes), new.payload)
    receipt = await adapter.prepare([order])
    assert receipt.results == (State.PREPARED,)
    return order


def verified(running: Running, data: bytes) -> list[tuple[bytes, int]]:
    """What docs/protocol.md says a verifier of Fabric's claims does; the claims that hold."""
    ((channel_header, signature_header, payload, response, endorsements),) = decode(
        ["(bytes,bytes,bytes,bytes,(bytes,bytes32,bytes32)[])"], data
    )
    peer = running.devnet.peer()
    registered = {bytes.fromhex(e["identity"]): e["msp"] for e in peer["endorsers"]}
    organisations: set[str] = set()
    for identity, r, s in endorsements:
        assert 0 < int.from_bytes(s) <= _HALF_ORDER
        certificate = msp_pb2.SerializedIdentity.FromString(identity).id_bytes
        key = x509.load_pem_x509_certificate(certificate).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        signature = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
        key.verify(signature, response + identity, ec.ECDSA(hashes.SHA256()))
        organisations.add(registered[identity])
    assert len(organisations) >= peer["threshold"]
    answer = peer_pb2.ProposalResponsePayload.FromString(response)
    assert answer.proposal_hash == hashlib.sha256(channel_header + signature_header + payload).digest()
    assert common_pb2.ChannelHeader.FromString(channel_header).channel_id == peer["channel"]
    action = peer_pb2.ChaincodeAction.FromString(answer.extension)
    assert action.chaincode_id.name == peer["chaincode"]
    assert action.response.status == 200
    tag, network, gate, ids, states = decode(
        ["bytes32", "string", "string", "bytes32[]", "uint8[]"], action.response.payload
    )
    assert tag == hashlib.sha256(b"citygate.claims.v1").digest()
    assert (network, gate) == (peer["network"], peer["gate"])
    return list(zip(ids, states, strict=True))
