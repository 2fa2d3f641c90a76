"""Tickets on one network: issued, read and redeemed through its adapter."""

from __future__ import annotations

from dataclasses import dataclass

from citygate.adapter import AdapterError, AssetRecord, Issue, Receipt, Redemption, Refusal, Transaction

from ._errors import NotFound, Refused, from_adapter
from ._networks import Networks


@dataclass(frozen=True, slots=True)
class TicketReceipt:
    """What issuing or redeeming did; `transaction` is None where it had happened before.

    `result` is the ticket's CAIP-19 name after issuing, the local_event_id that redeemed it after redeeming.
    """

    result: str
    transaction: Transaction | None


class Tickets:
    """The ticket operations of the connected networks. Payloads are validated before they come here."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    async def issue(self, network: str, issuer: str, issue: Issue) -> TicketReceipt:
        """Create a ticket as `issuer` (an account or its name); InvalidField, Refused, Unavailable."""
        entry = self._networks.field(network, "network")
        issuer = self._networks.account(entry, issuer, "issuer")
        try:
            return _single(await entry.adapter.issue(issuer, [issue]))
        except AdapterError as error:
            raise from_adapter(error) from error

    async def get(self, asset: str, network: str) -> AssetRecord:
        """What one network holds of a ticket; NotFound where that is nothing."""
        entry = self._networks.field(network, "network")
        try:
            (record,) = await entry.adapter.assets([asset])
        except AdapterError as error:
            raise from_adapter(error) from error
        if not record.exists:
            raise NotFound(f"{entry.id} knows no {asset}; `citygate ticket issue` creates tickets")
        return record

    async def redeem(self, network: str, validator: str, redemption: Redemption) -> TicketReceipt:
        """Validate a ticket where it is now, as `validator` (an account or its name).

        The same `local_event_id` again is a success that changes nothing; another one is Refused.
        """
        entry = self._networks.field(network, "network")
        validator = self._networks.account(entry, validator, "validator")
        try:
            return _single(await entry.adapter.redeem(validator, [redemption]))
        except AdapterError as error:
            raise from_adapter(error) from error


def _single(receipt: Receipt) -> TicketReceipt:
    (result,) = receipt.results
    if isinstance(result, Refusal):
        raise Refused(result.reason, result.detail)
    return TicketReceipt(str(result), receipt.transaction)
