"""A chaincode package of the type `ccaas`, and the external builder that accepts it.

The package holds no code: it says where the chaincode, a server of its own, listens.
https://hyperledger-fabric.readthedocs.io/en/release-2.5/cc_service.html
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_EXECUTABLE = 0o755

# The peer calls detect <source> <metadata>, build <source> <metadata> <output> and release <built> <output>.
_BUILDER = {
    "detect": 'grep -q \'"type": *"ccaas"\' "$2/metadata.json"',
    "build": 'cp "$1/connection.json" "$3/connection.json"',
    "release": 'mkdir -p "$2/chaincode/server" && cp "$1/connection.json" "$2/chaincode/server"',
}


@dataclass(frozen=True, slots=True)
class Package:
    """A package and the id that the peer gives it."""

    label: str
    data: bytes

    @property
    def id(self) -> str:
        return f"{self.label}:{hashlib.sha256(self.data).hexdigest()}"


def package(label: str, address: str) -> Package:
    """The package of a chaincode server at `address`; the same arguments give the same bytes."""
    connection = {"address": address, "dial_timeout": "10s", "tls_required": False}
    code = _archive({"connection.json": json.dumps(connection).encode()})
    metadata = json.dumps({"type": "ccaas", "label": label}).encode()
    return Package(label, _archive({"metadata.json": metadata, "code.tar.gz": code}))


def _archive(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def write_builder(folder: Path) -> Path:
    """Write the builder's three programs to `folder/bin`."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for name, body in _BUILDER.items():
        program = programs / name
        program.write_text(f"#!/bin/sh\nset -eu\n{body}\n")
        program.chmod(_EXECUTABLE)
    return folder
