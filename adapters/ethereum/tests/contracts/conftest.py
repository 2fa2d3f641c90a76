from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator

import pytest

from citygate.adapter.devnet import free_ports, toolchain

from .chain import Chain
from .world import World


@pytest.fixture(scope="session")
def anvil() -> Iterator[Chain]:
    port = free_ports(["rpc"])["rpc"]
    program = toolchain() / "bin" / "anvil"
    process = subprocess.Popen(
        [program, "--port", str(port), "--accounts", "12"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        # anvil says so when it takes connections; its output ends where it fails to start.
        assert any("Listening on" in line for line in process.stdout), "anvil didn't start"
        # It goes on telling, and would stop where nobody reads.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield Chain(port)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def built(anvil: Chain) -> World:
    return World.build(anvil)


@pytest.fixture
def world(anvil: Chain, built: World) -> Iterator[World]:
    """A gate, a ticket contract and two Fabric peers, fresh for each test."""
    snapshot = anvil.rpc("evm_snapshot")
    yield built
    anvil.rpc("evm_revert", snapshot)
