"""The engine that moves transfers on: what to do next (`_plan`), how it is batched (`_lane`), what comes of
it.
"""

from ._engine import Engine

__all__ = ["Engine"]
