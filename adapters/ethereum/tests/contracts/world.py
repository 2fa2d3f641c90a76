"""What the contract tests happen in: one EVM gate, its ticket contract, and two Fabric gates as its peers."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coincurve import PrivateKey
from eth_abi.abi import encode
from eth_hash.auto import keccak

from citygate.adapter import Leg, Participant, State, Terms

from .chain import Chain, Contract, Receipt
from .fabric import FabricGate

NETWORK = "eip155:31337"
FABRIC = "fabric:9f86d081884c7d659a2feaa0c55ad015"
OTHER = "fabric:aaaa000000000000aaaa000000000000"
OVERLAP = 3600
ISSUER, VALIDATOR, PEERS = 1, 2, 3
# The development mnemonic's first accounts; anvil holds the same keys.
DEV_KEYS = (
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
)
DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
AUTHORIZATION = (
    b"Authorization(bytes32 transferId,string asset,uint256 amount,"
    b"string recipient,string network,uint64 deadline)"
)
_salts = itertools.count(1)


def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


@dataclass(frozen=True)
class World:
    """Accounts are lower-case addresses. `relay` sends what anyone may send."""

    chain: Chain
    manager: Contract
    gate: Contract
    vouchers: Contract
    ticket: Contract
    fabric: FabricGate
    other: FabricGate
    admin: str
    alice: str
    bob: str
    relay: str

    @classmethod
    def build(cls, chain: Chain) -> World:
        admin, alice, bob, relay = (account.lower() for account in chain.accounts[:4])
        manager = chain.deploy("AccessManager", admin)
        gate = chain.deploy("Gate", manager.address, OVERLAP)
        vouchers = chain.at("Vouchers", gate.call("vouchers"))
        ticket = chain.deploy("Ticket", "City ticket", "TKT", manager.address, gate.address)
        redeem = selector("redeem((string,string)[])")
        issue = selector("issue((uint256,address,bytes,uint64,uint64)[])")
        manager.send("setTargetFunctionRole", ticket.address, [issue], ISSUER)
        for contract in (ticket, vouchers):
            manager.send("setTargetFunctionRole", contract.address, [redeem], VALIDATOR)
        manager.send("grantRole", ISSUER, admin, 0)
        manager.send("grantRole", VALIDATOR, admin, 0)
        fabric, other = FabricGate.create(FABRIC), FabricGate.create(OTHER, channel="otherchannel")
        world = cls(chain, manager, gate, vouchers, ticket, fabric, other, admin, alice, bob, relay)
        for peer in (fabric, other):
            world.register(peer)
        return world

    def register(self, peer: FabricGate) -> Contract:
        verifier = self.chain.deploy("FabricVerifier", *peer.constructor)
        self.gate.send("setPeer", peer.network, peer.gate, verifier.address)
        return verifier

    # ---- assets

    def issue(self, name: str, to: str | None = None, payload: bytes = b'{"id":"T"}') -> str:
        """Issue a ticket, valid for a day; its CAIP-19 name."""
        now = self.chain.now
        issue = (token_id(name), to or self.alice, payload, now - 1, now + 86_400)
        receipt = self.ticket.send("issue", [issue])
        assert not receipt.named("IssueRefused")
        return self.ticket_name(name)

    def ticket_name(self, name: str) -> str:
        return f"{NETWORK}/erc721:{self.ticket.address}/{token_id(name)}"

    def redeem(self, contract: Contract, asset: str, event: str = "event-1") -> tuple[Any, ...]:
        """Redeem; the refusal, or () where there was none."""
        refusals = contract.send("redeem", [(asset, event)]).named("RedemptionRefused")
        return self.chain.error(refusals[0]["reason"]) if refusals else ()

    # ---- terms

    def terms(self, *legs: Leg, **changes: Any) -> Terms:
        """Terms between this gate (participant 0), `fabric` (1) and, with three `parties`, `other` (2)."""
        parties = changes.pop("parties", 2)
        everyone = (
            Participant(NETWORK, self.gate.address),
            Participant(FABRIC, self.fabric.gate),
            Participant(OTHER, self.other.gate),
        )
        values: dict[str, Any] = {
            "participants": everyone[:parties],
            "decider": 0,
            "initiator": self.admin,
            "deadline": self.chain.now + 3600,
            "salt": next(_salts).to_bytes(32, "big"),
            "legs": legs,
        }
        return Terms(**(values | changes))

    def out(self, asset: str, **changes: Any) -> Leg:
        """A leg from alice here to somebody on `fabric`."""
        return leg(asset, 0, self.alice, 1, "Org1MSP.carol", **changes)

    def back(self, asset: str, **changes: Any) -> Leg:
        """A leg from somebody on `fabric` to bob here."""
        return leg(asset, 1, "Org1MSP.carol", 0, self.bob, **changes)

    def departure(self, asset: str, **changes: Any) -> Terms:
        """Alice's voucher leaves for `fabric`, its home, which therefore decides."""
        return self.terms(self.out(asset, **changes), decider=1, initiator="Org1MSP.carol")

    # ---- verbs: each answers the receipt

    def prepare(self, *orders: tuple[Any, ...], sender: str | None = None) -> Receipt:
        return self.gate.send("prepare", list(orders), sender=sender or self.alice)

    def commit(
        self, order: tuple[Any, ...], *evidence: tuple[str, bytes], sender: str | None = None
    ) -> Receipt:
        """Decide COMMITTED with the first claim of each piece of evidence."""
        refs = [(place, 0) for place in range(len(evidence))]
        decision = (order, State.COMMITTED, refs)
        return self.gate.send("decide", [decision], list(evidence), sender=sender or self.alice)

    def abort(self, order: tuple[Any, ...], sender: str | None = None) -> Receipt:
        return self.gate.send("decide", [(order, State.ABORTED, [])], [], sender=sender or self.admin)

    def settle(self, order: tuple[Any, ...], outcome: State, evidence: tuple[str, bytes]) -> Receipt:
        settlement = (order, outcome, (0, 0))
        return self.gate.send("settle", [settlement], [evidence], sender=self.relay)

    def state(self, terms: Terms) -> State:
        return State(self.gate.call("states", [terms.id])[0])

    def refusal(self, receipt: Receipt) -> tuple[Any, ...]:
        """Why the only item of a batch was refused; () where it wasn't."""
        refused = receipt.named("Refused")
        assert len(refused) <= 1
        return self.chain.error(refused[0]["reason"]) if refused else ()

    def prepared(self, terms: Terms) -> tuple[str, bytes]:
        """Fabric's evidence that it is PREPARED."""
        return self.fabric.evidence((terms.id, State.PREPARED))

    def decided(self, terms: Terms, outcome: State) -> tuple[str, bytes]:
        """Fabric's evidence of its decision."""
        return self.fabric.evidence((terms.id, outcome))

    # ---- whole crossings

    def escrow(self, asset: str, **changes: Any) -> Terms:
        """Send alice's asset to `fabric`."""
        terms = self.terms(self.out(asset, **changes))
        receipt = self.commit(order(terms), self.prepared(terms))
        assert self.refusal(receipt) == ()
        return terms

    def import_voucher(self, asset: str, to: str | None = None, **changes: Any) -> Terms:
        """Receive an asset at home on `fabric`."""
        terms = self.terms(self.back(asset, recipient=to or self.alice, **changes))
        receipt = self.commit(order(terms), self.prepared(terms))
        assert self.refusal(receipt) == ()
        return terms

    def sign(self, terms: Terms, number: int = 0, signer: str = "", **changes: Any) -> bytes:
        """An EIP-712 authorisation of a leg, r ‖ s ‖ v, by its sender or by admin, whose key is known too."""
        signed = terms.legs[number]
        values: dict[str, Any] = {
            "id": terms.id,
            "asset": signed.asset,
            "amount": signed.amount,
            "recipient": signed.recipient,
            "network": terms.participants[signed.destination].network,
            "deadline": terms.deadline,
            "gate": self.gate.address,
            "chain": 31337,
        }
        values |= changes
        domain = encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [keccak(DOMAIN), keccak(b"CityGate"), keccak(b"1"), values["chain"], values["gate"]],
        )
        message = encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "bytes32", "bytes32", "uint64"],
            [
                keccak(AUTHORIZATION),
                values["id"],
                keccak(str(values["asset"]).encode()),
                values["amount"],
                keccak(str(values["recipient"]).encode()),
                keccak(str(values["network"]).encode()),
                values["deadline"],
            ],
        )
        digest = keccak(b"\x19\x01" + keccak(domain) + keccak(message))
        key = PrivateKey(bytes.fromhex(DEV_KEYS[0 if signer == self.admin else 1]))
        # The type of `custom_nonce`, which isn't used here, is incomplete in coincurve.
        signature: bytes = key.sign_recoverable(digest, hasher=None)  # pyright: ignore[reportUnknownMemberType]
        return signature[:64] + bytes([signature[64] + 27])


def leg(asset: str, source: int, sender: str, destination: int, recipient: str, /, **changes: Any) -> Leg:
    """A leg of amount 1 without payload; `changes` replace any of its fields."""
    values: dict[str, Any] = {
        "amount": 1,
        "payload_hash": bytes(32),
        "sender": sender,
        "recipient": recipient,
    }
    values |= changes
    return Leg(asset=asset, source=source, destination=destination, **values)


def order(
    terms: Terms, payloads: Sequence[bytes] | None = None, authorizations: Sequence[bytes] | None = None
) -> tuple[Any, ...]:
    """IGate.Order, without payloads and authorisations unless given."""
    empty = [b""] * len(terms.legs)
    return (terms.id, terms.encoded, payloads or empty, authorizations or empty)


def token_id(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")


def digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()
