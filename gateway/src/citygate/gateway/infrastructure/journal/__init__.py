"""The journal: which transfers there are and who works on them, what was signed, and what was seen."""

from ._backends import JournalError
from ._database import Database
from ._journal import SqlJournal
from ._outbox import SqlOutbox

__all__ = ["Database", "JournalError", "SqlJournal", "SqlOutbox"]
