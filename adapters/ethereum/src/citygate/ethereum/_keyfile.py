"""Private keys in files."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from eth_account import Account

from ._signatures import LocalKey


def read_key(path: Path, password_path: Path | None) -> LocalKey:
    """The key in a file: 64 hex digits, or a keystore (Web3 Secret Storage) with its password in another.

    ValueError where there is none, or where other users may read it.
    """
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError(f"{path}: other users may read this key: chmod 600 it")
        text = path.read_text().strip()
        password = None if password_path is None else password_path.read_text().strip()
    except OSError as error:
        raise ValueError(f"{error.filename}: {error.strerror}") from error
    if not text.startswith("{"):
        return _key(path, text)
    if password is None:
        raise ValueError(f"{path} is a keystore: name the file that holds its password")
    try:
        return LocalKey(Account.decrypt(json.loads(text), password))
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path}: this password doesn't open the keystore") from None


def _key(path: Path, text: str) -> LocalKey:
    try:
        return LocalKey(bytes.fromhex(text.removeprefix("0x")))
    except (ValueError, TypeError):
        raise ValueError(f"{path}: no private key (64 hex digits)") from None  # the cause quotes the text
