"""A development network with an adapter on it, and a Fabric gate that the tests play."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from citygate.adapter import Issue, Leg, Order, Participant, Terms
from citygate.adapter.devnet import Site, Supervisor, free_ports
from citygate.ethereum import EthereumAdapter, LocalKey, LocalKeys, MemoryOutbox, connect
from citygate.ethereum._rpc import Node
from citygate.ethereum.devnet import EthereumDevnet

from .contracts import fabric

ABROAD = "fabric:" + "9f" * 16
CITIZEN = "Org1MSP." + "3b" * 20


class Endorser(fabric.Endorser):
    """With a real certificate, which registration reads."""

    @cached_property
    def identity(self) -> bytes:  # pyright: ignore[reportIncompatibleMethodOverride]  # cached, else the same
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self.name)])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder(
                name, name, self.key.public_key(), 1, now, now + datetime.timedelta(days=1)
            )
        ).sign(self.key, hashes.SHA256())
        pem = certificate.public_bytes(Encoding.PEM)
        return fabric.field(1, self.msp.encode()) + fabric.field(2, pem)


@dataclass
class City:
    """The network, and what tests do on it."""

    devnet: EthereumDevnet
    adapter: EthereumAdapter
    node: Node
    keys: Mapping[str, LocalKey]
    outbox: MemoryOutbox
    accounts: Mapping[str, str]
    options: Mapping[str, Any]
    abroad: fabric.FabricGate
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def issue(self, owner: str = "alice") -> tuple[str, bytes]:
        """A new ticket's asset name and payload."""
        number = next(self._numbers)
        payload = b'{"id":"T-%d"}' % number
        issue = Issue(f"T-{number}", payload, self.accounts[owner], 0, 2**40)
        receipt = await self.adapter.issue(self.accounts["operator-a"], [issue])
        assert receipt.results == (self.adapter.asset_name(f"T-{number}"),)
        return self.adapter.asset_name(f"T-{number}"), payload

    async def order(
        self,
        asset: str,
        payload: bytes,
        *,
        sender: str = "alice",
        decides_here: bool = True,
        lifetime: int = 600,
        key: LocalKey | None = None,
    ) -> Order:
        """A ticket's way to a citizen abroad, signed by the sender (or by `key`)."""
        here = Participant(self.options["network"], self.options["gate"])
        there = Participant(self.abroad.network, self.abroad.gate)
        leg = Leg(asset, 1, 0, self.accounts[sender], 1, CITIZEN, hashlib.sha256(payload).digest())
        initiator = self.accounts["relay"] if decides_here else CITIZEN
        terms = Terms(
            (here, there),
            0 if decides_here else 1,
            initiator,
            int(time.time()) + lifetime,
            next(self._numbers).to_bytes(32, "big"),
            (leg,),
        )
        terms.check()
        return Order(terms, (payload,), (await self.sign(terms, key or self.keys[leg.sender]),))

    async def sign(self, terms: Terms, key: LocalKey) -> bytes:
        """The sender's authorisation of the first leg; of another key, where the gate has to find out."""
        signature = await key.sign(self.adapter.authorization(terms, 0).digest)
        if key.account == terms.legs[0].sender:
            return self.adapter.authorized(terms, 0, key.public_key, signature)
        return signature[:64] + bytes([27 + signature[64]])


@asynccontextmanager
async def open_city(folder: Path) -> AsyncGenerator[City]:
    """Start a network; nothing is left of it afterwards."""
    devnet = EthereumDevnet()
    endorsers = tuple(Endorser.create(f"Org{n}MSP", f"peer0.org{n}") for n in (1, 1, 2))
    abroad = fabric.FabricGate(ABROAD, "citychannel", "citygate", endorsers, 2)
    async with Supervisor(folder / "logs") as supervisor:
        await devnet.start(Site(folder, free_ports(devnet.ports), supervisor, lambda _: None))
        await devnet.register([peer_of(abroad)])
        settings = devnet.settings()
        keys = {account.account: LocalKey(account.secret) for account in settings.accounts}
        accounts = {account.name: account.account for account in settings.accounts}
        outbox = MemoryOutbox()
        adapter = await connect(settings.options, LocalKeys(keys.values()), outbox)
        node = Node(settings.options["url"], timeout=10)
        try:
            yield City(devnet, adapter, node, keys, outbox, accounts, settings.options, abroad)
        finally:
            await adapter.close()
            await node.close()


def peer_of(gate: fabric.FabricGate) -> Mapping[str, Any]:
    """What a Fabric network gives to be registered."""
    return {
        "kind": "fabric",
        "network": gate.network,
        "gate": gate.gate,
        "channel": gate.channel,
        "chaincode": gate.chaincode,
        "threshold": gate.threshold,
        "endorsers": [{"msp": e.msp, "identity": e.identity.hex()} for e in gate.endorsers],
    }
