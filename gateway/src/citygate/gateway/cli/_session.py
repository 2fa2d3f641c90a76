"""What every command has in common: its options, how it runs, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ._exit import CommandError, Exit
from ._output import Output

if TYPE_CHECKING:
    import grpc.aio


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Session:
    """The options of every command."""

    json: bool = False
    """Print JSON."""

    @property
    def output(self) -> Output:
        return Output(self.json)

    def run(self, work: Coroutine[Any, Any, int | None]) -> int:
        """Do the work and answer with the exit code; what goes wrong is said."""
        try:
            return asyncio.run(self._guarded(work)) or Exit.DONE
        except CommandError as error:
            self.output.error(error)
            return error.code
        except KeyboardInterrupt:
            return Exit.INTERRUPTED

    async def _guarded(self, work: Coroutine[Any, Any, int | None]) -> int | None:
        return await work


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Remote(Session):
    """The options of a command that talks to a gateway."""

    gateway: Annotated[str, Parameter(env_var="CITYGATE_GATEWAY")] = "127.0.0.1:7070"
    """The gateway's address. Beyond this machine, TLS is spoken."""
    ca: Annotated[Path | None, Parameter(env_var="CITYGATE_CA")] = None
    """The authority of the gateway's certificate (PEM), in place of the system's."""
    certificate: Annotated[Path | None, Parameter(env_var="CITYGATE_CERTIFICATE")] = None
    """This client's certificate (PEM), for a gateway that asks for one."""
    key: Annotated[Path | None, Parameter(env_var="CITYGATE_KEY")] = None
    """The key of this client's certificate (PEM)."""

    @asynccontextmanager
    async def channel(self) -> AsyncGenerator[grpc.aio.Channel]:
        """A connection to the gateway; a call that fails in it becomes a CommandError."""
        from ._channel import open_channel  # noqa: PLC0415 - commands without a gateway don't wait for gRPC

        async with open_channel(self) as channel:
            yield channel

    async def _guarded(self, work: Coroutine[Any, Any, int | None]) -> int | None:
        from ._channel import translated  # noqa: PLC0415

        with translated(self.gateway):
            return await work
