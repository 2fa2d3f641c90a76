"""JSON-RPC to an EVM node: one place for time-outs and for telling a node's refusal from its absence.

On web3's requests, beneath its typed methods: those want addresses in mixed case and format what headers and
proofs need as the node gave it. Nor does anything here follow what a contract's revert asks for (EIP-3668
would have the client send HTTP requests of the contract's choosing).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.exceptions import Web3Exception, Web3RPCError
from web3.types import RPCEndpoint

from citygate.adapter import AdapterError, Reason

from ._gathering import Gathering, Question

_GATHERED = frozenset({"eth_blockNumber", "eth_call", "eth_getLogs"})
"""Methods whose calls of one moment share a request."""
_MAX_ANSWER = 64 * 2**20
"""Bytes. Nodes cut `eth_getLogs` far below."""


class NodeError(AdapterError):
    """The node answered with an error. `data` is what a contract reverted with, empty where none did."""

    def __init__(self, code: int, message: str, data: bytes = b"") -> None:
        # Nodes say that a contract refused by code 3, by its data or in words. All else may pass with time.
        self.reverted = code == 3 or bool(data) or "revert" in message.lower()
        reason = Reason.REJECTED if self.reverted else Reason.UNAVAILABLE
        super().__init__(reason, f"the Ethereum node refused: {message} (code {code})")
        self.message = message
        self.data = data


class _BoundedResponse(ClientResponse):
    """An answer of at most `_MAX_ANSWER` bytes: web3 reads one of any length."""

    async def read(self) -> bytes:
        """The whole body, decompressed; ValueError where it is longer."""
        body = bytearray()
        try:
            async for part in self.content.iter_any():
                body += part
                if len(body) > _MAX_ANSWER:
                    raise ValueError("the answer is too long")
        except BaseException:
            self.close()
            raise
        return bytes(body)


class Node:
    """A node behind an HTTP endpoint. Make it inside a running event loop."""

    def __init__(self, url: str, timeout: float) -> None:
        """`timeout` in seconds, for each call."""
        self._session = ClientSession(response_class=_BoundedResponse)
        self._provider = AsyncHTTPProvider(
            url,
            {"timeout": ClientTimeout(total=timeout), "headers": {"Content-Type": "application/json"}},
            exception_retry_configuration=None,  # who calls knows what may be asked again, and when
        )
        self._provider.global_ccip_read_enabled = False
        self._requests = AsyncWeb3(self._provider, middleware=()).manager
        self._ready = False
        self._gathering = Gathering(self._ask)

    async def call(self, method: str, *params: Any) -> Any:
        """The result of a call. NodeError where the node refuses, UNAVAILABLE where it doesn't answer."""
        if method in _GATHERED:
            return await self._gathering.ask(method, params)
        return await self._single(method, params)

    async def _ask(self, questions: Sequence[Question]) -> Sequence[Any]:
        if len(questions) == 1:
            return [await self._single(*questions[0])]
        with _answering(f"{len(questions)} questions"):
            await self._connect()
            batch = [(RPCEndpoint(method), params) for method, params in questions]
            answers = cast("list[dict[str, Any]]", await self._provider.make_batch_request(batch))
            if len(answers) != len(questions):
                raise ValueError("as many answers as questions are wanted")
            return [_node_error(a["error"]) if "error" in a else a["result"] for a in answers]

    async def _single(self, method: str, params: Sequence[Any]) -> Any:
        with _answering(method):
            await self._connect()
            return await self._requests.coro_request(RPCEndpoint(method), params)

    async def _connect(self) -> None:
        if not self._ready:  # web3's own session would connect anew for each call
            await self._provider.cache_async_session(self._session)
            self._ready = True

    async def number(self, method: str, *params: Any) -> int:
        """A call that answers with a quantity."""
        return int(await self.call(method, *params), 16)

    async def view(self, contract: str, data: bytes, block: str = "latest") -> bytes:
        """`eth_call` of a contract."""
        answer: str = await self.call("eth_call", {"to": contract, "data": "0x" + data.hex()}, block)
        return bytes.fromhex(answer[2:])

    async def close(self) -> None:
        """Let go of the connections."""
        await self._gathering.close()
        await self._session.close()


@contextmanager
def _answering(what: str) -> Generator[None]:
    """Tell a node's refusal from an answer that isn't one."""
    try:
        yield
    except Web3RPCError as error:
        raise _node_error(cast("Mapping[str, Any]", error.rpc_response)["error"]) from error
    except (
        *(TimeoutError, ClientError, OSError, Web3Exception),
        *(
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
            RecursionError,
        ),  # of an answer that isn't JSON-RPC
    ) as error:
        raise AdapterError(
            Reason.UNAVAILABLE,
            f"the Ethereum node doesn't answer {what} ({type(error).__name__}): check its URL and that it runs",
        ) from error


def _node_error(fields: Mapping[str, Any]) -> NodeError:
    """`data` can be anything; where the rest isn't as JSON-RPC has it, KeyError or TypeError."""
    data = fields.get("data")
    text = data if isinstance(data, str) and data.startswith("0x") else "0x"
    try:
        revert = bytes.fromhex(text[2:])
    except ValueError:
        revert = b""
    return NodeError(int(fields["code"]), str(fields["message"]), revert)
