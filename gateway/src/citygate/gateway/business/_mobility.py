"""Tickets: issued on one network, used on whichever one they are on."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass

from citygate.adapter import MAX_PAYLOAD, AssetName, AssetRecord, Issue, Reason, Redemption, Transaction
from citygate.gateway.platform import InvalidField, Networks, Refused, Tickets
from citygate.schemas import canonical, parse
from citygate.v1.ticket_pb2 import Ticket, TicketRedemption

from ._ticket import ticket_from_json, ticket_to_json

_EVENT_ID = re.compile(r"[-_.A-Za-z0-9]{1,64}")


class RedemptionRefused(Refused):
    """The ticket can't be used; `event_result` says why in BoB's terms."""

    def __init__(self, refused: Refused, event_result: TicketRedemption.EventResult.ValueType) -> None:
        super().__init__(refused.reason, refused.message)
        self.event_result = event_result


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """`asset` is the ticket's CAIP-19 name. `transaction` is None where nothing had to be sent."""

    asset: str
    payload_hash: bytes
    transaction: Transaction | None


@dataclass(frozen=True, slots=True)
class HeldTicket:
    """A ticket as it was issued, and what `network` (CAIP-2) holds of it."""

    ticket: Ticket
    network: str
    record: AssetRecord


@dataclass(frozen=True, slots=True)
class RedeemedTicket:
    """`transaction` is None where the same event had redeemed the ticket before."""

    redemption: TicketRedemption
    transaction: Transaction | None


class Mobility:
    """What can be done with tickets. All raise PlatformErrors; issuing also InvalidTicketError."""

    def __init__(self, networks: Networks, tickets: Tickets) -> None:
        self._networks = networks
        self._tickets = tickets

    async def issue(
        self, network: str, issuer: str, recipient: str, ticket: Ticket, *, validate_only: bool = False
    ) -> IssuedTicket:
        """Hold the ticket against its schema, bring it into canonical form, put it on the ledger."""
        entry = self._networks.field(network, "network")
        self._networks.account(entry, issuer, "issuer")
        payload = canonical(ticket_to_json(ticket))
        if len(payload) > MAX_PAYLOAD:
            raise InvalidField(
                "ticket", f"its canonical JSON has {len(payload)} bytes; gates take at most {MAX_PAYLOAD}"
            )
        issue = Issue(
            ticket_id=ticket.id,
            payload=payload,
            recipient=self._networks.account(entry, recipient, "recipient"),
            valid_from=ticket.validity.valid_from.seconds,
            valid_until=ticket.validity.valid_until.seconds,
        )
        if issue.valid_until <= issue.valid_from:
            raise InvalidField("ticket.validity.valid_until", "has to lie after valid_from")
        payload_hash = hashlib.sha256(payload).digest()
        if validate_only:
            return IssuedTicket(entry.adapter.asset_name(ticket.id), payload_hash, None)
        receipt = await self._tickets.issue(entry.id, issuer, issue)
        return IssuedTicket(receipt.result, payload_hash, receipt.transaction)

    async def get(self, asset: str, network: str = "") -> HeldTicket:
        """The ticket on `network`; by default where it is now, as its home says."""
        home = self._home(asset)
        if network:
            return await self._held(asset, network)
        if home not in self._networks:
            raise InvalidField("network", f"is needed, because the ticket's home {home} isn't connected")
        held = await self._held(asset, home)
        abroad = held.record.outstanding
        return await self._held(asset, abroad) if abroad in self._networks else held

    async def redeem(self, network: str, asset: str, validator: str, local_event_id: str) -> RedeemedTicket:
        """Use the ticket up; RedemptionRefused where it can't be. Idempotent by `local_event_id`."""
        if _EVENT_ID.fullmatch(local_event_id) is None:
            raise InvalidField("local_event_id", "1 to 64 characters of [-_.A-Za-z0-9] are wanted")
        self._home(asset)
        try:
            receipt = await self._tickets.redeem(network, validator, Redemption(asset, local_event_id))
        except Refused as refused:
            raise await self._explained(refused, network, asset) from refused
        held = await self._held(asset, network)
        entry = self._networks.get(network)
        redemption = TicketRedemption(
            ticket_id=held.ticket.id,
            local_event_id=receipt.result,
            event_type=TicketRedemption.EVENT_TYPE_VALIDATION,
            validator=self._networks.account(entry, validator, "validator"),
            event_result=TicketRedemption.EVENT_RESULT_SUCCESS,
        )
        if receipt.transaction is not None:
            redemption.time.FromSeconds(int(receipt.transaction.time))
        return RedeemedTicket(redemption, receipt.transaction)

    def _home(self, asset: str) -> str:
        """The asset's home; InvalidField where it isn't spelled as its home spells it."""
        try:
            name = AssetName.parse(asset)
            if name.network in self._networks:
                self._networks.get(name.network).adapter.check_asset(asset)
        except ValueError as error:
            raise InvalidField("asset", str(error)) from error
        if not name.token:
            raise InvalidField("asset", f"{asset} is a fungible asset; a ticket's name ends in its id")
        return name.network

    async def _held(self, asset: str, network: str) -> HeldTicket:
        record = await self._tickets.get(asset, network)
        try:
            ticket = ticket_from_json(parse(record.payload))
        except ValueError as error:
            raise Refused(Reason.INVALID, f"{asset} carries no ticket: {error}") from error
        return HeldTicket(ticket, self._networks.get(network).id, record)

    async def _explained(self, refused: Refused, network: str, asset: str) -> RedemptionRefused:
        """Why the ledger refused, as far as what it holds tells."""
        held = await self._held(asset, network)
        validity = held.ticket.validity
        if held.record.redeemed_by:
            return RedemptionRefused(refused, TicketRedemption.EVENT_RESULT_PASSBACK)
        if not validity.valid_from.seconds <= time.time() < validity.valid_until.seconds:
            return RedemptionRefused(refused, TicketRedemption.EVENT_RESULT_TIME)
        return RedemptionRefused(refused, TicketRedemption.EVENT_RESULT_OTHER)
