from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from citygate.ethereum import EthereumOptions
from citygate.ethereum.attestor import AttestorOptions

ADDRESS = "0x" + "0a" * 20
GOOD: dict[str, Any] = {
    "network": "eip155:1",
    "url": "http://127.0.0.1:8545",
    "gate": ADDRESS,
    "tickets": ADDRESS,
    "relay": ADDRESS,
    "attestors": [{"address": ADDRESS, "endpoint": "127.0.0.1:1"}],
    "threshold": 1,
}


def test_the_defaults_wait_for_finality() -> None:
    assert EthereumOptions.read(GOOD).finality == "finalized"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"gates": 1}, "gates: no such option"),
        ({"url": None}, "url: missing"),
        ({"network": "fabric:1"}, "no EVM network"),
        ({"gate": ADDRESS.upper()}, "gate: "),
        ({"attestors": []}, "attestors: "),
        ({"attestors": [{"address": ADDRESS}]}, r"attestors\[0\]"),
        ({"attestors": GOOD["attestors"] * 2, "threshold": 2}, "comes twice"),
        ({"threshold": 2}, "threshold: wanted is 1 to 1"),
        ({"threshold": 0}, "threshold: "),
        ({"finality": -1}, "finality: "),
        ({"finality": "safe"}, "finality: "),
        ({"timeout": 0}, "timeout: "),
    ],
)
def test_a_wrong_option_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        EthereumOptions.read(GOOD | change)


class TestAttestorKey:
    """An attestor's key comes out of a file that only it may read."""

    SECRET = b"\x07" * 32

    def options(self, folder: Path, content: str, mode: int = 0o600) -> AttestorOptions:
        path = folder / "key"
        path.touch()
        path.chmod(mode)
        path.write_text(content)
        (folder / "password").write_text("correct horse")
        given = {
            "network": "eip155:1",
            "node": "http://127.0.0.1:1",
            "listen": "127.0.0.1:1",
            "key_file": str(path),
            "signed_file": str(folder / "signed"),
        }
        if content.startswith("{"):
            given["password_file"] = str(folder / "password")
        return AttestorOptions.read(given)

    def test_as_digits_or_as_a_keystore(self, tmp_path: Path) -> None:
        import json

        plain = self.options(tmp_path, self.SECRET.hex()).key()
        keystore = Account.encrypt(self.SECRET, "correct horse", kdf="pbkdf2", iterations=2)
        assert self.options(tmp_path, json.dumps(keystore)).key().account == plain.account

    def test_a_file_that_others_may_read_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="chmod 600"):
            self.options(tmp_path, self.SECRET.hex(), mode=0o644).key()

    def test_an_error_never_quotes_the_file(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="no private key") as caught:
            self.options(tmp_path, "zz" + self.SECRET.hex()[2:]).key()
        assert self.SECRET.hex()[10:] not in str(caught.value)
