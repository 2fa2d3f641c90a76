import time
import pytest

pytestmark = [pytest.mark.ledger, pytest.mark.asyncio(loop_scope="session")]


async def test_drift(ledgers, ethereum_gate):
    b = await ethereum_gate.node.call("eth_getBlockByNumber", "latest", False)
    print("DRIFT", int(b["timestamp"], 16) - time.time(), int(b["number"], 16))
