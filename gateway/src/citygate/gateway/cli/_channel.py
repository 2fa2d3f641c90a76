"""The way to the gateway, and what its errors mean to whoever typed the command."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import grpc
import grpc.aio
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from ._exit import CommandError, Exit

if TYPE_CHECKING:
    from ._session import Remote

_DETAILS = "grpc-status-details-bin"
_MEANING = {
    grpc.StatusCode.INVALID_ARGUMENT: (Exit.INVALID, "Correct what is named and run the command again."),
    grpc.StatusCode.NOT_FOUND: (
        Exit.NOT_FOUND,
        "What there is, `citygate network list`, `transfer list` and `schema list` show.",
    ),
    grpc.StatusCode.ALREADY_EXISTS: (
        Exit.REFUSED,
        "Choose another --request-id, or repeat the same request.",
    ),
    grpc.StatusCode.FAILED_PRECONDITION: (
        Exit.REFUSED,
        "`citygate ticket show` and `citygate transfer show` tell the present state.",
    ),
    grpc.StatusCode.PERMISSION_DENIED: (
        Exit.REFUSED,
        "Act as an account that may: `citygate account list` shows them.",
    ),
    grpc.StatusCode.UNAVAILABLE: (
        Exit.UNAVAILABLE,
        "Run the command again; `citygate network list` shows health.",
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: (Exit.UNAVAILABLE, "Run the command again: it does nothing twice."),
    grpc.StatusCode.UNIMPLEMENTED: (
        Exit.FAILED,
        "The gateway is of another version; use the `citygate` of its version.",
    ),
}


@asynccontextmanager
async def open_channel(remote: Remote) -> AsyncGenerator[grpc.aio.Channel]:
    """Connect as the session's options say: in the clear on this machine, with TLS beyond it."""
    if remote.ca is None and _is_local(remote.gateway):
        channel = grpc.aio.insecure_channel(remote.gateway)
    else:
        channel = grpc.aio.secure_channel(remote.gateway, _credentials(remote))
    async with channel:
        yield channel


@contextmanager
def translated(gateway: str) -> Generator[None]:
    """Turn a failed call into a CommandError."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise _command_error(error, gateway) from error


def _command_error(error: grpc.aio.AioRpcError, gateway: str) -> CommandError:
    details = _error_info(error)
    if details is None and error.code() is grpc.StatusCode.UNAVAILABLE:
        return CommandError(
            Exit.UNAVAILABLE,
            f"no gateway answers at {gateway}",
            "Start one with `citygate dev` or `citygate serve`, or name another with --gateway.",
        )
    text = error.details() or error.code().name
    code, remedy = _MEANING.get(
        error.code(), (Exit.FAILED, "Tell the gateway's operator what is said above.")
    )
    facts = {} if details is None else {"reason": details.reason, **details.metadata}
    return CommandError(code, text, remedy, facts)


def _error_info(error: grpc.aio.AioRpcError) -> ErrorInfo | None:
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS and isinstance(value, bytes):
            info = ErrorInfo()
            if any(detail.Unpack(info) for detail in Status.FromString(value).details):
                return info
    return None


def _is_local(gateway: str) -> bool:
    host = gateway.rpartition(":")[0]
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _credentials(remote: Remote) -> grpc.ChannelCredentials:
    parts = [None if path is None else path for path in (remote.ca, remote.key, remote.certificate)]
    try:
        ca, key, certificate = (None if path is None else path.read_bytes() for path in parts)
    except OSError as error:
        raise CommandError(
            Exit.INVALID,
            f"can't read {error.filename}: {error.strerror}",
            "Name a PEM file that can be read.",
        ) from error
    return grpc.ssl_channel_credentials(ca, key, certificate)
