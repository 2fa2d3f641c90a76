from __future__ import annotations

import hashlib
import json
from pathlib import Path

import coincurve
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from citygate.adapter import Curve
from citygate.gateway.infrastructure import (
    KeyEntry,
    KeystoreError,
    LocalKeyRing,
    load_keystore,
    read_passphrase,
    save_keystore,
)

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SECRET = hashlib.sha256(b"a secret").digest()
ENTRIES = [
    KeyEntry("relay", "eip155:31337", "0xabc", Curve.SECP256K1, SECRET),
    KeyEntry("relay", "fabric:0123", "Org1MSP.00", Curve.P256, SECRET),
]
DIGESTS = [hashlib.sha256(bytes([n])).digest() for n in range(20)]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A keystore's file; made once, because deriving its key is meant to be slow."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    save_keystore(path, "correct horse", ENTRIES)
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path, stored: bytes) -> Path:
    path = tmp_path / "keys.json"
    path.write_bytes(stored)
    path.chmod(0o600)
    return path


def test_what_is_stored_comes_back_and_is_nowhere_in_clear(path: Path) -> None:
    assert load_keystore(path, "correct horse") == ENTRIES
    assert SECRET.hex() not in path.read_text()
    assert b"relay" not in path.read_bytes()
    assert SECRET.hex() not in repr(ENTRIES)
    assert str(SECRET) not in repr(ENTRIES)


def test_a_wrong_passphrase_opens_nothing(path: Path) -> None:
    with pytest.raises(KeystoreError, match="passphrase doesn't open"):
        load_keystore(path, "battery staple")


@pytest.mark.parametrize("part", ["salt", "nonce"])
def test_a_changed_header_opens_nothing(path: Path, part: str) -> None:
    document = json.loads(path.read_text())
    first = document["header"][part][0]
    document["header"][part] = ("A" if first != "A" else "B") + document["header"][part][1:]
    path.write_text(json.dumps(document))
    with pytest.raises(KeystoreError, match="damaged"):
        load_keystore(path, "correct horse")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no keystore"),
        (b"[]", "JSON object"),
        (b"{}", "no keystore"),
        (b"x" * (1 << 20) + b"x", "larger"),
    ],
)
def test_another_file_is_no_keystore(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(KeystoreError, match=message):
        load_keystore(path, "correct horse")


def test_a_derivation_that_would_eat_the_memory_is_refused(path: Path) -> None:
    document = json.loads(path.read_text())
    document["header"]["scrypt"]["n"] = 1 << 40
    path.write_text(json.dumps(document))
    with pytest.raises(KeystoreError, match="memory"):
        load_keystore(path, "correct horse")


def test_a_file_that_others_may_read_is_refused(path: Path) -> None:
    path.chmod(0o640)
    with pytest.raises(KeystoreError, match="chmod 600"):
        load_keystore(path, "correct horse")


def test_a_missing_file_and_an_empty_passphrase_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeystoreError, match="can't read"):
        load_keystore(tmp_path / "none.json", "x")
    with pytest.raises(KeystoreError, match="empty passphrase"):
        save_keystore(tmp_path / "keys.json", "", ENTRIES)


def test_the_passphrase_comes_from_a_private_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "passphrase"
    file.write_text("correct horse\nnot this\n")
    file.chmod(0o644)
    with pytest.raises(KeystoreError, match="others may read"):
        read_passphrase(file)
    file.chmod(0o600)
    assert read_passphrase(file) == "correct horse"
    file.write_text("\n")
    with pytest.raises(KeystoreError, match="empty"):
        read_passphrase(file)
    monkeypatch.delenv("CITYGATE_PASSPHRASE", raising=False)
    with pytest.raises(KeystoreError, match="CITYGATE_PASSPHRASE"):
        read_passphrase(None)
    monkeypatch.setenv("CITYGATE_PASSPHRASE", "battery staple")
    assert read_passphrase(None) == "battery staple"


async def test_secp256k1_signatures_recover_to_the_key_and_have_a_low_s() -> None:
    signer = LocalKeyRing(ENTRIES).signer("eip155:31337", "0xabc")
    assert signer is not None
    assert signer.curve is Curve.SECP256K1
    assert (len(signer.public_key), signer.public_key[0]) == (65, 4)
    for digest in DIGESTS:
        signature = await signer.sign(digest)
        assert len(signature) == 65
        assert int.from_bytes(signature[32:64]) <= SECP256K1_ORDER // 2
        key = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
        assert key.format(compressed=False) == signer.public_key


async def test_p256_signatures_verify_and_have_a_low_s() -> None:
    signer = LocalKeyRing(ENTRIES).signer("fabric:0123", "Org1MSP.00")
    assert signer is not None
    assert signer.curve is Curve.P256
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), signer.public_key)
    for digest in DIGESTS:
        signature = await signer.sign(digest)
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        assert len(signature) == 64
        assert s <= P256_ORDER // 2
        der = utils.encode_dss_signature(r, s)
        key.verify(der, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


def test_accounts_without_a_key_have_no_signer_and_bad_keys_are_named() -> None:
    assert LocalKeyRing(ENTRIES).signer("eip155:31337", "0xdef") is None
    with pytest.raises(KeystoreError, match="relay on eip155:1"):
        LocalKeyRing([KeyEntry("relay", "eip155:1", "0x1", Curve.SECP256K1, bytes(32))])
