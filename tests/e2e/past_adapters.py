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
from citygate.fabric.gateway import Contract

_VERBS = {"decide": (contract("Gate").functions["decide"], True), "settle": (contract("Gate").functions["settle"], False)}
_ETHER = 10**18


class Gate(Protocol):
    """A gate that is asked, without anything happening, what a verb would do."""

    async def ask(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> State:
        """The state in which `decide` or `settle` would leave the transfer, shown each of the proofs."""
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

    def call(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> bytes:
        """Call data that has the same transfer once for each proof, referring to its first claim."""
        function, deciding = _VERBS[verb]
        item = (order.terms.id, order.terms.encoded, order.payloads, order.authorizations)
        claims: list[Any] = [[(place, 0)] if deciding else (place, 0) for place in range(len(proofs))]
        items = [(item, int(outcome), claim) for claim in claims or [[]]]
        return function.call(items, [(proof.network, proof.data) for proof in proofs])

    async def ask(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> State:
        """See `Gate.ask`. The items run one after the other, so the last one's state tells of all."""
        answer = await self.node.view(self.gate, self.call(verb, order, outcome, proofs))
        (states,) = _VERBS[verb][0].answer(answer)
        return State(states[-1])

    async def send(self, to: str | None, data: bytes) -> dict[str, Any]:
        """A transaction of somebody whom nobody knows; its receipt."""
        stranger = "0x" + secrets.token_hex(20)
        await self.node.call("anvil_setBalance", stranger, hex(_ETHER))
        await self.node.call("anvil_impersonateAccount", stranger)
        request = {"from": stranger, "data": "0x" + data.hex(), "gas": hex(2**23)} | ({"to": to} if to else {})
        sent: str = await self.node.call("eth_sendTransaction", request)
        receipt: dict[str, Any] = await self.node.call("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1"
        return receipt

    async def counterfeit(self, transfer_id: bytes, state: State) -> Proof:
        """A true proof, attested and all, of the slot of a contract that holds whatever its maker put there."""
        put = b"\x60" + bytes([state]) + b"\x7f" + state_slot(transfer_id) + b"\x55\x00"  # PUSH1 PUSH32 SSTORE STOP
        receipt = await self.send(None, put)
        prover = Prover(self.node, self.attestors, self.network, receipt["contractAddress"])
        return await prover.prove([transfer_id], int(receipt["blockNumber"], 16))


@dataclass(frozen=True)
class FabricGate:
    """The chaincode, through a peer, called by the relay, which has no role."""

    contract: Contract

    async def ask(self, verb: str, order: Order, outcome: State, proofs: Sequence[Proof]) -> State:
        """See `Gate.ask`. One proof that is believed would do for the item."""
        argument = messages.batch([order], [()], [outcome], proofs)
        answer: Any = json.loads(await self.contract.evaluate(verb.capitalize(), argument))
        return State(answer["results"][0]["state"])
