"""What the adapter is told of its network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ._attestors import Attestor
from ._finality import Finality, read_finality
from ._names import chain_id_of, check_address


@dataclass(frozen=True, slots=True)
class EthereumOptions:
    """`url` is the node's JSON-RPC; `gate` and `tickets` are contracts; `relay` is who sends the verbs.

    `first_block` is one not after the gate's deployment. `log_span` is how many blocks the node searches at
    once. Times are in seconds: `timeout` for a call of the node or of an attestor, `patience` for a
    transaction to be in a block, `poll` between two looks for new events.
    """

    network: str
    url: str
    gate: str
    tickets: str
    relay: str
    attestors: tuple[Attestor, ...]
    threshold: int
    finality: Finality = "finalized"
    first_block: int = 0
    log_span: int = 5000
    timeout: float = 10.0
    patience: float = 60.0
    poll: float = 0.5

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> EthereumOptions:
        """Out of a configuration; ValueError names an option that is missing, unknown or wrong."""
        known = set(cls.__dataclass_fields__)
        if unknown := sorted(set(options) - known):
            raise ValueError(
                f"{unknown[0]}: no such option of an Ethereum network; there are {', '.join(sorted(known))}"
            )
        for name in ("network", "url", "gate", "tickets", "relay"):
            if not isinstance(options.get(name), str):
                raise ValueError(f"{name}: missing, or no text")
        chain_id_of(options["network"])
        for name in ("gate", "tickets", "relay"):
            _named(name, options[name])
        attestors = tuple(_attestors(options.get("attestors")))
        threshold = options.get("threshold")
        if not isinstance(threshold, int) or not 1 <= threshold <= len(attestors):
            raise ValueError(f"threshold: wanted is 1 to {len(attestors)}, the number of attestors")
        return cls(
            options["network"],
            options["url"],
            options["gate"],
            options["tickets"],
            options["relay"],
            attestors,
            threshold,
            read_finality(options.get("finality", "finalized")),
            int(_positive(options, "first_block", 0, zero=True)),
            int(_positive(options, "log_span", 5000)),
            _positive(options, "timeout", 10.0),
            _positive(options, "patience", 60.0),
            _positive(options, "poll", 0.5),
        )


def _named(name: str, address: str) -> None:
    try:
        check_address(address)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _positive(options: Mapping[str, Any], name: str, default: float, *, zero: bool = False) -> float:
    value = options.get(name, default)
    if not isinstance(value, int | float) or value < 0 or (value == 0 and not zero):
        raise ValueError(f"{name}: wanted is a number {'from' if zero else 'above'} 0")
    return value


def _attestors(value: object) -> Sequence[Attestor]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("attestors: wanted is a list of {address, endpoint}")
    attestors: list[Attestor] = []
    for place, entry in enumerate(cast("Sequence[object]", value)):
        fields = cast("Mapping[str, object]", entry if isinstance(entry, Mapping) else {})
        address, endpoint = fields.get("address"), fields.get("endpoint")
        if not isinstance(address, str) or not isinstance(endpoint, str):
            raise ValueError(f"attestors[{place}]: wanted are address and endpoint (host:port)")
        _named(f"attestors[{place}].address", address)
        attestors.append(Attestor(address, endpoint))
    if len({attestor.address for attestor in attestors}) < len(attestors):
        raise ValueError("attestors: one address comes twice")
    return attestors
