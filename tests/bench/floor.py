"""The floor: a crossing's ledger transactions sent by raw clients, one after the other, with nothing around them.

The same calls to the same gates, with the same proofs: JSON-RPC to the EVM node, the Gateway service of a Fabric peer,
the attestors. No journal, no engine, no API, no retries; what can be prepared in advance isn't timed (terms,
authorisations).
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import grpc.aio
from cryptography.hazmat.primitives.asymmetric import ec
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.abi import function_abi_to_4byte_selector, get_abi_input_types
from eth_utils.crypto import keccak
from web3 import AsyncHTTPProvider, AsyncWeb3

from citygate.adapter import Order, State
from citygate.attestor.v1 import attestor_pb2, attestor_pb2_grpc
from citygate.fabric.gateway import (
    Connection,
    Contract,
    Endorsed,
    Identity,
    LocalSigner,
    Member,
    Tls,
    der_to_raw,
)
from citygate.gateway.infrastructure import Development

_FABRIC_PROOF = "(bytes,bytes,bytes,bytes,(bytes,bytes32,bytes32)[])"
_EVM_PROOF = "(bytes,bytes[],bytes[],bytes32[],bytes[][])"
_GAS = 3_000_000
_GAS_PRICE = 10**10
_SPEND_AS = "bob"
"""The account that sends; the gateway's relay has its nonces to itself."""


@dataclass
class Ethereum:
    """A JSON-RPC client that knows the gate's interface."""

    web3: AsyncWeb3[AsyncHTTPProvider]
    gate: str
    network: str
    states_slot: bytes
    selectors: Mapping[str, tuple[bytes, list[str]]]
    key: str
    sender: str
    nonce: int
    attestors: list[tuple[str, attestor_pb2_grpc.AttestorServiceStub]]
    threshold: int

    async def send(self, verb: str, *arguments: Any) -> int:
        """Sign and send one call of a verb, and wait for its block, the answer."""
        selector, types = self.selectors[verb]
        signed = Account.sign_transaction(
            {
                "to": self.web3.to_checksum_address(self.gate),
                "data": selector + encode(types, arguments),
                "nonce": self.nonce,
                "chainId": int(self.network.split(":")[1]),
                "gas": _GAS,
                "maxFeePerGas": _GAS_PRICE,
                "maxPriorityFeePerGas": 1,
                "value": 0,
            },
            self.key,
        )
        self.nonce += 1
        digest = await self.web3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = await self.web3.eth.wait_for_transaction_receipt(digest, poll_latency=0.002)
        assert receipt["status"] == 1
        return receipt["blockNumber"]

    async def prove(self, transfer_id: bytes, block: int) -> bytes:
        """The attested proof of one transfer's state at a block."""
        slot = "0x" + keccak(transfer_id + self.states_slot).hex()
        account, *attested = await asyncio.gather(
            self.web3.provider.make_request("eth_getProof", [self.gate, [slot], hex(block)]),  # type: ignore[arg-type]
            *(
                stub.AttestHeader(attestor_pb2.AttestHeaderRequest(network=self.network, number=block))
                for _, stub in self.attestors[: self.threshold]
            ),
        )
        assert "result" in account, account
        proof = account["result"]
        return encode(
            [_EVM_PROOF],
            [
                (
                    attested[0].header,
                    [answer.signature for answer in attested],
                    [bytes.fromhex(node[2:]) for node in proof["accountProof"]],
                    [transfer_id],
                    [[bytes.fromhex(node[2:]) for node in proof["storageProof"][0]["proof"]]],
                )
            ],
        )


@dataclass
class Fabric:
    """A client of the Gateway service."""

    contract: Contract
    network: str

    async def submit(
        self, function: str, order: Order, outcome: State, proofs: list[tuple[str, bytes]]
    ) -> None:
        """Endorse, submit and wait for the commit of one call of a verb."""
        item = {
            "id": order.terms.id.hex(),
            "terms": _text(order.terms.encoded),
            "payloads": [_text(payload) for payload in order.payloads],
            "authorizations": [_text(authorization) for authorization in order.authorizations],
        }
        message: dict[str, Any] = {"items": [item]}
        if outcome.final:
            item["outcome"] = outcome.value  # type: ignore[assignment]
            message["proofs"] = [{"network": network, "data": _text(data)} for network, data in proofs]
        committed = await self.contract.submit(function, json.dumps(message))
        assert b"refused" not in committed.result, committed.result

    async def prove(self, transfer_id: bytes) -> bytes:
        """The endorsements of one transfer's claim."""
        endorsed: Endorsed = await self.contract.endorse(self.contract.proposal("Claims", transfer_id.hex()))
        proposal = endorsed.proposal
        return encode(
            [_FABRIC_PROOF],
            [
                (
                    proposal.channel_header,
                    proposal.signature_header,
                    proposal.payload,
                    endorsed.response_payload,
                    [(e.identity, *der_to_raw(e.signature)) for e in endorsed.endorsements],
                )
            ],
        )


