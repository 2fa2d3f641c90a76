"""Make the lock files, or check that they are in step with what they are made from.

    python tools/lock.py                 keep the versions that are locked, where they still fit
    python tools/lock.py --upgrade       take the newest that fit
    python tools/lock.py --check         exit 1 and name the locks that are out of step; needs no network

requirements.lock comes from the workspace's pyproject.toml files; requirements-dev.lock holds the same
versions, the extras, and requirements-dev.in. A lock's first line names the SHA-256 of its sources.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OWN = re.compile(r"citygate-")
PIN = re.compile(r"^([A-Za-z0-9._-]+==\S+)", re.MULTILINE)
# hatchling builds the editable distributions in the environment itself, so that it is locked too.
BUILD = ("editables>=0.5",)


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file, the requirements it answers, and the lock whose versions it must hold."""

    path: Path
    requirements: tuple[str, ...]
    within: Path | None = None

    @property
    def header(self) -> str:
        """The first line: what the lock was made from."""
        digest = hashlib.sha256("\n".join(self.requirements).encode()).hexdigest()
        return f"# Made by `make lock`; don't edit. Sources: sha256:{digest}\n"

    def make(self, upgrade: bool) -> None:
        """Resolve for every platform and Python 3.11 on, without URLs: a registry is a user's choice."""
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory, self.path.with_suffix(".in").name)
            source.write_text("\n".join(self.requirements) + "\n")
            command = [
                *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
                *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"),
                *("--no-emit-find-links", "--output-file", str(self.path), source.name),
                *(("--constraint", str(self.within)) if self.within else ()),
                *(("--upgrade",) if upgrade else ()),
            ]
            done = subprocess.run(command, check=False, cwd=directory, stdout=subprocess.DEVNULL)
            if done.returncode:
                sys.exit(done.returncode)
        self.path.write_text(self.header + self.path.read_text())

    def faults(self) -> Iterator[str]:
        """What is wrong with the lock as it is."""
        text = self.path.read_text() if self.path.exists() else ""
        if not text.startswith(self.header):
            yield "isn't made from the present requirements"
        if "://" in text:
            yield "names a URL"
        if self.within and not set(PIN.findall(self.within.read_text())) <= set(PIN.findall(text)):
            yield f"has other versions than {self.within.name}"


def locks() -> list[Lock]:
    """Every lock of the repository, in the order in which they are made."""
    run, extras = workspace_requirements()
    development = lines(ROOT / "requirements-dev.in")
    runtime = ROOT / "requirements.lock"
    return [
        Lock(ROOT / "tools" / "installer.lock", unique(lines(ROOT / "tools" / "installer.in"))),
        Lock(ROOT / "tools" / "languages.lock", unique(lines(ROOT / "tools" / "languages.in"))),
        Lock(runtime, unique(run)),
        Lock(ROOT / "requirements-dev.lock", unique([*run, *extras, *development]), within=runtime),
    ]


def workspace_requirements() -> tuple[list[str], list[str]]:
    """What the workspace's distributions require of others: to run and to be built, and as extras."""
    run: list[str] = [*BUILD]
    extras: list[str] = []
    members = read(ROOT)["tool"]["uv"]["workspace"]["members"]
    for project in (read(ROOT / member) for member in members):
        run += project["build-system"]["requires"]
        run += project["project"].get("dependencies", [])
        for extra in project["project"].get("optional-dependencies", {}).values():
            extras += extra
    return run, extras


def read(folder: Path) -> dict[str, Any]:
    """A folder's pyproject.toml."""
    return tomllib.loads((folder / "pyproject.toml").read_text())


def lines(path: Path) -> list[str]:
    """A requirements file's lines, without comments."""
    stripped = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in stripped if line]


def unique(requirements: Iterable[str]) -> tuple[str, ...]:
    """Sorted, each once, without the workspace's own distributions."""
    return tuple(sorted({text for text in requirements if not OWN.match(text)}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true")
    choice.add_argument("--upgrade", action="store_true")
    options = parser.parse_args()
    if not options.check:
        for lock in locks():
            lock.make(options.upgrade)
        return
    faults = [f"{lock.path.relative_to(ROOT)} {fault}" for lock in locks() for fault in lock.faults()]
    if faults:
        sys.exit("\n".join(faults) + "\nrun `make lock` and commit the result")


if __name__ == "__main__":
    main()
