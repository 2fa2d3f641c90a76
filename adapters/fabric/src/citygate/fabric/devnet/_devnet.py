"""The development network: a ledger with CityGate's chaincode, and accounts that have their roles."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from citygate.adapter import Curve
from citygate.adapter.devnet import DevAccount, DevnetError, NetworkSettings, Site, check_free, toolchain
from citygate.fabric._names import account_of, network_id
from citygate.fabric.gateway import (
    Connection,
    Contract,
    GatewayError,
    Identity,
    LocalSigner,
    Member,
    Tls,
)

from ._ledger import Chaincode, Ledger
from ._organisations import Consortium, Credentials, Organisation

CHANNEL = "citychannel"
CHAINCODE = "citygate"
PROGRAM = "citygate-chaincode"
THRESHOLD = 2
"""How many organisations have to endorse a claim."""

_ROLES = ("issuer", "validator")
_ANSWERS_WITHIN = 20.0
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class _Person:
    """An account: where its key is, if it issues and validates tickets, if the gateway has the key."""

    name: str
    organisation: int
    user: str
    operates: bool = False
    held: bool = True


_PEOPLE = (
    _Person("relay", 0, "User1"),
    _Person("operator-a", 0, "User2", operates=True),
    _Person("operator-b", 1, "User1", operates=True),
    _Person("bob", 1, "User2"),
    _Person("carol", 1, "User3", held=False),
)


class FabricDevnet:
    """Two organisations with a peer each, a Raft orderer, mutual TLS, either's chaincode as a service.

    Blocks are cut after 100 ms. Implements `citygate.adapter.devnet.Devnet`. `program` is the chaincode's,
    where that isn't the toolchain's.
    """

    ports: Mapping[str, int] = {
        "fabric orderer": 7050,
        "fabric orderer admin": 7053,
        "fabric peer org1": 7051,
        "fabric peer org2": 9051,
        "fabric chaincode org1": 7052,
        "fabric chaincode org2": 9052,
    }

    def __init__(self, program: Path | None = None) -> None:
        self._program = program
        self._consortium: Consortium | None = None
        self._network = ""

    @property
    def consortium(self) -> Consortium:
        """Who runs the network; DevnetError before `start`."""
        if self._consortium is None:
            raise DevnetError("the Fabric network hasn't been started")
        return self._consortium

    async def start(self, site: Site) -> None:
        check_free(site.ports)
        orderer, admin, *ports = (site.ports[use] for use in self.ports)
        self._consortium = consortium = _consortium(site.directory / "crypto", orderer, ports[0], ports[1])
        tools = toolchain()
        ledger = Ledger(site, tools, consortium, admin)
        site.report("Fabric: two peers and an orderer")
        self._network = network_id(await ledger.start(CHANNEL))
        site.report("Fabric: chaincode")
        await ledger.deploy(
            Chaincode(CHANNEL, CHAINCODE, self._program or tools / "bin" / PROGRAM, (ports[2], ports[3])),
            {
                "CITYGATE_NETWORK": self._network,
                "CITYGATE_GATE": self.gate,
                "CITYGATE_ORGANISATIONS": ",".join(peer.msp for peer in consortium.peers),
            },
        )
        await self._grant_roles()

    @property
    def gate(self) -> str:
        return f"{CHANNEL}.{CHAINCODE}"

    def peer(self) -> Mapping[str, Any]:
        """`endorsers` holds each peer's MSP id and, as hex, its `msp.SerializedIdentity`."""
        return {
            "kind": "fabric",
            "network": self._network,
            "gate": self.gate,
            "channel": CHANNEL,
            "chaincode": CHAINCODE,
            "threshold": THRESHOLD,
            "endorsers": [
                {"msp": peer.msp, "identity": _identity(peer.node).serialized.hex()}
                for peer in self.consortium.peers
            ],
        }

    async def register(self, peers: Sequence[Mapping[str, Any]]) -> None:
        """Both organisations' administrators approve each peer."""
        async with AsyncExitStack() as stack:
            admins = [await self._connect(stack, organisation, "Admin") for organisation in (0, 1)]
            for peer in peers:
                approval = json.dumps(dict(peer), sort_keys=True)
                for admin in admins:
                    await _governed(admin.submit("ApprovePeer", approval))

    def settings(self) -> NetworkSettings:
        accounts = {person: self._credentials(person) for person in _PEOPLE}
        relay = accounts[_PEOPLE[0]]
        home = self.consortium.peers[_PEOPLE[0].organisation]
        names = {person: account_of(_identity(files)) for person, files in accounts.items()}
        return NetworkSettings(
            adapter="fabric",
            options={
                "network": self._network,
                "endpoint": home.address,
                "tls_ca": str(home.tls_ca),
                "tls_certificate": str(relay.tls("client", "crt")),
                "tls_key": str(relay.tls("client", "key")),
                "channel": CHANNEL,
                "chaincode": CHAINCODE,
                "relay": names[_PEOPLE[0]],
                "identities": {
                    names[person]: {"msp": files.msp, "certificate": str(files.certificate)}
                    for person, files in accounts.items()
                },
            },
            accounts=tuple(
                DevAccount(person.name, names[person], Curve.P256, _secret(files.key), person.held)
                for person, files in accounts.items()
            ),
        )

    # ---- inside --------------------------------------------------------------------------------------------

    def _credentials(self, person: _Person) -> Credentials:
        return self.consortium.peers[person.organisation].user(person.user)

    async def _grant_roles(self) -> None:
        async with AsyncExitStack() as stack:
            admins = [await self._connect(stack, organisation, "Admin") for organisation in (0, 1)]
            await asyncio.gather(*(_answers(admin) for admin in admins))
            grants = [
                _governed(
                    admins[person.organisation].submit(
                        "GrantRole", role, account_of(_identity(self._credentials(person)))
                    )
                )
                for person in _PEOPLE
                if person.operates
                for role in _ROLES
            ]
            await asyncio.gather(*grants)

    async def _connect(self, stack: AsyncExitStack, organisation: int, user: str) -> Contract:
        peer = self.consortium.peers[organisation]
        files = peer.user(user)
        tls = Tls(
            peer.tls_ca.read_bytes(),
            files.tls("client", "crt").read_bytes(),
            files.tls("client", "key").read_bytes(),
        )
        connection = await stack.enter_async_context(Connection(peer.address, tls))
        member = Member(_identity(files), LocalSigner.from_pem(files.key.read_bytes()))
        return Contract(connection, member, CHANNEL, CHAINCODE)


