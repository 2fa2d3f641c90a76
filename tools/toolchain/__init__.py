"""Steps that bring a machine up to date, each built once for what it is made of. Standard library only."""

from __future__ import annotations

from ._graph import bring_up
from ._progress import Progress
from ._step import Step
from ._workspace import SetupError, Shell, Workspace

__all__ = ["Progress", "SetupError", "Shell", "Step", "Workspace", "bring_up"]
