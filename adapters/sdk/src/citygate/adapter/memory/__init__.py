"""A ledger in memory with the gate's real rules, for tests and as the reference of what an adapter does.

Needs the extra `citygate-adapter[memory]`.
"""

from ._adapter import MemoryAdapter, connect
from ._authorization import account_of
from ._claims import Peer
from ._faults import Fault, Faults
from ._ledger import MemoryLedger

__all__ = ["Fault", "Faults", "MemoryAdapter", "MemoryLedger", "Peer", "account_of", "connect"]
