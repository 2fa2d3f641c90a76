"""The gRPC API: `citygate.v1` over the business and platform layers."""

from ._server import DOMAIN, ListenError, RunningServer, Tls, serve

__all__ = ["DOMAIN", "ListenError", "RunningServer", "Tls", "serve"]
