"""What surrounds every call: the request is decoded, the outcome logged, an error turned into a status."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

from ._request import decode
from ._status import internal, status_of

_log = logging.getLogger("citygate.api")
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_Context = grpc.aio.ServicerContext[Any, Any]


class Guard(grpc.aio.ServerInterceptor):
    """Surrounds the methods of `citygate.*`; health and reflection pass as they are."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Wrap the handler of one call."""
        handler: Any = await continuation(handler_call_details)
        method = handler_call_details.method
        if not method.startswith("/citygate.") or handler is None:
            return handler
        service, _, name = method[1:].partition("/")
        request = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name].input_type
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                _stream(method, request, handler.unary_stream), _undecoded, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            _unary(method, request, handler.unary_unary), _undecoded, handler.response_serializer
        )


def _undecoded(data: bytes) -> bytes:
    return data


def _unary(
    method: str, request: Descriptor, behaviour: Callable[[Message, _Context], Awaitable[Message]]
) -> Callable[[bytes, _Context], Awaitable[Message]]:
    async def call(data: bytes, context: _Context) -> Message:
        start = time.perf_counter()
        try:
            response = await behaviour(decode(request, data), context)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a status
            await _fail(method, start, error, context)
        _report(method, start, grpc.StatusCode.OK)
        return response

    return call


def _stream(
    method: str, request: Descriptor, behaviour: Callable[[Message, _Context], AsyncIterator[Message]]
) -> Callable[[bytes, _Context], AsyncIterator[Message]]:
    async def call(data: bytes, context: _Context) -> AsyncIterator[Message]:
        start = time.perf_counter()
        try:
            async for response in behaviour(decode(request, data), context):
                yield response
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a status
            await _fail(method, start, error, context)
        _report(method, start, grpc.StatusCode.OK)

    return call


async def _fail(method: str, start: float, error: Exception, context: _Context) -> NoReturn:
    status = status_of(error)
    if status is None:
        error_id = secrets.token_hex(8)
        _log.error("%s failed, error_id=%s", method, error_id, exc_info=error)
        status = internal(error_id)
    code = _CODES[status.code]
    _report(method, start, code)
    await abort(context, status)


async def abort(context: _Context, status: Status) -> NoReturn:
    """End a call with a status and its details."""
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(_CODES[status.code], status.message, details)


def _report(method: str, start: float, code: grpc.StatusCode) -> None:
    _log.info("%s %s %.1f ms", method, code.name, (time.perf_counter() - start) * 1000)
