"""The gateway, killed by itself (SIGKILL) at one ledger transaction.

    crashing_gateway.py NUMBER MOMENT serve --config FILE

NUMBER counts the verbs that the engine calls, from 1. MOMENT is `before` the call, `stored` (the signed transaction
is in the journal and not sent), or `after` (the ledger has it and nobody was told).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from citygate.adapter import Adapter, Connect, KeyRing, Outbox, Receipt, Signed
from citygate.gateway.cli import main
from citygate.gateway.infrastructure import _runtime

NUMBER, MOMENT = int(sys.argv[1]), sys.argv[2]
VERBS = ("prepare", "decide", "settle")

called = 0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class CrashingOutbox:
    """Dies once the transaction of the call is stored."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)

    async def put(self, signed: Signed) -> None:
        await self._outbox.put(signed)
        if called == NUMBER and MOMENT == "stored":
            die()


class CrashingAdapter:
    """Dies before or after the call."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._adapter, name)
        return self._counted(attribute) if name in VERBS else attribute

    def _counted(self, verb: Any) -> Any:
        async def call(*batch: Any) -> Receipt:
            global called
            called += 1
            number = called
            if number == NUMBER and MOMENT == "before":
                die()
            receipt = await verb(*batch)
            if number == NUMBER and MOMENT == "after":
                die()
            return receipt

        return call


def crashing(connect: Connect) -> Connect:
    async def wrapped(options: Mapping[str, Any], keys: KeyRing, outbox: Outbox) -> Adapter:
        adapter = await connect(options, keys, CrashingOutbox(outbox))  # type: ignore[arg-type]
        return CrashingAdapter(adapter)  # type: ignore[return-value]

    return wrapped


find_adapter = _runtime.find_adapter
_runtime.find_adapter = lambda name: crashing(find_adapter(name))
main(sys.argv[3:])
