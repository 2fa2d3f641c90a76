"""What a node may answer with, and what is made of it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from citygate.adapter import AdapterError, Reason
from citygate.ethereum._rpc import Node, NodeError

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Asked(list[dict[str, Any]]):
    """The requests that a node got."""


@asynccontextmanager
async def node_that(respond: Respond, patience: float = 10) -> AsyncGenerator[tuple[Node, Asked]]:
    """A node whose every answer is `respond`'s, and who waits `patience` seconds for it."""
    asked = Asked()

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        return await respond(request)

    runner = web.AppRunner(web.Application(), handler_cancellation=True, shutdown_timeout=0.1)
    runner.app.router.add_post("/", handle)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    node = Node(f"http://127.0.0.1:{port}", timeout=patience)
    try:
        yield node, asked
    finally:
        await node.close()
        await runner.cleanup()


def result(value: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 0, "result": value}).encode()


def always(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Respond:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return respond


async def chunked(request: web.Request) -> web.StreamResponse:
    """A long answer that doesn't say how long it is."""
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for _ in range(4):
        await response.write(b" " * 500)
    await response.write(result("0x7"))
    return response


async def silence(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("limit", [100_000, 1_000])
@pytest.mark.parametrize(
    "respond",
    [
        always(result("0x7") + b" " * 2_000),
        always(gzip.compress(result("0x7") + b" " * 2_000), headers={"Content-Encoding": "gzip"}),
        chunked,
    ],
    ids=["announced", "compressed", "chunked"],
)
async def test_an_answer_is_read_up_to_a_limit(
    respond: Respond, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citygate.ethereum._rpc._MAX_ANSWER", limit)
    async with node_that(respond) as (node, _):
        if limit > 3_000:
            assert await node.number("eth_blockNumber") == 7
        else:
            with pytest.raises(AdapterError, match="doesn't answer eth_blockNumber") as caught:
                await node.number("eth_blockNumber")
            assert caught.value.reason is Reason.UNAVAILABLE


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b"[]", b"7", b"\xff", b"{}", b"[" * 100_000, b'{"jsonrpc": "2.0", "id": 0}'],
)
async def test_what_is_no_answer(body: bytes) -> None:
    async with node_that(always(body)) as (node, _):
        with pytest.raises(AdapterError, match="check its URL") as caught:
            await node.call("eth_chainId")
        assert caught.value.reason is Reason.UNAVAILABLE


@pytest.mark.parametrize(
    ("respond", "patience"), [(silence, 0.1), (always(b"busy", status=503), 10)], ids=["silent", "busy"]
)
async def test_a_node_is_asked_once(respond: Respond, patience: float) -> None:
    """A transaction that may have arrived is the outbox's to send again."""
    async with node_that(respond, patience) as (node, asked):
        with pytest.raises(AdapterError) as caught:
            await node.call("eth_sendRawTransaction", "0x00")
        assert caught.value.reason is Reason.UNAVAILABLE
        assert [request["method"] for request in asked] == ["eth_sendRawTransaction"]


@pytest.mark.parametrize(
    ("error", "reason", "data"),
    [
        ({"code": 3, "message": "execution reverted", "data": "0xabcd"}, Reason.REJECTED, b"\xab\xcd"),
        ({"code": -32000, "message": "no", "data": {"of": "another kind"}}, Reason.UNAVAILABLE, b""),
        ({"code": -32000, "message": "transaction not found", "data": "0xz"}, Reason.UNAVAILABLE, b""),
    ],
)
async def test_a_nodes_refusal(error: dict[str, Any], reason: Reason, data: bytes) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "error": error}).encode()
    async with node_that(always(body)) as (node, _):
        with pytest.raises(NodeError, match=error["message"]) as caught:
            await node.call("eth_call", {}, "latest")
        assert (caught.value.reason, caught.value.data) == (reason, data)


async def test_what_a_revert_asks_for_isnt_done() -> None:
    """EIP-3668: OffchainLookup(sender, urls, …) names addresses for the client to send requests to."""
    error = {"code": 3, "message": "execution reverted", "data": "0x556f1830" + "00" * 160}
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "error": error}).encode()
    async with node_that(always(body)) as (node, asked):
        with pytest.raises(NodeError) as caught:
            await node.view("0x" + "0a" * 20, b"")
        assert caught.value.reverted
        assert len(asked) == 1


async def test_calls_share_a_connection() -> None:
    ports: set[int] = set()

    async def respond(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response(body=result(None))

    async with node_that(respond) as (node, _):
        for _ in range(3):
            assert await node.call("eth_getTransactionReceipt", "0x00") is None
    assert len(ports) == 1
