"""The development network, once for all tests that need real ledgers, and gateways on it."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

# Before gRPC is imported: its handlers around fork() get in the way of starting processes.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

import pytest
import pytest_asyncio

from citygate.gateway.infrastructure import Development, development, load_settings, open_networks
from citygate.gateway.platform import Networks

from .gateway import GatewayProcess


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Development]:
    """Both ledgers, connected, without a gateway."""
    async with development(tmp_path_factory.mktemp("development"), lambda step: None) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ledgers(network: Development, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Networks]:
    """The ledgers past any gateway."""
    journal = tmp_path_factory.mktemp("ledgers") / "journal.db"
    settings = load_settings(network.config).model_copy(update={"journal": f"sqlite:///{journal}"})
    async with open_networks(settings) as networks:
        yield networks


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(network: Development, tmp_path: Path) -> AsyncGenerator[GatewayProcess]:
    """A gateway of the test's own."""
    async with GatewayProcess(network, tmp_path) as process:
        yield process
