"""The ledger itself: keys, channel, orderer, peers, and a chaincode on them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from citygate.adapter.devnet import LOOPBACK, Site

from . import _configuration as configuration
from ._organisations import Consortium, Organisation
from ._package import package, write_builder
from ._programs import environment, listening, run

_NODE_LOGS = "warn"
_SEQUENCE = "1"


@dataclass(frozen=True, slots=True)
class Chaincode:
    """A chaincode to deploy: its program and, for each organisation in turn, the port of its process."""

    channel: str
    name: str
    program: Path
    ports: tuple[int, int]


class Ledger:
    """Two peers and an orderer as child processes of a site."""

    def __init__(self, site: Site, toolchain: Path, consortium: Consortium, admin_port: int) -> None:
        self._site = site
        self._bin = toolchain / "bin"
        self._samples = toolchain / "fabric" / "sampleconfig"
        self._consortium = consortium
        self._admin_port = admin_port
        self._folder = site.directory

    async def start(self, channel: str) -> bytes:
        """Bring the nodes up and join them to a new channel; the answer is its genesis block."""
        genesis = await self._generate(channel)
        peers = self._consortium.peers
        await asyncio.gather(self._start_orderer(), *(self._start_peer(peer) for peer in peers))
        await asyncio.gather(
            self._join_orderer(channel, genesis),
            *(self._peer_command(peer, "channel", "join", "-b", genesis) for peer in peers),
        )
        return genesis.read_bytes()

    async def deploy(self, chaincode: Chaincode, settings: Mapping[str, str]) -> None:
        """Install a package per organisation, approve both, commit the definition, start the processes.

        `settings` are the chaincode's own environment variables.
        """
        peers = self._consortium.peers
        definition = (
            *("--channelID", chaincode.channel, "--name", chaincode.name),
            *("--version", "1.0", "--sequence", _SEQUENCE),
        )
        await asyncio.gather(
            *(
                self._install(peer, chaincode, port, definition, settings)
                for peer, port in zip(peers, chaincode.ports, strict=True)
            )
        )
        endorsers = [
            part
            for peer in peers
            for part in ("--peerAddresses", peer.address, "--tlsRootCertFiles", str(peer.tls_ca))
        ]
        await self._lifecycle(peers[0], "commit", *definition, *endorsers)

    # ---- steps ---------------------------------------------------------------------------------------------

    async def _generate(self, channel: str) -> Path:
        crypto = configuration.write(
            self._folder / "crypto-config.yaml", configuration.crypto(self._consortium)
        )
        root = self._consortium.orderer.root
        await run(
            self._bin / "cryptogen", "generate", f"--config={crypto}", f"--output={root}", env=environment()
        )
        configuration.write(self._folder / "configtx.yaml", configuration.channel(self._consortium))
        genesis = self._folder / "genesis.block"
        await run(
            *(self._bin / "configtxgen", "-configPath", self._folder, "-profile", configuration.PROFILE),
            *("-channelID", channel, "-outputBlock", genesis),
            env=environment(FABRIC_CFG_PATH=self._folder),
        )
        write_builder(self._folder / "builder")
        return genesis

    async def _start_orderer(self) -> None:
        folder = self._folder / "orderer"
        configuration.write(
            folder / "orderer.yaml",
            configuration.orderer(self._consortium, folder / "data", self._admin_port),
            self._samples / "orderer.yaml",
        )
        env = environment(FABRIC_CFG_PATH=folder, FABRIC_LOGGING_SPEC=_NODE_LOGS)
        process = await self._site.supervisor.start(
            "fabric-orderer", [self._bin / "orderer"], env=env, cwd=folder
        )
        await listening("the orderer", self._consortium.orderer.port, process)
        await listening("the orderer's admin service", self._admin_port, process)

    async def _start_peer(self, peer: Organisation) -> None:
        folder = self._peer_folder(peer)
        configuration.write(
            folder / "core.yaml",
            configuration.peer(self._consortium, peer, folder / "data", self._folder / "builder"),
            self._samples / "core.yaml",
        )
        process = await self._site.supervisor.start(
            f"fabric-peer-{peer.name.lower()}",
            [self._bin / "peer", "node", "start"],
            env=environment(FABRIC_CFG_PATH=folder, FABRIC_LOGGING_SPEC=_NODE_LOGS),
            cwd=folder,
        )
        await listening(f"{peer.name}'s peer", peer.port, process)

    async def _join_orderer(self, channel: str, genesis: Path) -> None:
        orderer = self._consortium.orderer
        await run(
            *(self._bin / "osnadmin", "channel", "join", "--channelID", channel, "--config-block", genesis),
            *("-o", f"{LOOPBACK}:{self._admin_port}", "--ca-file", orderer.tls_ca),
            *("--client-cert", orderer.node.tls("server", "crt")),
            *("--client-key", orderer.node.tls("server", "key")),
            env=environment(),
        )

    async def _install(
        self,
        peer: Organisation,
        chaincode: Chaincode,
        port: int,
        definition: tuple[str, ...],
        settings: Mapping[str, str],
    ) -> None:
        address = f"{LOOPBACK}:{port}"
        packed = package(chaincode.name, address)
        file = self._peer_folder(peer) / f"{chaincode.name}.tgz"
        file.write_bytes(packed.data)
        process = await self._site.supervisor.start(
            f"fabric-chaincode-{peer.name.lower()}",
            [chaincode.program],
            env=environment(CHAINCODE_ID=packed.id, CHAINCODE_SERVER_ADDRESS=address, **settings),
            cwd=self._peer_folder(peer),
        )
        await self._peer_command(peer, "lifecycle", "chaincode", "install", file)
        await self._lifecycle(peer, "approveformyorg", *definition, "--package-id", packed.id)
        await listening(f"{peer.name}'s chaincode", port, process)

    async def _lifecycle(self, peer: Organisation, step: str, *arguments: str | Path) -> None:
        orderer, admin = self._consortium.orderer, peer.user("Admin")
        await self._peer_command(
            peer,
            *("lifecycle", "chaincode", step, *arguments),
            *("-o", orderer.address, "--tls", "--cafile", orderer.tls_ca, "--clientauth"),
            *("--certfile", admin.tls("client", "crt"), "--keyfile", admin.tls("client", "key")),
        )

    async def _peer_command(self, peer: Organisation, *arguments: str | Path) -> None:
        """Run the `peer` command as the organisation's admin."""
        admin = peer.user("Admin")
        await run(
            self._bin / "peer",
            *arguments,
            env=environment(
                FABRIC_CFG_PATH=self._peer_folder(peer),
                FABRIC_LOGGING_SPEC="error",
                CORE_PEER_MSPCONFIGPATH=admin.msp_folder,
                CORE_PEER_TLS_CLIENTCERT_FILE=admin.tls("client", "crt"),
                CORE_PEER_TLS_CLIENTKEY_FILE=admin.tls("client", "key"),
            ),
        )

    def _peer_folder(self, peer: Organisation) -> Path:
        return self._folder / peer.name.lower()
