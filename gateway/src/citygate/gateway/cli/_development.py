"""`citygate dev` and `citygate demo`."""

from __future__ import annotations

from citygate.adapter.devnet import DevnetError

from ._exit import CommandError, Exit
from ._session import Session

_DEFAULT = Session()


def run_dev(*, free_ports: bool = False, session: Session = _DEFAULT) -> int:
    """Run the development network and its gateway until it is stopped.

    Parameters
    ----------
    free_ports
        Take any free ports in place of the usual ones.
    """
    from . import dev  # noqa: PLC0415 - other commands don't wait for what it imports

    try:
        dev.run(free_ports=free_ports)
    except DevnetError as error:
        return _failed(session, error)
    return Exit.DONE


def run_demo(*, session: Session = _DEFAULT) -> int:
    """Take the tour on real ledgers; exit 0 only if everything held."""
    from . import demo  # noqa: PLC0415

    try:
        return Exit.DONE if demo.run() else Exit.FAILED
    except DevnetError as error:
        return _failed(session, error)


def _failed(session: Session, error: DevnetError) -> int:
    session.output.error(
        CommandError(Exit.FAILED, str(error), "The development network has ended; start it again.")
    )
    return Exit.FAILED
