"""Headers that enough attestors hold to be final, over gRPC."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import grpc.aio
from eth_hash.auto import keccak

from citygate.adapter import AdapterError, Reason
from citygate.attestor.v1 import attestor_pb2, attestor_pb2_grpc

from ._headers import Header
from ._names import address_bytes
from ._signatures import recover
from ._typed_data import final_header_digest

_SPARE_AFTER = 0.25
"""Seconds after which more attestors are asked than are needed."""
_REMEMBERED = 64
"""Attested headers that are kept: proofs of one moment share them."""


@dataclass(frozen=True, slots=True)
class Attestor:
    """Where an attestor is reached (`host:port`), and the address that its signatures must recover to.

    The connection needs no encryption: what it carries is public, and the signature protects it.
    """

    address: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class AttestedHeader:
    """A header's RLP and `threshold` signatures, their signers' addresses ascending."""

    header: bytes
    signatures: tuple[bytes, ...]


class Attestors:
    """The attestors of one network."""

    def __init__(self, network: str, attestors: Sequence[Attestor], threshold: int, timeout: float) -> None:
        """`timeout` in seconds for each answer."""
        self._network = network
        self._threshold = threshold
        self._timeout = timeout
        self._channels = [grpc.aio.insecure_channel(a.endpoint) for a in attestors]
        self._stubs = [
            (address_bytes(a.address), attestor_pb2_grpc.AttestorServiceStub(channel))
            for a, channel in zip(attestors, self._channels, strict=True)
        ]
        self._attested: OrderedDict[int, AttestedHeader] = OrderedDict()

    async def close(self) -> None:
        """Let go of the connections."""
        for channel in self._channels:
            await channel.close()

    async def header(self, number: int) -> AttestedHeader:
        """The header of block `number`, as soon as enough attestors agree on it.

        AdapterError NOT_FINAL where too few do but one says that it is too early, else UNAVAILABLE.
        """
        if (known := self._attested.get(number)) is not None:
            return known
        answers: dict[bytes, dict[bytes, bytes]] = {}
        early = False
        faults: list[str] = []
        needed = asyncio.Event()
        asked = [
            asyncio.ensure_future(
                self._ask(*attestor, number)
                if i < self._threshold
                else self._ask_spare(needed, *attestor, number)
            )
            for i, attestor in enumerate(self._stubs)
        ]
        try:
            for answer in asyncio.as_completed(asked):
                try:
                    address, header, signature = await answer
                except AdapterError as error:
                    early = early or error.reason is Reason.NOT_FINAL
                    faults.append(error.detail)
                    needed.set()
                    continue
                signatures = answers.setdefault(header, {})
                signatures[address] = signature
                if len(answers) > 1:
                    needed.set()
                if len(signatures) >= self._threshold:
                    ordered = tuple(signatures[signer] for signer in sorted(signatures))
                    return self._remember(number, AttestedHeader(header, ordered))
        finally:
            for task in asked:
                task.cancel()
        raise AdapterError(
            Reason.NOT_FINAL if early else Reason.UNAVAILABLE,
            f"fewer than {self._threshold} attestors agree on block {number} of {self._network}: "
            + ("; ".join(faults) or "they signed different headers, ask their operators"),
        )

    def _remember(self, number: int, attested: AttestedHeader) -> AttestedHeader:
        self._attested[number] = attested
        if len(self._attested) > _REMEMBERED:
            self._attested.popitem(last=False)
        return attested

    async def _ask_spare(
        self,
        needed: asyncio.Event,
        address: bytes,
        stub: attestor_pb2_grpc.AttestorServiceAsyncStub,
        number: int,
    ) -> tuple[bytes, bytes, bytes]:
        """The same of one more than are needed: only once another fails, disagrees or is slow."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SPARE_AFTER):
                await needed.wait()
        return await self._ask(address, stub, number)

    async def _ask(
        self, address: bytes, stub: attestor_pb2_grpc.AttestorServiceAsyncStub, number: int
    ) -> tuple[bytes, bytes, bytes]:
        """The attestor's address, the header and its signature, checked."""
        who = f"attestor 0x{address.hex()}"
        request = attestor_pb2.AttestHeaderRequest(network=self._network, number=number)
        try:
            response = await stub.AttestHeader(request, timeout=self._timeout)
        except grpc.aio.AioRpcError as error:
            early = error.code() is grpc.StatusCode.FAILED_PRECONDITION
            reason = Reason.NOT_FINAL if early else Reason.UNAVAILABLE
            raise AdapterError(reason, f"{who}: {error.details() or error.code().name}") from error
        try:
            if Header.read(response.header).number != number:
                raise ValueError("it answered with another block's header")
            digest = final_header_digest(self._network, number, keccak(response.header))
            if recover(digest, response.signature) != address:
                raise ValueError("its signature is another key's")
        except ValueError as error:
            raise AdapterError(Reason.INVALID, f"{who}: {error}") from error
        return address, response.header, response.signature
