# ruff: noqa: T201, D102  (an example shows what it does; the interface documents the methods)
"""The adapter interface on Fabric: a ticket is issued, validated once, and refused the second time.

python adapters/fabric/examples/adapter.py
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric import ec

from citygate.adapter import Issue, Redemption, Signed, Signer
from citygate.adapter.devnet import DevAccount, NetworkSettings, Site, Supervisor, free_ports
from citygate.fabric import connect
from citygate.fabric.devnet import FabricDevnet
from citygate.fabric.gateway import LocalSigner


class Keys:
    """A key ring of the development network's accounts. The gateway has one of encrypted files."""

    def __init__(self, accounts: tuple[DevAccount, ...]) -> None:
        self._keys = {
            entry.account: ec.derive_private_key(int.from_bytes(entry.secret), ec.SECP256R1())
            for entry in accounts
        }

    def signer(self, network: str, account: str) -> Signer | None:
        key = self._keys.get(account)
        return None if key is None else LocalSigner(key)


class Forgetful:
    """An outbox that keeps nothing. The gateway's is a table that survives a crash."""

    async def sequence(self, network: str, sender: str, floor: int) -> int:
        return floor

    async def put(self, signed: Signed) -> None: ...

    async def done(self, network: str, transaction: str) -> None: ...

    async def pending(self, network: str) -> list[Signed]:
        return []


async def use(settings: NetworkSettings) -> None:
    """Issue a ticket to bob, and validate it twice."""
    accounts = {entry.name: entry.account for entry in settings.accounts}
    operator, bob = accounts["operator-b"], accounts["bob"]
    adapter = await connect(settings.options, Keys(settings.accounts), Forgetful())
    now = int(time.time())
    ticket = Issue("TKT-1", b'{"id":"TKT-1"}', bob, now, now + 3600)
    print("issued:", await adapter.issue(operator, [ticket]))
    asset = adapter.asset_name("TKT-1")
    print("held:", await adapter.assets([asset]))
    print("validated:", await adapter.redeem(operator, [Redemption(asset, "gate-1")]))
    print("again:", await adapter.redeem(operator, [Redemption(asset, "gate-2")]))
    await adapter.close()


async def main() -> None:
    """Start a network, and use it."""
    devnet = FabricDevnet()
    with TemporaryDirectory() as folder:
        async with Supervisor(Path(folder, "logs")) as supervisor:
            await devnet.start(Site(Path(folder), free_ports(devnet.ports), supervisor, print))
            await use(devnet.settings())


if __name__ == "__main__":
    asyncio.run(main())
