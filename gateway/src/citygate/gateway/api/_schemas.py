"""SchemaService."""

# ruff: noqa: N802 - the methods have the names that the protos give them

from __future__ import annotations

import hashlib
from typing import Any

import grpc.aio

from citygate.schemas import DocumentError, Schema, canonical, catalogue, find, parse
from citygate.v1 import schema_pb2
from citygate.v1.schema_service_pb2 import (
    GetSchemaRequest,
    ListSchemasRequest,
    ListSchemasResponse,
    ValidatePayloadRequest,
    ValidatePayloadResponse,
)
from citygate.v1.schema_service_pb2_grpc import SchemaServiceServicer

_Context = grpc.aio.ServicerContext[Any, Any]


class SchemaService(SchemaServiceServicer):
    """The schemas of `citygate.schemas`."""

    async def ListSchemas(self, request: ListSchemasRequest, context: _Context) -> ListSchemasResponse:
        return ListSchemasResponse(schemas=[_message(schema) for schema in catalogue()])

    async def GetSchema(self, request: GetSchemaRequest, context: _Context) -> schema_pb2.Schema:
        schema = find(request.name)
        message = _message(schema)
        message.document = schema.document
        return message

    async def ValidatePayload(
        self, request: ValidatePayloadRequest, context: _Context
    ) -> ValidatePayloadResponse:
        schema = find(request.schema)
        try:
            document = parse(request.payload)
        except DocumentError as error:
            fault = schema_pb2.Violation(rule="json", value="no strict JSON", expected=str(error))
            return ValidatePayloadResponse(schema=schema.name, violations=[fault])
        if violations := schema.violations(document):
            faults = [
                schema_pb2.Violation(pointer=v.pointer, rule=v.rule, value=v.value, expected=v.expected)
                for v in violations
            ]
            return ValidatePayloadResponse(schema=schema.name, violations=faults)
        data = canonical(document)
        return ValidatePayloadResponse(
            schema=schema.name, canonical=data, payload_hash=hashlib.sha256(data).digest()
        )


def _message(schema: Schema) -> schema_pb2.Schema:
    return schema_pb2.Schema(
        name=schema.name, uri=schema.uri, title=schema.title, description=schema.description
    )
