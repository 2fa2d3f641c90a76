"""Questions of one moment share a request, and nothing else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from citygate.adapter import AdapterError, Reason
from citygate.ethereum._rpc import NodeError

from .test_rpc import node_that


async def echo(request: web.Request) -> web.StreamResponse:
    """Answers each call with the data it was called with; refuses 0xbad. In a batch, the last comes first."""
    body = await request.json()
    if isinstance(body, list):
        return web.json_response([answer(question) for question in reversed(body)])  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON
    return web.json_response(answer(body))


def answer(question: dict[str, Any]) -> dict[str, Any]:
    said = {"jsonrpc": "2.0", "id": question["id"]}
    if question["params"] and question["params"][0].get("data") == "0x0bad":
        return {**said, "error": {"code": 3, "message": "execution reverted", "data": "0x01"}}
    return {**said, "result": question["params"][0]["data"] if question["params"] else "0x7"}


async def test_questions_of_one_moment_share_a_request() -> None:
    async with node_that(echo) as (node, asked):
        answers = await asyncio.gather(*(node.view("0x00", bytes([number])) for number in range(120)))
        assert answers == [bytes([number]) for number in range(120)]
        assert [len(request) for request in asked] == [50, 50, 20]


async def test_the_same_question_is_asked_once() -> None:
    async with node_that(echo) as (node, asked):
        assert await asyncio.gather(*(node.number("eth_blockNumber") for _ in range(5))) == [7] * 5
        assert len(asked) == 1
        assert isinstance(asked[0], dict)
        await node.number("eth_blockNumber")
        assert len(asked) == 2


async def test_one_that_is_refused_leaves_the_others_alone() -> None:
    async with node_that(echo) as (node, _):
        good, bad = await asyncio.gather(
            node.view("0x00", b"\x01"), node.view("0x00", b"\x0b\xad"), return_exceptions=True
        )
        assert good == b"\x01"
        assert isinstance(bad, NodeError)
        assert (bad.reverted, bad.data) == (True, b"\x01")


async def test_one_that_gives_up_leaves_the_others_alone() -> None:
    async with node_that(echo) as (node, _):
        first, second = (asyncio.ensure_future(node.view("0x00", b"\x01")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == b"\x01"
        assert first.cancelled()


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", "[1, 2]", '[{"id": 0}, {"id": 1}]', '[{"id": 0, "error": 1}, {"id": 1, "error": {}}]'],
)
async def test_an_answer_that_is_none_is_unavailable_for_all(body: str) -> None:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.json_response(json.loads(body))

    async with node_that(respond) as (node, _):
        both = await asyncio.gather(
            node.view("0x00", b"\x01"), node.view("0x00", b"\x02"), return_exceptions=True
        )
    assert [error.reason for error in both if isinstance(error, AdapterError)] == [Reason.UNAVAILABLE] * 2
