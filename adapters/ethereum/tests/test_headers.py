from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from citygate.ethereum._headers import Header, encode_header

# The first header of Ethereum's main network, and one of an anvil node under each hard fork since.
BLOCKS: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("headers.json").read_text())


@pytest.mark.parametrize("fork", BLOCKS)
def test_a_header_of_each_fork_hashes_to_its_block(fork: str) -> None:
    header = encode_header(BLOCKS[fork])
    assert "0x" + keccak(header).hex() == BLOCKS[fork]["hash"]
    assert Header.read(header).number == int(BLOCKS[fork]["number"], 16)


@pytest.mark.parametrize("field", [name for name in BLOCKS["osaka"] if name not in ("hash", "logsBloom")])
def test_a_block_with_any_field_changed_is_refused(field: str) -> None:
    value = BLOCKS["osaka"][field]
    changed = value[:-1] + ("1" if value[-1] == "0" else "0") if len(value) > 2 else "0x01"
    with pytest.raises(ValueError, match="doesn't hash to"):
        encode_header(BLOCKS["osaka"] | {field: changed})


def test_a_header_of_a_fork_to_come_is_refused() -> None:
    block = BLOCKS["osaka"]
    with pytest.raises(ValueError, match="doesn't know"):
        encode_header(block | {"hash": "0x" + keccak(b"a header with one field more").hex()})


def test_a_malformed_block_is_refused() -> None:
    block = dict(BLOCKS["osaka"])
    del block["stateRoot"]
    with pytest.raises(ValueError, match="malformed"):
        encode_header(block)


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\xc1\x80", bytes(3000), b"\xff" * 40])
def test_bytes_that_are_no_header(data: bytes) -> None:
    with pytest.raises(ValueError, match="header"):
        Header.read(data)
