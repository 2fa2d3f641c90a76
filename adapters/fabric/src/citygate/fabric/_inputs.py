"""Which rows of a fungible voucher pay for the legs of a batch.

On Fabric a holding is a set of rows that add up. The sender of a transaction names the rows that it uses up,
so that two transactions of the same owner don't touch the same keys.
"""

from __future__ import annotations

from collections.abc import Sequence

from citygate.adapter import AssetName, Leg, Order, Terms
from citygate.fabric import _messages as messages
from citygate.fabric._names import NAMESPACE
from citygate.fabric.gateway import Contract

MAX_INPUTS = 64
"""How many rows the chaincode takes for one leg."""

_MAX_PAGES = 20


async def choose(contract: Contract, network: str, orders: Sequence[Order]) -> list[messages.Inputs]:
    """Rows for each leg of each order, none twice; empty for a leg that needs none here.

    Where the rows don't suffice, those that there are: the chaincode is the one that refuses.
    """
    taken: set[str] = set()
    return [
        [
            await _rows(contract, leg, taken) if _pays_by_rows(order.terms, leg, network) else []
            for leg in order.terms.legs
        ]
        for order in orders
    ]


def _pays_by_rows(terms: Terms, leg: Leg, network: str) -> bool:
    """An ERC-1155 id is held as an amount too: its name alone doesn't tell whether it is unique."""
    name = AssetName.parse(leg.asset)
    unique = name.namespace == "erc721" or (name.namespace == NAMESPACE and bool(name.token))
    return terms.participants[leg.source].network == network and name.network != network and not unique


async def _rows(contract: Contract, leg: Leg, taken: set[str]) -> list[str]:
    """The largest free rows of each page until the amount is reached."""
    chosen: list[str] = []
    missing, first = leg.amount, ""
    for _ in range(_MAX_PAGES):
        page, first = messages.rows(await contract.evaluate("Rows", leg.asset, leg.sender, first))
        for row, amount in sorted(page, key=lambda entry: -entry[1]):
            if missing <= 0 or len(chosen) == MAX_INPUTS:
                break
            if row not in taken:
                chosen.append(row)
                taken.add(row)
                missing -= amount
        if missing <= 0 or len(chosen) == MAX_INPUTS or not first:
            break
    return chosen
