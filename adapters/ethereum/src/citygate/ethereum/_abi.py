"""Contracts: what the compiler said of each (`artifacts/`), and their calls, logs and errors in bytes.

Straight on eth_abi: a batch of calls is encoded in one step, without a contract object's checks of every
value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import (
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
    get_abi_input_types,
    get_abi_output_types,
)

_ARTIFACTS = files("citygate.ethereum").joinpath("artifacts")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a contract; arguments are positional, structs are tuples."""

    selector: bytes
    inputs: Sequence[str]
    outputs: Sequence[str]

    def call(self, *arguments: Any) -> bytes:
        """The call data. ValueError where an argument doesn't fit its type."""
        try:
            return self.selector + encode(self.inputs, arguments)
        except EncodingError as error:
            raise ValueError(f"an argument doesn't fit the contract: {error}") from error

    def answer(self, data: bytes) -> tuple[Any, ...]:
        """What the function returned. ValueError where the bytes are something else."""
        try:
            return decode(self.outputs, data)
        except (DecodingError, OverflowError, UnicodeDecodeError) as error:
            raise ValueError("the contract answers in another form: is it the right address?") from error


@dataclass(frozen=True, slots=True)
class LogType:
    """An event of a contract."""

    name: str
    topic: str
    indexed: tuple[tuple[str, str], ...]
    plain: tuple[tuple[str, str], ...]

    def read(self, log: Mapping[str, Any]) -> dict[str, Any]:
        """The event's fields by name, out of a log as the node gives it."""
        fields: dict[str, Any] = {}
        for (name, kind), topic in zip(self.indexed, log["topics"][1:], strict=True):
            (fields[name],) = decode([kind], bytes.fromhex(topic[2:]))
        values = decode([kind for _, kind in self.plain], bytes.fromhex(log["data"][2:]))
        fields.update(zip([name for name, _ in self.plain], values, strict=True))
        return fields


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract's interface and its creation code. Of overloaded functions the first is kept.

    `errors` has each error's name and types by its first four bytes.
    """

    name: str
    functions: Mapping[str, Function]
    logs: Mapping[str, LogType]
    errors: Mapping[bytes, tuple[str, Sequence[str]]]
    constructor: Sequence[str]
    bytecode: bytes

    def creation(self, *arguments: Any) -> bytes:
        """The code that, sent to nobody, creates the contract."""
        return self.bytecode + encode(self.constructor, arguments)


@cache
def contract(name: str) -> Contract:
    """A contract out of this package's artifacts."""
    artifact = json.loads(_ARTIFACTS.joinpath(f"{name}.json").read_bytes())
    functions: dict[str, Function] = {}
    logs: dict[str, LogType] = {}
    errors: dict[bytes, tuple[str, Sequence[str]]] = {}
    constructor: Sequence[str] = ()
    for entry in cast("list[Any]", artifact["abi"]):
        match entry["type"]:
            case "function":
                functions.setdefault(
                    entry["name"],
                    Function(
                        function_abi_to_4byte_selector(entry),
                        get_abi_input_types(entry),
                        get_abi_output_types(entry),
                    ),
                )
            case "event":
                parts = [(part["name"], collapse_if_tuple(part), part["indexed"]) for part in entry["inputs"]]
                logs[entry["name"]] = LogType(
                    entry["name"],
                    "0x" + event_abi_to_log_topic(entry).hex(),
                    tuple((n, kind) for n, kind, indexed in parts if indexed),
                    tuple((n, kind) for n, kind, indexed in parts if not indexed),
                )
            case "error":
                errors[function_abi_to_4byte_selector(entry)] = (entry["name"], get_abi_input_types(entry))
            case "constructor":
                constructor = get_abi_input_types(entry)
            case _:
                pass
    return Contract(
        name,
        functions,
        logs,
        errors,
        constructor,
        bytes.fromhex(artifact["bytecode"].removeprefix("0x")),
    )


def contracts() -> list[Contract]:
    """All of them."""
    names = sorted(entry.name for entry in _ARTIFACTS.iterdir())
    return [contract(name.removesuffix(".json")) for name in names if name.endswith(".json")]
