from __future__ import annotations

import json

import pytest
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from citygate.adapter import Leg, Participant, Terms
from citygate.ethereum._signatures import LocalKey, pack, recover
from citygate.ethereum._typed_data import authorization_digest, authorization_json, final_header_digest

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = LocalKey(b"\x07" * 32)
TERMS = Terms(
    (Participant("eip155:31337", "0x" + "0a" * 20), Participant("fabric:" + "9f" * 16, "city.citygate")),
    1,
    "Org1MSP." + "3b" * 20,
    1_800_000_000,
    bytes(range(32)),
    (Leg(f"eip155:31337/erc20:0x{'0b' * 20}", 2**200, 0, KEY.account, 1, "Org1MSP." + "3b" * 20),),
)


def digest_of(document: dict[str, object]) -> bytes:
    message = encode_typed_data(full_message=document)
    return keccak(b"\x19" + message.version + message.header + message.body)


def test_the_authorisation_is_what_a_wallet_signs() -> None:
    assert authorization_digest(TERMS, 0) == digest_of(json.loads(authorization_json(TERMS, 0)))


def test_the_final_header_is_what_eip_712_says() -> None:
    document: dict[str, object] = {
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"}],
            "FinalHeader": [
                {"name": "network", "type": "string"},
                {"name": "number", "type": "uint256"},
                {"name": "blockHash", "type": "bytes32"},
            ],
        },
        "primaryType": "FinalHeader",
        "domain": {"name": "CityGate Attestor", "version": "1"},
        "message": {"network": "eip155:31337", "number": 7, "blockHash": "0x" + "cd" * 32},
    }
    assert final_header_digest("eip155:31337", 7, b"\xcd" * 32) == digest_of(document)


async def test_a_signature_recovers_to_its_signer() -> None:
    digest = authorization_digest(TERMS, 0)
    packed = pack(await KEY.sign(digest))
    assert "0x" + recover(digest, packed).hex() == KEY.account
    assert "0x" + recover(keccak(digest), packed).hex() != KEY.account


async def test_signatures_in_another_form_are_refused() -> None:
    digest = authorization_digest(TERMS, 0)
    packed = pack(await KEY.sign(digest))
    high = (ORDER - int.from_bytes(packed[32:64], "big")).to_bytes(32, "big")
    flipped = bytes([27 + 28 - packed[64]])
    for other, fault in (
        (packed[:64] + b"\x00", "v 27 or 28"),
        (packed[:64], "65 bytes"),
        (packed[:32] + high + flipped, "S is high"),
        (bytes(64) + b"\x1b", "no key"),
    ):
        with pytest.raises(ValueError, match=fault):
            recover(digest, other)
