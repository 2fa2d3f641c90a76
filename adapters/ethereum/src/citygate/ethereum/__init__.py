"""Ethereum networks for CityGate: the adapter. Beside it: `attestor`, `deploy` and `devnet`."""

from . import _recursion as _recursion  # before all that imports eth_account
from ._adapter import EthereumAdapter, connect
from ._attestors import Attestor
from ._local import LocalKeys, MemoryOutbox
from ._options import EthereumOptions
from ._signatures import LocalKey

__all__ = [
    "Attestor",
    "EthereumAdapter",
    "EthereumOptions",
    "LocalKey",
    "LocalKeys",
    "MemoryOutbox",
    "connect",
]
