"""What surrounds the services: health, reflection, TLS, errors that nobody expected, and the end."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import grpc
import grpc.aio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from citygate.adapter import Health, Leg, Participant, Terms
from citygate.gateway.api import ListenError, Tls, serve
from citygate.gateway.platform import LegStatus, Tickets, Transfer, Transfers, TransferState
from citygate.v1 import transfer_pb2
from citygate.v1.network_service_pb2 import GetNetworkRequest, ListAccountsRequest
from citygate.v1.network_service_pb2_grpc import NetworkServiceStub
from citygate.v1.transfer_service_pb2 import GetTransferRequest, WatchTransferRequest
from citygate.v1.transfer_service_pb2_grpc import TransferServiceStub

if TYPE_CHECKING:
    from gateway.tests.conftest import Refusal, Served

Told = Callable[[Awaitable[object]], Awaitable["Refusal"]]
SERVICES = ["MobilityService", "NetworkService", "SchemaService", "TransferService"]


async def test_every_service_is_healthy(served: Served) -> None:
    stub: Any = health_pb2_grpc.HealthStub(cast("Any", served.channel))
    for service in ["", *(f"citygate.v1.{name}" for name in SERVICES)]:
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_names_every_service(served: Served) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(cast("Any", served.channel))
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    async for answer in stub.ServerReflectionInfo(iter([request])):
        names = {service.name for service in answer.list_services_response.service}
        assert names >= {f"citygate.v1.{name}" for name in SERVICES} | {"grpc.health.v1.Health"}


async def test_an_unknown_method_is_unimplemented(served: Served) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.channel.unary_unary("/citygate.v1.TransferService/Teleport")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_ledger_that_does_not_tell_its_health_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = served.networks.get("alpha")

    async def silent() -> Health:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(network.adapter, "health", silent)
    monkeypatch.setattr("citygate.gateway.api._networks._PATIENCE", 0.05)
    answer = await served.network.GetNetwork(GetNetworkRequest(network="alpha"))
    assert answer.health.status == answer.health.STATUS_NOT_SERVING


class Broken(Transfers):
    """Fails in a way that nobody expected, with a secret in its text."""

    def __init__(self) -> None:
        pass

    async def get(self, transfer_id: bytes) -> Any:
        raise KeyError("the secret")

    async def watch(self, transfer_id: bytes) -> AsyncGenerator[Transfer]:
        raise KeyError("the secret")
        yield


async def test_an_unexpected_error_is_told_by_an_id_that_the_log_has(
    served: Served, refusal: Told, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        serve(served.networks, Broken(), Tickets(served.networks), "127.0.0.1:0") as running,
        grpc.aio.insecure_channel(running.address) as channel,
    ):
        stub = TransferServiceStub(channel)

        async def watched() -> object:
            return await anext(aiter(stub.WatchTransfer(WatchTransferRequest(id="ab" * 32))))

        for call in (stub.GetTransfer(GetTransferRequest(id="ab" * 32)), watched()):
            caplog.clear()
            with caplog.at_level(logging.ERROR, "citygate.api"):
                refused = await refusal(call)
            assert (refused.code, refused.info.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
            assert "secret" not in refused.message
            assert refused.info.metadata["error_id"] in refused.message
            (record,) = caplog.records
            assert refused.info.metadata["error_id"] in record.getMessage()
            assert record.exc_info is not None


class Endless(Broken):
    """Has one transfer, whose deadline no calendar knows, and which never ends."""

    async def get(self, transfer_id: bytes) -> Transfer:
        leg = Leg("memory:alpha/asset:coin", 1, 0, "a", 0, "b")
        terms = Terms((Participant("memory:alpha", "gate"),), 0, "relay", 2**64 - 1, bytes(32), (leg,))
        return Transfer(terms, TransferState.PENDING, {}, (LegStatus("memory:alpha", "a", free=True),))

    async def watch(self, transfer_id: bytes) -> AsyncGenerator[Transfer]:
        yield await self.get(transfer_id)
        await asyncio.Event().wait()


async def test_a_deadline_beyond_the_calendar_can_be_shown(served: Served) -> None:
    async with (
        serve(served.networks, Endless(), Tickets(served.networks), "127.0.0.1:0") as running,
        grpc.aio.insecure_channel(running.address) as channel,
    ):
        shown = await TransferServiceStub(channel).GetTransfer(GetTransferRequest(id="ab" * 32))
    assert shown.deadline.ToJsonString() == "9999-12-31T23:59:59Z"
    assert Terms.decode(shown.terms).deadline == 2**64 - 1


async def test_a_watcher_does_not_keep_it_from_stopping(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citygate.gateway.api._server._GRACE", 0.1)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            serve(served.networks, Endless(), Tickets(served.networks), "127.0.0.1:0")
        )
        async with grpc.aio.insecure_channel(running.address) as channel:
            watching = aiter(TransferServiceStub(channel).WatchTransfer(WatchTransferRequest(id="ab" * 32)))
            assert (await anext(watching)).state == transfer_pb2.Transfer.STATE_PENDING
            async with asyncio.timeout(5):
                await stack.aclose()
            with pytest.raises(grpc.aio.AioRpcError):
                await anext(watching)


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "gateway.example:0"])
async def test_nobody_listens_beyond_this_machine_without_tls(served: Served, listen: str) -> None:
    with pytest.raises(ListenError, match="needs TLS"):
        async with serve(served.networks, Broken(), Tickets(served.networks), listen):
            pass


async def test_a_taken_port_is_told(served: Served) -> None:
    with pytest.raises(ListenError, match=f"can't listen on {served.address}"):
        async with serve(served.networks, Broken(), Tickets(served.networks), served.address):
            pass


async def test_after_the_end_nobody_listens(served: Served) -> None:
    async with serve(served.networks, Broken(), Tickets(served.networks), "127.0.0.1:0") as running:
        host, port = running.address.split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, int(port))


class Authority:
    """Makes certificates for 127.0.0.1."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / f"{name}.pem"
        self._made = self._make(name, self._key, is_ca=True)
        self.certificate.write_bytes(self._made.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        made = self._make(name, key, is_ca=False)
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, key_file

    def _make(self, name: str, key: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        named = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, self._name)]
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder()
            .subject_name(named[0])
            .issuer_name(named[1])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(self._key, hashes.SHA256())
        )


