"""An asynchronous client of Hyperledger Fabric's Gateway service (Fabric 2.4 and later).

    member = Member(Identity("Org1MSP", certificate_pem), LocalSigner.from_pem(key_pem))
    async with Connection("peer0.example.org:7051", Tls(ca_pem)) as connection:
        contract = Contract(connection, member, "channel", "chaincode")
        answer = await contract.evaluate("Read", "key")
        done = await contract.submit("Write", "key", "value")
        async for event in contract.events(Checkpoint(done.block)):
            ...

`submit` is `proposal`, `endorse`, `sign` and `send` in one step; each can be called by itself, to store a
signed transaction before it is sent, or to use endorsements without submitting anything.
"""

from ._connection import Connection, Deadlines, Tls
from ._contract import Committed, Contract
from ._errors import (
    CommitError,
    CommitStatusError,
    EndorseError,
    EvaluateError,
    EventsError,
    GatewayError,
    PeerMessage,
    SubmitError,
)
from ._events import ChaincodeEvent, Checkpoint
from ._identity import Identity, LocalSigner, Member
from ._proposal import Proposal
from ._signature import der_to_raw, raw_to_der
from ._transaction import Endorsed, Endorsement, SignedTransaction

__all__ = [
    "ChaincodeEvent",
    "Checkpoint",
    "CommitError",
    "CommitStatusError",
    "Committed",
    "Connection",
    "Contract",
    "Deadlines",
    "EndorseError",
    "Endorsed",
    "Endorsement",
    "EvaluateError",
    "EventsError",
    "GatewayError",
    "Identity",
    "LocalSigner",
    "Member",
    "PeerMessage",
    "Proposal",
    "SignedTransaction",
    "SubmitError",
    "Tls",
    "der_to_raw",
    "raw_to_der",
]
