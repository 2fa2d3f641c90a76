from __future__ import annotations

import hashlib

import pytest

from citygate.ethereum._names import Token, chain_id_of, check_address, token_id

NETWORK = "eip155:31337"
ADDRESS = "0x" + "ab" * 20


@pytest.mark.parametrize(
    ("asset", "token"),
    [
        (f"{NETWORK}/erc20:{ADDRESS}", Token("erc20", ADDRESS, 0)),
        (f"{NETWORK}/erc721:{ADDRESS}/77", Token("erc721", ADDRESS, 77)),
        (f"{NETWORK}/erc1155:{ADDRESS}/0", Token("erc1155", ADDRESS, 0)),
        (f"{NETWORK}/erc721:{ADDRESS}/{2**256 - 1}", Token("erc721", ADDRESS, 2**256 - 1)),
    ],
)
def test_an_asset_in_its_one_spelling(asset: str, token: Token) -> None:
    assert Token.parse(asset, NETWORK) == token


@pytest.mark.parametrize(
    ("asset", "fault"),
    [
        (f"{NETWORK}/erc20:{ADDRESS}/1", "no token id"),
        (f"{NETWORK}/erc721:{ADDRESS}", "decimal"),
        (f"{NETWORK}/erc721:{ADDRESS}/077", "leading zeros"),
        (f"{NETWORK}/erc721:{ADDRESS}/0x4d", "decimal"),
        (f"{NETWORK}/erc721:{ADDRESS}/{2**256}", "2\\^256"),
        (f"{NETWORK}/erc721:{ADDRESS.upper()}/77", "lower case"),
        (f"{NETWORK}/slip44:{ADDRESS}/77", "erc20, erc721 or erc1155"),
        (f"eip155:1/erc721:{ADDRESS}/77", "at home on eip155:1"),
        ("a ticket", "CAIP-19"),
    ],
)
def test_another_spelling_is_refused(asset: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Token.parse(asset, NETWORK)


def test_accounts_are_lower_case_addresses() -> None:
    assert check_address(ADDRESS) == ADDRESS
    for other in (ADDRESS[:-1], ADDRESS.replace("ab", "AB"), ADDRESS[2:], ADDRESS + "\n", ""):
        with pytest.raises(ValueError, match="lower case"):
            check_address(other)


def test_networks_have_a_chain_id() -> None:
    assert chain_id_of("eip155:1") == 1
    for other in ("fabric:1", "eip155:", "eip155:0", "eip155:01", "eip155:0x1", f"eip155:{2**64}"):
        with pytest.raises(ValueError, match="no EVM network"):
            chain_id_of(other)


def test_a_ticket_is_the_token_of_its_ids_hash() -> None:
    assert token_id("TKT-1") == int(hashlib.sha256(b"TKT-1").hexdigest(), 16)
    for other in ("", "-1", "a b", "ü", "x" * 65):
        with pytest.raises(ValueError, match="no ticket id"):
            token_id(other)
