"""The adapter: an EVM network behind CityGate's one interface."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from citygate.adapter import (
    AdapterError,
    AssetRecord,
    Curve,
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
    Settlement,
    SigningRequest,
    Supply,
    Terms,
    TransferRecord,
)

from ._abi import contract
from ._assets import Assets
from ._attestors import Attestors
from ._events import Observer
from ._finality import final_number, in_words
from ._logs import Logs
from ._names import Token, address_text, chain_id_of, check_address
from ._options import EthereumOptions
from ._proofs import Prover
from ._rpc import Node, NodeError
from ._sending import Wallet
from ._signatures import address_of, pack, recover
from ._tickets import Tickets, TokenContracts
from ._typed_data import authorization_digest, authorization_json
from ._verbs import Verbs

_MAX_BATCH = 32
"""So that a transaction with full payloads and proofs stays below what one may use (EIP-7825)."""


async def connect(options: Mapping[str, Any], keys: KeyRing, outbox: Outbox) -> EthereumAdapter:
    """Connect to an EVM network (entry point group `citygate.adapters`). Options: see `EthereumOptions`.

    ValueError names a wrong option. AdapterError INVALID where the node is another network's or the gate
    isn't there, UNAVAILABLE where the node doesn't answer. Transactions that an earlier run signed are sent
    again before this returns.
    """
    settings = EthereumOptions.read(options)
    node = Node(settings.url, settings.timeout)
    try:
        vouchers = await _check(node, settings)
        wallet = Wallet(node, settings.network, keys, outbox, settings.patience)
        await wallet.resume()
    except BaseException:
        await node.close()
        raise
    return EthereumAdapter(
        settings, node, wallet, TokenContracts(settings.network, settings.tickets, vouchers)
    )


async def _check(node: Node, settings: EthereumOptions) -> str:
    """The gate's vouchers; AdapterError INVALID where the node or the gate isn't what the options say."""
    chain_id = await node.number("eth_chainId")
    if chain_id != chain_id_of(settings.network):
        raise AdapterError(
            Reason.INVALID,
            f"{settings.url} is a node of eip155:{chain_id}, not of {settings.network}: check its URL",
        )
    view = contract("Gate").functions["vouchers"]
    try:
        return view.answer(await node.view(settings.gate, view.call()))[0]
    except (NodeError, ValueError) as error:
        raise AdapterError(
            Reason.INVALID, f"there is no gate at {settings.gate} on {settings.network}"
        ) from error


class EthereumAdapter:
    """A connection to the gate of one EVM network; `connect` makes it. See `citygate.adapter.Adapter`."""

    def __init__(
        self, settings: EthereumOptions, node: Node, wallet: Wallet, contracts: TokenContracts
    ) -> None:
        self._settings = settings
        self._node = node
        self._contracts = contracts
        logs = Logs(node, settings.first_block, settings.log_span)
        self._attestors = Attestors(
            settings.network, settings.attestors, settings.threshold, settings.timeout
        )
        self._prover = Prover(node, self._attestors, settings.network, settings.gate)
        self._verbs = Verbs(node, wallet, settings.network, settings.gate, settings.relay)
        self._tickets = Tickets(node, wallet, contracts)
        self._assets = Assets(node, logs, settings.gate, contracts)
        self._observer = Observer(logs, settings.gate, contracts, self._final, settings.poll)

    # ---- life cycle ----------------------------------------------------------------------------------------

    async def describe(self) -> Description:
        """What this is."""
        return Description(
            network=self._settings.network,
            gate=self._settings.gate,
            kind="ethereum",
            finality=in_words(self._settings.finality),
            ticket_collection=f"{self._settings.network}/erc721:{self._settings.tickets}",
            max_batch=_MAX_BATCH,
            capabilities=frozenset({"tickets", "erc20", "erc721", "erc1155"}),
        )

    async def health(self) -> Health:
        """Whether the node answers; never raises."""
        try:
            block = await self._node.call("eth_getBlockByNumber", "latest", False)
        except AdapterError as error:
            return Health(False, error.detail)
        lag = max(0.0, time.time() - int(block["timestamp"], 16))
        return Health(True, "the node answers", int(block["number"], 16), lag)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._attestors.close()
        await self._node.close()

    # ---- verbs ---------------------------------------------------------------------------------------------

    async def prepare(self, orders: Sequence[Order]) -> Receipt:
        """Lock what the orders' legs need here."""
        return await self._verbs.prepare(orders)

    async def decide(self, decisions: Sequence[Decision], proofs: Sequence[Proof]) -> Receipt:
        """Commit or abort, where this gate decides."""
        return await self._verbs.decide(decisions, proofs)

    async def settle(self, settlements: Sequence[Settlement], proofs: Sequence[Proof]) -> Receipt:
        """Apply the decision that `proofs` show."""
        return await self._verbs.settle(settlements, proofs)

    async def issue(self, issuer: str, issues: Sequence[Issue]) -> Receipt:
        """Create tickets."""
        return await self._tickets.issue(issuer, issues)

    async def redeem(self, validator: str, redemptions: Sequence[Redemption]) -> Receipt:
        """Validate tickets."""
        return await self._tickets.redeem(validator, redemptions)

    # ---- authorisation -------------------------------------------------------------------------------------

    def authorization(self, terms: Terms, leg: int) -> SigningRequest:
        """What the leg's sender has to sign: EIP-712, in `text` as wallets take it."""
        return SigningRequest(
            terms.legs[leg].sender,
            Curve.SECP256K1,
            authorization_digest(terms, leg),
            authorization_json(terms, leg),
        )

    def authorized(self, terms: Terms, leg: int, public_key: bytes, signature: bytes) -> bytes:
        """`r ‖ s ‖ v`; AdapterError UNAUTHORISED where the signature isn't the sender's."""
        sender = terms.legs[leg].sender
        try:
            packed = pack(signature)
            signer = recover(authorization_digest(terms, leg), packed)
        except ValueError as error:
            raise AdapterError(Reason.UNAUTHORISED, f"leg {leg}: {error}") from error
        if signer != address_of(public_key) or address_text(signer) != sender:
            raise AdapterError(Reason.UNAUTHORISED, f"leg {leg}: the signature isn't the sender's, {sender}")
        return packed

    # ---- reading -------------------------------------------------------------------------------------------

    def observe(self, cursor: str | None) -> AsyncIterator[Event]:
        """Final events after `cursor`."""
        return self._observer.events(cursor)

    async def transfers(self, ids: Sequence[bytes]) -> list[TransferRecord]:
        """The state of each transfer."""
        states = await self._verbs.states(ids)
        return [TransferRecord(transfer_id, state) for transfer_id, state in zip(ids, states, strict=True)]

    async def assets(self, names: Sequence[str]) -> list[AssetRecord]:
        """Each unique asset as this network holds it."""
        return await self._assets.records(names)

    async def supply(self, assets: Sequence[str]) -> list[Supply]:
        """Each asset's accounts at this gate."""
        return await self._assets.supply(assets)

    async def prove(self, ids: Sequence[bytes]) -> Proof:
        """One proof of the states in the newest final block."""
        return await self._prover.prove(ids, max(0, await self._final()))

    async def _final(self) -> int:
        return await final_number(self._node, self._settings.finality)

    # ---- names ---------------------------------------------------------------------------------------------

    def asset_name(self, ticket_id: str) -> str:
        """The CAIP-19 name of a ticket issued here."""
        return self._contracts.ticket_name(ticket_id)

    def check_account(self, account: str) -> None:
        """ValueError where `account` is no address in lower case."""
        check_address(account)

    def check_asset(self, asset: str) -> None:
        """ValueError where `asset` isn't an ERC-20, 721 or 1155 token of this network in its one spelling."""
        Token.parse(asset, self._settings.network)
