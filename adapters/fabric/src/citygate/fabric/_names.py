"""How CityGate names what lives on Fabric: networks, accounts, tickets. The source is docs/protocol.md."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from citygate.adapter import AssetName
from citygate.fabric.gateway import Identity
from citygate.fabric.gateway._protos import common_pb2

NAMESPACE = "asset"
TICKETS = "ticket"
"""The collection that tickets are issued in."""

_ACCOUNT = re.compile(r"(?:[-.a-zA-Z0-9]|%[0-9A-F]{2})+\.[0-9a-f]{40}")
_MAX_ACCOUNT = 128
_REFERENCE = re.compile(r"[-a-zA-Z0-9]{1,64}\.[-a-zA-Z0-9]{1,63}")
_TOKEN = re.compile(r"[A-Za-z0-9][-.A-Za-z0-9]{0,63}")


def network_id(genesis: bytes) -> str:
    """The CAIP-2 name of the channel whose encoded genesis block is given.

    It is the hash of its header (number, previous hash and data hash in DER), by which block 1 names it as
    its predecessor.
    """
    header = common_pb2.Block.FromString(genesis).header
    if header.number != 0 or header.previous_hash or len(header.data_hash) != 32:
        raise ValueError("this isn't the genesis block of a channel")
    encoded = bytes.fromhex("302702010004000420") + header.data_hash
    return f"fabric:{hashlib.sha256(encoded).hexdigest()[:32]}"


def account_of(identity: Identity) -> str:
    """The account of a member, which outlives its certificate: MSP id and hash of the public key."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), identity.public_key)
    return account_name(identity.msp, subject_public_key_info(key))


def account_name(msp: str, public_key: bytes) -> str:
    """The account of an MSP's member with this SubjectPublicKeyInfo (DER)."""
    encoded = quote(msp, safe="").replace("_", "%5F").replace("~", "%7E")
    return f"{encoded}.{hashlib.sha256(public_key).hexdigest()[:40]}"


def subject_public_key_info(key: ec.EllipticCurvePublicKey) -> bytes:
    """The key as SubjectPublicKeyInfo in DER (RFC 5480)."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def check_account(account: str) -> None:
    """ValueError where `account` can't be one of a Fabric network."""
    if len(account) > _MAX_ACCOUNT or _ACCOUNT.fullmatch(account) is None:
        raise ValueError(
            f"{account!r} is no Fabric account: <MSP id>.<40 lower-case hex digits>, such as Org1MSP.3b5d…"
        )


def check_asset(network: str, asset: str) -> None:
    """ValueError where `asset` isn't the one spelling of an asset at home on `network`."""
    name = AssetName.parse(asset)
    if (
        name.network != network
        or name.namespace != NAMESPACE
        or _REFERENCE.fullmatch(name.reference) is None
        or (name.token and _TOKEN.fullmatch(name.token) is None)
    ):
        raise ValueError(
            f"{asset!r} is no asset at home here: {network}/{NAMESPACE}:<chaincode>.<collection>, "
            "for a unique one with /<id>"
        )


def check_token(token: str) -> None:
    """ValueError where `token` can't be a ticket's id on Fabric."""
    if _TOKEN.fullmatch(token) is None:
        raise ValueError(
            f"{token!r} can't be a ticket's id: a letter or digit, then up to 63 letters, digits, '-' and '.'"
        )
