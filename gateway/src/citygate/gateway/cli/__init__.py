"""The command `citygate`. Commands are imported when they run, because its start is waited for."""

import os

# gRPC's handlers around fork() are for children that go on as Python. Ours exec at once.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

from ._app import app, main

__all__ = ["app", "main"]
