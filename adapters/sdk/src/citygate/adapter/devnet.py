"""Development networks: real ledgers as plain processes on loopback, for `citygate dev`, the demo and the tests.

An adapter's package offers one as an entry point in the group `citygate.devnets`. The life of a set of development
networks: each is started, then each registers the others' peers, then the gateway is started with their settings.
Stopping is the supervisor's: no child outlives this process, however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol, Self

from ._signing import Curve

LOOPBACK = "127.0.0.1"


class DevnetError(Exception):
    """A development network can't start or broke; the text says what to do next."""


# ---- ports --------------------------------------------------------------------------------------------------------


def check_free(ports: Mapping[str, int]) -> None:
    """DevnetError names every port of `ports` (use → number) that somebody else listens on."""
    taken: list[str] = []
    for use, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                taken.append(f"{port} ({use})")
    if taken:
        raise DevnetError(
            f"port {', '.join(taken)} is taken on {LOOPBACK}: "
            "stop what listens there, or let --free-ports choose others"
        )


def free_ports(uses: Iterable[str]) -> dict[str, int]:
    """A free port for each use. All are held until the last is chosen, so that none comes twice."""
    with contextlib.ExitStack() as stack:
        chosen: dict[str, int] = {}
        for use in uses:
            probe = stack.enter_context(socket.socket())
            probe.bind((LOOPBACK, 0))
            chosen[use] = probe.getsockname()[1]
        return chosen


# ---- processes ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Child:
    name: str
    process: asyncio.subprocess.Process
    log: Path


# What a child runs first: the kernel kills it when its parent dies, even by SIGKILL (Linux). A preexec_fn
# could say so too, but takes a real fork, and a fork beside gRPC's threads brings the child down; this way
# Python uses vfork.
_LAUNCH = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):  # else the parent has died already
    os.execvp(sys.argv[2], sys.argv[2:])
"""


class Supervisor:
    """Starts children with their output in log files, notices when one ends, and ends them all.

    Use as an asynchronous context manager. The kernel ties a child to the *thread* that started it, so start
    children from the main thread.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[_Child] = []

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> asyncio.subprocess.Process:
        """Start `command` as `name`; its output goes to `<logs>/<name>.log`."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = await self._spawn(command, output, env, cwd)
        self._children.append(_Child(name, process, log))
        return process

    @staticmethod
    async def _spawn(
        command: Sequence[str | Path],
        output: IO[bytes],
        env: Mapping[str, str] | None,
        cwd: Path | None,
    ) -> asyncio.subprocess.Process:
        program, *arguments = (os.fspath(part) for part in command)
        found = shutil.which(program, path=None if env is None else env.get("PATH"))
        if found is None:
            raise DevnetError(f"can't start {program}: there is no such program; `make setup` builds it")
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), found, *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            process_group=0,
        )

    async def wait(self) -> str:
        """Wait until a child ends by itself; the answer says which, how, and the end of its log."""
        waits = {asyncio.ensure_future(c.process.wait()): c for c in self._children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        child = waits[next(iter(done))]
        return f"{child.name} ended with {child.process.returncode}: {self.tail(child.name)}"

    def tail(self, name: str, lines: int = 5) -> str:
        """The last lines of a child's log, on one line."""
        log = self._logs / f"{name}.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return " | ".join(text.splitlines()[-lines:]) or "(no output)"

    async def stop(self) -> None:
        """SIGTERM to all, the last started first; SIGKILL to what is left after five seconds."""
        for child in reversed(self._children):
            self._signal(child, signal.SIGTERM)
        waits = [asyncio.ensure_future(c.process.wait()) for c in self._children]
        if waits:
            _, slow = await asyncio.wait(waits, timeout=5)
            if slow:
                for child in self._children:
                    self._signal(child, signal.SIGKILL)
                await asyncio.wait(slow)
        self._children.clear()

    @staticmethod
    def _signal(child: _Child, number: signal.Signals) -> None:
        if child.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, number)


# ---- the networks -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Site:
    """Where a development network lives: an empty directory, its ports (use → number), its processes.

    `report` is told each step in words.
    """

    directory: Path
    ports: Mapping[str, int]
    supervisor: Supervisor
    report: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DevAccount:
    """An account of the development network. `name` is for people: relay, operator-a, alice…

    `secret` is the private scalar, 32 bytes big-endian. The development gateway gets it where `held`; otherwise it
    knows the account by name alone, as that of an owner who keeps the key.
    """

    name: str
    account: str
    curve: Curve
    secret: bytes = field(repr=False)
    held: bool = True


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How the gateway connects: the adapter's entry point name, its options, and the accounts."""

    adapter: str
    options: Mapping[str, Any]
    accounts: tuple[DevAccount, ...]


class Devnet(Protocol):
    """A development network. One instance is one network."""

    ports: Mapping[str, int]
    """What it binds: use → the usual port."""

    async def start(self, site: Site) -> None:
        """Bring the ledger up, its gate on it."""
        ...

    def peer(self) -> Mapping[str, Any]:
        """What another gate registers to verify this network's claims: kind, network, gate, and what the kind needs."""
        ...

    async def register(self, peers: Sequence[Mapping[str, Any]]) -> None:
        """Make this network's gate trust the other networks' claims."""
        ...

    def settings(self) -> NetworkSettings:
        """What the gateway's configuration says of this network."""
        ...


def toolchain() -> Path:
    """The folder whose `bin` holds the ledgers' programs, which `make setup` fills; DevnetError where there is none."""
    path = Path(os.environ.get("CITYGATE_TOOLCHAIN", ".toolchain")).absolute()
    if not (path / "bin").is_dir():
        raise DevnetError(
            f"the ledgers' programs aren't at {path}: run `make setup` in a checkout of CityGate, "
            "or name its .toolchain folder in CITYGATE_TOOLCHAIN"
        )
    return path
