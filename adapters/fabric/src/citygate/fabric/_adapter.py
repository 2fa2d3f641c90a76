"""The adapter interface on Fabric."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, TypeVar

from citygate.adapter import (
    Adapter,
    AdapterError,
    AssetRecord,
    Decision,
    Description,
    Event,
    Health,
    Issue,
    KeyRing,
    Order,
    Outbox,
    Proof,
    Reason,
    Receipt,
    Redemption,
    Refusal,
    Settlement,
    SigningRequest,
    State,
    Supply,
    Terms,
    TransferRecord,
)
from citygate.fabric import _authorization as authorization
from citygate.fabric import _inputs as inputs
from citygate.fabric import _messages as messages
from citygate.fabric._errors import adapter_error
from citygate.fabric._ledger import Ledger
from citygate.fabric._names import NAMESPACE, TICKETS, check_account, check_asset, check_token
from citygate.fabric._observe import observe
from citygate.fabric._options import Options
from citygate.fabric._proof import proof
from citygate.fabric.gateway import GatewayError

MAX_BATCH = 50
_MAX_NAMES = 256
"""How many names the chaincode takes in one query."""

_FINALITY = "a transaction is final once the peers have committed its block; Fabric's ordering has no forks"
_CAPABILITIES = frozenset({"issue", "redeem", "fungible-vouchers"})

_Found = TypeVar("_Found")


class FabricAdapter(Adapter):
    """A connection to the gate on one Fabric channel."""

    def __init__(self, options: Options, ledger: Ledger) -> None:
        self._ledger = ledger
        self._network = options.network
        self._gate = f"{options.channel}.{options.chaincode}"
        self._tickets = f"{options.network}/{NAMESPACE}:{options.chaincode}.{TICKETS}"

    # ---- life cycle ----------------------------------------------------------------------------------------

    async def describe(self) -> Description:
        return Description(
            network=self._network,
            gate=self._gate,
            kind="fabric",
            finality=_FINALITY,
            ticket_collection=self._tickets,
            max_batch=MAX_BATCH,
            capabilities=_CAPABILITIES,
        )

    async def health(self) -> Health:
        try:
            newest = await self._ledger.blocks.height() - 1
            times = await self._ledger.blocks.times(newest)
        except GatewayError as error:
            return Health(serving=False, detail=str(error))
        return Health(True, "serving", newest, max(0.0, time.time() - max(times.values(), default=0.0)))

    async def close(self) -> None:
        await self._ledger.close()

    # ---- verbs ---------------------------------------------------------------------------------------------

    async def prepare(self, orders: Sequence[Order]) -> Receipt:
        return await self._transfer("Prepare", orders, await self._choose(orders))

    async def decide(self, decisions: Sequence[Decision], proofs: Sequence[Proof]) -> Receipt:
        orders = [decision.order for decision in decisions]
        outcomes = [decision.outcome for decision in decisions]
        return await self._transfer("Decide", orders, await self._choose(orders), outcomes, proofs)

    async def settle(self, settlements: Sequence[Settlement], proofs: Sequence[Proof]) -> Receipt:
        orders = [settlement.order for settlement in settlements]
        outcomes = [settlement.outcome for settlement in settlements]
        return await self._transfer("Settle", orders, [() for _ in orders], outcomes, proofs)

    async def issue(self, issuer: str, issues: Sequence[Issue]) -> Receipt:
        argument = messages.tickets(issues)
        return await self._transact("IssueTickets", argument, len(issues), messages.issued, issuer)

    async def redeem(self, validator: str, redemptions: Sequence[Redemption]) -> Receipt:
        argument = messages.redemptions(redemptions)
        return await self._transact("RedeemTickets", argument, len(redemptions), messages.redeemed, validator)

    # ---- authorisation -------------------------------------------------------------------------------------

    def authorization(self, terms: Terms, leg: int) -> SigningRequest:
        return authorization.request(terms, leg)

    def authorized(self, terms: Terms, leg: int, public_key: bytes, signature: bytes) -> bytes:
        return authorization.encoded(terms, leg, public_key, signature)

    # ---- reading -------------------------------------------------------------------------------------------

    async def observe(self, cursor: str | None) -> AsyncGenerator[Event, None]:
        try:
            async for event in observe(self._ledger.relay, self._ledger.blocks, self._network, cursor):
                yield event
        except GatewayError as error:
            raise adapter_error(error) from error

    async def transfers(self, ids: Sequence[bytes]) -> list[TransferRecord]:
        return await self._find("Transfers", [transfer.hex() for transfer in ids], messages.transfers)

    async def assets(self, names: Sequence[str]) -> list[AssetRecord]:
        return await self._find("Assets", names, messages.assets)

    async def supply(self, assets: Sequence[str]) -> list[Supply]:
        return await self._find("Supply", assets, messages.supplies)

    async def prove(self, ids: Sequence[bytes]) -> Proof:
        endorsed = await self._ledger.endorse("Claims", *(transfer.hex() for transfer in ids))
        return proof(self._network, self._gate, ids, endorsed)

    # ---- names ---------------------------------------------------------------------------------------------

    def asset_name(self, ticket_id: str) -> str:
        check_token(ticket_id)
        return f"{self._tickets}/{ticket_id}"

    def check_account(self, account: str) -> None:
        check_account(account)

    def check_asset(self, asset: str) -> None:
        check_asset(self._network, asset)

    # ---- inside --------------------------------------------------------------------------------------------

    async def _choose(self, orders: Sequence[Order]) -> list[messages.Inputs]:
        try:
            return await inputs.choose(self._ledger.relay, self._network, orders)
        except GatewayError as error:
            raise adapter_error(error) from error

    async def _transfer(
        self,
        function: str,
        orders: Sequence[Order],
        rows: Sequence[messages.Inputs],
        outcomes: Sequence[State] | None = None,
        proofs: Sequence[Proof] = (),
    ) -> Receipt:
        argument = messages.batch(orders, rows, outcomes, proofs)
        return await self._transact(function, argument, len(orders), messages.states)

    async def _transact(
        self,
        function: str,
        argument: str,
        count: int,
        read: Callable[[bytes], tuple[State | str | Refusal, ...]],
        account: str = "",
    ) -> Receipt:
        if not count:
            return Receipt(None, ())
        if count > MAX_BATCH:
            raise AdapterError(Reason.INVALID, f"{count} items; one transaction takes at most {MAX_BATCH}")
        transaction, answer = await self._ledger.transact(function, argument, account)
        return Receipt(transaction, read(answer))

    async def _find(
        self, function: str, wanted: Sequence[str], read: Callable[[bytes], list[_Found]]
    ) -> list[_Found]:
        found: list[_Found] = []
        for start in range(0, len(wanted), _MAX_NAMES):
            found += read(await self._ledger.query(function, *wanted[start : start + _MAX_NAMES]))
        return found


async def connect(options: Mapping[str, Any], keys: KeyRing, outbox: Outbox) -> FabricAdapter:
    """Connect to the gate that `options` name (`Options.read` says which there are).

    ValueError names an option that is missing or wrong; AdapterError where the ledger isn't what they say.
    """
    read = Options.read(options)
    ledger = Ledger(read, read.members(keys), outbox)
    try:
        await _check(ledger, read)
        await ledger.send_pending()
    except BaseException:
        await ledger.close()
        raise
    return FabricAdapter(read, ledger)


async def _check(ledger: Ledger, options: Options) -> None:
    """The channel is the one whose genesis block names the network, and the gate agrees."""
    try:
        network = await ledger.blocks.network()
    except GatewayError as error:
        raise adapter_error(error) from error
    gate = messages.read(await ledger.query("Describe"), lambda said: (said["network"], said["gate"]))
    wanted = (options.network, f"{options.channel}.{options.chaincode}")
    if network != options.network or gate != wanted:
        raise AdapterError(
            Reason.INVALID,
            f"{options.endpoint} serves the gate {gate[1]} on {network} (it says {gate[0]}), "
            f"and the configuration names {wanted[1]} on {wanted[0]}",
        )
