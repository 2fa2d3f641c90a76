"""Refuse what would tie the repository to one machine or one registry.

That is a home directory, the checkout's own path, a registry's host, a lock that says where a package was
downloaded from. Reads what git tracks and what `git add` would make it track.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST = 2_000_000  # bytes; more is data, and data has no business in this repository


def registry_hosts() -> set[str]:
    """The hosts that npm and Go are set up to download from: asked of them, so that none is named here either."""
    commands = (["npm", "config", "get", "registry"], ["go", "env", "GOPROXY", "GOSUMDB"])
    answers = [
        subprocess.run(c, cwd=ROOT, check=True, capture_output=True, text=True).stdout for c in commands
    ]
    return set(re.findall(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b", " ".join(answers)))


FORBIDDEN = {
    "a home directory": re.compile(r"/(?:home|Users)/(?!runner\b)[a-z]\w*/"),
    "a registry's host": re.compile("|".join(map(re.escape, sorted(registry_hosts())))),
    "where a package was downloaded from": re.compile(
        r'"resolved": "\w+:|^--(?:index-url|find-links)|^[a-z].* @ \w+://', re.MULTILINE
    ),
    # This machine's own paths, whatever they are. A path that is a single component, as "/", is everywhere.
    "a path of this machine": re.compile(
        "|".join(rf"(?<![\w./]){re.escape(str(path))}/" for path in {ROOT, Path.home()} if path != Path("/"))
    ),
}


def tracked() -> Iterator[Path]:
    """What git tracks, and what it would with `git add`."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    for name in listing.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield path


def faults(path: Path) -> Iterator[str]:
    """What is wrong with one file, with the line."""
    name = path.relative_to(ROOT)
    if path.stat().st_size > LARGEST:
        yield f"{name}: larger than {LARGEST} bytes"
        return
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for what, pattern in FORBIDDEN.items():
        for match in pattern.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: names {what}: {match.group()}"


if __name__ == "__main__":
    sys.exit("\n".join(fault for path in tracked() for fault in faults(path)) or 0)