async def test_with_a_client_authority_only_its_clients_are_let_in(served: Served, tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    tls = Tls(*ours.issue("server"), client_ca=ours.certificate)

    async def call(address: str, pair: tuple[Path, Path] | None) -> int:
        certificate, key = (None, None) if pair is None else (file.read_bytes() for file in pair)
        credentials = grpc.ssl_channel_credentials(ours.certificate.read_bytes(), key, certificate)
        async with grpc.aio.secure_channel(address, credentials) as channel:
            answer = await NetworkServiceStub(channel).ListAccounts(ListAccountsRequest(), timeout=5)
            return len(answer.accounts)

    async with serve(served.networks, Broken(), Tickets(served.networks), "127.0.0.1:0", tls) as running:
        assert await call(running.address, ours.issue("client")) == 9
        for pair in (None, theirs.issue("stranger")):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(running.address, pair)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_tls_files_that_cannot_be_used_are_told(served: Served, tmp_path: Path) -> None:
    missing = Tls(tmp_path / "none.pem", tmp_path / "none.key")
    with pytest.raises(ListenError, match=r"can't read .*none\.key"):
        async with serve(served.networks, Broken(), Tickets(served.networks), "127.0.0.1:0", missing):
            pass
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(ListenError, match="are no certificate with its key"):
        async with serve(
            served.networks, Broken(), Tickets(served.networks), "127.0.0.1:0", Tls(broken, broken)
        ):
            pass
