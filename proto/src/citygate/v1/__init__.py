"""CityGate's gRPC API, generated from the protos of the package `citygate.v1` by `proto/generate.py`.

`<concept>_pb2` holds messages; `<concept>_service_pb2_grpc` holds clients and servers, for grpc and grpc.aio.
"""
