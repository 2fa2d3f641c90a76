"""`citygate serve`, `citygate attestor` and `citygate journal rebuild`: what takes a configuration."""

from __future__ import annotations

import asyncio
import logging
import signal
import tomllib
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from citygate.adapter import AdapterError
from citygate.gateway.api import ListenError, Tls
from citygate.gateway.api import serve as serve_api
from citygate.gateway.infrastructure import (
    AdapterMissingError,
    JournalError,
    KeystoreError,
    Settings,
    SettingsError,
    load_settings,
    open_platform,
    rebuild_journal,
)

from ._exit import CommandError, Exit
from ._session import Session

_DEFAULT = Session()
_ATTESTORS = "citygate.attestors"
_log = logging.getLogger("citygate")


def serve(
    *,
    config: Path,
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    tls_client_ca: Path | None = None,
    session: Session = _DEFAULT,
) -> int:
    """Serve the API of a configured gateway until it is stopped.

    Parameters
    ----------
    config
        The configuration (TOML).
    tls_certificate
        The server's certificate (PEM). Needed to listen beyond this machine.
    tls_key
        The certificate's key (PEM).
    tls_client_ca
        Let in only clients with a certificate of this authority (PEM).
    """
    return session.run(_serve(session, config, (tls_certificate, tls_key, tls_client_ca)))


async def _serve(session: Session, config: Path, pem: tuple[Path | None, Path | None, Path | None]) -> None:
    _log_to_stderr()
    with _explained():
        settings = load_settings(config)
        await _until_stopped(_run_gateway(session, settings, _tls(*pem)))


async def _run_gateway(session: Session, settings: Settings, tls: Tls | None) -> None:
    async with (
        open_platform(settings) as platform,
        serve_api(platform.networks, platform.transfers, platform.tickets, settings.listen, tls) as running,
    ):
        session.output.line({"listening": running.address}, f"listening on {running.address}")
        await running.server.wait_for_termination()


def attestor(*, config: Path, session: Session = _DEFAULT) -> int:
    """Sign final block headers of one network, and nothing else, until it is stopped.

    Parameters
    ----------
    config
        TOML: `adapter` names the kind of network, such as ethereum; the rest is its attestor's options.
    """
    return session.run(_attest(config))


async def _attest(config: Path) -> None:
    _log_to_stderr()
    with _explained():
        options = _read(config)
        kind = options.pop("adapter", "")
        found = entry_points(group=_ATTESTORS)
        if kind not in found.names:
            known = ", ".join(sorted(found.names)) or "none; install citygate-ethereum"
            raise SettingsError(f"{config}: adapter: there is no attestor {kind!r}; there are: {known}")
        await _until_stopped(found[kind].load()(options))


def rebuild(*, config: Path, session: Session = _DEFAULT) -> int:
    """Read a lost journal back from the gates' events. The gateway has to be stopped.

    Parameters
    ----------
    config
        The configuration (TOML).
    """
    return session.run(_rebuild(session, config))


async def _rebuild(session: Session, config: Path) -> None:
    with _explained():
        rebuilt = await rebuild_journal(load_settings(config))
    session.output.record({"transfers": rebuilt.transfers}, [("transfers", str(rebuilt.transfers))])


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it ends or a signal stops it; then it cleans up."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        _log.info("stopped")


@contextmanager
def _explained() -> Generator[None]:
    """Turn what can be wrong with a configuration, or with what it names, into a CommandError."""
    try:
        yield
    except (SettingsError, KeystoreError, JournalError, ListenError, ValueError) as error:
        raise CommandError(Exit.INVALID, str(error), "Correct the configuration and start again.") from error
    except AdapterMissingError as error:
        raise CommandError(Exit.INVALID, str(error), "Install it, or take the network out.") from error
    except AdapterError as error:
        raise CommandError(
            Exit.UNAVAILABLE, str(error), "See that the ledger runs, and start again."
        ) from error


def _tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> Tls | None:
    if certificate is not None and key is not None:
        return Tls(certificate, key, client_ca)
    if (certificate, key, client_ca) != (None, None, None):
        raise ListenError("TLS needs both --tls-certificate and --tls-key")
    return None


def _read(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text())
    except OSError as error:
        raise SettingsError(f"{config}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{config}: no TOML: {error}") from error


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
