"""An endorsed transaction, read and checked before anybody signs it."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import DecodeError

from ._proposal import Proposal
from ._protos import common_pb2, gateway_pb2, peer_pb2

_SUCCESS_BELOW = 400


class MismatchError(ValueError):
    """The peer returned something that isn't the transaction of our proposal."""


@dataclass(frozen=True, slots=True)
class Endorsement:
    """One peer's signature over `response_payload ‖ identity`, hashed with SHA-256."""

    identity: bytes
    """`msp.SerializedIdentity` of the endorsing peer."""
    signature: bytes
    """DER."""


@dataclass(frozen=True, slots=True)
class Endorsed:
    """A proposal with the endorsers' common answer and their signatures; not signed by its creator yet."""

    proposal: Proposal
    payload: bytes
    """The encoded `common.Payload`: what the creator signs."""
    response_payload: bytes
    """`peer.ProposalResponsePayload`: what each endorser signed."""
    result: bytes
    """What the chaincode returned."""
    emits: bool
    """Whether the chaincode set an event."""
    endorsements: tuple[Endorsement, ...]

    def signed(self, signature: bytes) -> SignedTransaction:
        """The transaction with its creator's DER signature over `payload`."""
        envelope = common_pb2.Envelope(payload=self.payload, signature=signature)
        return SignedTransaction(
            self.proposal.channel, self.proposal.transaction_id, envelope.SerializeToString()
        )


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction that is ready to be submitted, as often as need be: a channel takes one id once."""

    channel: str
    transaction_id: str
    envelope: bytes

    def request(self) -> gateway_pb2.SubmitRequest:
        return gateway_pb2.SubmitRequest(
            transaction_id=self.transaction_id,
            channel_id=self.channel,
            prepared_transaction=common_pb2.Envelope.FromString(self.envelope),
        )


def read_endorsed(proposal: Proposal, envelope: common_pb2.Envelope) -> Endorsed:
    """Take apart what a peer prepared; MismatchError where it isn't the transaction of `proposal`.

    Whoever signs a prepared transaction unread lets the peer choose what is submitted in the signer's name.
    """
    try:
        payload = common_pb2.Payload.FromString(envelope.payload)
        (action,) = peer_pb2.Transaction.FromString(payload.data).actions
        contents = peer_pb2.ChaincodeActionPayload.FromString(action.payload)
        response_payload = contents.action.proposal_response_payload
        response = peer_pb2.ProposalResponsePayload.FromString(response_payload)
        outcome = peer_pb2.ChaincodeAction.FromString(response.extension)
    except (DecodeError, ValueError) as error:
        raise MismatchError(f"the prepared transaction can't be read: {error}") from error
    expected = (
        ("channel header", payload.header.channel_header, proposal.channel_header),
        ("signature header", payload.header.signature_header, proposal.signature_header),
        ("action's header", action.header, proposal.signature_header),
        ("proposal payload", contents.chaincode_proposal_payload, proposal.payload),
        ("proposal hash", response.proposal_hash, proposal.hash),
        ("chaincode", outcome.chaincode_id.name, proposal.chaincode),
    )
    for what, got, wanted in expected:
        if got != wanted:
            raise MismatchError(f"the prepared transaction has another {what} than the proposal")
    if outcome.response.status >= _SUCCESS_BELOW:
        raise MismatchError(f"the peers endorsed a failure: {outcome.response.status}")
    return Endorsed(
        proposal=proposal,
        payload=envelope.payload,
        response_payload=response_payload,
        result=outcome.response.payload,
        emits=bool(outcome.events),
        endorsements=tuple(Endorsement(e.endorser, e.signature) for e in contents.action.endorsements),
    )
