"""The canonical data model: shared schemas, strict parsing, validation and canonical JSON."""

from ._catalogue import Schema, UnknownSchemaError, Violation, catalogue, find
from ._document import MAX_DEPTH, MAX_DOCUMENT, DocumentError, Json, canonical, parse

__all__ = [
    "MAX_DEPTH",
    "MAX_DOCUMENT",
    "DocumentError",
    "Json",
    "Schema",
    "UnknownSchemaError",
    "Violation",
    "canonical",
    "catalogue",
    "find",
    "parse",
]
