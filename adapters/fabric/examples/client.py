# ruff: noqa: T201  (an example shows what it does)
"""Talk to a chaincode through Fabric's Gateway service: a query, a transaction, its event, and a refusal.

    python adapters/fabric/examples/client.py

starts a Fabric network of its own first. Against yours, only `talk` matters.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from citygate.adapter.devnet import Site, Supervisor, free_ports
from citygate.fabric.devnet import FabricDevnet
from citygate.fabric.gateway import (
    Checkpoint,
    Connection,
    Contract,
    EndorseError,
    Identity,
    LocalSigner,
    Member,
    Tls,
)


async def talk(endpoint: str, tls: Tls, member: Member, owner: str) -> None:
    """Issue a ticket to `owner`, as a member who may."""
    async with Connection(endpoint, tls) as connection:
        contract = Contract(connection, member, "citychannel", "citygate")
        print("gate:", json.loads(await contract.evaluate("Describe"))["gate"])

        ticket = {
            "ticket_id": "TKT-1",
            "payload": base64.b64encode(b'{"id":"TKT-1"}').decode(),
            "recipient": owner,
            "valid_from": int(time.time()),
            "valid_until": int(time.time()) + 3600,
        }
        done = await contract.submit("IssueTickets", json.dumps({"items": [ticket]}))
        print("block", done.block, "holds", done.transaction_id)

        async for event in contract.events(Checkpoint(done.block)):
            print("event:", event.payload.decode())
            break

        try:
            await contract.submit("IssueTickets", "no JSON")
        except EndorseError as refused:
            for peer in refused.peers:
                print(peer.msp, "refused:", peer.message)


async def main() -> None:
    """Start a network, and talk to it as operator-b."""
    devnet = FabricDevnet()
    with TemporaryDirectory() as folder:
        async with Supervisor(Path(folder, "logs")) as supervisor:
            await devnet.start(Site(Path(folder), free_ports(devnet.ports), supervisor, print))
            _, second = devnet.consortium.peers
            user = second.user("User1")
            tls = Tls(
                roots=second.tls_ca.read_bytes(),
                certificate=user.tls("client", "crt").read_bytes(),
                key=user.tls("client", "key").read_bytes(),
            )
            member = Member(
                Identity("Org2MSP", user.certificate.read_bytes()),
                LocalSigner.from_pem(user.key.read_bytes()),
            )
            accounts = {entry.name: entry.account for entry in devnet.settings().accounts}
            await talk(second.address, tls, member, accounts["bob"])


if __name__ == "__main__":
    asyncio.run(main())
