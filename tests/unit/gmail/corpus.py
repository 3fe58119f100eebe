"""
Mail as it really comes, made here: every shape with what a reader should see of it.

The sandbox's renderer turns the bytes into the JSON that Gmail gives; what our side makes of that
is held against the expectation.
"""

from __future__ import annotations

import base64
import json
import quopri
from dataclasses import dataclass, field

from mailgrant.gmail.message import Message
from mailgrant.gmail.payload import detached_bodies, tree_of
from mailgrant.sandbox.mail.mime import parse
from mailgrant.sandbox.mail.render import attachment, render


@dataclass(frozen=True, slots=True)
class Shape:
    """A mail and what must be seen of it; None where the standard leaves it open."""

    name: str
    raw: bytes = field(repr=False)
    text: str | None = None
    html: str | None = None
    subject: str | None = None
    sender: str | None = None
    attachments: tuple[str, ...] | None = None


def received(raw: bytes) -> Message:
    """Read a mail as it would come from Gmail."""
    payload = json.loads(render(raw).full(lambda part_id: f"ANGj-{part_id}"))
    value = {"id": "m1", "threadId": "t1", "payload": payload, "internalDate": "1772712000000"}
    root = parse(raw)
    bodies = {each: attachment(root, each.removeprefix("ANGj-")) or b"" for each in detached_bodies(tree_of(value)[1])}
    return Message.from_json(value, bodies=bodies)


def mail(
    body: bytes | str, content_type: str = "text/plain; charset=utf-8", *more: str, encoding: str = "8bit"
) -> bytes:
    """Write a mail with this body."""
    content = body.encode() if isinstance(body, str) else body
    head = ["From: Grace <grace@example.com>", "To: ada@example.com", "Subject: Lunch", *more]
    if content_type:
        head.append(f"Content-Type: {content_type}")
    head.append(f"Content-Transfer-Encoding: {encoding}")
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + content


def part(content_type: str, body: bytes | str, *more: str) -> bytes:
    """Write one part of a mail."""
    content = body.encode() if isinstance(body, str) else body
    return "\r\n".join([f"Content-Type: {content_type}", *more]).encode() + b"\r\n\r\n" + content


def parts(subtype: str, *inner: bytes, boundary: str = "b1", closed: bool = True) -> bytes:
    """Write a mail of several parts."""
    return mail(joined(*inner, boundary=boundary, closed=closed), f"multipart/{subtype}; boundary={boundary}")


def joined(*inner: bytes, boundary: str, closed: bool = True) -> bytes:
    """Put parts between their boundary."""
    line = b"--" + boundary.encode()
    whole = b"".join(line + b"\r\n" + each + b"\r\n" for each in inner)
    return whole + (line + b"--\r\n" if closed else b"")


def nest(depth: int) -> bytes:
    """Write a part inside as many others."""
    inner = part("text/plain", "at the bottom")
    for level in range(depth):
        inner = part(f"multipart/mixed; boundary=n{level}", joined(inner, boundary=f"n{level}"))
    return b"From: grace@example.com\r\nSubject: Lunch\r\n" + inner


PDF = part("application/pdf; name=menu.pdf", base64.b64encode(b"%PDF"), "Content-Transfer-Encoding: base64")
PLAIN, RICH = part("text/plain", "At noon?"), part("text/html", "<p>At <b>noon</b>?</p>")


def named(disposition: str) -> bytes:
    """Write a mail with a file, named as `disposition` says."""
    return parts("mixed", PLAIN, part("application/octet-stream", "x", f"Content-Disposition: {disposition}"))


def subject(line: str | bytes) -> bytes:
    """Write a mail whose subject stands in the head exactly so."""
    line = line.encode() if isinstance(line, str) else line
    return b"From: grace@example.com\r\nSubject: " + line + b"\r\n\r\nAt noon?"


def sender(line: str) -> bytes:
    """Write a mail from whom this line says."""
    return f"From: {line}\r\nSubject: Lunch\r\n\r\nAt noon?".encode()


