"""The gRPC service of an attestor."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import Any, NoReturn

import grpc.aio
from eth_hash.auto import keccak

from citygate.adapter import AdapterError
from citygate.attestor.v1 import attestor_pb2, attestor_pb2_grpc
from citygate.ethereum._finality import Finality, final_number
from citygate.ethereum._headers import encode_header
from citygate.ethereum._rpc import Node
from citygate.ethereum._signatures import LocalKey, pack
from citygate.ethereum._typed_data import final_header_digest

from ._signed import SignedHeaders

_CACHED = 1024
"""Answers that are kept, of some 700 bytes each."""


class _Bucket:
    """A token bucket: `rate` tokens a second, one second's worth at most."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._tokens = rate
        self._filled = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._tokens = min(self._rate, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class HeaderService(attestor_pb2_grpc.AttestorServiceServicer):
    """Answers with final headers of one network. A request costs two calls of the node at most."""

    def __init__(
        self,
        network: str,
        node: Node,
        key: LocalKey,
        signed: SignedHeaders,
        *,
        finality: Finality,
        rate: float,
    ) -> None:
        self._network = network
        self._node = node
        self._key = key
        self._signed = signed
        self._finality: Finality = finality
        self._bucket = _Bucket(rate)
        self._answers: OrderedDict[int, attestor_pb2.AttestHeaderResponse] = OrderedDict()

    async def AttestHeader(  # noqa: N802 - the name is the proto's
        self,
        request: attestor_pb2.AttestHeaderRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> attestor_pb2.AttestHeaderResponse:
        """See attestor.proto."""
        if request.network != self._network:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, f"this attestor is of {self._network}")
        if (answer := self._answers.get(request.number)) is not None:
            return answer
        if not self._bucket.take():
            await _refuse(
                context, grpc.StatusCode.RESOURCE_EXHAUSTED, "too many headers asked for: ask again later"
            )
        try:
            header = await self._final_header(request.number)
            block_hash = keccak(header)
            self._signed.admit(request.number, block_hash)
        except ValueError as error:
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except AdapterError:
            await _refuse(
                context,
                grpc.StatusCode.UNAVAILABLE,
                "the attestor's node doesn't answer: ask another attestor",
            )
        digest = final_header_digest(self._network, request.number, block_hash)
        answer = attestor_pb2.AttestHeaderResponse(
            header=header, signature=pack(await self._key.sign(digest))
        )
        self._answers[request.number] = answer
        if len(self._answers) > _CACHED:
            self._answers.popitem(last=False)
        return answer

    async def _final_header(self, number: int) -> bytes:
        """ValueError where the block isn't there or isn't final."""
        final, block = await asyncio.gather(
            final_number(self._node, self._finality),
            self._node.call("eth_getBlockByNumber", hex(number), False),
        )
        if number > final or block is None:
            raise ValueError(f"block {number} isn't final: the newest final one is {final}")
        if int(block["number"], 16) != number:
            raise ValueError(f"the attestor's node answered with another block than {number}")
        return encode_header(block)


async def _refuse(
    context: grpc.aio.ServicerContext[Any, Any], code: grpc.StatusCode, detail: str
) -> NoReturn:
    await context.abort(code, detail)
    raise AssertionError("abort raises")
