"""Deployment from the command line, as an operator does it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from citygate.adapter import AdapterError, Issue
from citygate.ethereum import LocalKeys, MemoryOutbox, connect
from citygate.ethereum._abi import contract
from citygate.ethereum._signatures import LocalKey
from citygate.ethereum.deploy import Deployer

from .city import City, peer_of

pytestmark = pytest.mark.ledger


async def deploy(city: City, key: Path, *more: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "citygate.ethereum.deploy", "--node", city.options["url"]),
        *("--key-file", str(key), "--issuer", city.accounts["operator-a"], *more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_what_is_deployed_can_be_connected_to(city: City, tmp_path: Path) -> None:
    operator = LocalKey(b"\x0c" * 32)
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text("0c" * 32)
    peer = tmp_path / "peer.json"
    peer.write_text(json.dumps(peer_of(city.abroad)))
    more = ("--peer", str(peer), "--governor", city.accounts["bob"])
    code, _, errors = await deploy(city, key, *more)
    assert code == 1
    assert "fund it" in errors
    assert "Traceback" not in errors

    await city.node.call("anvil_setBalance", operator.account, hex(10**20))
    code, output, errors = await deploy(city, key, *more)
    assert (code, errors) == (0, "")
    deployment = json.loads(output)
    view = contract("Gate").functions["peer"]
    registered = view.answer(await city.node.view(deployment["gate"], view.call(city.abroad.network)))
    assert registered[0] == city.abroad.gate
    with pytest.raises(AdapterError, match="lacks the role"):
        await Deployer(city.node, "eip155:31337", operator).register(deployment["gate"], peer_of(city.abroad))
    where = {name: deployment[name] for name in ("network", "gate", "tickets", "first_block")}
    adapter = await connect(dict(city.options) | where, LocalKeys(city.keys.values()), MemoryOutbox())
    try:
        issue = Issue("TKT-D", b"{}", city.accounts["alice"], 0, 2**40)
        issued = await adapter.issue(city.accounts["operator-a"], [issue])
        assert issued.results == (adapter.asset_name("TKT-D"),)
        assert deployment["tickets"] in adapter.asset_name("TKT-D")
    finally:
        await adapter.close()
