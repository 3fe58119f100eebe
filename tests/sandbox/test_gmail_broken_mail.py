"""Mail that nobody should have sent: a mailbox takes any bytes, and every answer about them is JSON."""

from __future__ import annotations

import random

import pytest

from mailgrant.sandbox import Sandbox

from .conftest import NOON
from .mailing import GRACE, Gmail, encode

WHOLE = """\
From: =?utf-8?q?J=C3=B6rg?= <j@example.org>
To: "Grace, Hopper" <grace@example.com>, ada+x@example.com
Cc: undisclosed-recipients:;
Subject: =?iso-8859-1?b?R3L832U=?= und mehr
Date: Thu, 01 Jan 2015 12:00:00 +0000
Message-ID: <one@example.org>
References: <zero@example.org> <nought@example.org>
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: text/html; charset=windows-1252
Content-Transfer-Encoding: quoted-printable

<p>caf=E9 &amp; <b>more</b><!-- not this --></p>
--outer
Content-Type: application/pdf; name*0*=utf-8''men%C3%BC; name*1=.pdf
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--outer
Content-Type: message/rfc822

Subject: inner

body
--outer--
""".replace("\n", "\r\n").encode()

SCRAPS = [
    b"\r\n\r\n", b"\n", b"\x00", b"\xff\xfe", b"--outer", b"--outer--", b";", b'"', b"=?", b"?=", b":", b"<", b">",
    b"*0*=", b" ",
]  # fmt: skip


def damaged(seed: int) -> bytes:
    """Return the mail above with a few bytes lost, doubled, swapped or put in."""
    chance = random.Random(seed)
    raw = bytearray(WHOLE)
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(len(raw))
        match chance.randrange(4):
            case 0:
                del raw[place : place + chance.randint(1, 60)]
            case 1:
                raw[place:place] = chance.choice(SCRAPS)
            case 2:
                raw[place] = chance.randrange(256)
            case _:
                start = chance.randrange(len(raw))
                raw[place:place] = raw[start : start + 80]
    return bytes(raw)


@pytest.fixture
def world() -> Sandbox:
    return Sandbox(NOON, quota="off")


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_any_bytes_are_kept_shown_and_searched(world: Sandbox, first: int) -> None:
    gmail = Gmail(world, GRACE)
    for seed in range(first, first + 100):
        raw = damaged(seed)
        message_id = world.account(GRACE).deliver(raw).id
        for form in ("full", "metadata", "minimal"):
            assert gmail.get(message_id, f"?format={form}")["id"] == message_id
        assert gmail.raw(message_id) == raw
    assert gmail.call("GET", "threads?q=in:inbox+menu+OR+caf%C3%A9+OR+has:attachment+OR+%22und+mehr%22")["threads"]


@pytest.mark.parametrize("first", range(0, 200, 100))
def test_any_bytes_are_sent_or_refused_in_gmails_words(world: Sandbox, first: int) -> None:
    gmail = Gmail(world)
    for seed in range(first, first + 100):
        answer = gmail.answer("POST", "messages/send", {"raw": encode(damaged(seed))})
        assert answer.status == 200 or b'"invalidArgument"' in answer.body, answer.body
    assert all(b"Message-ID: <CA" in sent.raw for sent in world.sent)
