"""What comes from elsewhere doesn't steer the terminal that it is shown on."""

from __future__ import annotations

import json

import pytest

from citygate.gateway.cli._exit import CommandError, Exit
from citygate.gateway.cli._output import Output

HOSTILE = "a\x1b[2Jb\rc"


def test_people_see_control_characters_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(json=False)
    output.table([], ["x"], [[HOSTILE]])
    output.record({}, [("x", HOSTILE), ("empty", "")])
    output.line({}, HOSTILE)
    output.error(CommandError(Exit.FAILED, f"first\n{HOSTILE}", "Do this."))
    captured = capsys.readouterr()
    assert captured.out == "X\na\\x1b[2Jb\\rc\nx  a\\x1b[2Jb\\rc\na\\x1b[2Jb\\rc\n"
    assert captured.err == "error: first\na\\x1b[2Jb\nc\nDo this.\n"


def test_programs_get_them_as_json_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(json=True)
    output.record({"x": HOSTILE}, [])
    out = capsys.readouterr().out
    assert json.loads(out) == {"x": HOSTILE}
    assert "\x1b" not in out


def test_an_empty_list_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    Output(json=False).table([], ["x"], [])
    Output(json=True).table([], ["x"], [])
    assert capsys.readouterr().out == "none\n[]\n"
