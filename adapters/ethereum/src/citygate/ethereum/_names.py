"""Names on an EVM network: CAIP-2, CAIP-10 and CAIP-19 in the one spelling that a gate accepts."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from citygate.adapter import MAX_AMOUNT, AssetName

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")
_TICKET_ID = re.compile(r"[A-Za-z0-9][-.A-Za-z0-9]{0,63}")


def network_of(chain_id: int) -> str:
    """The CAIP-2 name of the chain."""
    return f"eip155:{chain_id}"


def chain_id_of(network: str) -> int:
    """The chain id in a CAIP-2 name; ValueError where the network is no EVM."""
    namespace, _, reference = network.partition(":")
    if namespace != "eip155" or _DECIMAL.fullmatch(reference) is None or not 0 < int(reference) < 2**64:
        raise ValueError(f"{network!r} is no EVM network such as eip155:1")
    return int(reference)


def check_address(text: str) -> str:
    """`text` itself; ValueError where it isn't an address in lower case."""
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no account here: wanted is 0x and 40 hex digits in lower case")
    return text


def address_bytes(text: str) -> bytes:
    """The 20 bytes of a lower-case address; ValueError where it is none."""
    return bytes.fromhex(check_address(text)[2:])


def address_text(data: bytes) -> str:
    """20 bytes as the account part of a CAIP-10 name."""
    return "0x" + data.hex()


def token_id(ticket_id: str) -> int:
    """The token that stands for a ticket: the SHA-256 of its OSDM id, or ValueError."""
    if _TICKET_ID.fullmatch(ticket_id) is None:
        raise ValueError(
            f"{ticket_id!r} is no ticket id: wanted are 1 to 64 letters, digits, '-' and '.', "
            "a letter or digit first"
        )
    return int.from_bytes(hashlib.sha256(ticket_id.encode()).digest(), "big")


@dataclass(frozen=True, slots=True)
class Token:
    """An asset whose home is an EVM network. `id` is 0 for an ERC-20."""

    namespace: str
    contract: str
    id: int

    @classmethod
    def parse(cls, asset: str, network: str) -> Token:
        """Read a CAIP-19 name at home on `network`; ValueError where it isn't in its one spelling."""
        name = AssetName.parse(asset)
        if name.network != network:
            raise ValueError(f"{asset!r} is at home on {name.network}, not on {network}")
        check_address(name.reference)
        if name.namespace == "erc20":
            if name.token:
                raise ValueError(f"{asset!r}: an erc20 asset has no token id")
            return cls(name.namespace, name.reference, 0)
        if name.namespace not in ("erc721", "erc1155"):
            raise ValueError(f"{asset!r}: wanted is erc20, erc721 or erc1155, not {name.namespace}")
        if _DECIMAL.fullmatch(name.token) is None or int(name.token) > MAX_AMOUNT:
            raise ValueError(f"{asset!r}: the token id is a decimal below 2^256 without leading zeros")
        return cls(name.namespace, name.reference, int(name.token))
