"""What an attestor has signed, so that it never signs two headers of one height, not even after a restart."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

WINDOW = 8192
"""How many heights below the newest signed one may still be signed; older ones need no memory."""


class SignedHeaders:
    """An append-only file with a line `<number> <hash>` for each height, and the same in memory.

    The file is locked: a second attestor on it is refused. It is rewritten when most of its lines are out of
    the window.
    """

    def __init__(self, path: Path, window: int = WINDOW) -> None:
        """ValueError where the file is in use or isn't one of these."""
        self._path = path
        self._window = window
        self._hashes: dict[int, bytes] = {}
        self._newest = 0
        self._file = self._open(path)
        self._lines = self._load()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def admit(self, number: int, block_hash: bytes) -> None:
        """Remember, on disk, that this header is about to be signed. ValueError where it must not be."""
        known = self._hashes.get(number)
        if known == block_hash:
            return
        if known is not None:
            raise ValueError(
                f"another header of height {number} was signed: the chain has been reorganised below finality"
            )
        if number <= self._newest - self._window:
            raise ValueError(f"height {number} is more than {self._window} below the newest signed one")
        self._write(self._file, f"{number} {block_hash.hex()}\n")
        self._lines += 1
        self._hashes[number] = block_hash
        self._newest = max(self._newest, number)
        if self._lines > 2 * self._window:
            self._rewrite()

    @staticmethod
    def _open(path: Path) -> int:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise ValueError(f"{path}: another attestor uses it") from error
        return descriptor

    @staticmethod
    def _write(descriptor: int, text: str) -> None:
        os.write(descriptor, text.encode())
        os.fdatasync(descriptor)  # before the signature leaves: a power failure must not make it forget

    def _load(self) -> int:
        content = os.pread(self._file, os.fstat(self._file).st_size, 0)
        whole = content.rfind(b"\n") + 1
        os.ftruncate(self._file, whole)  # a torn last line was never signed
        lines = content[:whole].splitlines()
        for count, line in enumerate(lines, 1):
            try:
                number, digest = line.split(b" ")
                self._hashes[int(number)] = bytes.fromhex(digest.decode())
            except ValueError as error:
                raise ValueError(f"{self._path}, line {count}: no record of a signed header") from error
        self._newest = max(self._hashes, default=0)
        self._forget()
        return len(lines)

    def _forget(self) -> None:
        oldest = self._newest - self._window
        self._hashes = {number: digest for number, digest in self._hashes.items() if number > oldest}

    def _rewrite(self) -> None:
        self._forget()
        fresh_path = self._path.with_name(self._path.name + ".new")
        fresh_path.unlink(missing_ok=True)
        fresh = self._open(fresh_path)
        self._write(fresh, "".join(f"{number} {digest.hex()}\n" for number, digest in self._hashes.items()))
        fresh_path.replace(self._path)
        os.close(self._file)
        self._file = fresh
        self._lines = len(self._hashes)
