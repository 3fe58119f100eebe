"""Google's Message JSON from a mail's bytes: the part tree, the formats, the snippet."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mailgrant.sandbox.mail.mailbox import StoredMessage
from mailgrant.sandbox.mail.mime import parameters, parse, read_headers
from mailgrant.sandbox.mail.plaintext import from_html, readable, snippet
from mailgrant.sandbox.mail.render import attachment, message_json, render

LUNCH = b"From: Ada <ada@example.com>\r\nTo: grace@example.com\r\nSubject: Lunch?\r\n\r\nThursday at noon?\r\n"

ALTERNATIVE = b"""\
From: ada@example.com
Subject: Minutes
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset="utf-8"

plain
--inner
Content-Type: text/html; charset=utf-8

<b>html</b>
--inner--
--outer
Content-Type: application/pdf; name="minutes.pdf"
Content-Disposition: attachment; filename="minutes.pdf"
Content-Transfer-Encoding: base64

JVBERi0x
LjQK
--outer--
epilogue
"""


def payload(raw: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(render(raw).full(lambda part_id: f"att-{part_id}"))
    return value


def data(part: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64decode(part["body"]["data"])


def test_a_mail_of_one_part_has_its_body_on_the_payload_and_no_parts() -> None:
    found = payload(LUNCH)

    assert found["partId"] == ""
    assert found["mimeType"] == "text/plain"
    assert found["filename"] == ""
    assert found["body"] == {"size": 19, "data": base64.urlsafe_b64encode(b"Thursday at noon?\r\n").decode()}
    assert "parts" not in found


def test_headers_keep_their_order_spelling_and_duplicates() -> None:
    found = payload(b"X-B: 1\r\nMessage-Id: <a@b>\r\nX-B: 2\r\n\r\n")["headers"]

    assert found == [
        {"name": "X-B", "value": "1"},
        {"name": "Message-Id", "value": "<a@b>"},
        {"name": "X-B", "value": "2"},
    ]


def test_parts_are_numbered_as_google_numbers_them() -> None:
    found = payload(ALTERNATIVE)

    assert [part["partId"] for part in found["parts"]] == ["0", "1"]
    assert [part["partId"] for part in found["parts"][0]["parts"]] == ["0.0", "0.1"]
    assert [part["mimeType"] for part in found["parts"][0]["parts"]] == ["text/plain", "text/html"]


def test_a_container_has_size_nought_and_no_data() -> None:
    found = payload(ALTERNATIVE)

    assert found["body"] == {"size": 0}
    assert found["parts"][0]["body"] == {"size": 0}


def test_a_part_ends_before_the_line_break_of_its_boundary() -> None:
    found = payload(ALTERNATIVE)

    assert data(found["parts"][0]["parts"][0]) == b"plain"
    assert data(found["parts"][0]["parts"][1]) == b"<b>html</b>"


def test_a_file_has_an_attachment_id_instead_of_data_and_its_decoded_size() -> None:
    found = payload(ALTERNATIVE)["parts"][1]

    assert found["filename"] == "minutes.pdf"
    assert found["body"] == {"attachmentId": "att-1", "size": 9}
    assert attachment(parse(ALTERNATIVE), "1") == b"%PDF-1.4\n"


def test_only_what_has_an_attachment_id_is_an_attachment() -> None:
    root = parse(ALTERNATIVE)

    assert attachment(root, "0.0") is None
    assert attachment(root, "7") is None


def test_a_nameless_part_that_is_not_text_has_an_attachment_id() -> None:
    raw = b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n"

    assert payload(raw)["body"] == {"attachmentId": "att-", "size": 8}


def test_a_mail_within_a_mail_is_expanded() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n%s\n--b--\n" % LUNCH

    inner = payload(raw)["parts"][0]

    assert inner["mimeType"] == "message/rfc822"
    assert inner["parts"][0]["partId"] == "0.0"
    assert {"name": "Subject", "value": "Lunch?"} in inner["parts"][0]["headers"]


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"=?utf-8?q?Caf=C3=A9_au_lait?=", "Café au lait"),
        (b"=?UTF-8?B?Q2Fmw6k=?= =?UTF-8?B?IHRvbmlnaHQ=?=", "Café tonight"),
        (b"=?utf-8?b?Q2Fmww==?=\r\n =?utf-8?b?qQ==?=", "Café"),
        (b"=?iso-8859-1*en?q?Caf=E9?= at noon", "Café at noon"),
        (b"=?no-such-charset?q?Caf=C3=A9?=", "Café"),
        (b"=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
        (b"a\r\n folded\r\n\tline", "a folded\tline"),
        ("Café".encode(), "Café"),
        ("Café".encode("latin-1"), "Café"),
        (b"=?punycode?q?caf-dma?=", "caf-dma"),
        (b"=?rot13?q?abc?=", "abc"),
    ],
)
def test_encoded_words_in_headers_appear_decoded(header: bytes, text: str) -> None:
    assert payload(b"Subject: " + header + b"\r\n\r\n")["headers"][0]["value"] == text


@pytest.mark.parametrize(
    ("declared", "encoded", "text"),
    [
        ("text/plain; charset=iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("text/plain; charset=utf-8", "Grüße".encode("latin-1"), "Grüße"),
        ("text/plain", "Grüße".encode(), "Grüße"),
        ("text/plain; charset=shift_jis", "昼食".encode("shift_jis"), "昼食"),
        ("text/plain; charset=hex", b"6162", "6162"),
    ],
)
def test_body_text_is_handed_out_as_utf_8(declared: str, encoded: bytes, text: str) -> None:
    assert data(payload(b"Content-Type: %s\n\n%s" % (declared.encode(), encoded))) == text.encode()


def test_a_text_file_is_handed_out_byte_for_byte() -> None:
    raw = b"Content-Type: text/csv; charset=iso-8859-1; name=a.csv\n\n" + "Grüße".encode("latin-1")

    assert attachment(parse(raw), "") == "Grüße".encode("latin-1")


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        ('attachment; filename="a; b.txt"', "filename", "a; b.txt"),
        ("attachment; filename*=utf-8''na%C3%AFve.txt", "filename", "naïve.txt"),
        ("attachment; filename*0=very; filename*1=long.txt", "filename", "verylong.txt"),
        ("attachment; filename*0*=utf-8''%C3%A9; filename*1=t%C3.txt", "filename", "ét%C3.txt"),
        ('attachment; FileName="quo\\"te"', "filename", 'quo"te'),
        ("text/plain; charset=us-ascii (plain)", "charset", "us-ascii (plain)"),
    ],
)
def test_parameters_are_read_in_all_their_spellings(value: str, name: str, text: str) -> None:
    assert parameters(value)[name] == text


def test_html_text_leaves_out_markup_styles_and_comments() -> None:
    markup = "<style>p{}</style><p>Fish &amp; <b>chips</b>?<!-- no --><script>no()</script></p>a < b"

    assert " ".join(from_html(markup).split()) == "Fish & chips? a < b"


def test_the_snippet_is_escaped_text_of_about_two_hundred_characters() -> None:
    raw = b'Content-Type: text/html\n\n<p>It\'s <b>"fish"</b> &amp; chips</p>' + b"<p>more words</p>" * 100

    found = render(raw).snippet

    assert found.startswith("It&#39;s &quot;fish&quot; &amp; chips more words")
    assert 150 < len(found) < 240
    assert found.endswith(("more", "words"))


def test_the_snippet_prefers_plain_text_and_falls_back_to_html() -> None:
    alternative = (
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n%s\n--b\nContent-Type: text/html\n\n<i>two</i>"
    )

    assert snippet(parse(alternative % b"one")) == "one"
    assert snippet(parse(alternative % b"  ")) == "two"


def test_readable_text_is_that_of_every_body_once() -> None:
    assert readable(parse(ALTERNATIVE)).split() == ["plain"]


def test_labels_are_left_out_when_there_are_none() -> None:
    message = StoredMessage(
        "1a", thread_id="1a", content=b"abc", labels=(), internal_date=9, message_id="", ordinal=0, history_id=7
    )

    found = json.loads(message_json(message, "&quot;hi&quot;", (b"raw", b'"QQ=="')))

    assert found == {
        "id": "1a",
        "threadId": "1a",
        "snippet": "&quot;hi&quot;",
        "raw": "QQ==",
        "sizeEstimate": 3,
        "historyId": "7",
        "internalDate": "9",
    }


def test_metadata_has_type_and_headers_only_and_narrows_them_without_regard_to_case() -> None:
    rendered, (headers, _) = render(LUNCH), read_headers(LUNCH)

    assert json.loads(rendered.metadata(headers)) == {
        "mimeType": "text/plain",
        "headers": [
            {"name": "From", "value": "Ada <ada@example.com>"},
            {"name": "To", "value": "grace@example.com"},
            {"name": "Subject", "value": "Lunch?"},
        ],
    }
    assert json.loads(rendered.metadata(headers, ["SUBJECT"]))["headers"] == [{"name": "Subject", "value": "Lunch?"}]


BROKEN = {
    "nothing": b"",
    "one newline": b"\n",
    "no body": b"Subject: x",
    "no headers": b"\r\nhello",
    "nulls": b"\x00" * 50,
    "every byte": bytes(range(256)) * 3,
    "boundary never used": b"Content-Type: multipart/mixed; boundary=b\n\nhello",
    "boundary missing": b"Content-Type: multipart/mixed\n\nhello",
    "boundary empty": b'Content-Type: multipart/mixed; boundary=""\n\n--\nhello\n--\n',
    "boundary odd": b'Content-Type: multipart/mixed; boundary="\xff(.*"\n\n--\xff(.*\n\nhello',
    "bad base64": b"Content-Transfer-Encoding: base64\n\n====A",
    "type nonsense": b"Content-Type: ;;;;\nContent-Disposition: =\n\nx",
    "charset nonsense": b"Content-Type: text/plain; charset=\x00../..\n\nx",
    "charset long": b"Content-Type: text/plain; charset=" + b"x" * 9000 + b"\n\nx",
    "continuation nonsense": b"Content-Type: text/plain; name*x*=a; name*-1=b; name*99999=c; name*\xc2\xb2=d\n\nx",
    "half a surrogate": b"Subject: =?utf-16?b?2AA=?=\n\n",
    "surrogate by utf-7": b"Content-Type: text/plain; charset=utf-7\n\n+2AA-",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
def test_no_bytes_are_too_broken_to_render(raw: bytes) -> None:
    rendered = render(raw)

    assert json.loads(rendered.full(str))["partId"] == ""
    assert json.loads(rendered.metadata(read_headers(raw)[0]))


HOSTILE = {
    "deep nesting": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (depth, depth) for depth in range(3000)
    ),
    "nothing but boundaries": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 200_000,
    "one endless header": b"Subject: " + b"=?a?q?" * 200_000 + b"\n\n",
    "encoded words apart": b"Subject: " + b"=?a?q?x?= " * 50_000 + b"\n\n",
    "many headers": b"A: b\n" * 100_000 + b"\n",
    "folds": b"A:" + b"\n " * 300_000 + b"\n\n",
    "parameters": b"Content-Type: text/plain" + b'; a="' * 100_000 + b"\n\n",
    "open tags": b"Content-Type: text/html\n\n" + b"<style>" * 200_000,
    "open comments": b"Content-Type: text/html\n\n" + b"<!--" * 200_000,
    "open angles": b"Content-Type: text/html\n\n" + b"<" * 500_000,
    "punycode": b"Content-Type: text/plain; charset=punycode\n\n" + b"a-b" * 200_000,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_bytes_take_long_to_render(raw: bytes) -> None:
    assert render(raw).size > 0


def test_a_line_that_is_no_header_ends_the_headers() -> None:
    headers, start = read_headers(b"A: b\nno header here\nC: d\n")

    assert headers == (("A", "b"),)
    assert start == 5


def test_an_mbox_line_in_front_is_not_a_header() -> None:
    assert read_headers(b"From ada Thu Jan 1 00:00:00 2026\nA: b\n\n")[0] == (("A", "b"),)
