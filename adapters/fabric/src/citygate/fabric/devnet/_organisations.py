"""Who runs the development network, and where cryptogen puts their keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from citygate.adapter.devnet import LOOPBACK


@dataclass(frozen=True, slots=True)
class Credentials:
    """One identity: its certificate and key, and the pair that it presents on mutual TLS."""

    msp: str
    folder: Path

    @property
    def msp_folder(self) -> Path:
        return self.folder / "msp"

    @property
    def certificate(self) -> Path:
        return next((self.msp_folder / "signcerts").glob("*.pem"))

    @property
    def key(self) -> Path:
        return self.msp_folder / "keystore" / "priv_sk"

    def tls(self, role: str, kind: str) -> Path:
        """`kind` is crt or key; `role` is server for a node and client for a user."""
        return self.folder / "tls" / f"{role}.{kind}"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation of the consortium. Its nodes listen on loopback; the domain only names certificates."""

    name: str
    domain: str
    root: Path
    """The folder of all crypto material."""
    port: int
    """Of its node, a peer or the orderer."""
    orders: bool = False

    @property
    def msp(self) -> str:
        return f"{self.name}MSP"

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def _folder(self) -> Path:
        return self.root / ("ordererOrganizations" if self.orders else "peerOrganizations") / self.domain

    @property
    def msp_folder(self) -> Path:
        return self._folder / "msp"

    @property
    def tls_ca(self) -> Path:
        return self._folder / "tlsca" / f"tlsca.{self.domain}-cert.pem"

    @property
    def node(self) -> Credentials:
        """Its peer, or its orderer."""
        host = f"orderer.{self.domain}" if self.orders else f"peer0.{self.domain}"
        return Credentials(self.msp, self._folder / ("orderers" if self.orders else "peers") / host)

    def user(self, name: str) -> Credentials:
        """`Admin`, `User1` or `User2`."""
        return Credentials(self.msp, self._folder / "users" / f"{name}@{self.domain}")


@dataclass(frozen=True, slots=True)
class Consortium:
    """Two organisations with a peer each, and an ordering service that belongs to neither."""

    orderer: Organisation
    peers: tuple[Organisation, Organisation]

    @property
    def tls_cas(self) -> list[str]:
        """Every organisation's TLS root: who may open a connection to a node."""
        return [str(organisation.tls_ca) for organisation in (self.orderer, *self.peers)]
