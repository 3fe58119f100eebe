"""Sources: content that is read in pieces, from any place."""

from __future__ import annotations

import base64
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant._sync.drafting import write_draft
from mailgrant._sync.transport import pieces_of
from mailgrant.errors import InvalidRequest, SettingsError
from mailgrant.given_file import AttachedFile
from mailgrant.gmail.draft import Draft
from mailgrant.gmail.source import PIECE, Content, Encoded, Joined, Rest, all_of
from mailgrant.spool import Spool


@given(st.binary(max_size=400), st.integers(0, 700))
def test_base64_from_any_place_is_the_end_of_the_whole(content: bytes, offset: int) -> None:
    source = Encoded(Content(content))
    whole = all_of(source)

    assert base64.b64decode(whole) == content
    assert source.size == len(whole)
    assert b"".join(source.read_from(offset)) == whole[offset:]
    assert all(len(line) <= 76 for line in whole.split(b"\r\n"))


@given(st.lists(st.binary(max_size=9), max_size=6), st.integers(0, 60))
def test_joined_sources_from_any_place_are_the_end_of_the_whole(contents: list[bytes], offset: int) -> None:
    source = Joined(tuple(map(Content, contents)))
    whole = b"".join(contents)

    assert source.size == len(whole)
    assert b"".join(source.read_from(offset)) == whole[offset:]


def test_a_large_content_comes_in_pieces_and_as_often_as_it_is_asked_for() -> None:
    content = os.urandom(2 * PIECE + 5)
    source = Encoded(Content(content))

    assert len(list(source.read_from(0))) == 3
    assert all_of(source) == all_of(source)


def test_the_rest_of_a_source_begins_where_it_says() -> None:
    rest = Rest(Content(b"At noon?"), 3)

    assert (rest.size, all_of(rest), b"".join(rest.read_from(2))) == (5, b"noon?", b"on?")


def test_a_file_is_read_from_any_place(tmp_path: Path) -> None:
    path = tmp_path / "minutes.pdf"
    path.write_bytes(b"minutes")
    file = AttachedFile(path)

    assert (file.size, all_of(file), b"".join(file.read_from(4))) == (7, b"minutes", b"tes")


@pytest.mark.parametrize("after", [b"minutes and more", b"min", b"MINUTES"], ids=["grown", "shrunk", "rewritten"])
def test_a_file_that_changes_before_it_is_read_is_refused(tmp_path: Path, after: bytes) -> None:
    path = tmp_path / "minutes.pdf"
    path.write_bytes(b"minutes")
    os.utime(path, (1, 1))
    file = AttachedFile(path)

    path.write_bytes(after)

    with pytest.raises(InvalidRequest, match=r"minutes\.pdf changed while it was being sent"):
        all_of(file)


@pytest.mark.parametrize("after", [b"\0" * 3, b"\0" * (3 * 57 * 2048)], ids=["shrunk", "grown"])
def test_a_file_that_changes_while_it_is_read_is_refused_before_it_ends(tmp_path: Path, after: bytes) -> None:
    path = tmp_path / "minutes.pdf"
    path.write_bytes(b"\0" * (2 * 57 * 2048))
    os.utime(path, (1, 1))
    pieces = AttachedFile(path).read_from(0)
    next(pieces)

    path.write_bytes(after)

    with pytest.raises(InvalidRequest, match="changed while it was being sent"):
        list(pieces)


def test_what_is_no_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not a file"):
        AttachedFile(tmp_path)
    with pytest.raises(SettingsError, match="No such file"):
        AttachedFile(tmp_path / "gone.pdf")


def test_a_mail_of_twenty_five_megabytes_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(25 * 1024 * 1024)
    draft = Draft(to="grace@example.com", attachments=[path])

    tracemalloc.start()
    mail = write_draft(draft, True, {}, most_recipients=500)
    written = sum(map(len, pieces_of(mail)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert written == mail.size
    assert most < 4 * 1024 * 1024


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
def test_a_spool_gives_what_it_took_from_any_place(size: int) -> None:
    content = os.urandom(size)
    spool = Spool()
    spool.write(b"first try")
    spool.begin()
    for start in range(0, size, 100_000):
        spool.write(content[start : start + 100_000])

    assert (spool.size, all_of(spool)) == (size, content)
    assert b"".join(spool.read_from(3)) == content[3:]
