"""Where things are, and how commands run there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import IO

# Whatever the user's settings are: no C compiler, the Go that was pinned, the module that was named.
_FIXED = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}

# uv has settings of its own; a machine that is set up for pip gets pip's registry and certificates.
_UV_FROM_PIP = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "SSL_CERT_FILE": "PIP_CERT",
}


class SetupError(Exception):
    """The set-up can't go on; the text says why and what to do next."""


class Workspace:
    """A checkout, its `.toolchain` folder and the cache that checkouts share."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.toolchain = root / ".toolchain"
        self.logs = self.toolchain / "logs"
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        self.cache = Path(os.environ.get("CITYGATE_CACHE") or Path(home, "citygate")).absolute()

    @contextlib.contextmanager
    def locked(self, note: Callable[[str], None]) -> Generator[None]:
        """One set-up of a checkout at a time; the next one waits and then finds the work done."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.toolchain / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                note("waiting for another set-up of this checkout")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def environment(self) -> Mapping[str, str]:
        """The user's environment, the pinned programs first on its path."""
        env = dict(os.environ)
        for uv, pip in _UV_FROM_PIP.items():
            if pip in env:
                env.setdefault(uv, env[pip])
        return env | _FIXED | {"PATH": f"{self.toolchain / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"}


class Shell:
    """Runs the commands of one step; all they print goes to the step's log."""

    def __init__(self, workspace: Workspace, log: Path, children: Children) -> None:
        self.root = workspace.root
        self.log = log
        self._env = workspace.environment()
        self._children = children
        log.write_text("")

    def run(self, *command: str | Path, cwd: Path | None = None) -> None:
        """Run a command at the checkout's root or `cwd`; CalledProcessError where it fails."""
        with self.log.open("a") as output:
            print(f"$ {' '.join(map(str, command))}", file=output, flush=True)
            self._children.run([str(word) for word in command], output, cwd or self.root, self._env)

    def answer(self, *command: str | Path, cwd: Path | None = None) -> str:
        """What a short command prints, without white space around it."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd or self.root,
            env=self._env,
            check=True,
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        return done.stdout.strip()


class Children:
    """The processes that run now, so that all can be ended when one fails."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self.ended = False
        self._lock = threading.Lock()

    def run(self, words: list[str], output: IO[str], cwd: Path, env: Mapping[str, str]) -> None:
        """Run one to its end; CalledProcessError where it fails or was ended."""
        with self._lock:
            if self.ended:
                raise subprocess.CalledProcessError(-1, words)
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=cwd, env=env
            )
            self._running.add(process)
        try:
            code = process.wait()
        finally:
            with self._lock:
                self._running.discard(process)
        if code:
            raise subprocess.CalledProcessError(code, words)

    def end(self) -> None:
        """Terminate all, and start no more."""
        with self._lock:
            self.ended = True
            for process in self._running:
                process.terminate()
