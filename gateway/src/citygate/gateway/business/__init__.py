"""Who may exchange what, in which standard form. So far: mobility."""

from ._mobility import HeldTicket, IssuedTicket, Mobility, RedeemedTicket, RedemptionRefused
from ._ticket import InvalidTicketError, ticket_from_json, ticket_to_json

__all__ = [
    "HeldTicket",
    "InvalidTicketError",
    "IssuedTicket",
    "Mobility",
    "RedeemedTicket",
    "RedemptionRefused",
    "ticket_from_json",
    "ticket_to_json",
]
