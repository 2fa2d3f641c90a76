"""A development network of real Fabric processes on loopback."""

from ._devnet import FabricDevnet

__all__ = ["FabricDevnet"]
