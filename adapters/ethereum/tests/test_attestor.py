"""The attestor on a real node."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import grpc.aio
import pytest
from eth_hash.auto import keccak

from citygate.adapter import AdapterError
from citygate.adapter.devnet import free_ports
from citygate.attestor.v1 import attestor_pb2, attestor_pb2_grpc
from citygate.ethereum._headers import Header
from citygate.ethereum._rpc import Node
from citygate.ethereum._signatures import LocalKey, recover
from citygate.ethereum._typed_data import final_header_digest
from citygate.ethereum.attestor import HeaderService, SignedHeaders, serve

from .city import City

pytestmark = pytest.mark.ledger

KEY = LocalKey(b"\x0b" * 32)
NETWORK = "eip155:31337"


@dataclass
class Client:
    stub: attestor_pb2_grpc.AttestorServiceAsyncStub

    async def ask(self, number: int, network: str = NETWORK) -> attestor_pb2.AttestHeaderResponse:
        request = attestor_pb2.AttestHeaderRequest(network=network, number=number)
        return await self.stub.AttestHeader(request, timeout=10)

    async def refusal(self, number: int, network: str = NETWORK) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.ask(number, network)
        return caught.value.code(), caught.value.details() or ""


@asynccontextmanager
async def attestor(node: Node, path: Path, *, finality: int = 0, rate: float = 100) -> AsyncGenerator[Client]:
    server = grpc.aio.server()
    with SignedHeaders(path) as signed:
        service = HeaderService(NETWORK, node, KEY, signed, finality=finality, rate=rate)
        attestor_pb2_grpc.add_AttestorServiceServicer_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Client(attestor_pb2_grpc.AttestorServiceStub(channel))
        finally:
            await server.stop(None)


async def test_a_final_header_is_signed(city: City, tmp_path: Path) -> None:
    newest = await city.node.number("eth_blockNumber")
    block = await city.node.call("eth_getBlockByNumber", hex(newest), False)
    async with attestor(city.node, tmp_path / "signed") as client:
        answer = await client.ask(newest)
        assert await client.ask(newest) == answer
    assert "0x" + keccak(answer.header).hex() == block["hash"]
    assert Header.read(answer.header).number == newest
    digest = final_header_digest(NETWORK, newest, keccak(answer.header))
    assert "0x" + recover(digest, answer.signature).hex() == KEY.account


async def test_what_isnt_final_is_refused(city: City, tmp_path: Path) -> None:
    newest = await city.node.number("eth_blockNumber")
    async with attestor(city.node, tmp_path / "signed", finality=2) as client:
        for number in (newest - 1, newest, newest + 1, 2**64 - 1):
            code, detail = await client.refusal(number)
            assert code is grpc.StatusCode.FAILED_PRECONDITION
            assert "isn't final" in detail
        assert (await client.ask(newest - 2)).signature


async def test_another_network_is_refused(city: City, tmp_path: Path) -> None:
    async with attestor(city.node, tmp_path / "signed") as client:
        for network in ("eip155:1", "", "fabric:1"):
            code, detail = await client.refusal(1, network)
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert NETWORK in detail


async def test_after_a_reorganisation_the_other_header_is_never_signed(city: City, tmp_path: Path) -> None:
    await city.node.call("anvil_mine", "0x2")
    newest = await city.node.number("eth_blockNumber")
    before = await city.node.call("eth_getBlockByNumber", hex(newest), False)
    async with attestor(city.node, tmp_path / "signed") as client:
        await client.ask(newest)
    await city.node.call("anvil_reorg", 1, [])
    after = await city.node.call("eth_getBlockByNumber", hex(newest), False)
    assert after["hash"] != before["hash"]
    async with attestor(city.node, tmp_path / "signed") as client:  # restarted, so nothing is cached
        code, detail = await client.refusal(newest)
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert "another header" in detail
        await city.node.call("anvil_mine", "0x1")
        assert (await client.ask(newest + 1)).signature


async def test_who_asks_too_much_is_held_back(city: City, tmp_path: Path) -> None:
    async with attestor(city.node, tmp_path / "signed", rate=2) as client:
        await client.ask(1)
        await client.ask(2)
        code, _ = await client.refusal(3)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await client.ask(1)).signature, "what is cached costs nothing"


async def test_a_node_that_is_down_is_told(tmp_path: Path) -> None:
    node = Node("http://127.0.0.1:1", timeout=2)
    async with attestor(node, tmp_path / "signed") as client:
        code, detail = await client.refusal(1)
    await node.close()
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "127.0.0.1:1" not in detail, "the attestor's own node is nobody's business"


async def test_serving_the_wrong_network_is_refused_at_the_start(city: City, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text("0b" * 32)
    options = {
        "network": "eip155:1",
        "node": city.options["url"],
        "listen": f"127.0.0.1:{free_ports(['attestor'])['attestor']}",
        "key_file": str(key),
        "signed_file": str(tmp_path / "signed"),
    }
    with pytest.raises(AdapterError, match="of eip155:31337, not of eip155:1"):
        await serve(options)
    with pytest.raises(ValueError, match="listen"):
        await serve(options | {"network": NETWORK, "listen": city.options["url"].removeprefix("http://")})
