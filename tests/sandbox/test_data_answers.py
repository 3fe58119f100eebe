"""What `--data` keeps at hand beside the mail: its JSON, ready to be sent, and its words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.keeping import archive
from mailgrant.sandbox.keeping.answers import AnswerFile
from mailgrant.sandbox.keeping.archive import Archive, Batch
from mailgrant.sandbox.keeping.data import keeping
from mailgrant.sandbox.mail.render import render
from mailgrant.sandbox.mail.search_text import Block

from .caller import body
from .conftest import NOON
from .mailing import ADA, Gmail, mail

WITH_FILE = (
    b"From: ada@example.com\r\nSubject: Minutes\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\x1d \xc3\xa9\r\n"
    b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=m.pdf\r\n\r\n%PDF\r\n--b--\r\n"
)


@contextmanager
def day(folder: Path, **about: Any) -> Iterator[Sandbox]:
    """A day in the life of a sandbox, at the end of which it is stopped."""
    world = Sandbox(about.pop("now", None), **about)
    with keeping(world, folder):
        yield world


def test_mail_whose_json_is_lost_is_written_anew(tmp_path: Path) -> None:
    with day(tmp_path, now=NOON) as world:
        found = world.deliver(WITH_FILE, to=ADA).id
        before = Gmail(world).get(found)
    (tmp_path / "answers").write_bytes(b"")

    with day(tmp_path) as world:
        after = Gmail(world).get(found)

    for resource in (before, after):
        del resource["payload"]["parts"][1]["body"]["attachmentId"]
    assert after == before


def test_an_answer_comes_back_as_it_was_put_down(tmp_path: Path) -> None:
    answers = [render(WITH_FILE), render(b""), render(b"Subject: a\r\n\r\nb\x1dc\x1e\x1f"), render(mail("Lunch?"))]
    file = AnswerFile(tmp_path / "answers")

    places = file.append(answers)

    assert [file.read(*place) for place in places] == answers
    assert file.read(places[-1][0] + 1, places[-1][1]) is None
    file.close()


def test_what_comes_later_is_put_behind_what_is_there(tmp_path: Path) -> None:
    for number in range(3):
        file = AnswerFile(tmp_path / "answers")
        place = file.append([render(mail(f"Number {number}"))])[0]
        assert file.read(*place) == render(mail(f"Number {number}"))
        file.close()


def test_the_words_of_a_span_are_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SPAN", 8)
    whole, kept = Block(0), Archive(tmp_path / "state.db", tmp_path / "answers")
    for first in range(0, 20, 4):
        block = Block(first)
        for ordinal in range(first, first + 4):
            block.note(ordinal, {"anywhere:common", f"subject:{ordinal % 3}"}, f"subject {ordinal} ")
            block.count += 1
        whole.extend(block)
        kept.write(Batch(words=[(1, block)]))

    back = list(kept.words(1))

    assert [(block.first, block.count) for block in back] == [(0, 8), (8, 8), (16, 4)]
    joined = Block(0)
    for block in back:
        joined.extend(block)
    assert joined == whole
    kept.close()


def test_json_written_from_a_file_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    with day(tmp_path, now=NOON) as world:
        found = world.deliver(mail("Lunch?", body="Thursday at noon, café"), to=ADA).id
        before = Gmail(world).answer("GET", f"messages/{found}")
    with day(tmp_path) as world:
        after = Gmail(world).answer("GET", f"messages/{found}")

    assert after.body == before.body
    assert body(after)["id"] == found
