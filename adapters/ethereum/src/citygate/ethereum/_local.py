"""Keys and an outbox in this process's memory: for deployment, for development, for use without a gateway."""

from __future__ import annotations

from collections.abc import Iterable

from citygate.adapter import KeyRing, Outbox, Signed, Signer

from ._signatures import LocalKey


class LocalKeys(KeyRing):
    """A key ring of the accounts of these keys, on every EVM network."""

    def __init__(self, keys: Iterable[LocalKey]) -> None:
        self._keys = {key.account: key for key in keys}

    def signer(self, network: str, account: str) -> Signer | None:
        """The account's key."""
        return self._keys.get(account)


class MemoryOutbox(Outbox):
    """An outbox that lives as long as this process; what it holds is in `numbers` and `stored`."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.stored: dict[str, Signed] = {}

    async def sequence(self, network: str, sender: str, floor: int) -> int:
        """The account's next number."""
        number = max(self.numbers.get(sender, 0), floor)
        self.numbers[sender] = number + 1
        return number

    async def put(self, signed: Signed) -> None:
        """Keep it in memory."""
        self.stored[signed.transaction] = signed

    async def done(self, network: str, transaction: str) -> None:
        """Forget it."""
        self.stored.pop(transaction, None)

    async def pending(self, network: str) -> list[Signed]:
        """What is kept, by sender and number."""
        return sorted(self.stored.values(), key=lambda signed: (signed.sender, signed.sequence))
