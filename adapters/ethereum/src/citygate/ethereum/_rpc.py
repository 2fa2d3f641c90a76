"""JSON-RPC to an EVM node: one place for time-outs and for telling a node's refusal from its absence.

Straight on aiohttp: a call costs a third of a millisecond, and nothing here follows what a contract's revert
asks for (EIP-3668 would have the client send HTTP requests of the contract's choosing).
"""

from __future__ import annotations

import itertools
import json
from typing import Any, cast

from aiohttp import ClientError, ClientSession, ClientTimeout, StreamReader

from citygate.adapter import AdapterError, Reason

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


class Node:
    """A node behind an HTTP endpoint. Make it inside a running event loop."""

    def __init__(self, url: str, timeout: float) -> None:
        """`timeout` in seconds, for each call."""
        self._url = url
        self._session = ClientSession(
            timeout=ClientTimeout(total=timeout), headers={"Content-Type": "application/json"}
        )
        self._ids = itertools.count(1)

    async def call(self, method: str, *params: Any) -> Any:
        """The result of a call. NodeError where the node refuses, UNAVAILABLE where it doesn't answer."""
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        try:
            async with self._session.post(self._url, data=json.dumps(request)) as response:
                body = await _bounded(response.content)
            answer = json.loads(body)
            if not isinstance(answer, dict):
                raise ValueError("no JSON-RPC answer")
        except (TimeoutError, ClientError, OSError, ValueError) as error:
            raise AdapterError(
                Reason.UNAVAILABLE,
                f"the Ethereum node doesn't answer {method} ({type(error).__name__}): "
                "check its URL and that it runs",
            ) from error
        fields = cast("dict[str, Any]", answer)
        if "error" in fields:
            raise _node_error(fields["error"])
        return fields.get("result")

    async def number(self, method: str, *params: Any) -> int:
        """A call that answers with a quantity."""
        return int(await self.call(method, *params), 16)

    async def view(self, contract: str, data: bytes, block: str = "latest") -> bytes:
        """`eth_call` of a contract."""
        answer: str = await self.call("eth_call", {"to": contract, "data": "0x" + data.hex()}, block)
        return bytes.fromhex(answer[2:])

    async def close(self) -> None:
        """Let go of the connections."""
        await self._session.close()


async def _bounded(stream: StreamReader) -> bytes:
    """The whole answer; ValueError where it is longer than `_MAX_ANSWER`."""
    parts: list[bytes] = []
    left = _MAX_ANSWER
    async for part in stream.iter_any():
        left -= len(part)
        if left < 0:
            raise ValueError("the answer is too long")
        parts.append(part)
    return b"".join(parts)


def _node_error(error: Any) -> NodeError:
    if not isinstance(error, dict):
        return NodeError(0, str(error))
    details = cast("dict[str, Any]", error)
    data = details.get("data")
    text = data if isinstance(data, str) and data.startswith("0x") else "0x"
    try:
        revert = bytes.fromhex(text[2:])
    except ValueError:
        revert = b""
    return NodeError(int(details.get("code", 0)), str(details.get("message", "")), revert)
