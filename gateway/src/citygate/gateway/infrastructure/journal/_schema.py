"""The journal's tables as the code sees them; `citygate.gateway.migrations` makes them.

Times are epoch seconds.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

transfers = Table(
    "transfers",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),
    Column("request_id", Text, unique=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("terms", LargeBinary, nullable=False),
    Column("decider", Text, nullable=False),
    Column("payloads", Text, nullable=False),  # JSON list of canonical JSON texts
    Column("authorizations", Text, nullable=False),  # JSON list of hex
    Column("states", Text, nullable=False),  # JSON object: network id → state
    Column("phase", Text, nullable=False),  # TransferState
    Column("abort_reason", Text, nullable=False),
    Column("trouble", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("lease_owner", Text),
    Column("lease_until", Double),
    Column("fence", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

ledger_transactions = Table(
    "ledger_transactions",
    metadata,
    Column("transfer_id", LargeBinary(32), primary_key=True),
    Column("network", Text, primary_key=True),
    Column("transaction_id", Text, primary_key=True),
    Column("verb", Text, nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("time", Double, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("network", Text, primary_key=True),
    Column("transaction_id", Text, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

sequences = Table(
    "sequences",
    metadata,
    Column("network", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("network", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
)
