"""`citygate demo`: the tour on real ledgers, and a table of what happened."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import grpc.aio
from rich.console import Console
from rich.table import Table

from citygate.gateway.infrastructure import Development, load_settings, open_networks
from citygate.gateway.platform import Networks
from citygate.v1.transfer_pb2 import Transfer

from ._run import development_gateway, until_stopped, watched
from ._tour import Tour, ledger_time

_LOG_WIDTH = 180
"""Columns, where the output is no terminal."""


def run() -> bool:
    """Take the tour; whether everything that it shows held. DevnetError where a ledger can't start or ends."""
    return asyncio.run(_run())


async def _run() -> bool:
    return await until_stopped(_tour()) or False


async def _tour() -> bool:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _LOG_WIDTH)
    begun = time.monotonic()

    def report(step: str) -> None:
        console.print(f"[dim]{time.monotonic() - begun:6.1f} s[/]  {step}")

    async with development_gateway(report, free=True) as running, _client(running) as (channel, networks):
        first, second = (network.name for network in running.networks[:2])
        tour = Tour(channel, first, second, networks, report)
        held = await watched(running, tour.take())
        names = {network.id: network.name for network in running.networks}
        console.print(_transfers(tour, names))
        console.print(_checks(tour))
    report("everything held; all processes ended" if held else "NOT everything held; all processes ended")
    return held


@asynccontextmanager
async def _client(running: Development) -> AsyncGenerator[tuple[grpc.aio.Channel, Networks]]:
    """A client's channel, and the ledgers past the gateway."""
    settings = load_settings(running.config).model_copy(
        update={"journal": f"sqlite:///{running.directory / 'tour.db'}"}
    )
    async with (
        grpc.aio.insecure_channel(running.address) as channel,
        open_networks(settings) as networks,
    ):
        yield channel, networks


def _transfers(tour: Tour, names: dict[str, str]) -> Table:
    table = Table(title="Transfers", title_justify="left")
    for column in ("transfer", "state", "ledger", "verb", "transaction", "time (UTC)", "the value is now"):
        table.add_column(column, no_wrap=column == "transaction", overflow="ellipsis")
    for shows, transfer in tour.transfers:
        head = [f"{transfer.id[:12]}… {shows}", Transfer.State.Name(transfer.state).removeprefix("STATE_")]
        values = "\n".join(_where(transfer, names))
        for number, done in enumerate(transfer.transactions):
            first = number == 0
            table.add_row(
                *(head if first else ["", ""]),
                names.get(done.network, done.network),
                type(done).Verb.Name(done.verb).removeprefix("VERB_").lower(),
                done.id,
                ledger_time(done.time),
                values if first else "",
            )
        table.add_section()
    return table


def _where(transfer: Transfer, names: dict[str, str]) -> list[str]:
    return [
        f"{names.get(leg.holding.network, leg.holding.network)}: {leg.holding.holder[:16]}…, "
        + ("free" if leg.holding.availability == leg.holding.AVAILABILITY_FREE else "locked")
        for leg in transfer.legs
    ]


def _checks(tour: Tour) -> Table:
    table = Table(title="What was to be shown", title_justify="left")
    for column in ("", "claim", "seen"):
        table.add_column(column)
    for check in tour.checks:
        table.add_row("[green]✓[/]" if check.held else "[red]✗[/]", check.claim, check.seen)
    return table
