"""Run every static check, two at a time: a line for each, and the output of those that fail."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from toolchain import Progress, Workspace

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
PYTHON = str(BIN / "python")
CHAINCODE = "adapters/fabric/chaincode"
CONTRACTS = "adapters/ethereum/contracts"


@dataclass(frozen=True, slots=True)
class Check:
    """A command that succeeds where all is well; with `silent`, what it prints are faults."""

    name: str
    does: str
    command: tuple[str, ...]
    folder: str = "."
    silent: bool = False


# The slow ones first, so that the quick ones fill the gaps.
CHECKS = (
    Check("pyright", "Python's types", (str(BIN / "pyright"),)),
    Check("go vet", "the chaincode's mistakes", ("go", "vet", "./..."), CHAINCODE),
    Check("staticcheck", "the chaincode's lint", ("staticcheck", "./..."), CHAINCODE),
    Check("go test", "the chaincode's unit tests", ("go", "test", "./..."), CHAINCODE),
    Check(
        "contracts", "compiled contracts are of their sources", ("npm", "run", "--silent", "check"), CONTRACTS
    ),
    Check("solidity", "Solidity's lint and format", ("npm", "run", "--silent", "lint"), CONTRACTS),
    Check("proto", "lint, breaking changes, generated code", (PYTHON, "proto/generate.py", "--check")),
    Check("ruff", "Python's lint", (str(BIN / "ruff"), "check", "--quiet")),
    Check("format", "Python's format", (str(BIN / "ruff"), "format", "--check", "--quiet")),
    Check("gofmt", "the chaincode's format", ("gofmt", "-l", "."), CHAINCODE, silent=True),
    Check("locks", "lock files are in step", (PYTHON, "tools/lock.py", "--check")),
    Check("hygiene", "nothing of one machine or registry", (PYTHON, "tools/hygiene.py")),
)


def run(workspace: Workspace, progress: Progress, check: Check) -> str:
    """What a check finds wrong: nothing, or its output."""
    progress.start(check.name, check.does)
    done = subprocess.run(
        check.command,
        check=False,
        cwd=ROOT / check.folder,
        env=workspace.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    failed = done.returncode != 0 or (check.silent and done.stdout.strip())
    progress.end(check.name, "FAILED" if failed else "ok")
    return f"\n── {check.name}: {' '.join(check.command)}\n{done.stdout.strip()}" if failed else ""


def main() -> int:
    """Run all; 1 if one fails."""
    workspace = Workspace(ROOT)
    with Progress(sys.stdout) as progress, ThreadPoolExecutor(2) as pool:
        found = [text for text in pool.map(partial(run, workspace, progress), CHECKS) if text]
    print("".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
