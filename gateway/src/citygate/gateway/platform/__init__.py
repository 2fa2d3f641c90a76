"""How ledgers that don't know each other commit together: transfers, the engine that moves them, tickets."""

from ._adopt import Rebuilt, rebuild
from ._authorize import authorize
from ._errors import Conflict, InvalidField, NotFound, PlatformError, Refused, Unavailable
from ._journal import Entry, Journal, Position
from ._model import (
    Draft,
    LedgerTransaction,
    LegDraft,
    LegStatus,
    Transfer,
    TransferFilter,
    TransferPage,
    TransferState,
    Verb,
)
from ._networks import RELAY, AccountEntry, Network, Networks
from ._progress import progress
from ._tickets import TicketReceipt, Tickets
from ._transfers import Transfers
from .engine import Engine

__all__ = [
    "RELAY",
    "AccountEntry",
    "Conflict",
    "Draft",
    "Engine",
    "Entry",
    "InvalidField",
    "Journal",
    "LedgerTransaction",
    "LegDraft",
    "LegStatus",
    "Network",
    "Networks",
    "NotFound",
    "PlatformError",
    "Position",
    "Rebuilt",
    "Refused",
    "TicketReceipt",
    "Tickets",
    "Transfer",
    "TransferFilter",
    "TransferPage",
    "TransferState",
    "Transfers",
    "Unavailable",
    "Verb",
    "authorize",
    "progress",
    "rebuild",
]
