"""The attestor: a service that says which block headers of one network are final, and nothing else.

It has its own node and its own key, knows no transfer, and never signs two headers of one height.
"""

from ._options import AttestorOptions
from ._serve import serve
from ._service import HeaderService
from ._signed import SignedHeaders

__all__ = ["AttestorOptions", "HeaderService", "SignedHeaders", "serve"]
