"""The files that Fabric's programs read: crypto-config, configtx, and each node's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from citygate.adapter.devnet import LOOPBACK

from ._organisations import Consortium, Organisation

BATCH_TIMEOUT = "100ms"
"""How long the orderer waits to fill a block. Fabric's default is 2 s, which suits throughput."""
MAX_MESSAGES = 500

PROFILE = "Channel"
_GOSSIP_INTERVAL = "200ms"
_ANY_PORT = f"{LOOPBACK}:0"
_MEGABYTE = 1024 * 1024


def crypto(consortium: Consortium) -> dict[str, Any]:
    """What cryptogen makes: the nodes' certificates, and an admin and two users of each peer organisation."""
    sans = ["localhost", LOOPBACK]
    orderer = consortium.orderer
    return {
        "OrdererOrgs": [
            {
                "Name": orderer.name,
                "Domain": orderer.domain,
                "EnableNodeOUs": True,
                "Specs": [{"Hostname": "orderer", "SANS": sans}],
            }
        ],
        "PeerOrgs": [
            {
                "Name": peer.name,
                "Domain": peer.domain,
                "EnableNodeOUs": True,
                "Template": {"Count": 1, "SANS": sans},
                "Users": {"Count": 3},
            }
            for peer in consortium.peers
        ],
    }


def _signed_by(*principals: str) -> dict[str, str]:
    return {"Type": "Signature", "Rule": f"OR({','.join(repr(p) for p in principals)})"}


def _meta(rule: str) -> dict[str, str]:
    return {"Type": "ImplicitMeta", "Rule": rule}


def _organisation(organisation: Organisation) -> dict[str, Any]:
    msp = organisation.msp
    section: dict[str, Any] = {
        "Name": msp,
        "ID": msp,
        "MSPDir": str(organisation.msp_folder),
        "Policies": {
            "Readers": _signed_by(f"{msp}.member"),
            "Writers": _signed_by(f"{msp}.member"),
            "Admins": _signed_by(f"{msp}.admin"),
        },
    }
    if organisation.orders:
        section["OrdererEndpoints"] = [organisation.address]
    else:
        section["Policies"]["Endorsement"] = _signed_by(f"{msp}.peer")
        # Without anchor peers the Gateway service doesn't learn of the other organisation's peers.
        section["AnchorPeers"] = [{"Host": LOOPBACK, "Port": organisation.port}]
    return section


_POLICIES = {
    "Readers": _meta("ANY Readers"),
    "Writers": _meta("ANY Writers"),
    "Admins": _meta("MAJORITY Admins"),
}


def channel(consortium: Consortium) -> dict[str, Any]:
    """The genesis block's contents: one Raft consenter, and every change of the application by a majority."""
    orderer = consortium.orderer
    certificate = str(orderer.node.tls("server", "crt"))
    return {
        "Profiles": {
            PROFILE: {
                "Policies": _POLICIES,
                "Capabilities": {"V2_0": True},
                "Orderer": {
                    "OrdererType": "etcdraft",
                    "BatchTimeout": BATCH_TIMEOUT,
                    "BatchSize": {
                        "MaxMessageCount": MAX_MESSAGES,
                        "AbsoluteMaxBytes": 10 * _MEGABYTE,
                        "PreferredMaxBytes": 2 * _MEGABYTE,
                    },
                    "EtcdRaft": {
                        "Consenters": [
                            {
                                "Host": LOOPBACK,
                                "Port": orderer.port,
                                "ClientTLSCert": certificate,
                                "ServerTLSCert": certificate,
                            }
                        ],
                        # A short tick elects the only consenter at once.
                        "Options": {
                            "TickInterval": "100ms",
                            "ElectionTick": 10,
                            "HeartbeatTick": 1,
                            "MaxInflightBlocks": 5,
                            "SnapshotIntervalSize": 16 * _MEGABYTE,
                        },
                    },
                    "Organizations": [_organisation(orderer)],
                    "Policies": {**_POLICIES, "BlockValidation": _meta("ANY Writers")},
                    "Capabilities": {"V2_0": True},
                },
                "Application": {
                    "Organizations": [_organisation(peer) for peer in consortium.peers],
                    "Policies": {
                        **_POLICIES,
                        "LifecycleEndorsement": _meta("MAJORITY Endorsement"),
                        "Endorsement": _meta("MAJORITY Endorsement"),
                    },
                    "Capabilities": {"V2_5": True},
                },
            }
        }
    }


