"""What an attestor is told at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citygate.ethereum._finality import Finality, read_finality
from citygate.ethereum._keyfile import read_key
from citygate.ethereum._names import chain_id_of
from citygate.ethereum._signatures import LocalKey


@dataclass(frozen=True, slots=True)
class AttestorOptions:
    """`node` is the URL of the attestor's own node, `listen` is `host:port`.

    `key_file` holds the private key: 64 hex digits, or a keystore (Web3 Secret Storage) whose password is in
    `password_file`. `signed_file` remembers what was signed. `rate` is how many blocks a second may be asked
    for that it hasn't in its cache.
    """

    network: str
    node: str
    listen: str
    key_file: Path
    signed_file: Path
    finality: Finality
    password_file: Path | None = None
    rate: float = 200.0

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> AttestorOptions:
        """Out of a configuration; ValueError names an option that is missing, unknown or wrong."""
        known = set(cls.__dataclass_fields__)
        if unknown := sorted(set(options) - known):
            raise ValueError(
                f"{unknown[0]}: no such option of an attestor; there are {', '.join(sorted(known))}"
            )
        for name in ("network", "node", "listen", "key_file", "signed_file"):
            if not isinstance(options.get(name), str | Path):
                raise ValueError(f"{name}: missing, or no text")
        chain_id_of(options["network"])
        password = options.get("password_file")
        rate = options.get("rate", 200.0)
        if not isinstance(rate, int | float) or rate <= 0:
            raise ValueError("rate: wanted is a number above 0")
        return cls(
            options["network"],
            options["node"],
            options["listen"],
            Path(options["key_file"]),
            Path(options["signed_file"]),
            read_finality(options.get("finality", "finalized")),
            None if password is None else Path(password),
            float(rate),
        )

    def key(self) -> LocalKey:
        """The private key; ValueError where the file has none or others may read it."""
        return read_key(self.key_file, self.password_file)
