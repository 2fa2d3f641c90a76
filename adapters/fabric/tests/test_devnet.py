"""The development network's life."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
from pathlib import Path

import pytest

from citygate.adapter.devnet import DevnetError, Site, Supervisor, check_free, free_ports
from citygate.fabric import network_id
from citygate.fabric.devnet import FabricDevnet
from citygate.fabric.devnet._package import package
from citygate.fabric.gateway import Connection, Contract
from citygate.fabric.gateway._protos import common_pb2

from . import evm
from .conftest import Running


def children() -> set[int]:
    """The ids of this process's children, whichever thread started them."""
    found: set[int] = set()
    for tasks in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError):  # a thread that has ended since
            found |= {int(pid) for pid in tasks.read_text().split()}
    return found


@pytest.mark.ledger
async def test_stopping_leaves_no_process_and_no_port(tmp_path: Path) -> None:
    before = children()
    devnet = FabricDevnet()
    ports = free_ports(devnet.ports)
    async with Supervisor(tmp_path / "logs") as supervisor:
        await devnet.start(Site(tmp_path, ports, supervisor, lambda _: None))
        assert len(children() - before) == 5
        with pytest.raises(DevnetError):
            check_free(ports)
    assert children() == before
    check_free(ports)


@pytest.mark.ledger
async def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    devnet = FabricDevnet()
    ports = free_ports(devnet.ports)
    before = children()
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", ports["fabric peer org2"]))
        squatter.listen()
        async with Supervisor(tmp_path / "logs") as supervisor:
            with pytest.raises(DevnetError, match=rf"{ports['fabric peer org2']} \(fabric peer org2\)"):
                await devnet.start(Site(tmp_path, ports, supervisor, lambda _: None))
            assert children() == before


@pytest.mark.ledger
async def test_a_chaincode_that_ends_at_once_is_told(tmp_path: Path) -> None:
    devnet = FabricDevnet(program=Path("/bin/false"))
    async with Supervisor(tmp_path / "logs") as supervisor:
        with pytest.raises(DevnetError, match="chaincode"):
            await devnet.start(Site(tmp_path, free_ports(devnet.ports), supervisor, lambda _: None))


@pytest.mark.ledger
async def test_the_networks_name_is_the_genesis_blocks_hash(running: Running, connection: Connection) -> None:
    ledger = Contract(connection, running.member("relay"), "citychannel", "qscc")
    genesis, first = [
        await ledger.evaluate("GetBlockByNumber", "citychannel", number) for number in ("0", "1")
    ]
    assert network_id(genesis) == running.network
    assert network_id((running.site.directory / "genesis.block").read_bytes()) == running.network
    successor = common_pb2.Block.FromString(first).header
    assert successor.previous_hash.hex()[:32] == running.network.removeprefix("fabric:")
    with pytest.raises(ValueError, match="genesis"):
        network_id(first)


@pytest.mark.ledger
async def test_both_organisations_made_the_peer_current(running: Running, contract: Contract) -> None:
    (peer,) = json.loads(await contract.evaluate("Peers"))
    assert peer["network"] == evm.PEER["network"]
    assert peer["current"] == evm.PEER


@pytest.mark.ledger
async def test_the_peer_says_who_endorses(running: Running) -> None:
    peer = running.devnet.peer()
    assert (peer["kind"], peer["network"], peer["gate"]) == (
        "fabric",
        running.network,
        "citychannel.citygate",
    )
    assert [endorser["msp"] for endorser in peer["endorsers"]] == ["Org1MSP", "Org2MSP"]


def test_a_package_depends_on_its_address_alone() -> None:
    one, same, other = (package("citygate", f"127.0.0.1:{port}") for port in (1, 1, 2))
    assert one == same
    assert one.id != other.id
    assert one.id == f"citygate:{hashlib.sha256(one.data).hexdigest()}"
