"""CityGate's adapter for Hyperledger Fabric."""

from ._adapter import FabricAdapter, connect
from ._names import account_name, account_of, network_id

__all__ = ["FabricAdapter", "account_name", "account_of", "connect", "network_id"]
