"""Files that commands read."""

from __future__ import annotations

from pathlib import Path

from citygate.schemas import MAX_DOCUMENT

from ._exit import CommandError, Exit


def read_payload(file: Path) -> bytes:
    """A file's bytes; no more than one above what a document may have."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise CommandError(
            Exit.INVALID,
            f"can't read {file}: {error.strerror}",
            "Name a file that can be read.",
        ) from error
