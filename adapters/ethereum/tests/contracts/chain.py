"""A node and contracts on it, as the contract tests use them: unlocked accounts, one block a transaction."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

HERE = Path(__file__).parent
ARTIFACTS = (HERE / "../../src/citygate/ethereum/artifacts", HERE / "artifacts")
GAS = 16_000_000


class Reverted(Exception):
    """A call or transaction that reverted as a whole, with its error's name and values."""

    def __init__(self, error: tuple[str, ...]) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True)
class Abi:
    """A compiled contract."""

    parts: list[dict[str, Any]]
    bytecode: str

    @classmethod
    def load(cls, name: str) -> Abi:
        path = next(p for folder in ARTIFACTS if (p := folder / f"{name}.json").exists())
        artifact = json.loads(path.read_text())
        return cls(artifact["abi"], artifact["bytecode"])

    def find(self, kind: str, name: str) -> dict[str, Any]:
        return next(p for p in self.parts if p["type"] == kind and p.get("name", "") == name)


@dataclass(frozen=True)
class Log:
    """An event that a contract known to the chain emitted."""

    address: str
    name: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Receipt:
    gas: int
    logs: list[Log]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [log.fields for log in self.logs if log.name == name]


def type_of(part: Mapping[str, Any]) -> str:
    if not part["type"].startswith("tuple"):
        return str(part["type"])
    return "(" + ",".join(map(type_of, part["components"])) + ")" + part["type"][5:]


def _signature(part: Mapping[str, Any]) -> bytes:
    return keccak(f"{part['name']}({','.join(map(type_of, part['inputs']))})".encode())


def _types(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    return [type_of(part) for part in parts]


@dataclass
class Chain:
    """A connection to anvil."""

    port: int
    accounts: list[str] = field(default_factory=list[str])
    contracts: dict[str, Abi] = field(default_factory=dict[str, Abi])
    errors: dict[bytes, dict[str, Any]] = field(default_factory=dict[bytes, dict[str, Any]])

    def __post_init__(self) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.accounts = self.rpc("eth_accounts")
        for folder in ARTIFACTS:
            for path in folder.glob("*.json"):
                self.errors |= {
                    _signature(p)[:4]: p for p in Abi.load(path.stem).parts if p["type"] == "error"
                }

    def rpc(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self._http.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(self._http.getresponse().read())
        if "error" in answer:
            raise Reverted(self.error(bytes.fromhex(str(answer["error"].get("data") or "0x")[2:])))
        return answer["result"]

    @property
    def now(self) -> int:
        """The newest block's time."""
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def sleep_until(self, when: int) -> None:
        """Let the next block have this time."""
        self.rpc("evm_setNextBlockTimestamp", when)

    def error(self, reason: bytes) -> tuple[Any, ...]:
        """An error's name and its values; ("",) where the reason is empty."""
        if reason[:4] not in self.errors:
            return (reason.hex(),)
        part = self.errors[reason[:4]]
        return (part["name"], *decode(_types(part["inputs"]), reason[4:]))

    def send(self, sender: str, to: str | None, data: str, gas: int) -> Receipt:
        transaction = {"from": sender, "data": data, "gas": hex(gas)} | ({"to": to} if to else {})
        receipt = self.rpc("eth_sendTransactionSync", transaction)
        if receipt["status"] != "0x1":
            raise Reverted(("transaction",))
        return Receipt(int(receipt["gasUsed"], 16), [self._log(log) for log in receipt["logs"]])

    def _log(self, log: Mapping[str, Any]) -> Log:
        abi = self.contracts[log["address"]]
        topic = bytes.fromhex(log["topics"][0][2:])
        part = next(p for p in abi.parts if p["type"] == "event" and _signature(p) == topic)
        indexed = [p for p in part["inputs"] if p["indexed"]]
        plain = [p for p in part["inputs"] if not p["indexed"]]
        fields: dict[str, Any] = {
            p["name"]: decode([p["type"]], bytes.fromhex(t[2:]))[0]
            for p, t in zip(indexed, log["topics"][1:], strict=True)
        }
        values = decode(_types(plain), bytes.fromhex(log["data"][2:]))
        fields |= zip([p["name"] for p in plain], values, strict=True)
        return Log(log["address"], part["name"], fields)

    def deploy(self, name: str, *arguments: Any) -> Contract:
        abi = Abi.load(name)
        constructor = [p for p in abi.parts if p["type"] == "constructor"]
        types = _types(constructor[0]["inputs"]) if constructor else []
        # Logs aren't read: contracts that a constructor creates log too, and are known only afterwards.
        transaction = {
            "from": self.accounts[0],
            "data": abi.bytecode + encode(types, arguments).hex(),
            "gas": hex(GAS),
        }
        receipt = self.rpc("eth_sendTransactionSync", transaction)
        if receipt["status"] != "0x1":
            self.rpc("eth_call", transaction, "latest")
        return self.at(name, receipt["contractAddress"])

    def at(self, name: str, address: str) -> Contract:
        self.contracts[address] = Abi.load(name)
        return Contract(self, name, address, Abi.load(name))


@dataclass(frozen=True)
class Contract:
    """A contract on the chain; structs are tuples."""

    chain: Chain
    name: str
    address: str
    abi: Abi

    def data(self, function: str, *arguments: Any) -> str:
        part = self.abi.find("function", function)
        return "0x" + (_signature(part)[:4] + encode(_types(part["inputs"]), arguments)).hex()

    def call(self, function: str, *arguments: Any, sender: str | None = None, gas: int = GAS) -> Any:
        """What a call answers: one value, or a tuple of them. Raises Reverted."""
        request = {
            "from": sender or self.chain.accounts[0],
            "to": self.address,
            "data": self.data(function, *arguments),
            "gas": hex(gas),
        }
        answer = bytes.fromhex(self.chain.rpc("eth_call", request, "latest")[2:])
        values = decode(_types(self.abi.find("function", function)["outputs"]), answer)
        return values[0] if len(values) == 1 else values

    def send(self, function: str, *arguments: Any, sender: str | None = None, gas: int = GAS) -> Receipt:
        """Send a transaction. Raises Reverted with the error that a call gets."""
        sender = sender or self.chain.accounts[0]
        try:
            return self.chain.send(sender, self.address, self.data(function, *arguments), gas)
        except Reverted:
            self.call(function, *arguments, sender=sender, gas=gas)
            raise