async def _answers(contract: Contract) -> None:
    """Wait until the peers know of each other's chaincode: gossip tells them a moment after the commit."""
    deadline = asyncio.get_running_loop().time() + _ANSWERS_WITHIN
    while True:
        try:
            await contract.endorse(contract.proposal("Describe"))
            return
        except GatewayError as error:
            if asyncio.get_running_loop().time() > deadline:
                raise DevnetError(f"the Fabric gate gives no answer: {error}") from error
        await asyncio.sleep(_POLL)


async def _governed(call: Any) -> None:
    try:
        await call
    except GatewayError as error:
        raise DevnetError(f"the Fabric gate refused its set-up: {error}") from error


def _consortium(root: Path, orderer: int, first: int, second: int) -> Consortium:
    return Consortium(
        Organisation("Orderer", "orderer.citygate.test", root, orderer, orders=True),
        (
            Organisation("Org1", "org1.citygate.test", root, first),
            Organisation("Org2", "org2.citygate.test", root, second),
        ),
    )


def _identity(files: Credentials) -> Identity:
    return Identity(files.msp, files.certificate.read_bytes())


def _secret(key: Path) -> bytes:
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise DevnetError(f"{key} isn't an elliptic-curve key")
    return loaded.private_numbers().private_value.to_bytes(32)
