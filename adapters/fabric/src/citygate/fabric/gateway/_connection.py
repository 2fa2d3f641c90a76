"""The connection to one peer, shared by everybody who acts through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import grpc
import grpc.aio

from ._protos import gateway_pb2

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")

_SERVICE = "/gateway.Gateway/"
_MAX_MESSAGE = 16 * 1024 * 1024
_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ("grpc.max_send_message_length", _MAX_MESSAGE),
    # Peers close a connection that is pinged more often than once a minute.
    ("grpc.keepalive_time_ms", 120_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS to a peer: PEM of the roots to trust and, for mutual TLS, of the client's certificate and key.

    `server_name` is the name that the peer's certificate is for, where that isn't the host of its endpoint.
    """

    roots: bytes
    certificate: bytes | None = None
    key: bytes | None = None
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each stage may take, in seconds."""

    evaluate: float = 5
    endorse: float = 15
    submit: float = 5
    commit_status: float = 60


class Connection:
    """One gRPC channel to one peer's Gateway service. Use as an asynchronous context manager, or `close` it.

    Any number of identities and contracts share it; the peer forwards to the other peers and to the orderers.
    """

    def __init__(self, endpoint: str, tls: Tls | None, deadlines: Deadlines | None = None) -> None:
        self.endpoint = endpoint
        self.deadlines = deadlines or Deadlines()
        self._channel = _open(endpoint, tls)
        self.endorse = self._call(
            "Endorse", gateway_pb2.EndorseRequest.SerializeToString, gateway_pb2.EndorseResponse.FromString
        )
        self.submit = self._call(
            "Submit", gateway_pb2.SubmitRequest.SerializeToString, gateway_pb2.SubmitResponse.FromString
        )
        self.commit_status = self._call(
            "CommitStatus",
            gateway_pb2.SignedCommitStatusRequest.SerializeToString,
            gateway_pb2.CommitStatusResponse.FromString,
        )
        self.evaluate = self._call(
            "Evaluate", gateway_pb2.EvaluateRequest.SerializeToString, gateway_pb2.EvaluateResponse.FromString
        )
        self.chaincode_events = self._channel.unary_stream(
            f"{_SERVICE}ChaincodeEvents",
            request_serializer=gateway_pb2.SignedChaincodeEventsRequest.SerializeToString,
            response_deserializer=gateway_pb2.ChaincodeEventsResponse.FromString,
        )

    def _call(
        self, method: str, serialize: Callable[[_Request], bytes], read: Callable[[bytes], _Response]
    ) -> grpc.aio.UnaryUnaryMultiCallable[_Request, _Response]:
        return self._channel.unary_unary(
            f"{_SERVICE}{method}", request_serializer=serialize, response_deserializer=read
        )

    async def close(self) -> None:
        """Close the channel; calls under way are cancelled."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _open(endpoint: str, tls: Tls | None) -> grpc.aio.Channel:
    if tls is None:
        return grpc.aio.insecure_channel(endpoint, options=_OPTIONS)
    credentials = grpc.ssl_channel_credentials(tls.roots, tls.key, tls.certificate)
    named = (("grpc.ssl_target_name_override", tls.server_name),) if tls.server_name else ()
    return grpc.aio.secure_channel(endpoint, credentials, options=(*_OPTIONS, *named))