async def ethereum_to_fabric(ethereum: Ethereum, fabric: Fabric, order: Order) -> None:
    """Prepare on the EVM, decide on Fabric, settle on the EVM."""
    block = await ethereum.send("prepare", [_order(order)])
    proof = await ethereum.prove(order.terms.id, block)
    await fabric.submit("Decide", order, State.COMMITTED, [(ethereum.network, proof)])
    evidence = [(fabric.network, await fabric.prove(order.terms.id))]
    await ethereum.send("settle", [(_order(order), State.COMMITTED.value, (0, 0))], evidence)


async def fabric_to_ethereum(ethereum: Ethereum, fabric: Fabric, order: Order) -> None:
    """Prepare on Fabric, decide on the EVM, settle on Fabric."""
    await fabric.submit("Prepare", order, State.NONE, [])
    evidence = [(fabric.network, await fabric.prove(order.terms.id))]
    block = await ethereum.send("decide", [(_order(order), State.COMMITTED.value, [(0, 0)])], evidence)
    proof = await ethereum.prove(order.terms.id, block)
    await fabric.submit("Settle", order, State.COMMITTED, [(ethereum.network, proof)])


async def connect(network: Development, stack: AsyncExitStack) -> tuple[Ethereum, Fabric]:
    """Raw clients of a development network's two ledgers."""
    evm, peer = (network.devnets[name].settings().options for name in ("ethereum", "fabric"))
    provider = AsyncHTTPProvider(evm["url"])
    stack.push_async_callback(provider.disconnect)
    web3 = AsyncWeb3(provider)
    web3.provider.global_ccip_read_enabled = False
    sender = next(a for a in network.devnets["ethereum"].settings().accounts if a.name == _SPEND_AS)
    abi = json.loads(files("citygate.ethereum").joinpath("artifacts", "Gate.json").read_text())["abi"]
    claims = json.loads(files("citygate.adapter").joinpath("vectors", "claims.json").read_text())
    attestors: list[tuple[str, attestor_pb2_grpc.AttestorServiceStub]] = []
    for attestor in sorted(evm["attestors"], key=lambda a: a["address"]):
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(attestor["endpoint"]))
        attestors.append((attestor["address"], attestor_pb2_grpc.AttestorServiceStub(channel)))
    ethereum = Ethereum(
        web3,
        evm["gate"],
        evm["network"],
        bytes.fromhex(claims["states_slot"]),
        {
            entry["name"]: (function_abi_to_4byte_selector(entry), get_abi_input_types(entry))
            for entry in abi
            if entry["type"] == "function"
        },
        "0x" + sender.secret.hex(),
        sender.account,
        await web3.eth.get_transaction_count(web3.to_checksum_address(sender.account)),
        attestors,
        evm["threshold"],
    )
    tls = Tls(_file(peer, "tls_ca"), _file(peer, "tls_certificate"), _file(peer, "tls_key"))
    connection = await stack.enter_async_context(Connection(peer["endpoint"], tls))
    identity = peer["identities"][peer["relay"]]
    relay = next(a for a in network.devnets["fabric"].settings().accounts if a.account == peer["relay"])
    member = Member(
        Identity(identity["msp"], _file(identity, "certificate")),
        LocalSigner(ec.derive_private_key(int.from_bytes(relay.secret, "big"), ec.SECP256R1())),
    )
    return ethereum, Fabric(Contract(connection, member, peer["channel"], peer["chaincode"]), peer["network"])


def _order(order: Order) -> tuple[Any, ...]:
    return (order.terms.id, order.terms.encoded, order.payloads, order.authorizations)


def _file(options: Mapping[str, str], key: str) -> bytes:
    return Path(options[key]).read_bytes()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
