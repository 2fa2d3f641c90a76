"""NetworkService."""

# ruff: noqa: N802 - the methods have the names that the protos give them

from __future__ import annotations

import asyncio
from typing import Any

import grpc.aio

from citygate.adapter import Health
from citygate.gateway.platform import Network, Networks
from citygate.v1 import network_pb2
from citygate.v1.network_service_pb2 import (
    GetNetworkRequest,
    ListAccountsRequest,
    ListAccountsResponse,
    ListNetworksRequest,
    ListNetworksResponse,
)
from citygate.v1.network_service_pb2_grpc import NetworkServiceServicer

from ._messages import account_message, network_message

_Context = grpc.aio.ServicerContext[Any, Any]
_PATIENCE = 5
"""Seconds that a ledger has to tell its health."""


class NetworkService(NetworkServiceServicer):
    """The connected networks and the accounts on them."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    async def ListNetworks(self, request: ListNetworksRequest, context: _Context) -> ListNetworksResponse:
        return ListNetworksResponse(networks=await asyncio.gather(*map(_asked, self._networks)))

    async def GetNetwork(self, request: GetNetworkRequest, context: _Context) -> network_pb2.Network:
        return await _asked(self._networks.get(request.network))

    async def ListAccounts(self, request: ListAccountsRequest, context: _Context) -> ListAccountsResponse:
        entries = self._networks.accounts(request.network or None)
        return ListAccountsResponse(accounts=[account_message(entry) for entry in entries])


async def _asked(network: Network) -> network_pb2.Network:
    try:
        health = await asyncio.wait_for(network.adapter.health(), _PATIENCE)
    except TimeoutError:
        health = Health(False, f"no answer within {_PATIENCE} s")
    return network_message(network, health)
