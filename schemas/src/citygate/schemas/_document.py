"""JSON from outside: parsed strictly (I-JSON, RFC 7493), and written canonically (RFC 8785)."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, TypeAlias

import rfc8785

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

MAX_DOCUMENT = 65536
"""The most bytes that `parse` looks at."""
MAX_DEPTH = 16
"""How deeply arrays and objects may lie in each other."""
_MAX_INTEGER = 2**53 - 1


class DocumentError(ValueError):
    """The bytes are no strict JSON; the text says what is wrong and where."""


def parse(data: bytes) -> Json:
    """Read a document; DocumentError where it isn't one that every JSON library reads in the same way."""
    if len(data) > MAX_DOCUMENT:
        raise DocumentError(f"the document has {len(data)} bytes; at most {MAX_DOCUMENT} are taken")
    try:
        value: Json = json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"the document is no UTF-8: byte {error.start} is {data[error.start]:#04x}"
        ) from None
    except json.JSONDecodeError as error:
        raise DocumentError(f"no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise DocumentError(f"the document is nested more than {MAX_DEPTH} deep") from None
    except DocumentError:
        raise
    except ValueError:
        # Python's own limit on the digits of an integer.
        raise DocumentError("a number has too many digits; write it as a string") from None
    _check(value, 0)
    return value


def canonical(value: Json) -> bytes:
    """The one spelling of a document that `parse` took: UTF-8, after RFC 8785."""
    return rfc8785.dumps(value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise DocumentError(f"the key {json.dumps(twice)} comes twice in one object")
    return value


def _constant(name: str) -> NoReturn:
    raise DocumentError(f"{name} is no JSON number")


def _check(value: Json, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise DocumentError(f"the document is nested more than {MAX_DEPTH} deep")
    match value:
        case dict():
            for key, item in value.items():
                _check(key, depth)
                _check(item, depth + 1)
        case list():
            for item in value:
                _check(item, depth + 1)
        case str():
            # An escape such as \ud800 alone is no character, and has no UTF-8.
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise DocumentError(f"the string {json.dumps(value)[:80]} holds half of a surrogate pair")
        case bool() | None:
            pass
        case int() | float():
            if not math.isfinite(value) or (isinstance(value, int) and abs(value) > _MAX_INTEGER):
                raise DocumentError(
                    f"the number {value} isn't exact in every JSON library; write it as a string"
                )
