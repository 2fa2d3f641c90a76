"""`citygate serve` and what else runs on a configuration, as processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio
import pytest

from citygate.v1.network_service_pb2 import ListNetworksRequest
from citygate.v1.network_service_pb2_grpc import NetworkServiceStub

pytestmark = pytest.mark.slow

CONFIG = 'listen = "{listen}"\njournal = "sqlite:///journal.db"\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "citygate.toml"
    file.write_text(text)
    return file


def configured(folder: Path, listen: str = "127.0.0.1:0") -> Path:
    return write(folder, CONFIG.format(listen=listen))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configured(tmp_path)


@asynccontextmanager
async def citygate(*words: str | Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The command as a process, which is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "citygate.gateway.cli", *map(str, words)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith("CITYGATE_")},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def said(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    out, err = await process.communicate()
    assert b"Traceback" not in err
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_stop(config: Path, number: signal.Signals) -> None:
    async with citygate("serve", "--config", config, "--json") as process:
        assert process.stdout is not None
        address = json.loads(await process.stdout.readline())["listening"]
        async with grpc.aio.insecure_channel(address) as channel:
            answer = await NetworkServiceStub(channel).ListNetworks(ListNetworksRequest())
        assert not answer.networks
        process.send_signal(number)
        code, _, err = await said(process)
    assert code == 0
    assert "ListNetworks OK" in err
    host, port = address.split(":")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, int(port))


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        async with citygate("serve", "--config", configured(tmp_path, listen)) as process:
            code, _, err = await said(process)
    assert code == 3
    assert f"error: can't listen on {listen}" in err


@pytest.mark.parametrize(
    ("listen", "words", "text"),
    [
        ("0.0.0.0:0", [], "needs TLS"),
        ("127.0.0.1:0", ["--tls-key", "x.pem"], "TLS needs both --tls-certificate and --tls-key"),
        ("127.0.0.1:0", ["--tls-certificate", "x.pem", "--tls-key", "x.pem"], "can't read x.pem"),
        ("nonsense", [], "listen"),
    ],
)
async def test_it_does_not_listen_as_it_should_not(
    tmp_path: Path, listen: str, words: list[str], text: str
) -> None:
    async with citygate("serve", "--config", configured(tmp_path, listen), *words) as process:
        code, out, err = await said(process)
    assert (code, out) == (3, "")
    assert text in err


async def test_an_attestor_of_an_unknown_kind_is_told(tmp_path: Path) -> None:
    config = write(tmp_path, 'adapter = "telegraph"\n')
    async with citygate("attestor", "--config", config) as process:
        code, _, err = await said(process)
    assert code == 3
    assert "there is no attestor 'telegraph'" in err


async def test_a_journal_is_rebuilt(config: Path) -> None:
    async with citygate("journal", "rebuild", "--config", config, "--json") as process:
        code, out, err = await said(process)
    assert code == 0, err
    assert json.loads(out) == {"transfers": 0}
