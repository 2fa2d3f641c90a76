"""The attestor's gRPC API, generated from the proto package `citygate.attestor.v1` by `proto/generate.py`."""
