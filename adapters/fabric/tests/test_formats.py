"""Formats that need no ledger: signatures, names, authorisations, messages, cursors, protos."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from eth_abi.abi import decode

from citygate.adapter import AdapterError, Leg, Order, Participant, Reason, Refusal, State, Terms
from citygate.fabric import _authorization as authorization
from citygate.fabric import _messages as messages
from citygate.fabric._errors import adapter_error
from citygate.fabric._names import account_name, check_account, check_asset, subject_public_key_info
from citygate.fabric._observe import Cursor, read
from citygate.fabric._proof import TAG, proof
from citygate.fabric.gateway import (
    ChaincodeEvent,
    CommitError,
    CommitStatusError,
    Endorsed,
    EndorseError,
    GatewayError,
    LocalSigner,
    PeerMessage,
    Proposal,
    SubmitError,
    der_to_raw,
    raw_to_der,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NETWORK = "fabric:9f86d081884c7d659a2feaa0c55ad015"
GATE = "citychannel.citygate"
VECTORS = files("citygate.adapter") / "vectors"


# ---- signatures --------------------------------------------------------------------------------------------


async def test_signatures_have_a_low_s() -> None:
    signer = LocalSigner(ec.generate_private_key(ec.SECP256R1()))
    for number in range(20):
        signature = await signer.sign(hashlib.sha256(bytes([number])).digest())
        assert 0 < int.from_bytes(signature[32:]) <= ORDER // 2


@pytest.mark.parametrize("s", [1, ORDER // 2, ORDER // 2 + 1, ORDER - 1])
def test_the_higher_s_becomes_the_lower(s: int) -> None:
    lower = min(s, ORDER - s)
    raw = (7).to_bytes(32) + s.to_bytes(32)
    assert decode_dss_signature(raw_to_der(raw)) == (7, lower)
    assert der_to_raw(encode_dss_signature(7, s)) == ((7).to_bytes(32), lower.to_bytes(32))


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (ORDER, 1), (1, ORDER)])
def test_what_is_out_of_range_is_no_signature(r: int, s: int) -> None:
    with pytest.raises(ValueError, match="between 0 and the order"):
        raw_to_der(r.to_bytes(32) + s.to_bytes(32))
    with pytest.raises(ValueError, match="between 0 and the order"):
        der_to_raw(encode_dss_signature(r, s))


def test_a_signature_has_64_bytes() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        raw_to_der(bytes(65))


def test_a_key_of_another_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="secp256k1"):
        LocalSigner(ec.generate_private_key(ec.SECP256K1()))


# ---- names -------------------------------------------------------------------------------------------------


def test_an_account_is_the_msp_and_the_keys_hash() -> None:
    digest = hashlib.sha256(b"key").hexdigest()[:40]
    assert account_name("Org1MSP", b"key") == f"Org1MSP.{digest}"
    assert account_name("org_1 ~é", b"key") == f"org%5F1%20%7E%C3%A9.{digest}"
    check_account(account_name("org_1 ~é", b"key"))


@pytest.mark.parametrize("account", ["Org1MSP", "Org1MSP." + "A" * 40, "a_b." + "0" * 40, "." + "0" * 40, ""])
def test_what_is_no_account(account: str) -> None:
    with pytest.raises(ValueError, match="Org1MSP"):
        check_account(account)


def test_an_asset_has_one_spelling() -> None:
    check_asset(NETWORK, f"{NETWORK}/asset:citygate.ticket/TKT-1")
    check_asset(NETWORK, f"{NETWORK}/asset:citygate.credit")
    for wrong in (
        "asset:citygate.ticket/-1",
        "asset:citygate/1",
        "erc721:citygate.ticket/1",
        "asset:c.t/" + "a" * 65,
    ):
        with pytest.raises(ValueError, match="asset"):
            check_asset(NETWORK, f"{NETWORK}/{wrong}")
    with pytest.raises(ValueError, match="at home here"):
        check_asset(NETWORK, "eip155:1/erc20:0x" + "a" * 40)


# ---- authorisation -----------------------------------------------------------------------------------------


def some_terms(sender: str) -> Terms:
    return Terms(
        participants=(Participant("eip155:31337", "0x" + "5f" * 20), Participant(NETWORK, GATE)),
        decider=0,
        initiator="0x" + "ab" * 20,
        deadline=1790000000,
        salt=bytes(range(32)),
        legs=(Leg(f"{NETWORK}/asset:citygate.ticket/TKT-1", 1, 1, sender, 0, "0x" + "cd" * 20),),
    )


async def test_what_the_sender_signs_names_everything() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    info = subject_public_key_info(key.public_key())
    terms = some_terms(account_name("Org1MSP", info))
    request = authorization.request(terms, 0)
    assert request.text == (
        "CityGate authorization v1\n"
        f"network: {NETWORK}\n"
        f"gate: {GATE}\n"
        f"transfer: {terms.id.hex()}\n"
        f"asset: {NETWORK}/asset:citygate.ticket/TKT-1\n"
        "amount: 1\n"
        f"recipient: 0x{'cd' * 20}\n"
        "destination: eip155:31337\n"
        "deadline: 1790000000"
    )
    assert request.digest == hashlib.sha256(request.text.encode()).digest()
    signer = LocalSigner(key)
    signature = await signer.sign(request.digest)
    encoded = authorization.encoded(terms, 0, signer.public_key, signature)
    assert decode(["bytes", "bytes32", "bytes32"], encoded) == (info, signature[:32], signature[32:])


# ---- messages ----------------------------------------------------------------------------------------------


def test_an_order_carries_what_its_legs_need() -> None:
    terms = some_terms("Org1MSP." + "0" * 40)
    message: dict[str, Any] = json.loads(messages.batch([Order(terms, (b"p",), (b"",))], [[["row"]]]))
    (item,) = message["items"]
    assert item == {
        "id": terms.id.hex(),
        "terms": base64.b64encode(terms.encoded).decode(),
        "payloads": [base64.b64encode(b"p").decode()],
        "inputs": [["row"]],
    }
    assert "proofs" not in message


def test_results_come_in_order_with_refusals() -> None:
    answer = {
        "results": [
            {"id": "00", "state": 1},
            {"id": "01", "state": 0, "refused": {"reason": "insufficient", "detail": "too little"}},
        ]
    }
    assert messages.states(json.dumps(answer).encode()) == (
        State.PREPARED,
        Refusal(Reason.INSUFFICIENT, "too little"),
    )


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"results":[{"state":9}]}', b'{"results":[1]}'])
def test_an_answer_of_another_form_is_told(answer: bytes) -> None:
    with pytest.raises(AdapterError) as refused:
        messages.states(answer)
    assert refused.value.reason is Reason.INVALID


# ---- events ------------------------------------------------------------------------------------------------


def test_a_transactions_changes_come_one_by_one() -> None:
    payload = {
        "events": [
            {"kind": "peer", "network": "eip155:1"},
            {"kind": "committed", "id": "ab" * 32},
            {"kind": "redeemed", "asset": "a", "event": "gate-1"},
        ]
    }
    happened = ChaincodeEvent(7, "f0", "citygate", "citygate", json.dumps(payload).encode())
    committed, redeemed = read(NETWORK, happened, 5.0, 0)
    assert (committed.kind, committed.transfer_id, committed.cursor) == ("committed", b"\xab" * 32, "7:f0:1")
    assert (redeemed.detail["event"], redeemed.transaction.time) == ("gate-1", 5.0)
    assert [event.kind for event in read(NETWORK, happened, 5.0, 2)] == ["redeemed"]
    assert Cursor.parse(redeemed.cursor) == Cursor(7, "f0", 2)


@pytest.mark.parametrize("text", ["", "7", "7:f0", "x:f0:1", "7::1", "-1:f0:1"])
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(AdapterError) as refused:
        Cursor.parse(text)
    assert refused.value.reason is Reason.INVALID


# ---- proofs ------------------------------------------------------------------------------------------------


def endorsed(result: bytes) -> Endorsed:
    proposal = Proposal("citychannel", "citygate", "f0", b"channel", b"signature", b"payload", {}, ())
    return Endorsed(proposal, b"", b"response", result, False, ())


def test_claims_are_those_of_the_vectors() -> None:
    vector = json.loads((VECTORS / "claims.json").read_text())["fabric_claims"]
    ids = [bytes.fromhex(transfer) for transfer in vector["ids"]]
    made = proof(vector["network"], vector["gate"], ids, endorsed(bytes.fromhex(vector["encoded"])))
    assert [(claim.transfer_id, int(claim.state)) for claim in made.claims] == list(
        zip(ids, vector["states"], strict=True)
    )
    assert bytes.fromhex(vector["encoded"])[:32] == TAG


def test_claims_of_another_gate_or_transfer_are_refused() -> None:
    vector = json.loads((VECTORS / "claims.json").read_text())["fabric_claims"]
    answer = endorsed(bytes.fromhex(vector["encoded"]))
    ids = [bytes.fromhex(transfer) for transfer in vector["ids"]]
    for network, gate, asked in (
        (NETWORK[:-1] + "0", vector["gate"], ids),
        (vector["network"], "other.citygate", ids),
        (vector["network"], vector["gate"], ids[:1]),
        (vector["network"], vector["gate"], ids[::-1]),
    ):
        with pytest.raises(AdapterError) as refused:
            proof(network, gate, asked, answer)
        assert refused.value.reason is Reason.INVALID


# ---- errors ------------------------------------------------------------------------------------------------


def said(message: str, code: grpc.StatusCode = grpc.StatusCode.ABORTED) -> EndorseError:
    return EndorseError("f0", "failed", code, (PeerMessage("host:1", "Org1MSP", message),))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            said('chaincode response 500, {"reason":"insufficient","detail":"too little"}'),
            Reason.INSUFFICIENT,
        ),
        (said("chaincode response 500, it broke"), Reason.REJECTED),
        (said('chaincode response 500, {"reason":"unheard of","detail":""}'), Reason.REJECTED),
        (said("ProposalResponsePayloads do not match"), Reason.CONFLICT),
        (said("error validating proposal: access denied: channel [c]"), Reason.UNAUTHORISED),
        (EndorseError("f0", "no peers", grpc.StatusCode.FAILED_PRECONDITION), Reason.UNAVAILABLE),
        (EndorseError("f0", "down", grpc.StatusCode.UNAVAILABLE), Reason.UNAVAILABLE),
        (SubmitError("f0", "lost", grpc.StatusCode.UNAVAILABLE), Reason.UNAVAILABLE),
        (SubmitError("f0", "refused", grpc.StatusCode.ABORTED), Reason.REJECTED),
        (CommitStatusError("f0", "slow", grpc.StatusCode.DEADLINE_EXCEEDED), Reason.UNAVAILABLE),
        (CommitError("f0", 11, 3), Reason.CONFLICT),
        (CommitError("f0", 12, 3), Reason.CONFLICT),
        (CommitError("f0", 10, 3), Reason.REJECTED),
    ],
)
def test_every_stage_has_its_reason(error: GatewayError, reason: Reason) -> None:
    mapped = adapter_error(error)
    assert mapped.reason is reason
    assert mapped.metadata["transaction"] == "f0"
    assert mapped.metadata["stage"] == error.stage


# ---- protos ------------------------------------------------------------------------------------------------


def test_the_generated_messages_are_those_of_the_protos(tmp_path: Path) -> None:
    folder = Path(__file__).parents[1]
    subprocess.run([sys.executable, folder / "proto" / "generate.py", tmp_path], check=True)
    generated = folder / "src" / "citygate" / "fabric" / "gateway" / "_protos"
    made = sorted(tmp_path.iterdir())
    assert len(made) == 12
    for file in made:
        assert file.read_text() == (generated / file.name).read_text(), f"run proto/generate.py: {file.name}"


def test_the_messages_load_beside_another_copy() -> None:
    """The default pool gets another `common.Envelope` first; ours must not notice."""
    program = """
from google.protobuf import descriptor_pb2, descriptor_pool
file = descriptor_pb2.FileDescriptorProto(name="common.proto", package="common")
file.message_type.add(name="Envelope").field.add(name="other", number=1, type=5, label=1)
descriptor_pool.Default().Add(file) if hasattr(descriptor_pool.Default(), "Add") else \
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
from citygate.fabric.gateway._protos import common_pb2
assert common_pb2.Envelope(payload=b"x").payload == b"x"
"""
    subprocess.run([sys.executable, "-c", program], check=True)
