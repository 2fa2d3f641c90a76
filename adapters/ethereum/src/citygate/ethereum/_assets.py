"""What a network holds of an asset, and what its gate accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from citygate.adapter import AdapterError, AssetRecord, Reason, Supply

from ._abi import contract
from ._logs import Logs, topic
from ._names import Token
from ._rpc import Node
from ._tickets import TokenContracts, ask, voucher_id

_GATE = contract("Gate")
_VOUCHERS = contract("Vouchers")
_ISSUED = contract("Ticket").logs["Issued"]
_MINTED = _VOUCHERS.logs["Minted"]
_PEER_SET = _GATE.logs["PeerSet"]


class Assets:
    """Reads assets at one gate."""

    def __init__(self, node: Node, logs: Logs, gate: str, contracts: TokenContracts) -> None:
        self._node = node
        self._logs = logs
        self._gate = gate
        self._contracts = contracts
        self._peers: list[str] = []
        self._peers_read = logs.first  # the first block whose PeerSet logs aren't in `_peers` yet

    async def records(self, names: Sequence[str]) -> list[AssetRecord]:
        """See `Adapter.assets`."""
        return list(await asyncio.gather(*map(self._record, names)))

    async def supply(self, names: Sequence[str]) -> list[Supply]:
        """See `Adapter.supply`."""
        return list(await asyncio.gather(*map(self._supply, names)))

    async def _record(self, asset: str) -> AssetRecord:
        if not self._is_home(asset):
            return await self._voucher(asset)
        token = Token.parse(asset, self._contracts.network)
        if token.namespace != "erc721":
            raise AdapterError(Reason.UNSUPPORTED, f"{asset} isn't unique: ask for its supply")
        owner = await ask(self._node, token.contract, "ownerOf", token.id)
        if owner is None:
            return AssetRecord(asset, exists=False)
        payload_hash, redeemed_by, locked_by, log = await asyncio.gather(
            ask(self._node, token.contract, "payloadHash", token.id),
            ask(self._node, token.contract, "redeemedBy", token.id),
            self._ask_gate("lockedBy", asset),
            self._logs.newest(token.contract, [_ISSUED.topic, topic(token.id)]),
        )
        abroad = await self._outstanding(asset) if owner == self._gate else {}
        return AssetRecord(
            asset,
            exists=True,
            owner=owner,
            payload=b"" if log is None else _ISSUED.read(log)["payload"],
            payload_hash=_set(payload_hash),
            redeemed_by=redeemed_by or "",
            outstanding=next(iter(abroad), ""),
            locked_by=_set(locked_by),
        )

    async def _voucher(self, asset: str) -> AssetRecord:
        vouchers = self._contracts.vouchers
        number = voucher_id(asset)
        if not await self._minted(number):
            return AssetRecord(asset, exists=False)
        payload_hash, redeemed_by, locked_by, minted, holder = await asyncio.gather(
            ask(self._node, vouchers, "payloadHash", number),
            ask(self._node, vouchers, "redeemedBy", number),
            self._ask_gate("lockedBy", asset),
            self._logs.newest(vouchers, [_MINTED.topic, topic(number)]),
            self._ask_vouchers("holderOf", number),
        )
        return AssetRecord(
            asset,
            exists=True,
            owner="" if int(holder, 16) == 0 else holder,
            payload=b"" if minted is None else _MINTED.read(minted)["payload"],
            payload_hash=_set(payload_hash),
            redeemed_by=redeemed_by or "",
            locked_by=_set(locked_by),
        )

    async def _supply(self, asset: str) -> Supply:
        if not self._is_home(asset):
            return Supply(asset, 0, {}, await self._minted(voucher_id(asset)))
        escrowed, outstanding = await asyncio.gather(
            self._ask_gate("escrowed", asset), self._outstanding(asset)
        )
        return Supply(asset, escrowed, outstanding, 0)

    def _is_home(self, asset: str) -> bool:
        return asset.startswith(self._contracts.network + "/")

    async def _minted(self, number: int) -> int:
        return await self._ask_vouchers("totalSupply", number)

    async def _ask_vouchers(self, function: str, number: int) -> Any:
        view = _VOUCHERS.functions[function]
        return view.answer(await self._node.view(self._contracts.vouchers, view.call(number)))[0]

    async def _ask_gate(self, function: str, *arguments: Any) -> Any:
        view = _GATE.functions[function]
        return view.answer(await self._node.view(self._gate, view.call(*arguments)))[0]

    async def _outstanding(self, asset: str) -> dict[str, int]:
        """What each network that is or was a peer may give back, where that is anything."""
        networks = await self._networks()
        amounts = await asyncio.gather(
            *(self._ask_gate("outstanding", asset, network) for network in networks)
        )
        return {network: amount for network, amount in zip(networks, amounts, strict=True) if amount}

    async def _networks(self) -> list[str]:
        last = await self._node.number("eth_blockNumber")
        async for log in self._logs.forwards([self._gate], [_PEER_SET.topic], self._peers_read, last):
            network = _PEER_SET.read(log)["network"]
            if network not in self._peers:
                self._peers.append(network)
        self._peers_read = last + 1
        return self._peers


def _set(word: bytes | None) -> bytes:
    """A 32-byte word, or nothing where it is zero."""
    return word if word is not None and any(word) else b""
