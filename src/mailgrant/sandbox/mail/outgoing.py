"""
What Gmail does to a mail on its way out.

A program's Message-ID is replaced, a From that is not the account's is rewritten, what is missing is
added; everything else stays byte for byte, but for line ends. Recipients' copies lose Bcc and gain
their own trace (RFC 5321 §4.4).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

from mailgrant.errors import InvalidRequest
from mailgrant.gmail.address import Address
from mailgrant.sandbox.mail import addresses, refusals
from mailgrant.sandbox.mail.aliases import Aliases
from mailgrant.sandbox.mail.mime import Headers, parse, raw_fields
from mailgrant.sandbox.mail.plaintext import from_html

RECIPIENT_HEADERS = ("To", "Cc", "Bcc")
PART_HEADERS = frozenset({"content-type", "content-transfer-encoding", "content-disposition"})
PLAIN_HEADERS = b'Content-Type: text/plain; charset="UTF-8"\r\nContent-Transfer-Encoding: base64\r\n'
LINE_END = re.compile(rb"\r?\n")
# Words with 8-bit bytes, and the blanks between two: those vanish when read, so they are encoded too.
# Nothing is tried twice, however long a word is.
EDGE = r'\s<>"(),;:@'
RAW_WORD = rf"(?<![^{EDGE}])(?>[^{EDGE}\x80-\xff]*)[\x80-\xff][^{EDGE}]*+"
RAW_WORDS = re.compile(rf"{RAW_WORD}(?:[ \t]+{RAW_WORD})*")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the addresses an account may send as, each as it stands in a From header, its own first."""

    headers: Mapping[str, str]

    @classmethod
    def of(cls, aliases: Aliases) -> Sender:
        """Return the sender that an account's settings make."""
        usable = [alias for alias in aliases if aliases.sendable(alias["sendAsEmail"])]
        return cls({alias["sendAsEmail"].casefold(): aliases.header(alias) for alias in usable})

    @property
    def header(self) -> str:
        """The account's own address as it stands in a From header."""
        return next(iter(self.headers.values()))

    def header_for(self, text: str) -> str:
        """Return the From header for what a program wrote: as it is, if it names one of the addresses and a name."""
        named = list(addresses.received([text]))
        own = self.headers.get(named[0]) if len(named) == 1 else None
        if own is None:
            return self.header
        return text if "<" in text else own


def recipients(headers: Headers) -> tuple[str, ...]:
    """
    Return the addresses a mail goes to, each once.

    Raises Gmail's refusal when a header does not read.
    """
    found: dict[str, str] = {}
    for name in RECIPIENT_HEADERS:
        for value in (value for key, value in headers if key.lower() == name.lower()):
            for address in _addresses(name, value):
                found.setdefault(address.email.casefold(), address.email)
    return tuple(found.values())


def rewritten(raw: bytes, sender: Sender, *, message_id: str, now: datetime, project: str) -> bytes:
    """Return a mail as it lies in Sent: what a program wrote, corrected as Gmail corrects it."""
    fields, start = raw_fields(LINE_END.sub(b"\r\n", raw))
    body = LINE_END.sub(b"\r\n", raw)[start:]
    kept = [(name, _in_ascii(content)) for name, content in fields if name.lower() != "message-id"]
    written = [_from_field(content, sender) if name.lower() == "from" else content for name, content in kept]
    present = {name.lower() for name, _ in kept}
    date = format_datetime(now)
    lines = [f"Received: from {project} named unknown by gmailapi.google.com with HTTPREST; {date}"]
    if "from" not in present:
        lines.append(f"From: {sender.header}")
    if "date" not in present:
        lines.append(f"Date: {date}")
    lines.append(f"Message-ID: <{message_id}>")
    if "mime-version" not in present:
        lines.append("MIME-Version: 1.0")
    return "".join(f"{line}\r\n" for line in lines).encode() + b"".join(map(_ended, written)) + b"\r\n" + body


def without_bcc(raw: bytes) -> bytes:
    """Return a mail as it leaves: nobody learns who else got it blind."""
    fields, start = raw_fields(raw)
    return b"".join(content for name, content in fields if name.lower() != "bcc") + b"\r\n" + raw[start:]


def with_text(raw: bytes) -> bytes:
    """
    Return a mail as its recipients get it: one of nothing but HTML gains a plain text beside it.

    A mail whose HTML is one part among others stays as it is.
    """
    root = parse(raw)
    if root.mime_type != "text/html":
        return raw
    fields, start = raw_fields(raw)
    own = [content for name, content in fields if name.lower() in PART_HEADERS]
    others = [content for name, content in fields if name.lower() not in PART_HEADERS]
    text = b64encode(from_html(root.text).strip().encode("utf-8", "replace"))
    wrapped = b"".join(text[at : at + 76] + b"\r\n" for at in range(0, len(text), 76))
    boundary = f"000000000000{sha256(raw).hexdigest()[:20]}".encode()
    return (
        b"".join(others)
        + b'Content-Type: multipart/alternative; boundary="%s"\r\n\r\n' % boundary
        + b"--%s\r\n%s\r\n%s\r\n" % (boundary, PLAIN_HEADERS, wrapped)
        + b"--%s\r\n%s\r\n%s\r\n--%s--\r\n" % (boundary, b"".join(own), raw[start:], boundary)
    )


def arrived(raw: bytes, recipient: str, sender: str, *, trace: str, now: datetime) -> bytes:
    """Return a mail as it lies with a recipient: with the trace of its way on top."""
    lines = [
        f"Delivered-To: {recipient}",
        f"Received: by 2002:a05:6a00:1 with SMTP id {trace}; {format_datetime(now)}",
        f"Return-Path: <{sender}>",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode() + raw


def _addresses(name: str, value: str) -> Iterable[Address]:
    try:
        return Address.parse_list(value)
    except InvalidRequest as error:
        raise refusals.invalid_header(name) from error


def _from_field(content: bytes, sender: Sender) -> bytes:
    value = content.partition(b":")[2].decode("ascii", "replace").strip()
    header = sender.header_for(value)
    return content if header == value else f"From: {header}\r\n".encode()


def _in_ascii(content: bytes) -> bytes:
    """
    Encode a header written with raw 8-bit bytes.

    Gmail takes such bytes for Latin-1, so that raw UTF-8 comes out as the well-known salad.
    """
    if content.isascii():
        return content
    return RAW_WORDS.sub(lambda run: _word(run[0]), content.decode("latin-1")).encode("ascii")


def _word(text: str) -> str:
    return f"=?UTF-8?B?{b64encode(text.encode()).decode()}?="


def _ended(content: bytes) -> bytes:
    return content if content.endswith(b"\n") else content + b"\r\n"
