"""`citygate dev` and `citygate demo`, as a person runs them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.ledger

CITYGATE = (sys.executable, "-m", "citygate.gateway.cli")


@asynccontextmanager
async def running_dev(log: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """`citygate dev` once it has said that it is ready."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *CITYGATE, "dev", "--free-ports", stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        async with asyncio.timeout(60):
            while "ready in" not in log.read_text():
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.1)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def descendants(parent: int) -> dict[int, str]:
    """The processes below `parent`, by id, with their command lines."""
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that has ended since
            after_name = (process / "stat").read_text().rsplit(")", 1)[1].split()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parents[int(process.name)], commands[int(process.name)] = int(after_name[1]), command
    found: set[int] = set()
    frontier = {parent}
    while frontier := {child for child, above in parents.items() if above in frontier} - found:
        found |= frontier
    return {child: commands[child] for child in found}


async def all_gone(processes: Sequence[int]) -> bool:
    """Whether every process ends within five seconds."""
    for _ in range(50):
        if not any(Path(f"/proc/{process}").exists() for process in processes):
            return True
        await asyncio.sleep(0.1)
    return False


@pytest.mark.parametrize("ending", ["SIGINT", "SIGTERM", "SIGKILL", "a child's crash"])
async def test_dev_says_where_everything_is_and_leaves_nothing_behind(tmp_path: Path, ending: str) -> None:
    log = tmp_path / "dev.log"
    async with running_dev(log) as process:
        lines = log.read_text().splitlines()
        assert len(lines) == 5
        assert lines[0].startswith("gateway")
        children = descendants(process.pid)
        assert (
            len(children) >= 9
        )  # a node, three attestors, an orderer, two peers, two chaincodes, the gateway
        files = Path(re.search(r"/\S*citygate-\S+", log.read_text())[0])  # type: ignore[index]
        if ending == "a child's crash":
            orderer = next(child for child, command in children.items() if "orderer" in command)
            os.kill(orderer, signal.SIGKILL)
        else:
            process.send_signal(signal.Signals[ending])
        async with asyncio.timeout(20):
            code = await process.wait()
        assert await all_gone(list(children))
        if ending == "a child's crash":
            assert code == 1
            assert "orderer" in log.read_text().splitlines()[5]
        elif ending != "SIGKILL":
            assert code == 0
            assert not files.exists()
            assert log.read_text().splitlines() == lines


async def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 7070))
            taken.listen()
        except OSError:
            pytest.skip("somebody else has port 7070")
        process = await asyncio.create_subprocess_exec(
            *CITYGATE,
            "dev",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        output, _ = await process.communicate()
    assert process.returncode == 1
    assert b"port 7070 (gateway gRPC) is taken" in output
    assert list(tmp_path.glob("**/*.log")) == []


async def test_the_demo_holds(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *CITYGATE,
        "demo",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text
    assert "everything held" in text
    assert "✗" not in text
    assert text.count("COMMITTED") >= 4
    assert "ABORTED" in text
