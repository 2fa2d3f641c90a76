"""Requests as bytes: bounded and decoded here, so that a wrong one is told with the field that is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet

from citygate.gateway.platform import InvalidField

MAX_REQUEST = 1 << 20
"""More than any request that can be right: its largest part is a payload of 64 KiB."""
MAX_TEXT = 512
"""More than any string of a request needs, in bytes."""
_DELIMITED = 2
"""The wire type of strings, bytes and messages."""


def decode(descriptor: Descriptor, data: bytes) -> Message:
    """Read a request; InvalidField where it is too large, or not what its message says."""
    if len(data) > MAX_REQUEST:
        sizes = {path: len(value) for path, _, value in _leaves(descriptor, data)}
        largest = max(sizes, key=sizes.__getitem__, default="request")
        raise InvalidField(largest, f"the request has {len(data)} bytes; at most {MAX_REQUEST} are taken")
    try:
        message = GetMessageClass(descriptor).FromString(data)
    except DecodeError:
        _check_texts(descriptor, data)
        raise InvalidField("request", f"these bytes are no {descriptor.full_name}") from None
    if len(data) > MAX_TEXT:
        _check_texts(descriptor, data)
    return message


def _check_texts(descriptor: Descriptor, data: bytes) -> None:
    for path, field, value in _leaves(descriptor, data):
        if field.type != FieldDescriptor.TYPE_STRING:
            continue
        if len(value) > MAX_TEXT:
            raise InvalidField(path, f"it has {len(value)} bytes; at most {MAX_TEXT} are taken")
        try:
            value.decode()
        except UnicodeDecodeError as error:
            byte = value[error.start]
            raise InvalidField(path, f"no UTF-8: byte {error.start} is {byte:#04x}") from None


def _leaves(
    descriptor: Descriptor, data: bytes, prefix: str = ""
) -> Iterator[tuple[str, FieldDescriptor, bytes]]:
    """Every string and bytes field in encoded bytes, with its path; stops where they can't be followed."""
    # A message without fields of its own keeps all of them as unknown ones, undecoded.
    holder = Empty()
    try:
        holder.ParseFromString(data)
    except DecodeError:
        return
    counts: dict[int, int] = {}
    for raw in UnknownFieldSet(holder):
        field = descriptor.fields_by_number.get(raw.field_number)
        if field is None or raw.wire_type != _DELIMITED:
            continue
        position = counts[raw.field_number] = counts.get(raw.field_number, -1) + 1
        path = f"{prefix}{field.name}" + (f"[{position}]" if field.is_repeated else "")
        if field.message_type is not None:
            yield from _leaves(field.message_type, raw.data, f"{path}.")
        elif field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            yield path, field, raw.data
