"""The one way in which commands say something: for people, or as JSON for programs.

Results go to standard output, errors to standard error.
"""

# ruff: noqa: T201 - here, and nowhere else, is where printing is meant

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._exit import CommandError


@dataclass(frozen=True, slots=True)
class Output:
    """Says what a command has to say. Every `data` is what a program gets, the rest is what a person gets."""

    json: bool

    def table(
        self, data: Sequence[Mapping[str, Any]], columns: Sequence[str], rows: Sequence[Sequence[str]]
    ) -> None:
        """A list of things."""
        if self.json:
            self._json(list(data))
        elif rows:
            self._grid([[column.upper() for column in columns], *rows])
        else:
            print("none")

    def record(self, data: Mapping[str, Any], rows: Sequence[tuple[str, str]]) -> None:
        """One thing; what is empty is left out."""
        if self.json:
            self._json(data)
        else:
            self._grid([[name, value] for name, value in rows if value])

    def line(self, data: Mapping[str, Any], text: str) -> None:
        """One of a stream of things, each on its own line."""
        print(json.dumps(data, ensure_ascii=False) if self.json else _printable(text), flush=True)

    def document(self, text: str) -> None:
        """A document that is JSON already."""
        print(text)

    def error(self, error: CommandError) -> None:
        """What was wrong and what to do."""
        if self.json:
            content = {
                "code": error.code.name,
                "message": error.message,
                "remedy": error.remedy,
                **error.details,
            }
            print(json.dumps({"error": content}, ensure_ascii=False), file=sys.stderr)
        else:
            message = "\n".join(map(_printable, error.message.splitlines()))
            print(f"error: {message}\n{error.remedy}", file=sys.stderr)

    @staticmethod
    def _json(data: object) -> None:
        print(json.dumps(data, ensure_ascii=False, indent=2))

    @staticmethod
    def _grid(rows: Sequence[Sequence[str]]) -> None:
        cells = [[_printable(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _printable(text: str) -> str:
    """The text without what would steer a terminal: much of what is shown comes from elsewhere."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
