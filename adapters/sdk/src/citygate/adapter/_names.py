"""Names of networks, accounts and assets: CAIP-2, CAIP-10 and CAIP-19."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NETWORK = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}")
_ACCOUNT = re.compile(r"[-.%a-zA-Z0-9]{1,128}")
_ASSET = re.compile(
    r"(?P<network>[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32})"
    r"/(?P<namespace>[-a-z0-9]{3,8}):(?P<reference>[-.%a-zA-Z0-9]{1,128})"
    r"(?:/(?P<token>[-.%a-zA-Z0-9]{1,78}))?"
)


def is_network(text: str) -> bool:
    """Whether `text` is a CAIP-2 network id."""
    return _NETWORK.fullmatch(text) is not None


def is_account(text: str) -> bool:
    """Whether `text` is the account part of a CAIP-10 name."""
    return _ACCOUNT.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class AssetName:
    """The parts of a CAIP-19 name; `token` is empty for a fungible asset."""

    network: str
    namespace: str
    reference: str
    token: str = ""

    @classmethod
    def parse(cls, text: str) -> AssetName:
        """Read a CAIP-19 name; ValueError where `text` is none."""
        match = _ASSET.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no CAIP-19 asset name such as eip155:1/erc721:0x…/7")
        return cls(match["network"], match["namespace"], match["reference"], match["token"] or "")

    def __str__(self) -> str:
        token = f"/{self.token}" if self.token else ""
        return f"{self.network}/{self.namespace}:{self.reference}{token}"
