"""What the configuration says of a Fabric network, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from citygate.adapter import KeyRing
from citygate.fabric._names import account_of
from citygate.fabric.gateway import Identity, Member, Tls

_NETWORK = re.compile(r"fabric:[0-9a-f]{32}")
_REQUIRED = ("network", "endpoint", "tls_ca", "channel", "chaincode", "relay", "identities")
_OPTIONAL = ("tls_certificate", "tls_key", "tls_server_name")


@dataclass(frozen=True, slots=True)
class Options:
    """A network, the peer to reach it by, and the members that sign; `relay` signs what needs no role."""

    network: str
    endpoint: str
    tls: Tls
    channel: str
    chaincode: str
    relay: str
    identities: Mapping[str, Identity]

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> Options:
        """ValueError names the option that is missing or wrong.

        `identities` maps an account to `{"msp": …, "certificate": <path of a PEM file>}`.
        """
        unknown = sorted(set(options) - {*_REQUIRED, *_OPTIONAL})
        if unknown:
            raise ValueError(f"{unknown[0]}: no such option of a Fabric network")
        if _NETWORK.fullmatch(_text(options, "network")) is None:
            raise ValueError("network: expected fabric: and 32 hex digits")
        return cls(
            network=_text(options, "network"),
            endpoint=_text(options, "endpoint"),
            tls=_tls(options),
            channel=_text(options, "channel"),
            chaincode=_text(options, "chaincode"),
            relay=_text(options, "relay"),
            identities={account: _identity(account, entry) for account, entry in _entries(options).items()},
        )

    def members(self, keys: KeyRing) -> dict[str, Member]:
        """The accounts whose keys the ring holds; ValueError where the relay's isn't among them."""
        members: dict[str, Member] = {}
        for account, identity in self.identities.items():
            signer = keys.signer(self.network, account)
            if signer is not None:
                members[account] = Member(identity, signer)
        if self.relay not in members:
            raise ValueError(f"relay: the account {self.relay} needs an entry in identities and a key")
        return members


def _tls(options: Mapping[str, Any]) -> Tls:
    if ("tls_certificate" in options) != ("tls_key" in options):
        raise ValueError("tls_certificate, tls_key: mutual TLS needs both")
    mutual = "tls_key" in options
    return Tls(
        _file(options, "tls_ca"),
        _file(options, "tls_certificate") if mutual else None,
        _file(options, "tls_key") if mutual else None,
        _text(options, "tls_server_name") if "tls_server_name" in options else "",
    )


def _entries(options: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    entries = options.get("identities")
    if not isinstance(entries, Mapping):
        raise ValueError("identities: expected a table of accounts")
    for account, entry in cast("Mapping[str, Any]", entries).items():
        if not isinstance(entry, Mapping):
            raise ValueError(f"identities.{account}: expected a table with msp and certificate")
    return cast("Mapping[str, Mapping[str, Any]]", entries)


def _identity(account: str, entry: Mapping[str, Any]) -> Identity:
    try:
        identity = Identity(_text(entry, "msp"), _file(entry, "certificate"))
    except ValueError as error:
        raise ValueError(f"identities.{account}: {error}") from error
    if account_of(identity) != account:
        raise ValueError(f"identities.{account}: the certificate is that of {account_of(identity)}")
    return identity


def _text(options: Mapping[str, Any], name: str) -> str:
    value = options.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: missing, or not a text")
    return value


def _file(options: Mapping[str, Any], name: str) -> bytes:
    path = _text(options, name)
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"{name}: can't read {path}: {error.strerror}") from error
