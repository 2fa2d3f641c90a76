"""The journal's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "transfers",
        sa.Column("id", sa.LargeBinary(32), primary_key=True),
        sa.Column("request_id", sa.Text, unique=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        sa.Column("decider", sa.Text, nullable=False),
        sa.Column("payloads", sa.Text, nullable=False),
        sa.Column("authorizations", sa.Text, nullable=False),
        sa.Column("states", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("abort_reason", sa.Text, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", sa.Double),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    unfinished = sa.text("phase NOT IN ('committed', 'aborted')")
    op.create_index(
        "transfers_due", "transfers", ["due_at"], sqlite_where=unfinished, postgresql_where=unfinished
    )
    op.create_index("transfers_newest", "transfers", ["created_at", "id"])
    op.create_table(
        "ledger_transactions",
        sa.Column("transfer_id", sa.LargeBinary(32), sa.ForeignKey("transfers.id"), primary_key=True),
        sa.Column("network", sa.Text, primary_key=True),
        sa.Column("transaction_id", sa.Text, primary_key=True),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("network", sa.Text, primary_key=True),
        sa.Column("transaction_id", sa.Text, primary_key=True),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
    )
    # 0 is also what a ledger without sequence numbers has
    numbered = sa.text("sequence > 0")
    op.create_index(
        "outbox_sequence",
        "outbox",
        ["network", "sender", "sequence"],
        unique=True,
        sqlite_where=numbered,
        postgresql_where=numbered,
    )
    op.create_table(
        "sequences",
        sa.Column("network", sa.Text, primary_key=True),
        sa.Column("sender", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "cursors",
        sa.Column("network", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text, nullable=False),
    )
