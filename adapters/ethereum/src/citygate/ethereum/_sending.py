"""Transactions: numbered, signed, stored, sent, and awaited.

What was signed is in the outbox before it is sent, so whatever a crash leaves behind can be sent again; a
number that was assigned but never used is filled with an empty transaction. Both happen in `_heal`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_hash.auto import keccak

from citygate.adapter import AdapterError, KeyRing, Outbox, Reason, Signed, Signer, Transaction

from ._errors import node_error
from ._names import address_bytes, chain_id_of
from ._rpc import Node, NodeError

_EMPTY_GAS = 21_000
MAX_GAS = 2**24
"""What one transaction may use at most (EIP-7825)."""

_FIRST_WAIT = 0.002
_LONGEST_WAIT = 1.0
_STALLED = 2.0
"""Seconds without a receipt after which the sender's earlier numbers are looked at, then ever later."""
_ATTEMPTS = 3
_MAX_GAP = 256


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction in a block, what the contracts logged, and the contract that it created, if any."""

    transaction: Transaction
    logs: Sequence[Mapping[str, Any]]
    created: str | None


@dataclass(frozen=True, slots=True)
class _Call:
    """What a transaction does: `to` is None where it creates a contract."""

    to: str | None
    data: bytes
    gas: int


@dataclass(frozen=True, slots=True)
class _Fees:
    """In wei per unit of gas."""

    maximum: int
    priority: int


class Wallet:
    """Sends transactions of the accounts that the key ring has, on one network."""

    def __init__(self, node: Node, network: str, keys: KeyRing, outbox: Outbox, patience: float) -> None:
        """`patience`: for how many seconds a transaction is awaited."""
        self._node = node
        self._network = network
        self._chain_id = chain_id_of(network)
        self._keys = keys
        self._outbox = outbox
        self._patience = patience
        self._numbering: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._floors: dict[str, int] = {}

    async def send(self, sender: str, to: str | None, data: bytes, gas: int | None = None) -> Mined:
        """Send `data` from `sender` to the contract `to` (None: create one) and wait until it is in a block.

        Without `gas`, the most that it may use, the node is asked to try it first.

        AdapterError with the contract's reason where it would revert; UNAVAILABLE where it isn't in a block
        in time, which it may be later.
        """
        self._signer(sender)  # before a number is assigned that nobody could use
        limit, fees = await asyncio.gather(self._estimate(sender, to, data, gas), self._fees())
        call = _Call(to, data, min(limit, MAX_GAS))
        for attempt in range(1, _ATTEMPTS + 1):
            signed = await self._sign_next(sender, call, fees)
            try:
                await self._broadcast(signed)
            except AdapterError as error:
                if error.reason is not Reason.NONCE or attempt == _ATTEMPTS:
                    raise
                # Somebody else used the number with this key. Numbers go on from what the chain says.
                await self._outbox.done(self._network, signed.transaction)
                self._floors.pop(sender, None)
                continue
            return await self._mined(signed)
        raise AssertionError("the last attempt returns or raises")

    async def resume(self) -> None:
        """Send again what the outbox has from before a restart; forget what can't be taken any more."""
        for sender in {signed.sender for signed in await self._outbox.pending(self._network)}:
            await self._heal(sender)

    # ---- gas and fees --------------------------------------------------------------------------------------

    async def _estimate(self, sender: str, to: str | None, data: bytes, gas: int | None) -> int:
        if gas is not None:
            return gas
        question = {"from": sender, "data": "0x" + data.hex()} | ({} if to is None else {"to": to})
        try:
            used = await self._node.number("eth_estimateGas", question)
        except NodeError as error:
            raise node_error(error) from error
        # The state may have changed by the time it runs, so a quarter more; what isn't used isn't paid.
        return used + used // 4 + 50_000

    async def _fees(self) -> _Fees:
        block, priority = await asyncio.gather(
            self._node.call("eth_getBlockByNumber", "latest", False),
            self._node.number("eth_maxPriorityFeePerGas"),
        )
        # The base fee rises by an eighth a block at most (EIP-1559): twice as much lasts for five full
        # blocks.
        return _Fees(2 * int(block["baseFeePerGas"], 16) + priority, priority)

    # ---- signing -------------------------------------------------------------------------------------------

    async def _sign_next(self, sender: str, call: _Call, fees: _Fees) -> Signed:
        async with self._numbering[sender]:
            if sender not in self._floors:
                self._floors[sender] = await self._node.number("eth_getTransactionCount", sender, "latest")
            nonce = await self._outbox.sequence(self._network, sender, self._floors[sender])
            signed = await self._sign(sender, nonce, call, fees)
            await self._outbox.put(signed)
            return signed

    def _signer(self, sender: str) -> Signer:
        signer = self._keys.signer(self._network, sender)
        if signer is None:
            raise AdapterError(
                Reason.UNAUTHORISED, f"no key for {sender} on {self._network}: add it to the keystore"
            )
        return signer

    async def _sign(self, sender: str, nonce: int, call: _Call, fees: _Fees) -> Signed:
        signer = self._signer(sender)
        fields: dict[str, Any] = {
            "type": 2,  # EIP-1559
            "chainId": self._chain_id,
            "nonce": nonce,
            "maxPriorityFeePerGas": fees.priority,
            "maxFeePerGas": fees.maximum,
            "gas": call.gas,
            "to": b"" if call.to is None else address_bytes(call.to),
            "value": 0,
            "data": call.data,
        }
        signature = await signer.sign(TypedTransaction.from_dict(fields).hash())
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:64]))
        raw = TypedTransaction.from_dict(fields | {"v": signature[64], "r": r, "s": s}).encode()
        return Signed(self._network, "0x" + keccak(raw).hex(), sender, nonce, raw)

    # ---- sending -------------------------------------------------------------------------------------------

    async def _broadcast(self, signed: Signed) -> None:
        """Hand it to the node, which may have it already. NONCE where its number went to another."""
        try:
            await self._node.call("eth_sendRawTransaction", "0x" + signed.raw.hex())
        except NodeError as error:
            if "already" in error.message.lower():  # "already known", "already imported"
                return
            translated = node_error(error)
            if translated.reason is Reason.NONCE and await self._receipt(signed) is not None:
                return
            raise translated from error

    async def _receipt(self, signed: Signed) -> Mapping[str, Any] | None:
        return await self._node.call("eth_getTransactionReceipt", signed.transaction)

    async def _mined(self, signed: Signed) -> Mined:
        clock = asyncio.get_running_loop().time
        begun = clock()
        wait, heal_at = _FIRST_WAIT, _STALLED
        while (receipt := await self._receipt(signed)) is None:
            waited = clock() - begun
            if waited > self._patience:
                raise AdapterError(
                    Reason.UNAVAILABLE,
                    f"transaction {signed.transaction} isn't in a block after {self._patience:g} s; "
                    "it is kept and sent again",
                    transaction=signed.transaction,
                )
            if waited > heal_at:
                heal_at *= 3
                count = await self._heal(signed.sender)
                if count > signed.sequence and await self._receipt(signed) is None:
                    raise AdapterError(
                        Reason.NONCE,
                        f"number {signed.sequence} of {signed.sender} went to another transaction",
                    )
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
        await self._outbox.done(self._network, signed.transaction)
        transaction = Transaction(
            self._network, signed.transaction, int(receipt["blockNumber"], 16), await self._time(receipt)
        )
        if int(receipt["status"], 16) != 1:
            raise AdapterError(
                Reason.CONFLICT,
                f"transaction {signed.transaction} reverted: the state changed after it was estimated",
                transaction=signed.transaction,
            )
        return Mined(transaction, receipt["logs"], receipt.get("contractAddress"))

    async def _time(self, receipt: Mapping[str, Any]) -> float:
        logs: Sequence[Mapping[str, Any]] = receipt["logs"]
        if logs and logs[0].get("blockTimestamp") is not None:
            return float(int(logs[0]["blockTimestamp"], 16))
        block = await self._node.call("eth_getBlockByNumber", receipt["blockNumber"], False)
        return float(int(block["timestamp"], 16))

    # ---- healing -------------------------------------------------------------------------------------------

    async def _heal(self, sender: str) -> int:
        """See to it that the node has every number of `sender`, from the chain's next, the answer, on."""
        async with self._numbering[sender]:
            count = await self._node.number("eth_getTransactionCount", sender, "latest")
            pending = {s.sequence: s for s in await self._outbox.pending(self._network) if s.sender == sender}
            for nonce, signed in pending.items():
                if nonce < count:  # it, or another with its number, is in a block
                    await self._outbox.done(self._network, signed.transaction)
            last = max(pending, default=-1)
            for nonce in range(count, min(last + 1, count + _MAX_GAP)):
                signed = pending.get(nonce)
                if signed is None:
                    signed = await self._sign(
                        sender, nonce, _Call(sender, b"", _EMPTY_GAS), await self._fees()
                    )
                    await self._outbox.put(signed)
                # A refusal (no funds, a fee too low now) leaves it in the outbox for the next time.
                with contextlib.suppress(AdapterError):
                    await self._broadcast(signed)
            return count