CHARSETS = {
    "utf-8": "Grüße, café, 日本",
    "us-ascii": "At noon?",
    "iso-8859-1": "Grüße, café",
    "iso-8859-2": "Żółta łódź",
    "iso-8859-5": "Привет, мир",
    "iso-8859-7": "Καλημέρα",
    "iso-8859-9": "Günaydın",
    "iso-8859-15": "10 € für Œuvre",
    "windows-1250": "Příliš žluťoučký",
    "windows-1251": "Привет, мир",
    "windows-1252": "“10 €” – café",
    "windows-1255": "שלום עולם",
    "windows-1256": "مرحبا بالعالم",
    "windows-1258": "cà phê",
    "koi8-r": "Привет, мир",
    "koi8-u": "Привіт, світе",
    "iso-2022-jp": "こんにちは世界",
    "shift_jis": "こんにちは世界",
    "windows-31j": "こんにちは①世界",
    "euc-jp": "こんにちは世界",
    "gb2312": "你好，世界",
    "gbk": "你好，世界",
    "gb18030": "你好，世界",
    "hz-gb-2312": "你好，世界",
    "big5": "你好，世界",
    "euc-kr": "안녕하세요",
    "ks_c_5601-1987": "안녕하세요",
    "iso-2022-kr": "안녕하세요",
    "tis-620": "สวัสดีชาวโลก",
    "utf-7": "Grüße",
    "unicode-1-1-utf-7": "Grüße",
    "iso-8859-8-i": "שלום עולם",
    "cp-850": "Grüße",
    "utf-16": "Grüße, 日本",
    "utf-16le": "Grüße, 日本",
}

# Names that mail uses and Python does not.
CODECS = {"windows-31j": "cp932", "iso-8859-8-i": "iso-8859-8", "unicode-1-1-utf-7": "utf-7", "cp-850": "cp850"}


def written_in(charset: str) -> bytes:
    """Return the sample of a charset in that charset."""
    return CHARSETS[charset].encode(CODECS.get(charset, charset))


IN_CHARSETS = [
    Shape(
        charset,
        mail(base64.encodebytes(written_in(charset)), f"text/plain; charset={charset}", encoding="base64"),
        text=text,
    )
    for charset, text in CHARSETS.items()
    # The sandbox knows Python's names only; the others are tried where Gmail left the bytes alone.
    if charset not in CODECS
]

BROKEN_CHARSETS = [
    Shape("no charset named", mail("Grüße", "text/plain"), text="Grüße"),
    Shape("a charset nobody knows", mail("At noon?", "text/plain; charset=x-klingon"), text="At noon?"),
    Shape("a charset that is a codec of Python's", mail("At noon?", "text/plain; charset=rot13"), text="At noon?"),
    Shape("ascii named, latin meant", mail("café".encode("latin-1"), "text/plain; charset=us-ascii"), text="café"),
    Shape("utf-8 named, latin meant", mail("café".encode("latin-1"), "text/plain; charset=utf-8"), text="café"),
    Shape("latin named, utf-8 meant", mail("café", "text/plain; charset=iso-8859-1")),
    Shape("half a character at the end", mail(b"At noon \xe2\x82", "text/plain; charset=utf-8")),
    Shape("quoted charset", mail("Grüße".encode("latin-1"), 'text/plain; charset="iso-8859-1"'), text="Grüße"),
    Shape("bytes of every value", mail(bytes(range(256)), "text/plain; charset=utf-8")),
]

