"""An attachment is taken out of Google's JSON while it comes, however it is cut."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import SettingsError
from mailgrant.gmail.download import Collected, Unpacking
from mailgrant.saved_file import SavedFile


def unpacked(answer: bytes, size: int) -> bytes:
    collected = Collected()
    unpacking = Unpacking(collected)
    unpacking.begin()
    for start in range(0, len(answer), size):
        unpacking.write(answer[start : start + size])
    unpacking.end()
    return bytes(collected.content)


@given(st.binary(max_size=200), st.integers(1, 50), st.booleans(), st.booleans())
def test_content_comes_out_as_it_was_however_the_answer_is_cut(
    content: bytes, size: int, padded: bool, escaped: bool
) -> None:
    data = base64.urlsafe_b64encode(content).decode()
    answer = json.dumps({"size": len(content), "data": data if padded else data.rstrip("=")}, indent=1)
    answer = answer.replace("=", r"\u003d") if escaped else answer

    assert unpacked(answer.encode(), size) == content


def test_the_other_alphabet_of_base64_is_read_too() -> None:
    assert unpacked(rb'{"data": "+\/8="}', 3) == b"\xfb\xff"


@given(st.binary(max_size=300), st.integers(1, 40))
def test_whatever_comes_nothing_is_raised(answer: bytes, size: int) -> None:
    unpacked(b'{"data":"' + answer, size)
    unpacked(answer, size)


def test_an_answer_that_comes_twice_counts_once() -> None:
    collected = Collected()
    unpacking = Unpacking(collected)

    for _ in range(2):
        unpacking.begin()
        unpacking.write(b'{"data": "aGFsbG8", "size": 5}')
        unpacking.end()

    assert collected.content == b"hallo"


def test_a_file_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cut"), SavedFile(tmp_path, "a.pdf") as file:
        file.write(b"half")
        raise ValueError("cut")
    assert list(tmp_path.iterdir()) == []

    with SavedFile(tmp_path, "a.pdf") as file:
        file.write(b"first try")
        file.begin()
        file.write(b"whole")
    assert file.path.read_bytes() == b"whole"


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"old")

    with SavedFile(tmp_path, "a.pdf") as file:
        file.write(b"new")

    assert (file.path.name, (tmp_path / "a.pdf").read_bytes()) == ("a (2).pdf", b"old")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        SavedFile(tmp_path / "nowhere", "a.pdf")
