"""The attestor as a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc.aio

from citygate.adapter import AdapterError, Reason
from citygate.attestor.v1 import attestor_pb2_grpc
from citygate.ethereum._names import chain_id_of
from citygate.ethereum._rpc import Node

from ._options import AttestorOptions
from ._service import HeaderService
from ._signed import SignedHeaders

_MAX_REQUEST = 1024
"""Bytes: a network's name and a number."""


async def serve(options: Mapping[str, Any]) -> None:
    """Serve until cancelled (entry point group `citygate.attestors`). Options: see `AttestorOptions`.

    ValueError names a wrong option, a key that can't be read, or a port that is taken; AdapterError says that
    the node doesn't answer (UNAVAILABLE) or is another network's (INVALID).
    """
    settings = AttestorOptions.read(options)
    key = settings.key()
    node = Node(settings.node, timeout=5)
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", _MAX_REQUEST), ("grpc.so_reuseport", 0)],
        maximum_concurrent_rpcs=256,
    )
    try:
        chain_id = await node.number("eth_chainId")
        if chain_id != chain_id_of(settings.network):
            raise AdapterError(
                Reason.INVALID,
                f"the attestor's node is of eip155:{chain_id}, not of {settings.network}: check its URL",
            )
        with SignedHeaders(settings.signed_file) as signed:
            service = HeaderService(
                settings.network, node, key, signed, finality=settings.finality, rate=settings.rate
            )
            attestor_pb2_grpc.add_AttestorServiceServicer_to_server(service, server)
            try:
                server.add_insecure_port(settings.listen)
            except RuntimeError as error:
                raise ValueError(
                    f"listen: {settings.listen} is taken or no address of this machine"
                ) from error
            await server.start()
            await server.wait_for_termination()
    finally:
        await server.stop(grace=0.2)
        await node.close()
