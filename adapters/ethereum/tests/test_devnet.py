"""The development network starts, and leaves nothing behind."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from citygate.adapter.devnet import DevnetError, Site, Supervisor, check_free, free_ports
from citygate.ethereum.devnet import EthereumDevnet

from .city import City, open_city

pytestmark = pytest.mark.ledger


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


async def test_nothing_is_left(tmp_path: Path) -> None:
    before = children()
    async with open_city(tmp_path) as city:
        assert len(children() - before) == 4, "anvil and three attestors"
        ports = {"rpc": int(city.options["url"].rpartition(":")[2])}
        ports |= {a["address"]: int(a["endpoint"].rpartition(":")[2]) for a in city.options["attestors"]}
        with pytest.raises(DevnetError, match=r"\(rpc\)"):
            check_free(ports)
    assert children() <= before
    check_free(ports)


async def test_what_another_gate_registers(city: City) -> None:
    peer = city.devnet.peer()
    assert (peer["kind"], peer["network"], peer["threshold"]) == ("evm", "eip155:31337", 2)
    assert [a["address"] for a in city.options["attestors"]] == peer["attestors"]
    assert peer["gate"] == city.options["gate"]


async def test_a_peer_without_a_verifier_is_refused(city: City) -> None:
    with pytest.raises(DevnetError, match="kind 'corda'"):
        await city.devnet.register([{"kind": "corda", "network": "corda:1", "gate": "x"}])


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    devnet = EthereumDevnet()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ports = free_ports(devnet.ports) | {"Ethereum attestor 2": taken.getsockname()[1]}
        async with Supervisor(tmp_path / "logs") as supervisor:
            with pytest.raises(DevnetError, match=r"attestor-2.*is taken"):
                await devnet.start(Site(tmp_path, ports, supervisor, lambda _: None))
