"""The gateway, killed by itself (SIGKILL) at one ledger transaction.

    crashing_gateway.py NUMBER MOMENT serve --config FILE

NUMBER counts the verbs that the engine calls, from 1. MOMENT is `before` the call, `stored` (the signed transaction
is in the journal and not sent), or `after` (the ledger has it and nobody was told).
"""

from __future__ import annotations

import contextvars
import itertools
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from citygate.adapter import Adapter, Connect, KeyRing, Outbox, Receipt, Signed
from citygate.gateway.cli import main
from citygate.gateway.infrastructure import _runtime  # pyright: ignore[reportPrivateUsage] - it is broken on purpose

NUMBER, MOMENT = int(sys.argv[1]), sys.argv[2]
VERBS = ("prepare", "decide", "settle")

numbers = itertools.count(1)
current = contextvars.ContextVar("current", default=0)
"""The number of the verb that this task is in."""


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
        if current.get() == NUMBER and MOMENT == "stored":
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
            number = next(numbers)
            current.set(number)
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


def find_crashing(name: str) -> Connect:
    return crashing(find_adapter(name))


_runtime.find_adapter = find_crashing
main(sys.argv[3:])
