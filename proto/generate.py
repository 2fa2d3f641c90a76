"""Generate the Python code of every proto module, or check what is committed.

python proto/generate.py            writes the code
python proto/generate.py --check    lints, and looks for breaking changes and outdated code
"""

from __future__ import annotations

import argparse
import filecmp
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "proto" / "buf.yaml"
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Module:
    """Protos below `source`; their code goes below `target`. Both are relative to the repository's root."""

    source: Path
    target: Path

    @property
    def protos(self) -> list[Path]:
        """Every proto of the module."""
        return sorted((ROOT / self.source).glob("citygate/**/*.proto"))


MODULES = (
    Module(Path("proto"), Path("proto/src")),
    Module(Path("adapters/ethereum/proto"), Path("adapters/ethereum/src")),
)


def generate(module: Module, target: Path) -> None:
    """Write messages, services and typed stubs below `target`."""
    target.mkdir(parents=True, exist_ok=True)
    protoc = [
        *(sys.executable, "-m", "grpc_tools.protoc"),
        f"--plugin=protoc-gen-mypy={BIN / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={BIN / 'protoc-gen-mypy_grpc'}",
        f"--proto_path={ROOT / module.source}",
        f"--proto_path={resources.files('grpc_tools') / '_proto'}",
    ]
    services = [proto for proto in module.protos if "\nservice " in proto.read_text()]
    run(*protoc, f"--python_out={target}", f"--mypy_out=quiet:{target}", *module.protos)
    run(*protoc, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}", *services)


def stale(module: Module) -> Iterator[Path]:
    """Generated files that are missing, differ, or have no proto any more."""
    with tempfile.TemporaryDirectory() as directory:
        fresh, target = Path(directory), ROOT / module.target
        generate(module, fresh)
        names = {p.relative_to(fresh) for p in fresh.rglob("*_pb2*.py*")}
        folders = {name.parent for name in names}
        names |= {p.relative_to(target) for folder in folders for p in (target / folder).glob("*_pb2*.py*")}
        for name in sorted(names):
            old, new = target / name, fresh / name
            if not (old.exists() and new.exists() and filecmp.cmp(old, new, shallow=False)):
                yield module.target / name


def lint(module: Module) -> None:
    """buf's STANDARD rules, but for what buf.yaml excepts, and its format."""
    run(BIN / "buf", "lint", ROOT / module.source, "--config", CONFIG)
    run(BIN / "buf", "format", ROOT / module.source, "--config", CONFIG, "--diff", "--exit-code")


def breaking(module: Module) -> None:
    """Compare with what was there before the last change: HEAD, or its ancestor where the change is committed.

    Before the first commit that holds the module there is nothing to break.
    """
    changed = git("status", "--porcelain", "--", module.source) != ""
    before = "HEAD" if changed else git("rev-list", "-1", "HEAD", "--", module.source) + "^"
    if before != "^" and git("ls-tree", before, "--", module.source):
        against = f"{ROOT / '.git'}#ref={git('rev-parse', before)},subdir={module.source}"
        run(BIN / "buf", "breaking", ROOT / module.source, "--config", CONFIG, "--against", against)


def git(*arguments: str | Path) -> str:
    """What git answers; nothing where it fails."""
    done = subprocess.run(
        ["git", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def run(*command: str | Path) -> None:
    """Run a tool; where it fails, its output has said why."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something is wrong")
    modules = [module for module in MODULES if module.protos]
    if not parser.parse_args().check:
        for module in modules:
            generate(module, ROOT / module.target)
        return
    for module in modules:
        lint(module)
        breaking(module)
    old = [name for module in modules for name in stale(module)]
    if old:
        names = "\n  ".join(map(str, old))
        sys.exit(
            f"not what the protos generate:\n  {names}\nrun `python proto/generate.py` and commit the result"
        )


if __name__ == "__main__":
    main()
