"""A ticket crosses between the real ledgers, through a real gateway."""

from __future__ import annotations

import asyncio
import hashlib
import sys

import pytest

from citygate.gateway.platform import Networks
from citygate.v1 import mobility_service_pb2 as mobility
from citygate.v1.transfer_pb2 import Transfer

from ..gateway import GatewayProcess

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]

THERE = ("ethereum", "operator-a", "alice", "fabric", "bob")
BACK = ("fabric", "operator-b", "bob", "ethereum", "alice")


@pytest.mark.parametrize(("home", "issuer", "sender", "away", "recipient"), [THERE, BACK])
async def test_a_ticket_is_the_same_abroad_and_back_home(
    gateway: GatewayProcess,
    ledgers: Networks,
    home: str,
    issuer: str,
    sender: str,
    away: str,
    recipient: str,
) -> None:
    at_home, abroad = ledgers.get(home).adapter, ledgers.get(away).adapter
    client = gateway.client
    asset = await client.issue(home, issuer, sender, f"SAME-{home}")
    (issued,) = await at_home.assets([asset])
    assert hashlib.sha256(issued.payload).digest() == issued.payload_hash

    crossed = await client.cross(asset, home, sender, away, recipient)
    assert crossed.state == Transfer.STATE_COMMITTED, crossed
    assert [(t.network == ledgers.get(home).id) for t in crossed.transactions] == [True, False, True]
    (record,) = await abroad.assets([asset])
    assert (record.payload, record.payload_hash) == (issued.payload, issued.payload_hash)
    (escrow,), (vouchers,) = await at_home.supply([asset]), await abroad.supply([asset])
    assert escrow.escrowed == sum(escrow.outstanding.values()) == vouchers.vouchers == 1
    assert escrow.outstanding == {ledgers.get(away).id: 1}

    returned = await client.cross(asset, away, recipient, home, sender)
    assert returned.state == Transfer.STATE_COMMITTED, returned
    (record,) = await at_home.assets([asset])
    assert (record.payload, record.owner) == (issued.payload, issued.owner)
    (escrow,), (vouchers,) = await at_home.supply([asset]), await abroad.supply([asset])
    assert escrow.escrowed == sum(escrow.outstanding.values()) == vouchers.vouchers == 0
    (record,) = await abroad.assets([asset])
    assert not record.exists


async def test_a_ticket_is_redeemed_where_it_is_and_stays_there(gateway: GatewayProcess) -> None:
    client = gateway.client
    asset = await client.issue("ethereum", "operator-a", "alice", "REDEEMED-ABROAD")
    await client.cross(asset, "ethereum", "alice", "fabric", "bob")
    request = mobility.RedeemTicketRequest(
        network="fabric", asset=asset, validator="operator-b", local_event_id="event-1"
    )
    first = await client.mobility.RedeemTicket(request)
    again = await client.mobility.RedeemTicket(request)
    assert first.HasField("transaction")
    assert not again.HasField("transaction")
    request.local_event_id = "event-2"
    with pytest.raises(Exception, match="event-1"):
        await client.mobility.RedeemTicket(request)
    with pytest.raises(Exception, match="redeemed"):
        await client.create(asset, "fabric", "bob", "ethereum", "alice")


async def test_two_batches_in_one_block_do_not_invalidate_each_other(gateway: GatewayProcess) -> None:
    client = gateway.client
    names = [f"BATCH-{number}" for number in range(12)]
    assets = await asyncio.gather(
        *(client.issue("fabric", "operator-b", "bob", name) for name in names),
        *(client.issue("ethereum", "operator-a", "alice", name) for name in names),
    )
    there = [client.cross(asset, "fabric", "bob", "ethereum", "alice") for asset in assets[:12]]
    back = [client.cross(asset, "ethereum", "alice", "fabric", "bob") for asset in assets[12:]]
    ended = await asyncio.gather(*there, *back)
    assert {transfer.state for transfer in ended} == {Transfer.STATE_COMMITTED}


async def test_the_readmes_client_works(gateway: GatewayProcess, pytestconfig: pytest.Config) -> None:
    example = pytestconfig.rootpath / "docs" / "examples" / "crossing.py"
    assert f"```python\n{example.read_text()}```" in (pytestconfig.rootpath / "README.md").read_text()
    asset = await gateway.client.issue("ethereum", "operator-a", "alice", "README")
    process = await asyncio.create_subprocess_exec(
        sys.executable, example, asset, gateway.address, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert output.decode().splitlines()[-1].startswith("STATE_COMMITTED")
