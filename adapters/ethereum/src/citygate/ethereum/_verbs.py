"""The gate's three verbs: one transaction for a batch, and each item's result out of what the gate logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citygate.adapter import (
    AdapterError,
    Decision,
    Order,
    Proof,
    Reason,
    Receipt,
    Refusal,
    Settlement,
    State,
    Terms,
)

from ._abi import contract
from ._errors import refusal
from ._rpc import Node
from ._sending import Mined, Wallet

_GATE = contract("Gate")
_STATES_PER_CALL = 512

# More than twice what was measured. The call's part covers what the gate wants to have left for one hook.
_GAS_PER_CALL = 600_000
_GAS_PER_LEG = 350_000
_GAS_PER_BYTE = 100

_REACHED = {"Prepared": State.PREPARED, "Committed": State.COMMITTED, "Aborted": State.ABORTED}
_OUTCOMES = {_GATE.logs[name].topic: state for name, state in _REACHED.items()}
_REFUSED = _GATE.logs["Refused"]


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a batch: its transfer, the state it is to reach, and its argument in the call."""

    terms: Terms
    wanted: State
    argument: Any

    @property
    def id(self) -> bytes:
        return self.terms.id


def _order(order: Order) -> tuple[Any, ...]:
    return (order.terms.id, order.terms.encoded, order.payloads, order.authorizations)


class _Evidence:
    """The proofs of a call, and where in them a claim is."""

    def __init__(self, proofs: Sequence[Proof]) -> None:
        self.argument = [(proof.network, proof.data) for proof in proofs]
        self._places = {
            (claim.network, claim.gate, claim.transfer_id, claim.state): (evidence, place)
            for evidence, proof in enumerate(proofs)
            for place, claim in enumerate(proof.claims)
        }

    def refer(self, order: Order, participant: int, state: State) -> tuple[int, int] | None:
        """The ClaimRef that shows `state` at a participant; None where no proof does."""
        named = order.terms.participants[participant]
        return self._places.get((named.network, named.gate, order.terms.id, state))


class Verbs:
    """The gate's verbs, sent by the relay's account."""

    def __init__(self, node: Node, wallet: Wallet, network: str, gate: str, relay: str) -> None:
        self._node = node
        self._wallet = wallet
        self._network = network
        self._gate = gate
        self._relay = relay

    async def prepare(self, orders: Sequence[Order]) -> Receipt:
        """See `Adapter.prepare`."""
        items = [_Item(order.terms, State.PREPARED, _order(order)) for order in orders]
        return await self._send("prepare", items, ())

    async def decide(self, decisions: Sequence[Decision], proofs: Sequence[Proof]) -> Receipt:
        """See `Adapter.decide`."""
        evidence = _Evidence(proofs)
        items = [self._decision(decision, evidence) for decision in decisions]
        return await self._send("decide", items, (evidence.argument,))

    async def settle(self, settlements: Sequence[Settlement], proofs: Sequence[Proof]) -> Receipt:
        """See `Adapter.settle`."""
        evidence = _Evidence(proofs)
        items: list[_Item | Refusal] = []
        for settlement in settlements:
            order, outcome = settlement.order, settlement.outcome
            claim = evidence.refer(order, order.terms.decider, outcome)
            if claim is None:
                items.append(_unproven(order, order.terms.decider, outcome))
            else:
                items.append(_Item(order.terms, outcome, (_order(order), int(outcome), claim)))
        return await self._send("settle", items, (evidence.argument,))

    async def states(self, ids: Sequence[bytes]) -> list[State]:
        """Each transfer's state, in order."""
        function = _GATE.functions["states"]
        states: list[State] = []
        for start in range(0, len(ids), _STATES_PER_CALL):
            data = function.call(list(ids[start : start + _STATES_PER_CALL]))
            (answer,) = function.answer(await self._node.view(self._gate, data))
            states += map(State, answer)
        return states

    def _decision(self, decision: Decision, evidence: _Evidence) -> _Item | Refusal:
        order = decision.order
        claims: list[tuple[int, int]] = []
        if decision.outcome is State.COMMITTED:
            for position, participant in enumerate(order.terms.participants):
                if participant.network == self._network:
                    continue
                claim = evidence.refer(order, position, State.PREPARED)
                if claim is None:
                    return _unproven(order, position, State.PREPARED)
                claims.append(claim)
        return _Item(order.terms, decision.outcome, (_order(order), int(decision.outcome), claims))

    async def _send(self, verb: str, items: Sequence[_Item | Refusal], rest: tuple[Any, ...]) -> Receipt:
        """Send the items that aren't refused yet and haven't their state yet, if there are any."""
        ready = [item for item in items if isinstance(item, _Item)]
        held = dict(zip([i.id for i in ready], await self.states([i.id for i in ready]), strict=True))
        due = [item for item in ready if held[item.id] is not item.wanted]
        transaction = None
        told: Mapping[bytes, State | Refusal] = {}
        if due:
            data = _GATE.functions[verb].call([item.argument for item in due], *rest)
            mined = await self._run(data, sum(len(item.terms.legs) for item in due))
            transaction, told = mined.transaction, self._read(mined)
            # What the gate is silent about had its state when the transaction ran: somebody else was faster.
            silent = [item.id for item in due if item.id not in told]
            held |= zip(silent, await self.states(silent), strict=True)
        return Receipt(
            transaction,
            tuple(item if isinstance(item, Refusal) else told.get(item.id, held[item.id]) for item in items),
        )

    async def _run(self, data: bytes, legs: int) -> Mined:
        """Send with a computed gas limit, since a node's estimate costs ten times what the transaction does.

        The gate reverts as a whole rather than be unfair to an item, so too low a limit (hostile tokens, a
        chain without the P-256 precompile) is noticed, and only then the node is asked.
        """
        gas = _GAS_PER_CALL + legs * _GAS_PER_LEG + len(data) * _GAS_PER_BYTE
        try:
            return await self._wallet.send(self._relay, self._gate, data, gas)
        except AdapterError as error:
            if error.reason is not Reason.CONFLICT:
                raise
            return await self._wallet.send(self._relay, self._gate, data)

    def _read(self, mined: Mined) -> dict[bytes, State | Refusal]:
        told: dict[bytes, State | Refusal] = {}
        for log in mined.logs:
            if log["address"].lower() != self._gate or len(log["topics"]) < 2:
                continue
            topic, transfer_id = log["topics"][0], bytes.fromhex(log["topics"][1][2:])
            if topic in _OUTCOMES:
                told[transfer_id] = _OUTCOMES[topic]
            elif topic == _REFUSED.topic:
                told.setdefault(transfer_id, refusal(_REFUSED.read(log)["reason"]))
        return told


def _unproven(order: Order, participant: int, state: State) -> Refusal:
    named = order.terms.participants[participant]
    return Refusal(
        Reason.INVALID,
        f"no proof shows {state.name} of {order.terms.id.hex()} at {named.gate} on {named.network}",
    )
