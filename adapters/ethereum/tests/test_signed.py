from __future__ import annotations

from pathlib import Path

import pytest

from citygate.ethereum.attestor import SignedHeaders

ONE, OTHER = b"\x01" * 32, b"\x02" * 32


def test_one_header_of_a_height_is_signed_as_often_as_asked(tmp_path: Path) -> None:
    with SignedHeaders(tmp_path / "signed") as signed:
        signed.admit(5, ONE)
        signed.admit(5, ONE)
        signed.admit(4, OTHER)


def test_another_header_of_the_height_never_is_not_even_after_a_restart(tmp_path: Path) -> None:
    with SignedHeaders(tmp_path / "signed") as signed:
        signed.admit(5, ONE)
        with pytest.raises(ValueError, match="height 5 was signed"):
            signed.admit(5, OTHER)
    with SignedHeaders(tmp_path / "signed") as signed:
        with pytest.raises(ValueError, match="height 5 was signed"):
            signed.admit(5, OTHER)
        signed.admit(5, ONE)


def test_what_is_forgotten_is_never_signed(tmp_path: Path) -> None:
    with SignedHeaders(tmp_path / "signed", window=10) as signed:
        signed.admit(100, ONE)
        signed.admit(91, ONE)
        with pytest.raises(ValueError, match="below the newest"):
            signed.admit(90, ONE)


def test_the_file_stays_small_and_still_remembers(tmp_path: Path) -> None:
    path = tmp_path / "signed"
    with SignedHeaders(path, window=10) as signed:
        for number in range(100):
            signed.admit(number, ONE)
        with pytest.raises(ValueError, match="height 99 was signed"):
            signed.admit(99, OTHER)
    assert len(path.read_text().splitlines()) <= 21
    with SignedHeaders(path, window=10) as signed, pytest.raises(ValueError, match="height 95 was signed"):
        signed.admit(95, OTHER)


def test_a_line_that_a_crash_tore_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "signed"
    path.write_text(f"4 {ONE.hex()}\n5 {ONE.hex()[:20]}")
    with SignedHeaders(path) as signed:
        signed.admit(5, OTHER)
        with pytest.raises(ValueError, match="height 4 was signed"):
            signed.admit(4, OTHER)
    assert path.read_text() == f"4 {ONE.hex()}\n5 {OTHER.hex()}\n"


def test_a_second_attestor_on_the_file_is_refused(tmp_path: Path) -> None:
    with SignedHeaders(tmp_path / "signed"), pytest.raises(ValueError, match="another attestor"):
        SignedHeaders(tmp_path / "signed")


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signed"
    path.write_text("a diary\n")
    with pytest.raises(ValueError, match="line 1"):
        SignedHeaders(path)
