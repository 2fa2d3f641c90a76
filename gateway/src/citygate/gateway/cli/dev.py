"""`citygate dev`: the development network and its gateway, left running."""

from __future__ import annotations

import asyncio
import sys
import time

from citygate.gateway.infrastructure import Development

from ._run import development_gateway, until_stopped, watched


def run(*, free_ports: bool) -> None:
    """Start, say where everything is, and wait to be stopped. DevnetError where something can't start or ends."""
    asyncio.run(_run(free_ports))


async def _run(free_ports: bool) -> None:
    await until_stopped(_serve(free_ports))


async def _serve(free_ports: bool) -> None:
    begun = time.monotonic()
    async with development_gateway(lambda step: None, free=free_ports) as running:
        sys.stdout.write(_greeting(running, time.monotonic() - begun) + "\n")
        sys.stdout.flush()
        await watched(running, asyncio.Event().wait())


def _greeting(running: Development, seconds: float) -> str:
    rows = [("gateway", running.address, "gRPC with health and reflection", "")]
    for network in running.networks:
        accounts = " ".join(account.name for account in network.accounts)
        rows.append((network.name, network.id, f"gate {network.gate}", accounts))
    rows.append(("files", str(running.directory), "configuration, keys, logs", "gone when this ends"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, f"ready in {seconds:.1f} s; Ctrl-C ends everything"])
