"""Install what CityGate needs on a machine that has Python 3.11+, make and git.

    python3 tools/bootstrap.py run    what `make demo` and `make dev` need
    python3 tools/bootstrap.py dev    and what `make check` and `make test` need

Everything comes out of package registries, at versions and hashes that this repository pins. What was built
is kept in $CITYGATE_CACHE (by default ~/.cache/citygate) under the hash of what it was built from, and
`.toolchain/` links to it.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # this is the place that says so
    sys.exit(
        f"CityGate needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.\n"
        "Name another one: make PYTHON=python3.12 setup"
    )

import argparse
from pathlib import Path

from toolchain import Progress, SetupError, Workspace, bring_up, recipes

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Bring every step of the wanted level up to date."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("level", choices=("run", "dev"))
    level = parser.parse_args().level

    workspace = Workspace(ROOT)
    with Progress(sys.stdout) as progress:
        try:
            with workspace.locked(progress.note):
                # Once a contributor's environment, always one: `make demo` must not take its tools away.
                marker = workspace.toolchain / "contributor"
                if level == "dev":
                    marker.touch()
                bring_up(recipes.steps(contributor=marker.exists()), workspace, progress)
        except SetupError as error:
            progress.note(str(error))
            return 1
        except KeyboardInterrupt:
            progress.note("interrupted; the steps that were finished are kept")
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
