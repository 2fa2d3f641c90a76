"""What the layers below answer, as messages."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from citygate.adapter import AssetRecord, Curve, Health, State, Transaction
from citygate.gateway.platform import AccountEntry, Network, Transfer, TransferState, Verb
from citygate.v1 import account_pb2, asset_pb2, claim_pb2, leg_pb2, network_pb2, transfer_pb2
from citygate.v1.ledger_transaction_pb2 import LedgerTransaction

_LAST_SECOND = 253402300799
"""The end of the year 9999, the last that a Timestamp can say. Anybody can make terms that say more."""
_GATE_STATES = {
    State.NONE: claim_pb2.GATE_STATE_NONE,
    State.PREPARED: claim_pb2.GATE_STATE_PREPARED,
    State.COMMITTED: claim_pb2.GATE_STATE_COMMITTED,
    State.ABORTED: claim_pb2.GATE_STATE_ABORTED,
}
TRANSFER_STATES = {
    TransferState.PENDING: transfer_pb2.Transfer.STATE_PENDING,
    TransferState.PREPARING: transfer_pb2.Transfer.STATE_PREPARING,
    TransferState.DECIDING: transfer_pb2.Transfer.STATE_DECIDING,
    TransferState.SETTLING: transfer_pb2.Transfer.STATE_SETTLING,
    TransferState.COMMITTED: transfer_pb2.Transfer.STATE_COMMITTED,
    TransferState.ABORTED: transfer_pb2.Transfer.STATE_ABORTED,
}
_VERBS = {
    Verb.PREPARE: LedgerTransaction.VERB_PREPARE,
    Verb.DECIDE: LedgerTransaction.VERB_DECIDE,
    Verb.SETTLE: LedgerTransaction.VERB_SETTLE,
}
_CURVES = {
    Curve.SECP256K1: account_pb2.Account.CURVE_SECP256K1,
    Curve.P256: account_pb2.Account.CURVE_P256,
}


def transfer_message(transfer: Transfer) -> transfer_pb2.Transfer:
    """A transfer and what has come of it."""
    terms = transfer.terms
    return transfer_pb2.Transfer(
        id=transfer.id.hex(),
        legs=_legs(transfer),
        deadline=Timestamp(seconds=min(terms.deadline, _LAST_SECOND)),
        decider=terms.participants[terms.decider].network,
        initiator=terms.initiator,
        terms=terms.encoded,
        state=TRANSFER_STATES[transfer.state],
        gates=[
            claim_pb2.Claim(
                network=participant.network,
                gate=participant.gate,
                transfer_id=transfer.id.hex(),
                state=_GATE_STATES[transfer.states.get(participant.network, State.NONE)],
            )
            for participant in terms.participants
        ],
        transactions=[transaction_message(t.transaction, _VERBS[t.verb]) for t in transfer.transactions],
        next_action=transfer.next_action,
        failure=transfer.failure,
        request_id=transfer.request_id,
        create_time=_time(transfer.created_at),
        update_time=_time(transfer.updated_at),
    )


def _legs(transfer: Transfer) -> list[leg_pb2.Leg]:
    networks = [participant.network for participant in transfer.terms.participants]
    return [
        leg_pb2.Leg(
            asset=leg.asset,
            amount=str(leg.amount),
            source=networks[leg.source],
            sender=leg.sender,
            destination=networks[leg.destination],
            recipient=leg.recipient,
            payload_hash=leg.payload_hash if any(leg.payload_hash) else b"",
            holding=leg_pb2.Leg.Holding(
                network=status.network,
                holder=status.holder,
                availability=(
                    leg_pb2.Leg.Holding.AVAILABILITY_FREE
                    if status.free
                    else leg_pb2.Leg.Holding.AVAILABILITY_LOCKED
                ),
            ),
        )
        for leg, status in zip(transfer.terms.legs, transfer.legs, strict=True)
    ]


def transaction_message(
    transaction: Transaction, verb: LedgerTransaction.Verb.ValueType
) -> LedgerTransaction:
    """A ledger transaction and what it did."""
    return LedgerTransaction(
        network=transaction.network,
        id=transaction.id,
        block=transaction.block,
        time=_time(transaction.time),
        verb=verb,
    )


def asset_message(record: AssetRecord, network: str) -> asset_pb2.Asset:
    """What `network` (CAIP-2) holds of an asset."""
    return asset_pb2.Asset(
        name=record.asset,
        network=network,
        owner=record.owner,
        payload_hash=record.payload_hash,
        outstanding=record.outstanding,
        locked_by=record.locked_by.hex(),
    )


def network_message(network: Network, health: Health) -> network_pb2.Network:
    """A network and how it is."""
    description = network.description
    return network_pb2.Network(
        id=network.id,
        name=network.name,
        kind=description.kind,
        gate=description.gate,
        finality=description.finality,
        ticket_collection=description.ticket_collection,
        max_batch=description.max_batch,
        health=network_pb2.Network.Health(
            status=(
                network_pb2.Network.Health.STATUS_SERVING
                if health.serving
                else network_pb2.Network.Health.STATUS_NOT_SERVING
            ),
            detail=health.detail,
            height=health.height,
            lag_seconds=health.lag_seconds,
        ),
    )


def account_message(entry: AccountEntry) -> account_pb2.Account:
    """A named account."""
    return account_pb2.Account(
        id=f"{entry.network}:{entry.account}",
        network=entry.network,
        address=entry.account,
        name=entry.name,
        curve=_CURVES[entry.curve],
        custody=(account_pb2.Account.CUSTODY_GATEWAY if entry.held else account_pb2.Account.CUSTODY_OWNER),
    )


def _time(seconds: float) -> Timestamp | None:
    """None for zero, which stands for a time that isn't known."""
    if not seconds:
        return None
    milliseconds = round(seconds * 1000)
    return Timestamp(seconds=milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)
