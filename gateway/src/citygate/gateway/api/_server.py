"""The server: what listens where, for whom, and how it stops."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from citygate.gateway.business import Mobility
from citygate.gateway.platform import Networks, Tickets, Transfers
from citygate.v1 import mobility_service_pb2 as mobility_pb2
from citygate.v1 import network_service_pb2 as network_pb2
from citygate.v1 import schema_service_pb2 as schema_pb2
from citygate.v1 import transfer_service_pb2 as transfer_pb2
from citygate.v1.mobility_service_pb2_grpc import add_MobilityServiceServicer_to_server
from citygate.v1.network_service_pb2_grpc import add_NetworkServiceServicer_to_server
from citygate.v1.schema_service_pb2_grpc import add_SchemaServiceServicer_to_server
from citygate.v1.transfer_service_pb2_grpc import add_TransferServiceServicer_to_server

from ._interceptor import Guard
from ._mobility import MobilityService
from ._networks import NetworkService
from ._schemas import SchemaService
from ._status import DOMAIN
from ._transfers import TransferService

__all__ = ["DOMAIN", "ListenError", "RunningServer", "Tls", "serve"]

_OPTIONS = [
    # What is larger, gRPC refuses with RESOURCE_EXHAUSTED; what is smaller gets an answer with its field.
    ("grpc.max_receive_message_length", 12 << 20),
    # Otherwise a second gateway could share the port unnoticed.
    ("grpc.so_reuseport", 0),
]
_MAX_CALLS = 1000
# These libraries come without types.
_health = cast("Any", health)
_health_grpc = cast("Any", health_pb2_grpc)
_GRACE = 2
"""Seconds that calls under way have to end; whoever only watches would never let it stop."""
_SERVICES = tuple(
    file.services_by_name[name].full_name
    for file, name in (
        (transfer_pb2.DESCRIPTOR, "TransferService"),
        (mobility_pb2.DESCRIPTOR, "MobilityService"),
        (network_pb2.DESCRIPTOR, "NetworkService"),
        (schema_pb2.DESCRIPTOR, "SchemaService"),
    )
)


class ListenError(Exception):
    """The server can't listen there; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files. With `client_ca`, only clients with a certificate of that authority are let in."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that listens at `address`, host and port."""

    address: str
    server: grpc.aio.Server


@asynccontextmanager
async def serve(
    networks: Networks, transfers: Transfers, tickets: Tickets, listen: str, tls: Tls | None = None
) -> AsyncGenerator[RunningServer]:
    """Serve the API at `listen` (`host:port`, port 0 for a free one); leaving the context stops gracefully.

    ListenError where the address is taken, or reaches beyond this machine without TLS.
    """
    server = grpc.aio.server(interceptors=[Guard()], options=_OPTIONS, maximum_concurrent_rpcs=_MAX_CALLS)
    add_TransferServiceServicer_to_server(TransferService(networks, transfers), server)
    add_MobilityServiceServicer_to_server(MobilityService(Mobility(networks, tickets)), server)
    add_NetworkServiceServicer_to_server(NetworkService(networks), server)
    add_SchemaServiceServicer_to_server(SchemaService(), server)
    liveness = _health.aio.HealthServicer()
    _health_grpc.add_HealthServicer_to_server(liveness, server)
    reflection.enable_server_reflection((*_SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)

    port = _bind(server, listen, tls)
    await server.start()
    for service in ("", *_SERVICES):
        await liveness.set(service, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield RunningServer(f"{listen.rpartition(':')[0]}:{port}", server)
    finally:
        await liveness.enter_graceful_shutdown()
        await server.stop(_GRACE)


def _bind(server: grpc.aio.Server, listen: str, tls: Tls | None) -> int:
    if tls is None and not _is_loopback(listen.rpartition(":")[0]):
        raise ListenError(
            f"{listen} can be reached from other machines, so it needs TLS: give a certificate and its key, "
            "or listen on 127.0.0.1"
        )
    try:
        if tls is None:
            return server.add_insecure_port(listen)
        return server.add_secure_port(listen, _credentials(tls))
    except RuntimeError:
        pair = "" if tls is None else f", or {tls.certificate} and {tls.key} are no certificate with its key"
        raise ListenError(
            f"can't listen on {listen}: it is taken, or isn't an address of this machine{pair}"
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    try:
        pair = (tls.key.read_bytes(), tls.certificate.read_bytes())
        authority = None if tls.client_ca is None else tls.client_ca.read_bytes()
    except OSError as error:
        raise ListenError(f"can't read {error.filename}: {error.strerror}") from error
    return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)
