"""What the adapter says of a configuration that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from citygate.adapter import Signer
from citygate.fabric import account_of
from citygate.fabric._options import Options
from citygate.fabric.gateway import Identity, LocalSigner


class OneKey:
    """A ring with one key, for every account."""

    def __init__(self, signer: Signer | None) -> None:
        self._signer = signer

    def signer(self, network: str, account: str) -> Signer | None:
        return self._signer


def certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "user")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def options(tmp_path: Path, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    pem = tmp_path / "user.pem"
    pem.write_bytes(certificate(key))
    account = account_of(Identity("Org1MSP", pem.read_bytes()))
    return {
        "network": "fabric:" + "0" * 32,
        "endpoint": "127.0.0.1:7051",
        "tls_ca": str(pem),
        "channel": "citychannel",
        "chaincode": "citygate",
        "relay": account,
        "identities": {account: {"msp": "Org1MSP", "certificate": str(pem)}},
    }


def test_what_is_right_is_read(options: dict[str, Any], key: ec.EllipticCurvePrivateKey) -> None:
    read = Options.read(options)
    assert list(read.members(OneKey(LocalSigner(key)))) == [options["relay"]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"endpoint": None}, "endpoint: missing"),
        ({"network": "fabric"}, "network: expected"),
        ({"network": "eip155:1"}, "network: expected"),
        ({"tls_ca": "/nowhere.pem"}, "tls_ca: can't read /nowhere.pem"),
        ({"tls_key": "/nowhere.pem"}, "mutual TLS needs both"),
        ({"identities": []}, "identities: expected a table"),
        ({"identities": {"a": 1}}, "identities.a: expected a table"),
        ({"identities": {"a": {"msp": "Org1MSP"}}}, "identities.a: certificate: missing"),
        ({"surplus": 1}, "surplus: no such option"),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, Any], change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Options.read({**options, **change})


def test_a_certificate_belongs_to_its_account(options: dict[str, Any]) -> None:
    (entry,) = options["identities"].values()
    options["identities"] = {"Org1MSP." + "0" * 40: entry}
    with pytest.raises(ValueError, match="the certificate is that of"):
        Options.read(options)


def test_the_relay_needs_a_key(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="relay: the account"):
        Options.read(options).members(OneKey(None))


def test_a_key_belongs_to_its_certificate(options: dict[str, Any]) -> None:
    other = LocalSigner(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ValueError, match="isn't that of the certificate"):
        Options.read(options).members(OneKey(other))
