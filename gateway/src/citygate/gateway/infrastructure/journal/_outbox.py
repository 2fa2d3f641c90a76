"""The SDK's outbox on the journal's database: what was signed, until its ledger has it."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from citygate.adapter import AdapterError, Reason, Signed

from ._database import Database
from ._schema import outbox, sequences


class SqlOutbox:
    """Implements `citygate.adapter.Outbox`.

    A number is taken once `put` has stored it, so one that was assigned but never used leaves no gap. Whoever
    signs for a sender asks, signs and stores one after another; where two gateways do it at once, the
    second's `put` is refused with NONCE and nothing of it was sent.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: dict[tuple[str, str], int] = {}

    async def sequence(self, network: str, sender: str, floor: int) -> int:
        """Assign the sender's next sequence number, at least `floor`."""
        if (network, sender) not in self._last:
            query = select(sequences.c.last).where(
                sequences.c.network == network, sequences.c.sender == sender
            )

            def last(connection: Connection) -> int | None:
                return connection.execute(query).scalar_one_or_none()

            stored = await self._database.read(last)
            self._last[network, sender] = -1 if stored is None else stored
        return max(floor, self._last[network, sender] + 1)

    async def put(self, signed: Signed) -> None:
        """Store before sending; AdapterError NONCE where the number is taken."""
        row = {
            "network": signed.network,
            "transaction_id": signed.transaction,
            "sender": signed.sender,
            "sequence": signed.sequence,
            "raw": signed.raw,
        }
        number = {"network": signed.network, "sender": signed.sender, "last": signed.sequence}
        insert = self._database.insert(sequences).values(number)
        advance = insert.on_conflict_do_update(
            index_elements=["network", "sender"],
            set_={"last": signed.sequence},
            where=sequences.c.last < signed.sequence,
        )

        def put(connection: Connection) -> bool:
            done = connection.execute(self._database.insert(outbox).values(row).on_conflict_do_nothing())
            if not done.rowcount:
                same = select(outbox.c.raw).where(
                    outbox.c.network == signed.network, outbox.c.transaction_id == signed.transaction
                )
                return connection.execute(same).scalar_one_or_none() == signed.raw
            connection.execute(advance)
            return True

        if not await self._database.write(put):
            self._last.pop((signed.network, signed.sender), None)
            raise AdapterError(Reason.NONCE, f"number {signed.sequence} of {signed.sender} is taken")
        key = (signed.network, signed.sender)
        self._last[key] = max(self._last.get(key, -1), signed.sequence)

    async def done(self, network: str, transaction: str) -> None:
        """Forget a transaction; it goes with the next commit, because sending it once more does no harm."""
        gone = delete(outbox).where(outbox.c.network == network, outbox.c.transaction_id == transaction)
        self._database.write(lambda c: c.execute(gone))

    async def pending(self, network: str) -> list[Signed]:
        """What was stored and isn't done, by sender and sequence."""
        query = select(outbox).where(outbox.c.network == network).order_by(outbox.c.sender, outbox.c.sequence)

        def pending(connection: Connection) -> list[Signed]:
            return [
                Signed(row.network, row.transaction_id, row.sender, row.sequence, row.raw)
                for row in connection.execute(query)
            ]

        return await self._database.read(pending)
