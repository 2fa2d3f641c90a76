from __future__ import annotations

from pathlib import Path

import pytest

from citygate.adapter import Curve
from citygate.gateway.infrastructure import (
    AdapterMissingError,
    KnownAccount,
    SettingsError,
    find_adapter,
    load_settings,
)

GOOD = """\
listen = "127.0.0.1:7071"
journal = "sqlite:///data/journal.db"
transfer_lifetime = 60

[keystore]
path = "keys.json"
passphrase_file = "/run/secrets/passphrase"

[[networks]]
name = "mobility"
adapter = "ethereum"
[networks.options]
url = "http://127.0.0.1:8545"

[[networks]]
name = "energy"
adapter = "fabric"

[[accounts]]
network = "eip155:1"
name = "carol"
account = "0x01"
curve = "secp256k1"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "gateway.toml"
    file.write_text(text)
    return file


def test_every_key_is_read_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD))
    assert settings.listen == "127.0.0.1:7071"
    assert settings.journal == f"sqlite:///{tmp_path}/data/journal.db"
    assert settings.transfer_lifetime == 60
    assert settings.keystore is not None
    assert settings.keystore.path == tmp_path / "keys.json"
    assert settings.keystore.passphrase_file == Path("/run/secrets/passphrase")
    assert [n.name for n in settings.networks] == ["mobility", "energy"]
    assert settings.networks[0].options == {"url": "http://127.0.0.1:8545"}
    carol = KnownAccount(network="eip155:1", name="carol", account="0x01", curve=Curve.SECP256K1)
    assert settings.accounts == [carol]


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, ""))
    assert settings.listen.startswith("127.0.0.1:")
    assert settings.journal == f"sqlite:///{tmp_path}/journal.db"
    assert settings.networks == []


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYGATE_LISTEN", "127.0.0.1:9999")
    monkeypatch.setenv("CITYGATE_KEYSTORE__PASSPHRASE_FILE", "/elsewhere")
    settings = load_settings(write(tmp_path, GOOD))
    assert settings.listen == "127.0.0.1:9999"
    assert settings.keystore is not None
    assert settings.keystore.passphrase_file == Path("/elsewhere")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ('listen = "127.0.0.1:7071"', 'listen = "nowhere"', ["gateway.toml:1: listen:"]),
        ("transfer_lifetime = 60", "transfer_lifetime = 0", ["gateway.toml:3: transfer_lifetime:", "10"]),
        ("transfer_lifetime = 60", "lifetime = 60", ["gateway.toml:3: lifetime: is no key"]),
        ('path = "keys.json"', "", ["gateway.toml:5: keystore.path: is missing"]),
        ('adapter = "fabric"', "", ["gateway.toml:15: networks.1.adapter: is missing"]),
        ('name = "energy"', 'name = "Not a name"', ["gateway.toml:16: networks.1.name:"]),
        ('name = "energy"', 'name = "mobility"', ["'mobility' comes twice"]),
        ('curve = "secp256k1"', 'curve = "ed25519"', ["gateway.toml:23: accounts.0.curve:", "secp256k1"]),
        ("[keystore]", "[keystore", ["gateway.toml", "no TOML", "line 5"]),
        ('journal = "sqlite', 'journal = "///', ["journal: no database URL"]),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_is_wanted(
    tmp_path: Path, old: str, new: str, wanted: list[str]
) -> None:
    assert old in GOOD
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, GOOD.replace(old, new)))
    assert all(part in str(caught.value) for part in wanted), str(caught.value)


def test_a_file_that_is_missing_huge_or_binary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_settings(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="larger"):
        load_settings(write(tmp_path, "#" * (1 << 20) + "#"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="no TOML"):
        load_settings(tmp_path / "binary.toml")


def test_an_adapter_that_is_not_installed_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(AdapterMissingError, match="pip install citygate-tangle"):
        find_adapter("tangle")
