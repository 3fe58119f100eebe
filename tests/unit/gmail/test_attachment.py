"""Attachments: how they are given, what they are called."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import InvalidRequest
from mailgrant.gmail.attachment import CONTENT_TYPES, Attachment, guess_content_type, guess_suffix


def test_a_path_stays_a_path_until_it_is_opened() -> None:
    (minutes,) = Attachment.collect("folder/minutes.pdf")

    assert minutes.name == "minutes.pdf"
    assert minutes.path == Path("folder/minutes.pdf")
    assert minutes.content is None
    assert minutes.content_type == "application/pdf"


def test_a_mapping_names_its_bytes() -> None:
    one, two = Attachment.collect({"minutes.pdf": b"%PDF", "list.csv": bytearray(b"a,b")})

    assert (one.name, one.content, one.size) == ("minutes.pdf", b"%PDF", 4)
    assert (two.content, two.content_type) == (b"a,b", "text/csv")


def test_a_mapping_may_give_a_file_another_name() -> None:
    (minutes,) = Attachment.collect({"Minutes of Thursday.pdf": Path("m.pdf")})

    assert (minutes.name, minutes.path) == ("Minutes of Thursday.pdf", Path("m.pdf"))


def test_all_ways_may_be_mixed_in_a_list() -> None:
    given_ = Attachment("a.txt", content=b"a")

    assert [each.name for each in Attachment.collect([given_, "b.txt", Path("c.txt")])] == ["a.txt", "b.txt", "c.txt"]
    assert Attachment.collect(given_) == (given_,)
    assert Attachment.collect(()) == ()


@pytest.mark.parametrize("strange", [b"bytes", 5, [5], [b"x"], {"a.txt": "text"}, {"a.txt": None}, "", [" "]])
def test_what_is_no_attachment_is_refused(strange: object) -> None:
    with pytest.raises(InvalidRequest, match="attachments: "):
        Attachment.collect(strange)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a\nb.pdf", "a\r\nContent-Type: x", "a\x00.pdf"])
def test_a_name_with_a_newline_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="The name of an attachment"):
        Attachment(name, content=b"")


@pytest.mark.parametrize("content_type", ["pdf", "a/b/c", "text/plain\r\nX: y", "text/plain; charset=utf-8", "/"])
def test_a_content_type_that_is_none_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidRequest, match="content type"):
        Attachment("a", content=b"", content_type=content_type)


@pytest.mark.parametrize("content_id", ["<a>", "a b", "a\nb", ""])
def test_a_content_id_that_is_none_is_refused(content_id: str) -> None:
    with pytest.raises(InvalidRequest, match="content id"):
        Attachment("a.png", content=b"", content_id=content_id)


def test_the_content_is_not_printed() -> None:
    assert "secret" not in repr(Attachment("a.txt", content=b"secret minutes"))


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("A.PDF", "application/pdf"), ("a.tar.gz", "application/gzip"), ("README", "application/octet-stream")],
)
def test_the_type_is_guessed_from_the_name(name: str, content_type: str) -> None:
    assert guess_content_type(name) == content_type


def test_every_guessed_type_has_an_ending() -> None:
    assert all(guess_suffix(content_type) for content_type in CONTENT_TYPES.values())
    assert guess_suffix("application/x-unheard-of") == ""


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("minutes.pdf", "minutes.pdf"),
        ("Protökoll.pdf", "Protökoll.pdf"),
        ("../../etc/passwd", "_._etc_passwd"),
        ("..", "attachment.pdf"),
        ("", "attachment.pdf"),
        ("C:\\autoexec.bat", "C__autoexec.bat"),
        (".bashrc", "bashrc"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("annexe\u202efdp.exe", "annexe_fdp.exe"),
        ("a.pdf. . ", "a.pdf"),
        ("x" * 500 + ".pdf", "x" * 196 + ".pdf"),
        ("COM\N{SUPERSCRIPT ONE}.txt", "_COM\N{SUPERSCRIPT ONE}.txt"),
        ("conout$", "_conout$"),
        ("\N{ZERO WIDTH SPACE}", "_"),
    ],
)
def test_a_safe_name_stays_in_its_folder(name: str, safe: str) -> None:
    assert Attachment(name, content_type="application/pdf", content=b"").safe_name == safe


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_any_name_is_a_safe_one_at_last(name: str) -> None:
    safe = Attachment(name, content=b"").safe_name

    assert safe
    assert Path(safe).name == safe
    assert PureWindowsPath(safe).name == safe
    assert safe.strip(" .") == safe
    assert len(safe.encode()) <= 255
