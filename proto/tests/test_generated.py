"""What is committed is what the protos generate; and the generated packages stay importable and typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import citygate.v1

GENERATE = Path(__file__).parents[1] / "generate.py"


def test_protos_are_clean_and_generated_code_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, GENERATE, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_is_typed() -> None:
    (folder,) = citygate.v1.__path__
    assert (Path(folder) / "py.typed").exists()
    for module in Path(folder).glob("*_pb2*.py"):
        assert module.with_suffix(".pyi").exists(), module.name
