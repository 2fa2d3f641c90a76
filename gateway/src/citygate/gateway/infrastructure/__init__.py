"""What runs where: the journal, the keystore, the configuration, the adapters, wired together at start-up."""

from ._adapters import AdapterMissingError, find_adapter
from ._development import Development, DevelopmentNetwork, development
from ._keystore import (
    KeyEntry,
    KeystoreError,
    LocalKeyRing,
    load_keystore,
    read_passphrase,
    save_keystore,
)
from ._runtime import Platform, open_networks, open_platform, rebuild_journal
from ._settings import KeystoreSettings, KnownAccount, NetworkEntry, Settings, SettingsError, load_settings
from .journal import JournalError

__all__ = [
    "AdapterMissingError",
    "Development",
    "DevelopmentNetwork",
    "JournalError",
    "KeyEntry",
    "KeystoreError",
    "KeystoreSettings",
    "KnownAccount",
    "LocalKeyRing",
    "NetworkEntry",
    "Platform",
    "Settings",
    "SettingsError",
    "development",
    "find_adapter",
    "load_keystore",
    "load_settings",
    "open_networks",
    "open_platform",
    "read_passphrase",
    "rebuild_journal",
    "save_keystore",
]
