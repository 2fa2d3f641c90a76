"""Between the journal's rows and the platform's entries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from citygate.adapter import State, Terms, Transaction
from citygate.gateway.platform import Entry, LedgerTransaction, TransferState, Verb, progress

from ._schema import ledger_transactions

FINAL = tuple(state.value for state in TransferState if state.final)


def changing_columns(entry: Entry) -> dict[str, Any]:
    """The columns that the engine's work changes."""
    states = {p.network: entry.states.get(p.network, State.NONE) for p in entry.terms.participants}
    return {
        "states": json.dumps({network: int(state) for network, state in states.items()}),
        "phase": progress(entry.terms, states, abort=bool(entry.abort_reason)).value,
        "abort_reason": entry.abort_reason,
        "trouble": entry.trouble,
        "attempts": entry.attempts,
        "due_at": entry.due_at,
        "updated_at": entry.updated_at,
    }


def constant_columns(entry: Entry) -> dict[str, Any]:
    """The columns that stay as they were when the transfer was created."""
    terms = entry.terms
    return {
        "id": entry.id,
        "request_id": entry.request_id or None,
        "fingerprint": entry.fingerprint,
        "terms": terms.encoded,
        "decider": terms.participants[terms.decider].network,
        "payloads": json.dumps([payload.decode() for payload in entry.payloads]),
        "authorizations": json.dumps([given.hex() for given in entry.authorizations]),
        "created_at": entry.created_at,
    }


def transaction_row(transfer_id: bytes, done: LedgerTransaction) -> dict[str, Any]:
    """The row of one ledger transaction of a transfer."""
    return {
        "transfer_id": transfer_id,
        "network": done.transaction.network,
        "transaction_id": done.transaction.id,
        "verb": done.verb.value,
        "block": done.transaction.block,
        "time": done.transaction.time,
    }


def entries(connection: Connection, rows: Sequence[Row[Any]]) -> list[Entry]:
    """The entries of rows of `transfers`, with their ledger transactions."""
    done: dict[bytes, list[LedgerTransaction]] = {row.id: [] for row in rows}
    if done:
        query = select(ledger_transactions).where(ledger_transactions.c.transfer_id.in_(done))
        for row in connection.execute(query):
            transaction = Transaction(row.network, row.transaction_id, row.block, row.time)
            done[row.transfer_id].append(LedgerTransaction(Verb(row.verb), transaction))
    return [_entry(row, done[row.id]) for row in rows]


def _entry(row: Row[Any], transactions: list[LedgerTransaction]) -> Entry:
    return Entry(
        Terms.decode(row.terms),
        tuple(payload.encode() for payload in json.loads(row.payloads)),
        tuple(bytes.fromhex(given) for given in json.loads(row.authorizations)),
        row.request_id or "",
        row.fingerprint,
        states={network: State(state) for network, state in json.loads(row.states).items()},
        abort_reason=row.abort_reason,
        trouble=row.trouble,
        attempts=row.attempts,
        due_at=row.due_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        fence=row.fence,
        transactions=tuple(transactions),
    )
