"""A proposal: the call of a chaincode's function that peers are asked to endorse or to evaluate."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._identity import Identity
from ._protos import common_pb2, gateway_pb2, peer_pb2

_NONCE = 24
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """An unsigned proposal. Beside the arguments the chaincode sees its creator, time and transient data."""

    channel: str
    chaincode: str
    transaction_id: str
    channel_header: bytes
    signature_header: bytes
    payload: bytes
    """`peer.ChaincodeProposalPayload` without the transient data, which never goes into the transaction."""
    transient: Mapping[str, bytes]
    organisations: tuple[str, ...]
    """MSP ids whose peers are asked; empty: the peer chooses what satisfies the endorsement policy."""

    @property
    def hash(self) -> bytes:
        """What each endorser signs as the proposal's hash."""
        return hashlib.sha256(self.channel_header + self.signature_header + self.payload).digest()

    @property
    def bytes(self) -> bytes:
        """The encoded `peer.Proposal`: what its creator signs."""
        header = common_pb2.Header(channel_header=self.channel_header, signature_header=self.signature_header)
        payload = self.payload
        if self.transient:
            whole = peer_pb2.ChaincodeProposalPayload.FromString(payload)
            whole.TransientMap.update(self.transient)
            payload = whole.SerializeToString()
        return peer_pb2.Proposal(header=header.SerializeToString(), payload=payload).SerializeToString()

    def endorse_request(self, signature: bytes) -> gateway_pb2.EndorseRequest:
        return gateway_pb2.EndorseRequest(
            transaction_id=self.transaction_id,
            channel_id=self.channel,
            proposed_transaction=self._signed(signature),
            endorsing_organizations=self.organisations,
        )

    def evaluate_request(self, signature: bytes) -> gateway_pb2.EvaluateRequest:
        return gateway_pb2.EvaluateRequest(
            transaction_id=self.transaction_id,
            channel_id=self.channel,
            proposed_transaction=self._signed(signature),
            target_organizations=self.organisations,
        )

    def _signed(self, signature: bytes) -> peer_pb2.SignedProposal:
        return peer_pb2.SignedProposal(proposal_bytes=self.bytes, signature=signature)


def propose(
    creator: Identity,
    *,
    channel: str,
    chaincode: str,
    function: str,
    arguments: Sequence[str | bytes],
    transient: Mapping[str, bytes],
    organisations: Sequence[str],
) -> Proposal:
    """A new proposal. Its transaction id is the SHA-256 of a fresh nonce and the creator."""
    serialized = creator.serialized
    nonce = os.urandom(_NONCE)
    transaction_id = hashlib.sha256(nonce + serialized).hexdigest()
    name = peer_pb2.ChaincodeID(name=chaincode)
    now = time.time_ns()
    header = common_pb2.ChannelHeader(
        type=common_pb2.ENDORSER_TRANSACTION,
        channel_id=channel,
        tx_id=transaction_id,
        extension=peer_pb2.ChaincodeHeaderExtension(chaincode_id=name).SerializeToString(),
    )
    header.timestamp.seconds = now // _NANOSECONDS
    header.timestamp.nanos = now % _NANOSECONDS
    spec = peer_pb2.ChaincodeSpec(
        type=peer_pb2.ChaincodeSpec.GOLANG,
        chaincode_id=name,
        input=peer_pb2.ChaincodeInput(args=[_bytes(part) for part in (function, *arguments)]),
    )
    invocation = peer_pb2.ChaincodeInvocationSpec(chaincode_spec=spec)
    return Proposal(
        channel=channel,
        chaincode=chaincode,
        transaction_id=transaction_id,
        channel_header=header.SerializeToString(),
        signature_header=common_pb2.SignatureHeader(creator=serialized, nonce=nonce).SerializeToString(),
        payload=peer_pb2.ChaincodeProposalPayload(input=invocation.SerializeToString()).SerializeToString(),
        transient=dict(transient),
        organisations=tuple(organisations),
    )


def _bytes(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part
