"""Import eth_account for the first time without what that does to the whole process.

py_ecc, which it brings, raises Python's recursion limit a hundredfold: beyond what the C stack holds, so that
JSON of a node or of a client would end the process by being nested deeply, instead of being refused.
"""

from __future__ import annotations

import importlib
import sys

_limit = sys.getrecursionlimit()
importlib.import_module("eth_account")
sys.setrecursionlimit(_limit)
