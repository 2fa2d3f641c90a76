"""Transactions and queries of the gate's chaincode, with the adapter interface's errors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from citygate.adapter import AdapterError, Outbox, Reason, Signed, Transaction
from citygate.fabric._blocks import Blocks, channel_header, seconds
from citygate.fabric._errors import adapter_error
from citygate.fabric._options import Options
from citygate.fabric.gateway import (
    CommitError,
    CommitStatusError,
    Connection,
    Contract,
    Endorsed,
    GatewayError,
    Member,
    SignedTransaction,
    SubmitError,
)


class Ledger:
    """One connection to one peer, and the members who act through it."""

    def __init__(self, options: Options, members: Mapping[str, Member], outbox: Outbox) -> None:
        self._connection = Connection(options.endpoint, options.tls)
        self._network = options.network
        self._relay = options.relay
        self._outbox = outbox
        self._contracts = {
            account: Contract(self._connection, member, options.channel, options.chaincode)
            for account, member in members.items()
        }
        self.blocks = Blocks(self._connection, members[options.relay], options.channel)

    @property
    def relay(self) -> Contract:
        """The chaincode, called by the account that needs no role."""
        return self._contracts[self._relay]

    async def close(self) -> None:
        await self._connection.close()

    async def query(self, function: str, *arguments: str) -> bytes:
        """Ask one peer; AdapterError."""
        try:
            return await self.relay.evaluate(function, *arguments)
        except GatewayError as error:
            raise adapter_error(error) from error

    async def endorse(self, function: str, *arguments: str) -> Endorsed:
        """Have the organisations endorse a call that isn't going to be submitted; AdapterError."""
        try:
            return await self.relay.endorse(self.relay.proposal(function, *arguments))
        except GatewayError as error:
            raise adapter_error(error) from error

    async def transact(
        self, function: str, argument: str, account: str = ""
    ) -> tuple[Transaction | None, bytes]:
        """Run a function as `account` (or the relay), and store the signed transaction before it is sent.

        What changes nothing, which the chaincode tells by setting no event, isn't submitted: then there is no
        transaction.
        """
        sender = account or self._relay
        contract = self._contract(sender)
        try:
            endorsed = await contract.endorse(contract.proposal(function, argument))
            if not endorsed.emits:
                return None, endorsed.result
            return await self._send(contract, sender, await contract.sign(endorsed)), endorsed.result
        except GatewayError as error:
            raise adapter_error(error) from error

    async def send_pending(self) -> None:
        """Send again what an earlier process signed and may not have sent; a channel takes an id once.

        What gets no answer stays in the outbox; nothing depends on it, because verbs can be repeated.
        """
        pending = await self._outbox.pending(self._network)
        await asyncio.gather(*(self._send_again(signed) for signed in pending))

    async def _send_again(self, signed: Signed) -> None:
        channel = channel_header(signed.raw).channel_id
        transaction = SignedTransaction(channel, signed.transaction, signed.raw)
        with suppress(SubmitError, CommitStatusError, CommitError):
            await self._deliver(self.relay, transaction)

    async def _send(self, contract: Contract, sender: str, transaction: SignedTransaction) -> Transaction:
        name, raw = transaction.transaction_id, transaction.envelope
        await self._outbox.put(Signed(self._network, name, sender, 0, raw))
        block = await self._deliver(contract, transaction)
        return Transaction(self._network, name, block, seconds(channel_header(raw)))

    async def _deliver(self, contract: Contract, transaction: SignedTransaction) -> int:
        """Send it, and take it out of the outbox unless it may still be ordered."""
        try:
            block = await contract.send(transaction)
        except (SubmitError, CommitError) as error:
            if isinstance(error, CommitError) or error.refused:
                await self._outbox.done(self._network, transaction.transaction_id)
            raise
        await self._outbox.done(self._network, transaction.transaction_id)
        return block

    def _contract(self, account: str) -> Contract:
        contract = self._contracts.get(account)
        if contract is None:
            raise AdapterError(
                Reason.UNAUTHORISED,
                f"this gateway has no key and certificate of {account}: add the account to identities",
            )
        return contract
