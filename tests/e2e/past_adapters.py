"""The gates past their adapters: what they would answer, and what anybody at all can send or ask."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from citygate.adapter import Order, Proof, State
from citygate.ethereum._abi import contract
from citygate.ethereum._attestors import Attestors
from citygate.ethereum._options import EthereumOptions
from citygate.ethereum._proofs import Prover, state_slot
from citygate.ethereum._rpc import Node
from citygate.fabric import _messages as messages
from citygate.fabric.gateway import Contract, Member

_FUNCTIONS = contract("Gate").functions
_ETHER = 10**18


class Gate(Protocol):
    """A gate that is asked, without anything happening, what a verb would do."""

    async def ask(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> State:
        """The state in which `decide` or `settle` would leave the transfer, shown each of the proofs."""
        ...

    async def send(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> None:
        """Send `prepare`, `decide` or `settle` in a ledger transaction, as somebody without a role in it."""
        ...


class EthereumGate:
    """The contract, through its node."""

    def __init__(self, options: EthereumOptions) -> None:
        self.node = Node(options.url, options.timeout)
        self.attestors = Attestors(options.network, options.attestors, options.threshold, options.timeout)
        self.network, self.gate = options.network, options.gate

    async def close(self) -> None:
        await self.attestors.close()
        await self.node.close()

    async def ask(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> State:
        """See `Gate.ask`. The items run one after the other, so the last one's state tells of all."""
        answer = await self.node.view(self.gate, _call(verb, order, outcome, proofs))
        (states,) = _FUNCTIONS[verb].answer(answer)
        return State(states[-1])

    async def send(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> None:
        """See `Gate.send`."""
        await self._transact(self.gate, _call(verb, order, outcome, proofs))

    async def counterfeit(self, transfer_id: bytes, state: State) -> Proof:
        """A true proof, attested and all, of the slot of a contract that holds whatever its maker put there."""
        put = (
            b"\x60" + bytes([state]) + b"\x7f" + state_slot(transfer_id) + b"\x55\x00"
        )  # PUSH1 PUSH32 SSTORE STOP
        receipt = await self._transact(None, put)
        prover = Prover(self.node, self.attestors, self.network, receipt["contractAddress"])
        return await prover.prove([transfer_id], int(receipt["blockNumber"], 16))

    async def _transact(self, to: str | None, data: bytes) -> dict[str, Any]:
        """A transaction of somebody whom nobody knows; its receipt."""
        stranger = "0x" + secrets.token_hex(20)
        await self.node.call("anvil_setBalance", stranger, hex(_ETHER))
        await self.node.call("anvil_impersonateAccount", stranger)
        request = {"from": stranger, "data": "0x" + data.hex(), "gas": hex(2**23)} | (
            {"to": to} if to else {}
        )
        receipt: dict[str, Any] = await self.node.call("eth_sendTransactionSync", request)
        assert receipt["status"] == "0x1"
        return receipt


def _call(verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> bytes:
    """Call data that has the same transfer once for each proof, referring to its first claim, or else once."""
    item = (order.terms.id, order.terms.encoded, order.payloads, order.authorizations)
    evidence = [(proof.network, proof.data) for proof in proofs]
    match verb:
        case "prepare":
            return _FUNCTIONS[verb].call([item])
        case "decide":
            claims = [[(place, 0)] for place in range(len(proofs))] or [[]]
            return _FUNCTIONS[verb].call([(item, int(outcome), claim) for claim in claims], evidence)
        case _:
            items = [(item, int(outcome), (place, 0)) for place in range(len(proofs))]
            return _FUNCTIONS[verb].call(items, evidence)


@dataclass(frozen=True)
class FabricGate:
    """The chaincode, through a peer, called by the relay, which has no role."""

    member: Member
    contract: Contract
    system: Contract
    """The peers' own chaincode for queries of blocks, `qscc`."""

    async def ask(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> State:
        """See `Gate.ask`. One proof that is believed would do for the item."""
        argument = messages.batch([order], [()], [outcome], proofs)
        answer: Any = json.loads(await self.contract.evaluate(verb.capitalize(), argument))
        return State(answer["results"][0]["state"])

    async def send(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> None:
        """See `Gate.send`."""
        outcomes = None if verb == "prepare" else [outcome]
        await self.contract.submit(verb.capitalize(), messages.batch([order], [()], outcomes, proofs))
