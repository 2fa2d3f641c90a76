"""Adapters are found by entry point, so that the gateway depends on no ledger."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from citygate.adapter import Connect

GROUP = "citygate.adapters"


class AdapterMissingError(Exception):
    """No installed package offers the adapter, or it can't be loaded; the text says how to get it."""


def find_adapter(name: str) -> Connect:
    """The `connect` of the adapter called `name`; AdapterMissingError lists those that are installed."""
    found: dict[str, EntryPoint] = {point.name: point for point in entry_points(group=GROUP)}
    point = found.get(name)
    if point is None:
        installed = ", ".join(sorted(found)) or "none"
        raise AdapterMissingError(
            f"no adapter {name!r} is installed (installed: {installed}); "
            f"install the package that has it, such as `pip install citygate-{name}`"
        )
    try:
        return point.load()
    except ImportError as error:
        raise AdapterMissingError(
            f"the adapter {name!r} of {point.value} can't be loaded: {error}; install its package again"
        ) from error
