"""A step: something built from inputs, known by the hash of all that it is built from."""

from __future__ import annotations

import hashlib
import inspect
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ._workspace import SetupError, Shell, Workspace

_STAMP = ".built-from"
_UNUSED = 30 * 24 * 3600  # seconds after which a result that nobody used may go


@dataclass(frozen=True, slots=True)
class Step:
    """`build(shell, out)` fills the folder `out` from `inputs` (globs below the root) and what it `needs`.

    Without a `place` the result lies in the cache that checkouts share, and `links` (below `.toolchain` →
    below the result) lead to it. With one it is built in place, because it can't be moved.
    """

    name: str
    does: str
    build: Callable[[Shell, Path], None]
    inputs: tuple[str, ...]
    needs: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    place: str | None = None

    def key(self, root: Path, needed: Iterable[str]) -> str:
        """SHA-256 of the platform, the recipe, the keys of what it needs, and the inputs' names and bytes."""
        digest = hashlib.sha256()
        parts = [self.name, sys.platform, platform.machine(), inspect.getsource(self.build), *needed]
        if self.place:
            parts += [sys.version, sys.base_prefix]
        for pattern in self.inputs:
            files = [p for p in root.glob(pattern) if p.is_file() and not p.name.endswith("_test.go")]
            if not files:
                raise SetupError(
                    f"{pattern} is missing in {root}: restore it from git, then run the command again"
                )
            for path in sorted(files):
                parts += [str(path.relative_to(root)), hashlib.sha256(path.read_bytes()).hexdigest()]
        for part in parts:
            digest.update(hashlib.sha256(part.encode()).digest())
        return digest.hexdigest()

    def current(self, workspace: Workspace, key: str) -> bool:
        """Whether the result for `key` is there, complete; its links are set right."""
        if self.place:
            stamp = workspace.root / self.place / _STAMP
            return stamp.exists() and stamp.read_text() == key
        result = self._result(workspace, key)
        if not result.is_dir():
            return False
        os.utime(result)
        self._link(workspace, result)
        return True

    def produce(self, workspace: Workspace, key: str, shell: Shell) -> None:
        """Build the result. What is interrupted leaves nothing that `current` would take for a result."""
        if self.place:
            out = workspace.root / self.place
            (out / _STAMP).unlink(missing_ok=True)
            self.build(shell, out)
            (out / _STAMP).write_text(key)
            return
        workspace.cache.mkdir(parents=True, exist_ok=True)
        self._prune(workspace.cache)
        result = self._result(workspace, key)
        with tempfile.TemporaryDirectory(
            dir=workspace.cache, prefix=f"{self.name}-building-", ignore_cleanup_errors=True
        ) as building:
            out = Path(building, "result")
            out.mkdir()
            self.build(shell, out)
            if not result.exists():  # another checkout may have been quicker
                out.rename(result)
        self._link(workspace, result)

    def _result(self, workspace: Workspace, key: str) -> Path:
        return workspace.cache / f"{self.name}-{key[:16]}"

    def _link(self, workspace: Workspace, result: Path) -> None:
        for name, target in self.links.items():
            link, wanted = workspace.toolchain / name, str(result / target)
            if link.is_symlink() and str(link.readlink()) == wanted:
                continue
            link.parent.mkdir(parents=True, exist_ok=True)
            fresh = link.with_name(f".{link.name}-new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(wanted)
            fresh.replace(link)

    def _prune(self, cache: Path) -> None:
        limit = time.time() - _UNUSED
        for old in cache.glob(f"{self.name}-*"):
            if old.stat().st_mtime < limit:
                shutil.rmtree(old, ignore_errors=True)
