"""`citygate schema`."""

from __future__ import annotations

from pathlib import Path

from google.protobuf.json_format import MessageToDict

from citygate.v1.schema_service_pb2 import GetSchemaRequest, ListSchemasRequest, ValidatePayloadRequest
from citygate.v1.schema_service_pb2_grpc import SchemaServiceStub

from ._exit import Exit
from ._files import read_payload
from ._session import Remote

_DEFAULT = Remote()


def list_schemas(*, remote: Remote = _DEFAULT) -> int:
    """The shared schemas."""
    return remote.run(_list(remote))


async def _list(remote: Remote) -> None:
    async with remote.channel() as channel:
        response = await SchemaServiceStub(channel).ListSchemas(ListSchemasRequest())
    remote.output.table(
        [MessageToDict(schema) for schema in response.schemas],
        ["name", "title", "description"],
        [[schema.name, schema.title, schema.description] for schema in response.schemas],
    )


def show(name: str, /, *, remote: Remote = _DEFAULT) -> int:
    """One schema, as JSON.

    Parameters
    ----------
    name
        <domain>/<entity>/<version>, or <domain>/<entity> for the newest version.
    """
    return remote.run(_show(remote, name))


async def _show(remote: Remote, name: str) -> None:
    async with remote.channel() as channel:
        schema = await SchemaServiceStub(channel).GetSchema(GetSchemaRequest(name=name))
    remote.output.document(schema.document.decode().rstrip())


def validate(file: Path, /, *, schema: str = "mobility/ticket", remote: Remote = _DEFAULT) -> int:
    """Hold a payload against its schema; exit 3 where it breaks it.

    Parameters
    ----------
    file
        The payload as JSON.
    schema
        <domain>/<entity>/<version>, or <domain>/<entity> for the newest version.
    """
    return remote.run(_validate(remote, file, schema))


async def _validate(remote: Remote, file: Path, schema: str) -> int:
    request = ValidatePayloadRequest(schema=schema, payload=read_payload(file))
    async with remote.channel() as channel:
        response = await SchemaServiceStub(channel).ValidatePayload(request)
    if response.violations:
        remote.output.table(
            [MessageToDict(violation) for violation in response.violations],
            ["pointer", "rule", "found", "wanted"],
            [[v.pointer or "/", v.rule, v.value, v.expected] for v in response.violations],
        )
        return Exit.INVALID
    remote.output.record(
        MessageToDict(response),
        [("schema", response.schema), ("payload hash", response.payload_hash.hex())],
    )
    return Exit.DONE
