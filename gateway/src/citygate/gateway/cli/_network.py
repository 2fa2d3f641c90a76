"""`citygate network` and `citygate account`."""

from __future__ import annotations

from google.protobuf.json_format import MessageToDict

from citygate.v1.account_pb2 import Account
from citygate.v1.network_pb2 import Network
from citygate.v1.network_service_pb2 import ListAccountsRequest, ListNetworksRequest
from citygate.v1.network_service_pb2_grpc import NetworkServiceStub

from ._session import Remote

_DEFAULT = Remote()


def list_networks(*, remote: Remote = _DEFAULT) -> int:
    """The connected networks and how they are."""
    return remote.run(_list_networks(remote))


async def _list_networks(remote: Remote) -> None:
    async with remote.channel() as channel:
        response = await NetworkServiceStub(channel).ListNetworks(ListNetworksRequest())
    remote.output.table(
        [MessageToDict(network) for network in response.networks],
        ["name", "id", "kind", "health", "height", "gate"],
        [_row(network) for network in response.networks],
    )


def _row(network: Network) -> list[str]:
    health = network.health
    serving = health.status == Network.Health.STATUS_SERVING
    state = "serving" if serving else f"not serving: {health.detail}"
    return [network.name, network.id, network.kind, state, str(health.height), network.gate]


def list_accounts(*, network: str = "", remote: Remote = _DEFAULT) -> int:
    """The accounts that the gateway knows by name.

    Parameters
    ----------
    network
        Only those on this network (id or name).
    """
    return remote.run(_list_accounts(remote, network))


async def _list_accounts(remote: Remote, network: str) -> None:
    async with remote.channel() as channel:
        response = await NetworkServiceStub(channel).ListAccounts(ListAccountsRequest(network=network))
    remote.output.table(
        [MessageToDict(account) for account in response.accounts],
        ["name", "network", "address", "key"],
        [
            [
                account.name,
                account.network,
                account.address,
                "gateway" if account.custody == Account.CUSTODY_GATEWAY else "owner",
            ]
            for account in response.accounts
        ],
    )
