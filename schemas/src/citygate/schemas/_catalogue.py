"""The schemas that ship with this package, and how a document breaks one."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, NoReturn

import jsonschema_rs

from ._document import Json

_MAX_VALUE = 160


class UnknownSchemaError(LookupError):
    """There is no schema of this name; the text says which ones there are."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A place where a document breaks its schema."""

    pointer: str
    """JSON pointer (RFC 6901), empty for the whole document. Of a key that is missing, where it should be."""
    rule: str
    """The schema's keyword, such as `pattern`."""
    value: str
    """What is there, as JSON, shortened; `nothing` where a key is missing."""
    expected: str
    """What the rule wants: the keyword's value, as JSON, shortened."""

    def __str__(self) -> str:
        return f"{self.pointer or 'the document'}: found {self.value}, but {self.rule} wants {self.expected}"


@dataclass(frozen=True)
class Schema:
    """A JSON Schema 2020-12: `name` is `<domain>/<entity>/<version>`, `document` the schema in UTF-8."""

    name: str
    document: bytes

    @cached_property
    def content(self) -> dict[str, Any]:
        """The schema, parsed."""
        return json.loads(self.document)

    @property
    def uri(self) -> str:
        return self.content["$id"]

    @property
    def title(self) -> str:
        return self.content["title"]

    @property
    def description(self) -> str:
        """What it is anchored on."""
        return self.content["description"]

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            self.content,
            validate_formats=True,
            # Both, so that no reference is ever looked for in files or on the network.
            registry=jsonschema_rs.Registry([], retriever=_refuse),
            retriever=_refuse,
            # An engine without backtracking: its time is linear in the document.
            pattern_options=jsonschema_rs.RegexOptions(),
        )

    def violations(self, document: Json) -> list[Violation]:
        """Every place where `document` breaks the schema, by pointer; none where it is valid."""
        if self._validator.is_valid(document):
            return []
        found = [v for error in self._validator.iter_errors(document) for v in _violations(error)]
        return sorted(found, key=lambda v: (v.pointer, v.rule))


@cache
def catalogue() -> tuple[Schema, ...]:
    """All schemas, by name and the newest version first."""
    return tuple(_read(resources.files("citygate.schemas")))


def find(name: str) -> Schema:
    """The schema `<domain>/<entity>/<version>`, or the newest of `<domain>/<entity>`; UnknownSchemaError."""
    for schema in catalogue():
        if name in (schema.name, schema.name.rpartition("/")[0]):
            return schema
    names = [schema.name for schema in catalogue()]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
    raise UnknownSchemaError(f"no schema {name!r}; {hint}")


def _read(root: Traversable) -> Iterator[Schema]:
    for domain in _folders(root):
        for entity in _folders(domain):
            versions = [
                file.name.removesuffix(".json") for file in entity.iterdir() if file.name.endswith(".json")
            ]
            for version in sorted(versions, key=_precedence, reverse=True):
                data = entity.joinpath(f"{version}.json").read_bytes()
                yield Schema(f"{domain.name}/{entity.name}/{version}", data)


def _folders(parent: Traversable) -> list[Traversable]:
    return sorted((f for f in parent.iterdir() if f.is_dir() and f.name[0] not in "_."), key=lambda f: f.name)


def _precedence(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"schemas refer to nothing outside themselves, so not to {uri}")


def _violations(error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
    kind, path = error.kind, list(error.instance_path)
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            rule = next(str(part) for part in reversed(error.schema_path) if str(part).endswith("equired"))
            yield Violation(_pointer([*path, name]), rule, "nothing", f"the key {_short(name)}")
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=names):
            for name in names:
                value: Any = error.instance
                yield Violation(
                    _pointer([*path, name]), "additionalProperties", _short(value[name]), "no such key"
                )
        case _:
            rule = str(error.schema_path[-1])
            yield Violation(_pointer(path), rule, _short(error.instance), _short(kind.value))


def _pointer(path: list[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