def orderer(consortium: Consortium, data: Path, admin_port: int) -> dict[str, Any]:
    """What differs from sampleconfig/orderer.yaml."""
    organisation = consortium.orderer
    certificate = str(organisation.node.tls("server", "crt"))
    key = str(organisation.node.tls("server", "key"))
    tls = {
        "Enabled": True,
        "Certificate": certificate,
        "PrivateKey": key,
        "ClientAuthRequired": True,
    }
    return {
        "General": {
            "ListenAddress": LOOPBACK,
            "ListenPort": organisation.port,
            "TLS": {**tls, "RootCAs": [str(organisation.tls_ca)], "ClientRootCAs": consortium.tls_cas},
            "Cluster": {"ClientCertificate": certificate, "ClientPrivateKey": key},
            "BootstrapMethod": "none",
            "LocalMSPDir": str(organisation.node.msp_folder),
            "LocalMSPID": organisation.msp,
        },
        "FileLedger": {"Location": str(data)},
        "Operations": {"ListenAddress": _ANY_PORT},
        "Admin": {
            "ListenAddress": f"{LOOPBACK}:{admin_port}",
            "TLS": {**tls, "ClientRootCAs": [str(organisation.tls_ca)]},
        },
        "Consensus": {"WALDir": str(data / "wal"), "SnapDir": str(data / "snapshots")},
    }


def peer(consortium: Consortium, organisation: Organisation, data: Path, builder: Path) -> dict[str, Any]:
    """What differs from sampleconfig/core.yaml. Other programs that act for the organisation read it too."""
    node = organisation.node
    return {
        "peer": {
            "id": f"peer0.{organisation.domain}",
            "listenAddress": organisation.address,
            "address": organisation.address,
            "chaincodeListenAddress": _ANY_PORT,
            "gossip": {
                "bootstrap": organisation.address,
                "externalEndpoint": organisation.address,
                "endpoint": organisation.address,
                "orgLeader": True,
                "useLeaderElection": False,
                # How soon a peer finds the other organisation's, which may start after it, and learns what is
                # installed there. Fabric's own intervals, up to 25 s, suit networks of many peers.
                "reconnectInterval": _GOSSIP_INTERVAL,
                "aliveTimeInterval": _GOSSIP_INTERVAL,
                "publishStateInfoInterval": _GOSSIP_INTERVAL,
                "requestStateInfoInterval": _GOSSIP_INTERVAL,
            },
            "tls": {
                "enabled": True,
                "clientAuthRequired": True,
                "cert": {"file": str(node.tls("server", "crt"))},
                "key": {"file": str(node.tls("server", "key"))},
                "rootcert": {"file": str(organisation.tls_ca)},
                "clientRootCAs": {"files": consortium.tls_cas},
            },
            "localMspId": organisation.msp,
            "mspConfigPath": str(node.msp_folder),
            "fileSystemPath": str(data),
        },
        # An empty endpoint keeps the peer away from Docker; then it wants at least one external builder.
        "vm": {"endpoint": ""},
        "chaincode": {"externalBuilders": [{"name": "ccaas", "path": str(builder)}]},
        "ledger": {"snapshots": {"rootDir": str(data / "snapshots")}},
        "operations": {"listenAddress": _ANY_PORT},
    }


def write(path: Path, settings: Mapping[str, Any], base: Path | None = None) -> Path:
    """Write `settings`, laid over those of the file `base`, as YAML."""
    loaded: Any = {} if base is None else yaml.safe_load(base.read_text())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(_overlay(loaded, settings)))
    return path


def _overlay(below: Any, above: Any) -> Any:
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    merged = dict(cast("Mapping[str, Any]", below))
    for key, value in cast("Mapping[str, Any]", above).items():
        merged[key] = _overlay(merged[key], value) if key in merged else value
    return merged
