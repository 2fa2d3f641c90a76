"""`make bench`: one crossing beside its floor, 500 queued, and the gateway's memory, from one run.

The floor and the gateway take turns, so that a machine whose speed drifts slows both. Medians are over the turns.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from citygate.adapter import Issue, Order, Participant, Terms
from citygate.adapter import Leg as AssetLeg
from citygate.gateway.infrastructure import development, load_settings, open_networks
from citygate.gateway.platform import Networks, authorize
from citygate.v1.transfer_pb2 import Transfer

from ..gateway import FINAL, Client, GatewayProcess
from . import floor

WARM_UP = 3
BLOCKS = 3


@dataclass(frozen=True)
class Direction:
    """A way across: where tickets are issued and by whom, whose they are, and where they go."""

    home: str
    issuer: str
    sender: str
    away: str
    recipient: str
    raw: Callable[[floor.Ethereum, floor.Fabric, Order], Awaitable[None]]

    @property
    def name(self) -> str:
        return f"{self.home} → {self.away}"


DIRECTIONS = (
    Direction("ethereum", "operator-a", "alice", "fabric", "bob", floor.ethereum_to_fabric),
    Direction("fabric", "operator-b", "bob", "ethereum", "alice", floor.fabric_to_ethereum),
)


class Bench:
    """A gateway, raw clients and the ledgers' adapters on one development network."""

    def __init__(
        self, gateway: GatewayProcess, ledgers: Networks, ethereum: floor.Ethereum, fabric: floor.Fabric
    ) -> None:
        self._gateway = gateway
        self._ledgers = ledgers
        self._ethereum = ethereum
        self._fabric = fabric
        self._issued = 0

    @property
    def _client(self) -> Client:
        return self._gateway.client

    async def latency(self, direction: Direction, turns: int) -> tuple[list[float], list[float]]:
        """Seconds of each crossing by raw clients and through the gateway, in blocks that take turns.

        The gateway isn't running while raw clients are measured: it would take part in what it sees on the ledgers.
        """
        raw: list[float] = []
        ours: list[float] = []
        for _ in range(BLOCKS):
            await self._gateway.stop()
            assets = await self._issue(direction, 2 * (turns // BLOCKS + WARM_UP))
            half = len(assets) // 2
            orders = [await self._order(direction, asset) for asset in assets[:half]]
            raw += await _timed(direction.raw(self._ethereum, self._fabric, order) for order in orders)
            await self._gateway.start()
            ours += await _timed(self._cross(direction, asset) for asset in assets[half:])
        return raw, ours

    async def throughput(self, direction: Direction, queued: int) -> float:
        """Transfers per second, from the first request to the last one's final state on both ledgers."""
        assets = await self._issue(direction, queued)
        begun = time.perf_counter()
        way = (direction.home, direction.sender, direction.away, direction.recipient)
        created = await asyncio.gather(*(self._client.create(asset, *way) for asset in assets))
        for transfer in created:
            ended = await self._client.until(transfer.id, lambda seen: seen.state in FINAL)
            assert ended.state == Transfer.STATE_COMMITTED, ended
        return queued / (time.perf_counter() - begun)

    def memory(self) -> float:
        """The gateway's peak resident memory in MB, as the kernel counted it."""
        assert self._gateway.process is not None
        status = Path(f"/proc/{self._gateway.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1000

    async def _issue(self, direction: Direction, count: int) -> list[str]:
        adapter = self._ledgers.get(direction.home).adapter
        accounts = {a.name: a.account for a in self._ledgers.accounts(direction.home)}
        now = int(time.time())
        tickets: list[Issue] = []
        for _ in range(count):
            self._issued += 1
            ticket_id = f"BENCH-{self._issued}"
            payload = f'{{"bookingRef":"BENCH","id":"{ticket_id}","note":"{"x" * 500}"}}'.encode()
            tickets.append(Issue(ticket_id, payload, accounts[direction.sender], now - 60, now + 86400))
        names: list[str] = []
        for start in range(0, count, 50):
            receipt = await adapter.issue(accounts[direction.issuer], tickets[start : start + 50])
            names += [str(result) for result in receipt.results]
        return names

    async def _cross(self, direction: Direction, asset: str) -> None:
        ended = await self._client.cross(
            asset, direction.home, direction.sender, direction.away, direction.recipient
        )
        assert ended.state == Transfer.STATE_COMMITTED, ended

    async def _order(self, direction: Direction, asset: str) -> Order:
        home, away = self._ledgers.get(direction.home), self._ledgers.get(direction.away)
        accounts = {(a.network, a.name): a.account for a in self._ledgers.accounts()}
        (record,) = await home.adapter.assets([asset])
        participants = sorted((home, away), key=lambda network: network.id)
        source, destination = participants.index(home), participants.index(away)
        leg = AssetLeg(
            asset,
            1,
            source,
            accounts[home.id, direction.sender],
            destination,
            accounts[away.id, direction.recipient],
            record.payload_hash,
        )
        terms = Terms(
            tuple(Participant(n.id, n.description.gate) for n in participants),
            destination,
            accounts[away.id, "relay"],
            int(time.time()) + 600,
            secrets.token_bytes(32),
            (leg,),
        )
        return Order(terms, (record.payload,), await authorize(self._ledgers, terms))


async def _timed(crossings: Iterable[Awaitable[None]]) -> list[float]:
    """Seconds that each takes, one after the other; the first ones only warm up."""
    seconds: list[float] = []
    for crossing in crossings:
        begun = time.perf_counter()
        await crossing
        seconds.append(time.perf_counter() - begun)
    return seconds[WARM_UP:]


def _milliseconds(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms"


async def main(turns: int, queued: int) -> None:
    """Measure, and print one table."""
    console = Console(highlight=False, width=110)
    table = Table(
        title=f"CityGate on {platform.machine()}, {time.strftime('%Y-%m-%d')}", title_justify="left"
    )
    for column in ("", "floor", "gateway", "ratio"):
        table.add_column(column, justify="left" if not column else "right")
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (directory / "network").mkdir()
        network = await stack.enter_async_context(development(directory / "network", lambda step: None))
        settings = load_settings(network.config).model_copy(
            update={"journal": f"sqlite:///{directory / 'bench.db'}"}
        )
        ledgers = await stack.enter_async_context(open_networks(settings))
        ethereum, fabric = await floor.connect(network, stack)
        gateway = await stack.enter_async_context(GatewayProcess(network, directory))
        bench = Bench(gateway, ledgers, ethereum, fabric)
        for direction in DIRECTIONS:
            raw, ours = await bench.latency(direction, turns)
            ratio = statistics.median(ours) / statistics.median(raw)
            table.add_row(
                f"one crossing, {direction.name}, p50 of {turns}",
                _milliseconds(raw),
                _milliseconds(ours),
                f"{ratio:.2f}",
            )
        for direction in DIRECTIONS:
            rate = await bench.throughput(direction, queued)
            table.add_row(f"{queued} queued, {direction.name}", "", f"{rate:.0f} transfers/s", "")
        table.add_row("the gateway's peak memory", "", f"{bench.memory():.0f} MB", "")
    console.print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--queued", type=int, default=500)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.turns, arguments.queued))
