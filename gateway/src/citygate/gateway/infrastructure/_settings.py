"""The gateway's configuration: one TOML file, every key documented here.

    listen = "127.0.0.1:7070"
    journal = "sqlite:///journal.db"

    [keystore]
    path = "keys.json"
    passphrase_file = "passphrase"

    [[networks]]
    name = "mobility"
    adapter = "ethereum"
    options = { url = "http://127.0.0.1:8545" }

An environment variable overrides a key: `CITYGATE_LISTEN`, `CITYGATE_KEYSTORE__PASSPHRASE_FILE`. Relative
paths are relative to the file's folder.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from citygate.adapter import Curve

_MAX_FILE = 1 << 20
_NAME = r"^[a-z0-9][-_a-z0-9]{0,62}$"
_ADDRESS = r"^([^\s:]+|\[[0-9a-fA-F:]+\]):\d{1,5}$"


class SettingsError(Exception):
    """The configuration can't be used; the text names the file, the line, the key and what is wanted."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeystoreSettings(_Table):
    """Where the keys are and what opens them."""

    path: Path
    """The encrypted file that `citygate` keeps its keys in."""
    passphrase_file: Path | None = None
    """A file whose first line is the passphrase; without it, it is in the variable CITYGATE_PASSPHRASE."""


class NetworkEntry(_Table):
    """A network to connect to."""

    name: Annotated[str, Field(pattern=_NAME)]
    """What people call it, in commands and messages."""
    adapter: str
    """The adapter's entry point name, such as ethereum or fabric."""
    options: dict[str, Any] = {}
    """What the adapter wants; its package documents them."""


class KnownAccount(_Table):
    """An account with a name whose key isn't held here. `network` is a CAIP-2 id."""

    network: str
    name: Annotated[str, Field(pattern=_NAME)]
    account: str
    curve: Curve


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="CITYGATE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    listen: Annotated[str, Field(pattern=_ADDRESS)] = "127.0.0.1:7070"
    """The address and port that the gRPC API binds."""
    journal: str = "sqlite:///journal.db"
    """The journal's database: `sqlite:///<path>`, or `postgresql://<user>@<host>/<database>` for several
    gateways.
    """
    transfer_lifetime: Annotated[int, Field(ge=10, le=30 * 86400)] = 600
    """The deadline of a transfer that names none: so many seconds after its creation."""
    keystore: KeystoreSettings | None = None
    """The keys that the gateway signs with."""
    networks: list[NetworkEntry] = []
    """The networks to connect to."""
    accounts: list[KnownAccount] = []
    """Names for accounts whose keys are elsewhere."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def load_settings(file: Path) -> Settings:
    """Read and check the configuration; SettingsError says where and what is wrong."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MAX_FILE + 1)
    except OSError as error:
        raise SettingsError(
            f"{file}: {error.strerror}; name a configuration file that can be read"
        ) from error
    if len(raw) > _MAX_FILE:
        raise SettingsError(f"{file}: larger than {_MAX_FILE} bytes, so it is no configuration of a gateway")
    try:
        text = raw.decode()
        values = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: no TOML: {error}") from error
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError("\n".join(_fault(file, text, dict(e)) for e in error.errors())) from None
    _check_unique(file, settings)
    return _rebased(settings, file.parent)


def _check_unique(file: Path, settings: Settings) -> None:
    names = [network.name for network in settings.networks]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{file}: networks: the name {name!r} comes twice; give each network its own")


def _rebased(settings: Settings, folder: Path) -> Settings:
    changes: dict[str, Any] = {}
    try:
        url = make_url(settings.journal)
    except ArgumentError:
        raise SettingsError(
            "journal: no database URL; wanted is sqlite:///<path> or postgresql://<user>@<host>/<database>"
        ) from None
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        changes["journal"] = url.set(database=str(folder / url.database)).render_as_string(False)
    if (keystore := settings.keystore) is not None:
        secret = keystore.passphrase_file
        changes["keystore"] = KeystoreSettings(
            path=folder / keystore.path, passphrase_file=None if secret is None else folder / secret
        )
    return settings.model_copy(update=changes)


# ---- errors that name the line ----------------------------------------------------------------------------


def _fault(file: Path, text: str, error: dict[str, Any]) -> str:
    location: tuple[str | int, ...] = error["loc"]
    key = ".".join(str(part) for part in location)
    line = _line(text, location)
    where = f"{file}:{line}" if line else str(file)
    wanted = {
        "missing": "is missing",
        "extra_forbidden": "is no key that the gateway knows",
    }.get(error["type"], error["msg"])
    return f"{where}: {key}: {wanted}"


def _line(text: str, location: tuple[str | int, ...]) -> int:
    """The line of the deepest part of `location` that the text has, 0 where it has none.

    The parts are followed through table headers (`[a.b]`, `[[a]]`) and keys at the beginning of lines.
    """
    best, depth = 0, 0
    table: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.fullmatch(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?", line):
            names = header[2].split(".")
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
            table = (names[0], counts[names[0]], *names[1:]) if names[0] in counts else tuple(names)
            path = table
        elif key := re.match(r"\s*([-\w]+)\s*=", line):
            path = (*table, key[1])
        else:
            continue
        if len(path) > depth and path == location[: len(path)]:
            best, depth = number, len(path)
    return best
