"""What contracts and nodes refuse with, as a reason out of the closed set and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from citygate.adapter import AdapterError, Reason, Refusal, State

from ._abi import contracts
from ._rpc import NodeError

# A contract's error → its reason, and a sentence in which {0}, {1}… are the error's arguments.
_TABLE: dict[str, tuple[Reason, str]] = {
    # terms
    "TermsMismatch": (Reason.INVALID, "the terms hash to {0}, not to the transfer's id"),
    "InvalidTerms": (Reason.INVALID, "the terms are malformed: {0}"),
    "InvalidAccount": (Reason.INVALID, "{0} is no account that can send or receive here"),
    "InvalidAsset": (Reason.INVALID, "{0} is no asset of this network in its one spelling"),
    "NotParticipant": (Reason.INVALID, "no participant of the transfer is this gate, {1} on {0}"),
    "UnknownPeer": (
        Reason.INVALID,
        "the gate {1} on {0} isn't registered here: its operators have to set it as a peer",
    ),
    # states
    "InvalidOutcome": (Reason.INVALID, "{0} is no outcome: a transfer is committed or aborted"),
    "NotDecider": (Reason.INVALID, "this gate doesn't decide the transfer, {0} does"),
    "IsDecider": (Reason.INVALID, "this gate decides the transfer itself: it can't settle it"),
    "NotInitiator": (
        Reason.UNAUTHORISED,
        "{0} may not abort before the deadline: only the transfer's initiator may",
    ),
    "DeadlinePassed": (Reason.REJECTED, "the deadline {0} has passed: the transfer can only be aborted"),
    # proofs
    "NoSuchClaim": (Reason.INVALID, "piece {0} of the evidence shows no claim {1}"),
    "ClaimMismatch": (Reason.INVALID, "the proof shows another transfer, gate or state than {0} has to"),
    # assets
    "Unauthorized": (
        Reason.UNAUTHORISED,
        "the sender of leg {0} authorised neither this transfer nor {1}: it has to sign",
    ),
    "PayloadMismatch": (Reason.INVALID, "the payload of leg {0} isn't the one that the asset has"),
    "AssetRefused": (
        Reason.REJECTED,
        "{0} can't be taken: not the sender's, not approved for the gate, or redeemed",
    ),
    "ExceedsOutstanding": (Reason.INSUFFICIENT, "{1} may give back only {2} of {0}"),
    "NothingHeld": (Reason.INSUFFICIENT, "nothing of {1} is held for {0}"),
    # tickets
    "AlreadyRedeemed": (Reason.REJECTED, "the ticket was redeemed before, by the event {0}"),
    "InvalidEventId": (Reason.INVALID, "a validator's event id has 1 to 64 bytes"),
    "RedeemedTicket": (Reason.REJECTED, "the ticket {0} is redeemed: it can't leave"),
    "NotValidNow": (
        Reason.REJECTED,
        "the ticket is valid from {0} until {1} (seconds since the epoch), not now",
    ),
    "DifferentPayload": (Reason.REJECTED, "the ticket was issued before with another payload, of hash {0}"),
    "InvalidPayload": (Reason.INVALID, "a payload of {0} bytes: wanted are 1 to 8192"),
    "InvalidRecipient": (Reason.INVALID, "{0} can't receive tickets"),
    "InvalidValidity": (
        Reason.INVALID,
        "a ticket is valid from before it is valid until, not from {0} until {1}",
    ),
    "NotRedeemable": (
        Reason.REJECTED,
        "{0} can't be redeemed here: it doesn't exist, or it isn't on this network now",
    ),
    "RedeemedVoucher": (Reason.REJECTED, "the voucher {0} is redeemed: it can't leave"),
    # roles, the fee's currency and gas
    "AccessManagedUnauthorized": (
        Reason.UNAUTHORISED,
        "{0} lacks the role that this takes: the operators grant it",
    ),
    "NotEnoughGas": (Reason.REJECTED, "it takes more gas than one transaction may use: send fewer items"),
    "ERC721InsufficientApproval": (Reason.UNAUTHORISED, "the owner has not approved {0} for token {1}"),
    "ERC721NonexistentToken": (Reason.REJECTED, "there is no token {0}"),
    "ERC1155InsufficientBalance": (Reason.INSUFFICIENT, "{0} has {1} of token {3}, wanted are {2}"),
    "ERC20InsufficientBalance": (Reason.INSUFFICIENT, "{0} has {1}, wanted are {2}"),
    "ERC20InsufficientAllowance": (Reason.UNAUTHORISED, "{0} may spend {1}, wanted are {2}"),
    "Error": (Reason.REJECTED, "{0}"),
}


@cache
def _errors() -> dict[bytes, tuple[str, Sequence[str]]]:
    """Every error's name and types, by its first four bytes."""
    known: dict[bytes, tuple[str, Sequence[str]]] = {
        bytes.fromhex("08c379a0"): ("Error", ("string",)),
        bytes.fromhex("4e487b71"): ("Panic", ("uint256",)),
    }
    for kind in contracts():
        known.update(kind.errors)
    return known


def _text(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def refusal(data: bytes) -> Refusal:
    """What a contract reverted with. Bytes that are none of the known errors are told as they are."""
    name, types = _errors().get(data[:4], ("", ()))
    try:
        arguments: tuple[Any, ...] = decode(types, data[4:]) if types else ()
    except (DecodingError, OverflowError, UnicodeDecodeError):
        name = ""
        arguments = ()
    if name == "ProofRefused":
        piece, why = arguments
        return Refusal(Reason.INVALID, f"piece {piece} of the evidence is refused: {refusal(why).detail}")
    if name == "WrongState":
        state = State(arguments[0])
        reason = Reason.ALREADY_APPLIED if state.final else Reason.REJECTED
        return Refusal(reason, f"the transfer's state here is {state.name}")
    if name in _TABLE:
        reason, sentence = _TABLE[name]
        return Refusal(reason, sentence.format(*map(_text, arguments)))
    if not name:
        shown = f"0x{data[:68].hex()}" if data else "without a reason"
        return Refusal(Reason.REJECTED, f"the contract reverted: {shown}")
    return Refusal(Reason.REJECTED, f"the contract reverted: {name}({', '.join(map(_text, arguments))})")


# What nodes say in words; there are no codes for it. The first that occurs counts.
_PHRASES: tuple[tuple[str, Reason, Callable[[str], str]], ...] = (
    ("nonce too low", Reason.NONCE, lambda said: f"the sender's nonce is taken: {said}"),
    ("nonce too high", Reason.NONCE, lambda said: f"the sender's nonce leaves a gap: {said}"),
    ("underpriced", Reason.UNDERPRICED, lambda said: f"the node wants a higher fee: {said}"),
    ("base fee", Reason.UNDERPRICED, lambda said: f"the node wants a higher fee: {said}"),
    (
        "insufficient funds",
        Reason.INSUFFICIENT,
        lambda said: f"the sender can't pay the fee, fund it: {said}",
    ),
)


def node_error(error: NodeError) -> AdapterError:
    """The whole call's error for what a node refused."""
    if error.data:
        refused = refusal(error.data)
        return AdapterError(refused.reason, refused.detail)
    said = error.message.lower()
    for phrase, reason, sentence in _PHRASES:
        if phrase in said:
            return AdapterError(reason, sentence(error.message))
    return error
