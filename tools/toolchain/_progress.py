"""One line per piece of work, on a terminal and in a plain log."""

from __future__ import annotations

import shutil
import threading
import time
from types import TracebackType
from typing import Self, TextIO

_NAME_WIDTH = 12
_TICK = 0.2  # seconds between two redrawings of the live line


class Progress:
    """Reports work that starts and ends, several pieces at once; on a terminal, also what runs just now."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._running: dict[str, tuple[str, float]] = {}  # name → (what it does, when it started)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        if self._terminal:
            self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        if self._terminal:
            self._ticker.join()

    def start(self, name: str, does: str) -> None:
        """Say that `name` begins."""
        with self._lock:
            self._running[name] = (does, time.monotonic())
        if not self._terminal:
            self.note(f"{name:<{_NAME_WIDTH}}{does} ...")

    def end(self, name: str, result: str) -> None:
        """Say that `name`, which was started, ended with `result`, and how long it took."""
        with self._lock:
            does, started = self._running.pop(name)
        self.note(f"{name:<{_NAME_WIDTH}}{does}: {result} in {time.monotonic() - started:.1f} s")

    def cached(self, name: str, does: str) -> None:
        """Say that `name` needed no work."""
        self.note(f"{name:<{_NAME_WIDTH}}{does}: cached")

    def note(self, line: str) -> None:
        """Print a line of its own."""
        with self._lock:
            self._erase()
            print(line, file=self._stream, flush=True)

    def _erase(self) -> None:
        if self._terminal:
            self._stream.write("\r\x1b[2K")

    def _tick(self) -> None:
        while not self._closed.wait(_TICK):
            with self._lock:
                now = time.monotonic()
                live = ", ".join(
                    f"{name}: {does} ({now - started:.0f} s)"
                    for name, (does, started) in self._running.items()
                )
                self._erase()
                self._stream.write(live[: shutil.get_terminal_size().columns - 1])
                self._stream.flush()
        with self._lock:
            self._erase()
            self._stream.flush()
