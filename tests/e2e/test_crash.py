"""`kill -9` at every ledger transaction of a crossing: it ends the same way on both ledgers, and nothing is lost."""

from __future__ import annotations

import itertools
from pathlib import Path

import grpc
import pytest

from citygate.adapter import State
from citygate.gateway.infrastructure import Development
from citygate.gateway.platform import Networks
from citygate.v1 import transfer_service_pb2 as transfers

from ..gateway import FINAL, GatewayProcess

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]

DIRECTIONS = {
    "ethereum-fabric": ("ethereum", "operator-a", "alice", "fabric", "bob"),
    "fabric-ethereum": ("fabric", "operator-b", "bob", "ethereum", "alice"),
}
NUMBERS = (1, 2, 3)
"""Which of a crossing's ledger transactions the gateway dies at."""
MOMENTS = (("before", "kept"), ("stored", "kept"), ("after", "kept"), ("after", "deleted"))
"""When it dies, and what becomes of its journal then."""
numbered = itertools.count()


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(("moment", "journal"), MOMENTS)
async def test_a_killed_gateway_loses_nothing(
    network: Development,
    ledgers: Networks,
    tmp_path: Path,
    direction: str,
    number: int,
    moment: str,
    journal: str,
) -> None:
    home, issuer, sender, away, recipient = DIRECTIONS[direction]
    crashing = GatewayProcess(network, tmp_path, crash=(number, moment))
    async with crashing:
        asset = await crashing.client.issue(home, issuer, sender, f"CRASH-{next(numbered)}")
        try:
            created = await crashing.client.create(
                asset, home, sender, away, recipient, request_id="crossing"
            )
            transfer_id = created.id
        except grpc.aio.AioRpcError:
            # it died before it answered: the request can be sent again
            transfer_id = ""
        assert await crashing.died() == -9
    if journal == "deleted":
        crashing.delete_journal()
    restarted = GatewayProcess(network, tmp_path)
    if journal == "deleted":
        await restarted.rebuild()
    async with restarted:
        if journal == "kept":
            again = await restarted.client.create(asset, home, sender, away, recipient, request_id="crossing")
            assert transfer_id in ("", again.id)
            transfer_id = again.id
        else:
            known = await restarted.client.transfers.ListTransfers(transfers.ListTransfersRequest())
            (transfer_id,) = {t.id for t in known.transfers if t.legs[0].asset == asset}
        await restarted.client.until(transfer_id, lambda transfer: transfer.state in FINAL)
    await _one_outcome(ledgers, home, away, asset, transfer_id)


async def _one_outcome(ledgers: Networks, home: str, away: str, asset: str, transfer_id: str) -> None:
    at_home, abroad = ledgers.get(home).adapter, ledgers.get(away).adapter
    wanted = [bytes.fromhex(transfer_id)]
    (here,), (there,) = await at_home.transfers(wanted), await abroad.transfers(wanted)
    assert here.state is there.state is State.COMMITTED
    (record,), (voucher,) = await at_home.assets([asset]), await abroad.assets([asset])
    (escrow,), (vouchers,) = await at_home.supply([asset]), await abroad.supply([asset])
    assert escrow.escrowed == sum(escrow.outstanding.values()) == vouchers.vouchers
    assert not record.locked_by
    assert not voucher.locked_by
    assert voucher.exists
    assert record.outstanding == ledgers.get(away).id
