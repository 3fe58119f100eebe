"""Mail as it really comes is decoded to what the standard allows; none of it raises, none of it hangs."""

from __future__ import annotations

import base64
import codecs
import time
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailgrant.gmail.message import Message
from mailgrant.gmail.payload import CODECS, decode_text

from .corpus import CHARSETS, SHAPES, Shape, received, written_in

# Far above what any takes, far below what a hang would.
PATIENCE = 5.0


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_mail_reads_as_it_should(shape: Shape) -> None:
    begun = time.perf_counter()

    message = received(shape.raw)

    assert time.perf_counter() - begun < PATIENCE
    if shape.text is not None:
        assert message.text.rstrip("\n") == shape.text.rstrip("\n")
    if shape.html is not None:
        assert shape.html in (message.html or "")
    if shape.subject is not None:
        assert message.subject == shape.subject
    if shape.sender is not None:
        assert message.from_ is not None
        assert message.from_.email == shape.sender
    if shape.attachments is not None:
        assert tuple(each.name for each in message.attachments) == shape.attachments


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_whatever_came_can_be_shown_answered_passed_on_and_given_away(shape: Shape) -> None:
    message = received(shape.raw)

    use(message)


def use(message: Message) -> None:
    """Do with a message what programs do; nothing of it may raise."""
    f"{message.subject}{message.text}{message.html}{message.from_}{message.to}".encode()
    message.html_safe()
    now = datetime(2026, 3, 5, tzinfo=UTC)
    message.reply(text="Yes.", all=True).to_bytes(now=now, entropy=bytes, for_sending=False)
    message.forward("ada@example.com")
    assert all("/" not in each.safe_name and each.safe_name for each in message.attachments)
    message.as_email().as_bytes()


def test_there_are_enough_shapes() -> None:
    assert len(SHAPES) >= 60
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)


@pytest.mark.parametrize("charset", [name for name in CHARSETS if not name.startswith("utf-16")])
def test_a_body_that_gmail_left_in_its_charset_is_decoded_by_it(charset: str) -> None:
    content = base64.urlsafe_b64encode(written_in(charset)).decode()
    headers = [{"name": "Content-Type", "value": f'text/plain; format=flowed; Charset="{charset}"'}]

    message = Message.from_json(
        {"id": "m1", "payload": {"mimeType": "text/plain", "headers": headers, "body": {"data": content}}}
    )

    assert message.text == CHARSETS[charset]


@pytest.mark.parametrize("name", sorted(CODECS))
def test_every_name_of_a_charset_leads_to_a_codec_of_text(name: str) -> None:
    assert decode_text(b"At noon?", name) == "At noon?"
    assert codecs.lookup(CODECS[name]).name


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=600))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    use(received(raw))


PIECES = [
    "From: ", "Subject: ", "Content-Type: multipart/mixed; boundary=b\r\n", "Content-Type: text/html\r\n", "--b\r\n",
    "--b--\r\n", "\r\n", "\r\n\r\n", "=?utf-8?q?", "?=", "<", ">", "<p>", "</p>",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Disposition: attachment; filename*=utf-8''%", "QUJD", "=", "\x00", "\udc80", "ä", ":", ";", '"', "(", "@",
]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=40))
def test_any_pieces_of_mail_are_a_mail(pieces: list[str]) -> None:
    use(received("".join(pieces).encode("utf-8", "surrogatepass")))
