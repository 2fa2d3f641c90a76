"""The connected networks and the accounts on them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from citygate.adapter import Adapter, Curve, Description, KeyRing

from ._errors import InvalidField, NotFound

RELAY = "relay"
"""The name of the account that initiates transfers on each network; the adapter sends with the same one."""


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An account that the gateway knows by name. `held`: the gateway's keystore holds its key."""

    network: str
    name: str
    account: str
    curve: Curve
    held: bool


@dataclass(frozen=True, slots=True)
class Network:
    """A connected network: its configured name, its adapter, and what the adapter says of itself."""

    name: str
    adapter: Adapter
    description: Description

    @property
    def id(self) -> str:
        """The CAIP-2 network id."""
        return self.description.network


class Networks:
    """The connected networks, by network id and by configured name; immutable."""

    def __init__(self, networks: Iterable[Network], accounts: Iterable[AccountEntry], keys: KeyRing) -> None:
        self._networks = {network.id: network for network in networks}
        self._names = {network.name: network for network in self._networks.values()}
        self._accounts = sorted(accounts, key=lambda entry: (entry.network, entry.name))
        self.keys = keys

    def __iter__(self) -> Iterator[Network]:
        return iter(self._networks.values())

    def __contains__(self, network: object) -> bool:
        return network in self._networks

    def get(self, network: str) -> Network:
        """The network with this CAIP-2 id or configured name; NotFound names those that there are."""
        found = self._networks.get(network) or self._names.get(network)
        if found is None:
            known = ", ".join(f"{n.name} ({n.id})" for n in self) or "none"
            near = difflib.get_close_matches(network, [*self._names, *self._networks], n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise NotFound(f"no network {network!r} is connected; {hint}connected are: {known}")
        return found

    def field(self, network: str, field: str) -> Network:
        """`get` for a request's field: InvalidField instead of NotFound."""
        try:
            return self.get(network)
        except NotFound as error:
            raise InvalidField(field, str(error)) from error

    def accounts(self, network: str | None = None) -> list[AccountEntry]:
        """The named accounts, of one network (id or name) or of all, by network and name."""
        if network is None:
            return list(self._accounts)
        wanted = self.get(network).id
        return [entry for entry in self._accounts if entry.network == wanted]

    def account(self, network: Network, text: str, field: str) -> str:
        """The local form of `text`, an account or the name of one; InvalidField says which form is wanted."""
        for entry in self._accounts:
            if entry.network == network.id and entry.name == text:
                return entry.account
        try:
            network.adapter.check_account(text)
        except ValueError as error:
            raise InvalidField(field, str(error)) from error
        return text

    def relay(self, network: Network) -> str:
        """The gateway's own account on a network; NotFound where the keystore has none named `relay`."""
        for entry in self._accounts:
            if entry.network == network.id and entry.name == RELAY and entry.held:
                return entry.account
        raise NotFound(
            f"the keystore holds no account named {RELAY!r} on {network.id}: "
            "add the account that the adapter sends with under this name"
        )
