"""The examples run, and the README shows them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1]


@pytest.mark.ledger
@pytest.mark.parametrize(
    ("name", "printed"),
    [
        (
            "client.py",
            ["gate: citychannel.citygate", '"kind":"issued"', "Org2MSP refused: chaincode response 500"],
        ),
        ("adapter.py", ["/asset:citygate.ticket/TKT-1", "'gate-1'", "already applied"]),
    ],
)
async def test_an_example_runs(name: str, printed: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, FOLDER / "examples" / name, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    for text in printed:
        assert text in output.decode()


def test_the_readme_shows_the_client() -> None:
    readme = (FOLDER / "README.md").read_text()
    example = (FOLDER / "examples" / "client.py").read_text()
    body = example[example.index("async def talk") : example.index("async def main")].strip()
    assert body in readme
