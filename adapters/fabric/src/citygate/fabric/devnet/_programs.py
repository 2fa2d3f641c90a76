"""Running Fabric's command-line programs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from citygate.adapter.devnet import LOOPBACK, DevnetError

_STARTED_WITHIN = 20.0
_POLL = 0.02
_FABRICS_OWN = ("CORE_", "ORDERER_", "FABRIC_", "CONFIGTX_", "OSNADMIN_")


def environment(**settings: str | Path) -> dict[str, str]:
    """This process's environment without what Fabric would take for settings, and with `settings`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FABRICS_OWN)}
    return inherited | {name: str(value) for name, value in settings.items()}


async def run(*command: str | Path, env: Mapping[str, str]) -> str:
    """Run a command to its end; DevnetError carries the last line that it printed where it failed."""
    arguments = [str(part) for part in command]
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=env,
        )
    except OSError as error:
        raise DevnetError(f"can't run {arguments[0]}: {error}; `make setup` builds it") from error
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = output.decode(errors="replace")
    if process.returncode:
        said = text.strip().splitlines() or ["(nothing)"]
        what = " ".join([Path(arguments[0]).name, *arguments[1:4]])
        raise DevnetError(f"`{what} …` failed with {process.returncode}: {said[-1]}")
    return text


async def listening(name: str, port: int, process: asyncio.subprocess.Process) -> None:
    """Wait until `process` accepts connections on `port`; DevnetError where it ends or takes too long."""
    deadline = asyncio.get_running_loop().time() + _STARTED_WITHIN
    while asyncio.get_running_loop().time() < deadline:
        if process.returncode is not None:
            raise DevnetError(f"{name} ended with {process.returncode} while it started: see its log")
        with suppress(OSError):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.close()
            return
        await asyncio.sleep(_POLL)
    raise DevnetError(f"{name} doesn't listen on port {port} after {_STARTED_WITHIN:.0f} s: see its log")
