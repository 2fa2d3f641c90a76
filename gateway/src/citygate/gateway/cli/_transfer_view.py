"""A transfer as it is shown."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToDict

from citygate.v1.claim_pb2 import GateState
from citygate.v1.ledger_transaction_pb2 import LedgerTransaction
from citygate.v1.leg_pb2 import Leg
from citygate.v1.transfer_pb2 import Transfer


def data(transfer: Transfer) -> dict[str, Any]:
    """For programs."""
    return MessageToDict(transfer)


def state(transfer: Transfer) -> str:
    """The state's name."""
    return Transfer.State.Name(transfer.state).removeprefix("STATE_")


def summary(transfer: Transfer) -> str:
    """One line: the state, what each gate holds, what is next."""
    gates = " ".join(f"{gate.network}={_gate(gate.state)}" for gate in transfer.gates)
    rest = transfer.failure or transfer.next_action
    return "  ".join(part for part in (transfer.id[:12], state(transfer).ljust(9), gates, rest) if part)


def rows(transfer: Transfer) -> list[tuple[str, str]]:
    """For people."""
    return [
        ("id", transfer.id),
        ("state", state(transfer)),
        ("deadline", transfer.deadline.ToJsonString()),
        ("decided by", transfer.decider),
        *(("leg", _leg(leg)) for leg in transfer.legs),
        *(("value now", _holding(leg.holding)) for leg in transfer.legs),
        *(("gate", f"{gate.network} {_gate(gate.state)}") for gate in transfer.gates),
        *(("transaction", _transaction(transaction)) for transaction in transfer.transactions),
        ("failure", transfer.failure),
        ("next", transfer.next_action),
        ("request", transfer.request_id),
    ]


def _leg(leg: Leg) -> str:
    return f"{leg.amount} × {leg.asset}: {leg.source} {leg.sender} → {leg.destination} {leg.recipient}"


def _holding(holding: Leg.Holding) -> str:
    free = holding.availability == Leg.Holding.AVAILABILITY_FREE
    return f"{holding.network} {holding.holder}, {'free' if free else 'locked'}"


def _transaction(transaction: LedgerTransaction) -> str:
    verb = LedgerTransaction.Verb.Name(transaction.verb).removeprefix("VERB_").lower()
    return f"{verb} {transaction.network} {transaction.id} {transaction.time.ToJsonString()}"


def _gate(gate_state: GateState.ValueType) -> str:
    return GateState.Name(gate_state).removeprefix("GATE_STATE_")