ENCODINGS = [
    Shape(
        "quoted-printable",
        mail(quopri.encodestring("Grüße = café".encode()), encoding="quoted-printable"),
        text="Grüße = café",
    ),
    Shape("quoted-printable with a soft break", mail(b"At no=\r\non?", encoding="quoted-printable"), text="At noon?"),
    Shape("broken quoted-printable", mail(b"At=ZZ noon=", encoding="quoted-printable")),
    Shape("base64 without padding", mail(b"QXQgbm9vbj8", encoding="base64"), text="At noon?"),
    Shape("base64 with rubbish in it", mail(b"QXQg!!\r\n  bm9vbj8=", encoding="base64")),
    Shape("an encoding nobody knows", mail("At noon?", encoding="x-uuencode")),
    Shape("bare newlines", mail("At\nnoon?\n"), text="At\nnoon?\n"),
    Shape("bare carriage returns", mail("At\rnoon?")),
    Shape("a null byte", mail("At\x00noon?")),
]

STRUCTURES = [
    Shape("text and html", parts("alternative", PLAIN, RICH), text="At noon?", html="<b>noon</b>", attachments=()),
    Shape("html alone", mail("<p>At <b>noon</b>?</p>", "text/html"), text="At noon?", html="<b>noon</b>"),
    Shape("html first", parts("alternative", RICH, PLAIN), text="At noon?", html="<b>noon</b>"),
    Shape("a file", parts("mixed", PLAIN, PDF), text="At noon?", attachments=("menu.pdf",)),
    Shape(
        "alternatives in a mixture",
        parts("mixed", part("multipart/alternative; boundary=i", joined(PLAIN, RICH, boundary="i")), PDF),
        text="At noon?",
        html="<b>noon</b>",
        attachments=("menu.pdf",),
    ),
    Shape(
        "an image that the html shows",
        parts(
            "related", RICH, part("image/png; name=logo.png", "x", "Content-ID: <logo>", "Content-Disposition: inline")
        ),
        text="At noon?",
        attachments=("logo.png",),
    ),
    Shape(
        "a text file is no body",
        parts("mixed", PLAIN, part("text/plain; name=a.txt", "no")),
        text="At noon?",
        attachments=("a.txt",),
    ),
    Shape("two bodies", parts("mixed", PLAIN, part("text/plain", "Or at one?")), text="At noon?\nOr at one?"),
    Shape(
        "a mail attached whole",
        parts("mixed", PLAIN, part("message/rfc822", b"Subject: Inner\r\n\r\nnot this")),
        text="At noon?",
    ),
    Shape(
        "a report of a failed delivery",
        parts(
            "report; report-type=delivery-status",
            part("text/plain", "It did not arrive."),
            part("message/delivery-status", "Action: failed\r\n"),
            part("text/rfc822-headers", "Subject: x\r\n"),
        ),
        text="It did not arrive.",
    ),
    Shape(
        "winmail.dat",
        parts("mixed", PLAIN, part("application/ms-tnef; name=winmail.dat", b"\x78\x9f\x3e\x22")),
        text="At noon?",
        attachments=("winmail.dat",),
    ),
    Shape(
        "an invitation",
        parts("alternative", PLAIN, part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR\r\nEND:VCALENDAR")),
        text="At noon?",
    ),
    Shape(
        "a signed mail",
        parts("signed; micalg=sha1; protocol=x", PLAIN, part("application/pkcs7-signature", "x")),
        text="At noon?",
    ),
    Shape("an enriched text", parts("alternative", PLAIN, part("text/enriched", "<bold>x</bold>")), text="At noon?"),
    Shape("no closing boundary", parts("mixed", PLAIN, PDF, closed=False), text="At noon?"),
    Shape("no boundary named", mail(joined(PLAIN, boundary="b1"), "multipart/mixed")),
    Shape("a boundary that is not there", mail("At noon?", "multipart/mixed; boundary=gone")),
    Shape("no part at all", parts("mixed")),
    Shape("an empty part", parts("mixed", b"", PLAIN)),
    Shape("a hundred levels", nest(100)),
    Shape("two thousand parts", parts("mixed", PLAIN, *[part("image/png; name=x.png", "x")] * 1999), text="At noon?"),
    Shape("text of two megabytes", mail("At noon? " * 230_000)),
]

HEADS = [
    Shape("nothing at all", b""),
    Shape("no head", b"\r\nAt noon?", text="At noon?"),
    Shape("a head alone", b"Subject: Lunch", subject="Lunch"),
    Shape("a head that is none", b"At noon?\r\nOr at one?"),
    Shape("an mbox line first", b"From grace Thu Mar 5 12:00\r\nSubject: Lunch\r\n\r\nAt noon?"),
    Shape("a megabyte of head", mail("At noon?", "text/plain", "X-Long: " + "x" * 1_000_000), text="At noon?"),
    Shape("ten thousand fields", mail("At noon?", "text/plain", *["Received: by x"] * 10_000), text="At noon?"),
    Shape("a folded subject", subject("At\r\n noon?"), subject="At noon?"),
    Shape("two subjects", b"Subject: One\r\nSubject: Two\r\n\r\nx", subject="One"),
    Shape("an encoded subject", subject("=?utf-8?q?Gr=C3=BC=C3=9Fe?="), subject="Grüße"),
    Shape("a subject in two words", subject("=?utf-8?b?R3LDvA==?=\r\n =?utf-8?b?w59l?="), subject="Grüße"),
    Shape("a subject in Japanese", subject("=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?="), subject="こんにちは"),
    Shape("a subject in no known charset", subject("=?x-klingon?q?abc?=")),
    Shape("a broken word in the subject", subject("=?utf-8?b?R3L!?= lunch")),
    Shape("a subject in bare utf-8", subject("Grüße")),
    Shape("a subject in bare latin", subject("Grüße".encode("latin-1"))),
    Shape("a subject of half a surrogate pair", subject("=?utf-8?q?=ED=A0=80?=")),
    Shape(
        "control characters in the subject",
        subject(b"At\x00 \x1b[31mnoon"),
    ),
    Shape("a sender with a comma", sender('"Hopper, Grace" <grace@example.com>'), sender="grace@example.com"),
    Shape("an encoded sender", sender("=?utf-8?q?J=C3=B6rg?= <j@example.org>"), sender="j@example.org"),
    Shape("a sender without address", sender("Grace Hopper")),
    Shape("a sender with a remark", sender("grace@example.com (Grace)"), sender="grace@example.com"),
    Shape("a sender with two at signs", sender("<grace@@example.com>")),
    Shape("an empty group", b"To: undisclosed-recipients:;\r\n\r\nx"),
    Shape("a date that is none", b"Date: yesterday\r\n\r\nx"),
    Shape("a message id with blanks", b"Message-ID: <a b@c>\r\n\r\nx"),
]

NAMES = [
    Shape("a name in RFC 2231", named("attachment; filename*=utf-8''men%C3%BC.pdf"), attachments=("menü.pdf",)),
    Shape("a name in pieces", named("attachment; filename*0*=utf-8''men%C3; filename*1*=%BC.pdf"),
          attachments=("menü.pdf",)),
    Shape("a name in an encoded word", named('attachment; filename="=?utf-8?q?men=C3=BC=2Epdf?="'),
          attachments=("menü.pdf",)),
    Shape("a name with a path", named('attachment; filename="../../etc/passwd"'), attachments=("../../etc/passwd",)),
    Shape("a name with a quote", named(r'attachment; filename="a\"b.pdf"')),
    Shape("a name with half a surrogate pair", named("attachment; filename*=utf-8''%ED%A0%80.pdf")),
    Shape("a name of a thousand characters", named(f'attachment; filename="{"x" * 1000}.pdf"')),
    Shape("no name", parts("mixed", PLAIN, part("image/png", "x", "Content-Disposition: attachment")), text="At noon?"),
    Shape("a disposition nobody knows", named("hologram; filename=a.pdf"), attachments=("a.pdf",)),
    Shape("a type that is none", parts("mixed", PLAIN, part("pdf", "x"))),
]  # fmt: skip

SHAPES = [*IN_CHARSETS, *BROKEN_CHARSETS, *ENCODINGS, *STRUCTURES, *HEADS, *NAMES]
