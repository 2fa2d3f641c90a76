"""The descriptor pool that Fabric's messages live in, apart from any other copy of them in this process."""

from __future__ import annotations

from google.protobuf import any_pb2, timestamp_pb2
from google.protobuf.descriptor_pool import DescriptorPool

POOL = DescriptorPool()
for _well_known in (any_pb2, timestamp_pb2):
    POOL.AddSerializedFile(_well_known.DESCRIPTOR.serialized_pb)
