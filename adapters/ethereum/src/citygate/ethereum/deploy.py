"""Deploy the contracts on a network and set their roles; register the gates of other networks.

    python -m citygate.ethereum.deploy --node URL --key-file FILE --issuer 0x… --validator 0x…

The account of the key pays for it and becomes the access manager's administrator.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from citygate.adapter import AdapterError, Reason

from ._abi import Contract, contract
from ._keyfile import read_key
from ._local import LocalKeys, MemoryOutbox
from ._names import check_address, network_of
from ._rpc import Node
from ._sending import Wallet
from ._signatures import LocalKey

# Roles of the access manager; 0 is its administrator.
ISSUER = 1
VALIDATOR = 2
GOVERNOR = 3

OVERLAP = 24 * 60 * 60
"""Seconds for which a replaced verifier stays valid: longer than any transfer is under way."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who may issue and validate the tickets, their name and symbol, and the gate's overlap in seconds."""

    issuers: tuple[str, ...]
    validators: tuple[str, ...]
    name: str = "CityGate tickets"
    symbol: str = "CGT"
    overlap: int = OVERLAP


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contracts are. `first_block` is the one that the gate is in."""

    network: str
    authority: str
    gate: str
    vouchers: str
    tickets: str
    first_block: int


class Deployer:
    """Sends what an administrator sends, from one account."""

    def __init__(self, node: Node, network: str, key: LocalKey) -> None:
        self._node = node
        self._network = network
        self._account = key.account
        self._wallet = Wallet(node, network, LocalKeys([key]), MemoryOutbox(), patience=300)

    async def deploy(self, plan: Plan) -> Deployment:
        """Create the contracts and grant the roles."""
        manager, gate_type, tickets_type = contract("AccessManager"), contract("Gate"), contract("Ticket")
        authority, first_block = await self._create(manager, self._account)
        gate, first_block = await self._create(gate_type, authority, plan.overlap)
        view = gate_type.functions["vouchers"]
        vouchers: str = view.answer(await self._node.view(gate, view.call()))[0]
        tickets, _ = await self._create(tickets_type, plan.name, plan.symbol, authority, gate)
        issue, redeem = (tickets_type.functions[name].selector for name in ("issue", "redeem"))
        await self._call(authority, manager, "setTargetFunctionRole", tickets, [issue], ISSUER)
        await self._call(authority, manager, "setTargetFunctionRole", tickets, [redeem], VALIDATOR)
        await self._call(authority, manager, "setTargetFunctionRole", vouchers, [redeem], VALIDATOR)
        for role, accounts in ((ISSUER, plan.issuers), (VALIDATOR, plan.validators)):
            for account in accounts:
                await self._call(authority, manager, "grantRole", role, account, 0)
        return Deployment(self._network, authority, gate, vouchers, tickets, first_block)

    async def register(self, gate: str, peer: Mapping[str, Any]) -> str:
        """Make `gate` believe another network's (see `Devnet.peer`); the answer is the verifier's address.

        ValueError where the peer is of a kind that has no verifier here.
        """
        if peer["kind"] != "fabric":
            raise ValueError(f"a peer of kind {peer['kind']!r}: there is a verifier for fabric only")
        verifier, _ = await self._create(contract("FabricVerifier"), *fabric_verifier(peer))
        await self._call(gate, contract("Gate"), "setPeer", peer["network"], peer["gate"], verifier)
        return verifier

    async def govern(self, deployment: Deployment, governor: str, delay: int) -> None:
        """From now on only `governor` changes the gate's peers, and only `delay` seconds after it said so."""
        manager, selector = contract("AccessManager"), contract("Gate").functions["setPeer"].selector
        authority = deployment.authority
        await self._call(authority, manager, "grantRole", GOVERNOR, governor, delay)
        await self._call(authority, manager, "setTargetFunctionRole", deployment.gate, [selector], GOVERNOR)

    async def _create(self, kind: Contract, *arguments: Any) -> tuple[str, int]:
        mined = await self._wallet.send(self._account, None, kind.creation(*arguments))
        if mined.created is None:
            raise AdapterError(Reason.REJECTED, f"{kind.name} was not created by {mined.transaction.id}")
        return mined.created.lower(), mined.transaction.block

    async def _call(self, to: str, kind: Contract, function: str, *arguments: Any) -> None:
        await self._wallet.send(self._account, to, kind.functions[function].call(*arguments))


def fabric_verifier(peer: Mapping[str, Any]) -> tuple[Any, ...]:
    """The arguments of a FabricVerifier: the endorsers' keys come out of their certificates."""
    endorsers: list[tuple[bytes, bytes, bytes, bytes]] = []
    for endorser in peer["endorsers"]:
        identity = bytes.fromhex(endorser["identity"])
        # msp.SerializedIdentity ends with the certificate in PEM.
        certificate = identity[max(0, identity.find(b"-----BEGIN CERTIFICATE-----")) :]
        key = x509.load_pem_x509_certificate(certificate).public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError(f"the endorser of {endorser['msp']} has no key on P-256")
        point = key.public_numbers()
        endorsers.append(
            (
                hashlib.sha256(identity).digest(),
                point.x.to_bytes(32, "big"),
                point.y.to_bytes(32, "big"),
                hashlib.sha256(endorser["msp"].encode()).digest(),
            )
        )
    return peer["network"], peer["channel"], peer["chaincode"], peer["threshold"], endorsers


@dataclass(frozen=True, slots=True)
class _Task:
    """What the command line asks for."""

    node: str
    key: LocalKey
    plan: Plan
    peers: tuple[Mapping[str, Any], ...]
    governor: str | None
    delay: int


async def _deploy(task: _Task) -> Deployment:
    node = Node(task.node, timeout=30)
    try:
        network = network_of(await node.number("eth_chainId"))
        deployer = Deployer(node, network, task.key)
        deployment = await deployer.deploy(task.plan)
        for peer in task.peers:
            await deployer.register(deployment.gate, peer)
        if task.governor is not None:
            await deployer.govern(deployment, task.governor, task.delay)
        return deployment
    finally:
        await node.close()


def _task() -> _Task:
    parser = argparse.ArgumentParser(
        prog="citygate.ethereum.deploy", description="Deploy CityGate's contracts."
    )
    parser.add_argument("--node", required=True, help="URL of a node's JSON-RPC")
    parser.add_argument("--key-file", required=True, type=Path, help="64 hex digits, or a keystore")
    parser.add_argument("--password-file", type=Path, help="the keystore's password")
    parser.add_argument("--issuer", action="append", default=[], help="account that may issue tickets")
    parser.add_argument("--validator", action="append", default=[], help="account that may redeem tickets")
    parser.add_argument("--peer", action="append", default=[], type=Path, help="JSON of a gate to believe")
    parser.add_argument("--governor", help="account that may change the peers later, after --delay")
    parser.add_argument("--delay", type=int, default=2 * OVERLAP, help="seconds (default: two days)")
    given = parser.parse_args()
    issuers, validators = (tuple(map(check_address, group)) for group in (given.issuer, given.validator))
    return _Task(
        given.node,
        read_key(given.key_file, given.password_file),
        Plan(issuers, validators),
        tuple(json.loads(path.read_bytes()) for path in given.peer),
        None if given.governor is None else check_address(given.governor),
        given.delay,
    )


def _main() -> int:
    try:
        deployment = asyncio.run(_deploy(_task()))
    except (ValueError, KeyError, OSError, AdapterError) as error:
        sys.stderr.write(f"deploy: {error}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(deployment), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
