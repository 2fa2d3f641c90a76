"""The world state of the in-memory ledger, changed item by item: each change wholly or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from citygate.adapter import NO_PAYLOAD, State

K = TypeVar("K")
V = TypeVar("V")


class Table(Generic[K, V]):
    """A map where every key has a value: `default` until it is put."""

    def __init__(self, default: V, undo: list[Callable[[], None]]) -> None:
        self._default = default
        self._undo = undo
        self._values: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        return self._values.get(key, self._default)

    def __setitem__(self, key: K, value: V) -> None:
        old = self[key]
        self._undo.append(lambda: self._values.__setitem__(key, old))
        self._values[key] = value

    def items(self) -> list[tuple[K, V]]:
        return list(self._values.items())


@dataclass(frozen=True, slots=True)
class Token:
    """A unique asset at home, or its voucher elsewhere.

    Valid in `[valid_from, valid_until)`, epoch seconds.
    """

    payload: bytes
    redeemed_by: str = ""
    valid_from: int = 0
    valid_until: int = 2**63


def payload_hash(payload: bytes) -> bytes:
    """The SHA-256 of a payload, zero where there is none."""
    return hashlib.sha256(payload).digest() if payload else NO_PAYLOAD


class Store:
    """What the gate and the assets' contract of one network remember."""

    def __init__(self) -> None:
        undo: list[Callable[[], None]] = []
        self._undo = undo
        self.states: Table[bytes, State] = Table(State.NONE, undo)
        self.tokens: Table[str, Token | None] = Table(None, undo)
        self.locks: Table[str, bytes] = Table(b"", undo)
        """Unique asset → the transfer that holds it."""
        self.balances: Table[tuple[str, str], int] = Table(0, undo)
        """(asset, account) → what the account can use."""
        self.held: Table[tuple[str, str], int] = Table(0, undo)
        """(asset, account) → what the account refused and can claim."""
        self.escrowed: Table[str, int] = Table(0, undo)
        """Asset → what the home gate holds for networks abroad."""
        self.outstanding: Table[tuple[str, str], int] = Table(0, undo)
        """(asset, network) → what that network may give back."""
        self.vouchers: Table[str, int] = Table(0, undo)
        """Asset from elsewhere → all vouchers there are."""

    @contextmanager
    def item(self) -> Generator[None]:
        """What is changed within is undone when it ends with an exception."""
        self._undo.clear()
        try:
            yield
        except BaseException:
            for step in reversed(self._undo.copy()):
                step()
            raise
        finally:
            self._undo.clear()
