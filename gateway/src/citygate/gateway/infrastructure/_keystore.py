"""The gateway's keys: one encrypted file, and signers for what is in it."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import coincurve
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from citygate.adapter import Curve, Signer

_VERSION = 1
_MAX_FILE = 1 << 20
_SCRYPT = {"n": 1 << 15, "r": 8, "p": 3}
"""As costly as OWASP's n = 2^17, p = 1, with 32 MB of memory instead of 128."""
_MAX_SCRYPT_MEMORY = 1 << 30
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class KeystoreError(Exception):
    """The keystore can't be read or written; the text says what to do next and holds no secret."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One account's key. `secret` is the private scalar, 32 bytes big-endian; `account` is in local form."""

    name: str
    network: str
    account: str
    curve: Curve
    secret: bytes = field(repr=False)


# ---- signers ----------------------------------------------------------------------------------------------


class _Secp256k1Signer:
    curve = Curve.SECP256K1

    def __init__(self, secret: bytes) -> None:
        self._key = coincurve.PrivateKey(secret)
        self.public_key = self._key.public_key.format(compressed=False)

    async def sign(self, digest: bytes) -> bytes:
        # libsecp256k1 gives low S and the recovery id
        return self._key.sign_recoverable(digest, hasher=None)  # pyright: ignore[reportUnknownMemberType]


class _P256Signer:
    curve = Curve.P256

    def __init__(self, secret: bytes) -> None:
        self._key = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
        self.public_key = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    async def sign(self, digest: bytes) -> bytes:
        der = self._key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(32) + min(s, _P256_ORDER - s).to_bytes(32)


_SIGNERS = {Curve.SECP256K1: _Secp256k1Signer, Curve.P256: _P256Signer}


class LocalKeyRing:
    """Signers in this process for the entries of a keystore."""

    def __init__(self, entries: Iterable[KeyEntry]) -> None:
        self._signers: dict[tuple[str, str], Signer] = {}
        for entry in entries:
            try:
                self._signers[entry.network, entry.account] = _SIGNERS[entry.curve](entry.secret)
            except ValueError:
                raise KeystoreError(
                    f"the key of {entry.name} on {entry.network} is no {entry.curve} key; add it again"
                ) from None

    def signer(self, network: str, account: str) -> Signer | None:
        """The key of an account, or None where it isn't in the keystore."""
        return self._signers.get((network, account))


# ---- the file ---------------------------------------------------------------------------------------------


def load_keystore(path: Path, passphrase: str) -> list[KeyEntry]:
    """Open the file; KeystoreError where others may read it, it is none, or the passphrase doesn't open
    it.
    """
    document = _read(path)
    try:
        header: dict[str, Any] = document["header"]
        salt, nonce = (base64.b64decode(header[k], validate=True) for k in ("salt", "nonce"))
        scrypt = {k: int(header["scrypt"][k]) for k in ("n", "r", "p")}
        sealed = base64.b64decode(document["ciphertext"], validate=True)
        version = header["version"]
    except (KeyError, TypeError, ValueError) as error:
        raise KeystoreError(f"{path} is no keystore: {error}") from error
    if version != _VERSION:
        raise KeystoreError(f"{path} is a keystore of version {version}; this gateway knows {_VERSION}")
    if not 0 < 128 * scrypt["n"] * scrypt["r"] * max(scrypt["p"], 1) <= _MAX_SCRYPT_MEMORY:
        raise KeystoreError(f"{path} asks for more memory than a keystore of ours does; is it damaged?")
    try:
        plain = AESGCM(_derive(passphrase, salt, scrypt)).decrypt(nonce, sealed, _canonical(header))
    except (InvalidTag, ValueError):
        raise KeystoreError(f"the passphrase doesn't open {path}, or the file is damaged") from None
    return [
        KeyEntry(e["name"], e["network"], e["account"], Curve(e["curve"]), bytes.fromhex(e["secret"]))
        for e in json.loads(plain)
    ]


def save_keystore(path: Path, passphrase: str, entries: Iterable[KeyEntry]) -> None:
    """Write the file (mode 0600) in one step, so that a crash leaves the old or the new one."""
    if not passphrase:
        raise KeystoreError("an empty passphrase protects nothing; set one")
    salt, nonce = os.urandom(16), os.urandom(12)
    header = {
        "version": _VERSION,
        "cipher": "AES-256-GCM",
        "kdf": "scrypt",
        "scrypt": _SCRYPT,
        "salt": base64.b64encode(salt).decode(),
        "nonce": base64.b64encode(nonce).decode(),
    }
    plain = json.dumps([asdict(entry) | {"secret": entry.secret.hex()} for entry in entries]).encode()
    sealed = AESGCM(_derive(passphrase, salt, _SCRYPT)).encrypt(nonce, plain, _canonical(header))
    document = {"header": header, "ciphertext": base64.b64encode(sealed).decode()}
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise KeystoreError(f"can't write {path}: {error.strerror}") from error


def read_passphrase(file: Path | None) -> str:
    """The passphrase: the first line of `file`, or the variable CITYGATE_PASSPHRASE where there is no
    file.
    """
    if file is None:
        if passphrase := os.environ.get("CITYGATE_PASSPHRASE"):
            return passphrase
        raise KeystoreError(
            "the keystore is locked: set CITYGATE_PASSPHRASE or keystore.passphrase_file in the configuration"
        )
    try:
        _check_private(file)
        with file.open() as opened:
            passphrase = opened.readline(4096).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise KeystoreError(f"can't read the passphrase file {file}: {error}") from error
    if not passphrase:
        raise KeystoreError(f"the first line of the passphrase file {file} is empty")
    return passphrase


def _read(path: Path) -> dict[str, Any]:
    try:
        _check_private(path)
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise KeystoreError(f"can't read the keystore {path}: {error.strerror}") from error
    if len(raw) > _MAX_FILE:
        raise KeystoreError(f"{path} is larger than any keystore of ours; is it the right file?")
    try:
        document = json.loads(raw)
    except ValueError as error:
        raise KeystoreError(f"{path} is no keystore: {error}") from error
    if not isinstance(document, dict):
        raise KeystoreError(f"{path} is no keystore: a JSON object is wanted")
    return document  # pyright: ignore[reportUnknownVariableType]  # JSON; its parts are checked by the caller


def _check_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeystoreError(f"others may read {path} (mode {mode:04o}): run `chmod 600 {path}`")


def _derive(passphrase: str, salt: bytes, scrypt: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, **scrypt).derive(passphrase.encode())


def _canonical(header: dict[str, Any]) -> bytes:
    """What the cipher authenticates beside the keys, so that nobody weakens the derivation unnoticed."""
    return json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
