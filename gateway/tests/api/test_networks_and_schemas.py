"""NetworkService and SchemaService."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import grpc

from citygate.schemas import find
from citygate.v1.account_pb2 import Account
from citygate.v1.network_pb2 import Network
from citygate.v1.network_service_pb2 import GetNetworkRequest, ListAccountsRequest, ListNetworksRequest
from citygate.v1.schema_service_pb2 import GetSchemaRequest, ListSchemasRequest, ValidatePayloadRequest

if TYPE_CHECKING:
    from gateway.tests.conftest import Refusal, Served

Told = Callable[[Awaitable[object]], Awaitable["Refusal"]]
TICKET = {
    "id": "T-1",
    "status": "FULFILLED",
    "bookingRef": "B",
    "createdOn": "2026-01-15T09:30:00Z",
    "validity": {"validFrom": "2026-01-15T00:00:00Z", "validUntil": "2036-01-15T00:00:00Z"},
    "travelDocumentType": "QR",
}


async def test_networks_are_listed_with_their_health(served: Served) -> None:
    response = await served.network.ListNetworks(ListNetworksRequest())
    alpha, beta = sorted(response.networks, key=lambda network: network.id)
    assert (alpha.id, alpha.name, alpha.kind, alpha.gate) == ("memory:alpha", "alpha", "memory", "gate")
    assert alpha.finality == "a block is final at once"
    assert alpha.health.status == Network.Health.STATUS_SERVING
    assert beta.ticket_collection == "memory:beta/asset:ticket"


async def test_a_network_is_found_by_id_and_by_name(served: Served, refusal: Told) -> None:
    by_id = await served.network.GetNetwork(GetNetworkRequest(network="memory:alpha"))
    by_name = await served.network.GetNetwork(GetNetworkRequest(network="alpha"))
    assert by_id.id == by_name.id == "memory:alpha"
    refused = await refusal(served.network.GetNetwork(GetNetworkRequest(network="alpah")))
    assert refused.code is grpc.StatusCode.NOT_FOUND
    assert "did you mean alpha? connected are: alpha (memory:alpha), beta" in refused.message


async def test_accounts_are_listed_with_who_holds_their_keys(served: Served) -> None:
    response = await served.network.ListAccounts(ListAccountsRequest(network="alpha"))
    assert [account.name for account in response.accounts] == [
        "alice",
        "bob",
        "operator",
        "relay",
        "stranger",
    ]
    alice, stranger = response.accounts[0], response.accounts[-1]
    assert alice.id == f"memory:alpha:{alice.address}"
    assert alice.address == served.accounts["memory:alpha", "alice"]
    assert (alice.custody, stranger.custody) == (Account.CUSTODY_GATEWAY, Account.CUSTODY_OWNER)
    assert alice.curve == Account.CURVE_P256
    everybody = await served.network.ListAccounts(ListAccountsRequest())
    assert len(everybody.accounts) == 9


async def test_schemas_are_listed_and_shown(served: Served, refusal: Told) -> None:
    (listed,) = (await served.schemas.ListSchemas(ListSchemasRequest())).schemas
    assert listed.name == "mobility/ticket/1.0.0"
    assert not listed.document
    shown = await served.schemas.GetSchema(GetSchemaRequest(name="mobility/ticket"))
    assert shown.document == find("mobility/ticket").document
    assert json.loads(shown.document)["$id"] == shown.uri
    refused = await refusal(served.schemas.GetSchema(GetSchemaRequest(name="mobility/tickets")))
    assert refused.code is grpc.StatusCode.NOT_FOUND
    assert "did you mean mobility/ticket/1.0.0?" in refused.message


async def test_a_valid_payload_comes_back_canonical(served: Served) -> None:
    payload = json.dumps(TICKET, indent=4).encode()
    response = await served.schemas.ValidatePayload(
        ValidatePayloadRequest(schema="mobility/ticket", payload=payload)
    )
    assert response.schema == "mobility/ticket/1.0.0"
    assert not response.violations
    assert json.loads(response.canonical) == TICKET
    assert b" " not in response.canonical
    assert response.payload_hash == hashlib.sha256(response.canonical).digest()


async def test_an_invalid_payload_is_answered_with_all_its_violations(served: Served) -> None:
    payload = json.dumps(TICKET | {"id": "", "status": "USED", "name": "A. Person"}).encode()
    response = await served.schemas.ValidatePayload(
        ValidatePayloadRequest(schema="mobility/ticket/1.0.0", payload=payload)
    )
    assert [(v.pointer, v.rule, v.value) for v in response.violations] == [
        ("/id", "pattern", '""'),
        ("/name", "additionalProperties", '"A. Person"'),
        ("/status", "enum", '"USED"'),
    ]
    assert not response.canonical
    assert not response.payload_hash


async def test_bytes_that_are_no_strict_json_are_a_violation(served: Served) -> None:
    for payload, text in [
        (b'{"id": "a", "id": "b"}', "comes twice"),
        (b"\xff", "no UTF-8"),
        (b'{"id": NaN}', "NaN"),
        (b"[" * 70_000, "at most 65536"),
    ]:
        response = await served.schemas.ValidatePayload(
            ValidatePayloadRequest(schema="mobility/ticket", payload=payload)
        )
        (violation,) = response.violations
        assert violation.rule == "json"
        assert text in violation.expected


async def test_a_payload_of_ten_megabytes_is_refused_with_its_field(served: Served, refusal: Told) -> None:
    request = ValidatePayloadRequest(schema="mobility/ticket", payload=b"x" * 10_000_000)
    refused = await refusal(served.schemas.ValidatePayload(request))
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refused.fields) == ["payload"]
