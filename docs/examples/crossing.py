import sys
import grpc
from citygate.v1 import transfer_pb2, transfer_service_pb2 as api, transfer_service_pb2_grpc

asset, address = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1:7070"
gateway = transfer_service_pb2_grpc.TransferServiceStub(grpc.insecure_channel(address))
leg = dict(asset=asset, amount="1", source="ethereum", sender="alice", destination="fabric", recipient="bob")
transfer = gateway.CreateTransfer(api.CreateTransferRequest(transfer={"legs": [leg]}))
for seen in gateway.WatchTransfer(api.WatchTransferRequest(id=transfer.id)):
    print(transfer_pb2.Transfer.State.Name(seen.state), [done.id for done in seen.transactions])
