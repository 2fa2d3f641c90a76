"""The gates past their adapters."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

import pytest_asyncio

from citygate.ethereum._options import EthereumOptions
from citygate.fabric._options import Options
from citygate.fabric.gateway import Connection, Contract
from citygate.gateway.infrastructure import Development
from citygate.gateway.platform import Networks

from .past_adapters import EthereumGate, FabricGate, Gate


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ethereum_gate(network: Development) -> AsyncGenerator[EthereumGate]:
    gate = EthereumGate(EthereumOptions.read(network.devnets["ethereum"].settings().options))
    yield gate
    await gate.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def fabric_gate(network: Development, ledgers: Networks) -> AsyncGenerator[FabricGate]:
    options = Options.read(network.devnets["fabric"].settings().options)
    async with Connection(options.endpoint, options.tls) as connection:
        relay = options.members(ledgers.keys)[options.relay]
        chaincodes = [
            Contract(connection, relay, options.channel, name) for name in (options.chaincode, "qscc")
        ]
        yield FabricGate(relay, *chaincodes)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gates(ethereum_gate: EthereumGate, fabric_gate: FabricGate) -> Mapping[str, Gate]:
    return {"ethereum": ethereum_gate, "fabric": fabric_gate}
