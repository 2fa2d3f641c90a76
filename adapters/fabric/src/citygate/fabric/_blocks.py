"""What the ledger itself tells, through the system chaincode `qscc`: its height, its transactions' times.

Fabric's events carry no time. A transaction's time is that of its channel header: its creator's clock, which
the chaincode holds to within a minute of each endorser's.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError

from citygate.fabric._names import network_id
from citygate.fabric.gateway import Connection, Contract, Member
from citygate.fabric.gateway._protos import common_pb2

_SYSTEM_CHAINCODE = "qscc"
_NANOSECONDS = 1_000_000_000


class Blocks:
    """The blocks of a channel, as one of its peers holds them."""

    def __init__(self, connection: Connection, member: Member, channel: str) -> None:
        self._ledger = Contract(connection, member, channel, _SYSTEM_CHAINCODE)
        self._channel = channel
        self._last: tuple[int, dict[str, float]] = (-1, {})

    async def height(self) -> int:
        """How many blocks there are."""
        answer = await self._ledger.evaluate("GetChainInfo", self._channel)
        return common_pb2.BlockchainInfo.FromString(answer).height

    async def network(self) -> str:
        """The CAIP-2 name, by the genesis block."""
        return network_id(await self._block(0))

    async def times(self, number: int) -> dict[str, float]:
        """When each transaction of a block was made, in seconds since the epoch, by transaction id."""
        if self._last[0] != number:
            block = common_pb2.Block.FromString(await self._block(number))
            headers = [channel_header(envelope) for envelope in block.data.data]
            self._last = number, {header.tx_id: seconds(header) for header in headers}
        return self._last[1]

    async def _block(self, number: int) -> bytes:
        return await self._ledger.evaluate("GetBlockByNumber", self._channel, str(number))


def channel_header(envelope: bytes) -> common_pb2.ChannelHeader:
    """The header of an encoded `common.Envelope`; ValueError where the bytes are none."""
    try:
        payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(envelope).payload)
        return common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    except DecodeError as error:
        raise ValueError("these bytes are no transaction of Fabric") from error


def seconds(header: common_pb2.ChannelHeader) -> float:
    """A channel header's time, in seconds since the epoch."""
    return header.timestamp.seconds + header.timestamp.nanos / _NANOSECONDS
