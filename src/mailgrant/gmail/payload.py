"""
The part tree of a mail as Gmail gives it (`payload`, format=full): its headers, its leaves, decoded.

Nothing here raises: what is missing or of a strange type reads as absent.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime, timedelta
from io import IncrementalNewlineDecoder
from types import MappingProxyType
from typing import Any

import pybase64

from .attachment import CONTENT_ID, CONTENT_TYPE, UNKNOWN_TYPE, Attachment
from .header_text import clean, shown
from .headers import Headers

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"-?[0-9]{1,30}")
BODIES = frozenset({"text/plain", "text/html"})
CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']{1,40})""", re.IGNORECASE)

# Names of charsets that mail uses and Python does not know.
CODECS = MappingProxyType(
    {
        "cn-big5": "big5",
        "cp-850": "cp850",
        "dos-874": "cp874",
        "gb_2312": "gb2312",
        "gb_2312-80": "gb2312",
        "iso-8859-6-e": "iso-8859-6",
        "iso-8859-6-i": "iso-8859-6",
        "iso-8859-8-e": "iso-8859-8",
        "iso-8859-8-i": "iso-8859-8",
        "iso-ir-149": "cp949",
        "koi8-ru": "koi8-u",
        "ks_c_5601-1989": "cp949",
        "ksc_5601": "cp949",
        "unicode-1-1-utf-7": "utf-7",
        "unicode-1-1-utf-8": "utf-8",
        "unicode-2-0-utf-7": "utf-7",
        "windows-31j": "cp932",
        "windows-874": "cp874",
        "windows-932": "cp932",
        "windows-949": "cp949",
        "x-cp1250": "cp1250",
        "x-cp1252": "cp1252",
        "x-euc-jp": "euc-jp",
        "x-gbk": "gbk",
        "x-mac-cyrillic": "mac-cyrillic",
        "x-mac-roman": "mac-roman",
        "x-sjis": "cp932",
        "x-x-big5": "big5",
    }
)
# Whatever these say, they say it in ASCII, which reads as UTF-8 too.
ALL_ASCII = frozenset({"utf-7", "hz-gb-2312", "hz", "hz-gb"})


@dataclass(frozen=True, slots=True)
class Part:
    """
    A leaf of the tree.

    `data` is None when Gmail keeps the content apart under `attachment_id`, which it may do with any
    part, bodies too; that id differs from one reading of the message to the next. `is_body` is True for
    what the mail says itself, False for what travels with it.
    """

    part_id: str
    _: KW_ONLY
    content_type: str
    headers: Headers
    is_body: bool
    disposition: str = ""
    name: str = ""
    data: bytes | None = None
    attachment_id: str | None = None
    size: int | None = None

    def text(self, content: bytes) -> str:
        """Return `content`, the part's own or fetched, as text with plain newlines."""
        declared = CHARSET.search(self.headers.first("Content-Type"))
        text = decode_text(content, declared[1] if declared else "")
        # What text files are read with: half the time of two replacements.
        return IncrementalNewlineDecoder(None, translate=True).decode(text, final=True)

    def as_attachment(self, message_id: str) -> Attachment:
        """Return the part as an attachment of the message."""
        content_id = self.headers.first("Content-ID").strip().strip("<>")
        return Attachment(
            self.name,
            content_type=self.content_type if CONTENT_TYPE.fullmatch(self.content_type) else UNKNOWN_TYPE,
            size=self.size,
            content=self.data,
            part_id=self.part_id,
            message_id=message_id,
            attachment_id=self.attachment_id,
            content_id=content_id if CONTENT_ID.fullmatch(content_id) else None,
            inline=self.disposition == "inline",
        )


def text_of(value: Mapping[str, Any], name: str) -> str:
    """Return a text field of Google's JSON, empty when it is missing or no text."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def number_of(value: Mapping[str, Any], name: str) -> int | None:
    """Return a number of Google's JSON, which writes the long ones as text."""
    found = value.get(name)
    if isinstance(found, bool):
        return None
    if isinstance(found, int):
        return found
    # Python refuses to read numbers of thousands of digits.
    return int(found) if isinstance(found, str) and NUMBER.fullmatch(found) else None


def object_of(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object of Google's JSON, empty when it is missing or none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def objects_of(value: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """Give the objects of a list in Google's JSON; an empty list is left out there."""
    found = value.get(name)
    return (item for item in found if isinstance(item, dict)) if isinstance(found, list) else iter(())


def headers_of(payload: Mapping[str, Any]) -> Headers:
    """Return a part's headers, cleaned to one line each; Gmail has decoded them already."""
    fields = []
    for each in objects_of(payload, "headers"):
        name = clean(text_of(each, "name"))
        if name:
            fields.append((name, shown(text_of(each, "value"))))
    return Headers(tuple(fields))


def parts_of(payload: Mapping[str, Any], headers: Headers | None = None) -> tuple[Part, ...]:
    """
    Return the leaves in reading order; a mail that is attached whole is one leaf.

    `headers` are those of the payload itself, where they were read already.
    """
    leaves = []
    stack = [payload] if payload else []
    while stack:
        node = stack.pop()
        content_type = text_of(node, "mimeType").lower()
        children = list(objects_of(node, "parts"))
        if children and content_type != "message/rfc822":
            stack.extend(reversed(children))
        elif not content_type.startswith("multipart/"):
            leaves.append(_leaf(node, headers if headers is not None and node is payload else headers_of(node)))
    return tuple(leaves)


def tree_of(value: Mapping[str, Any]) -> tuple[Headers, tuple[Part, ...]]:
    """Return a Message resource's headers and its leaves."""
    payload = object_of(value, "payload")
    headers = headers_of(payload)
    return headers, parts_of(payload, headers)


def bodies_of(parts: Iterable[Part], fetched: Mapping[str, bytes]) -> tuple[str, str | None]:
    """Return the text and the HTML of a mail; `fetched` has the bodies Gmail keeps apart, by attachment id."""
    texts: list[str] = []
    htmls: list[str] = []
    for part in parts:
        if part.is_body:
            content = part.data if part.data is not None else fetched.get(part.attachment_id or "", b"")
            (htmls if part.content_type == "text/html" else texts).append(part.text(content))
    text, html = "\n".join(texts), "\n".join(htmls) if htmls else None
    if html and not text.strip():
        from .html_text import html_to_text

        text = html_to_text(html)
    return text, html


def detached_bodies(parts: Iterable[Part]) -> tuple[str, ...]:
    """Return the attachment ids of the bodies that Gmail keeps apart from the Message resource."""
    return tuple(part.attachment_id for part in parts if part.is_body and part.data is None and part.attachment_id)


def label_ids_of(value: Mapping[str, Any]) -> frozenset[str]:
    """Return the labels of a message; Gmail leaves the list out when it is empty."""
    found = value.get("labelIds")
    return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else frozenset()


def history_id_of(value: Mapping[str, Any]) -> str | None:
    """Return a history id, which Gmail writes as text in most places and as a number in some."""
    number = number_of(value, "historyId")
    return None if number is None else str(number)


def snippet_of(value: Mapping[str, Any]) -> str:
    """Return the first words of a mail, which Gmail gives escaped as for HTML."""
    snippet = text_of(value, "snippet")
    if "&" in snippet:
        from html import unescape

        snippet = unescape(snippet)
    return clean(snippet)


def date_of(value: Mapping[str, Any], headers: Headers) -> datetime:
    """Return when Gmail took a mail in, else what the mail says, else the epoch."""
    milliseconds = number_of(value, "internalDate")
    if milliseconds is None:
        return _header_date(headers.first("Date"))
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return EPOCH


def decode_base64(data: str) -> bytes:
    """Decode base64url or base64, padded or not; what is damaged is left out."""
    alphabet = None if "+" in data or "/" in data else b"-_"
    try:
        return pybase64.b64decode(data + "=" * (-len(data) % 4), altchars=alphabet, validate=True)
    except ValueError:
        return _decode_damaged(data)


def _decode_damaged(data: str) -> bytes:
    kept = re.sub(r"[^A-Za-z0-9_-]", "", data.translate(str.maketrans("+/", "-_")))
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    try:
        return pybase64.b64decode(kept + "=" * (-len(kept) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""


def decode_text(content: bytes, charset: str) -> str:
    """
    Decode a body.

    Gmail mostly gives UTF-8, whatever the part declares; so that is tried first, the declared
    charset next, windows-1252 last. The charsets whose bytes look like UTF-8 come before it.
    """
    charset = CODECS.get(charset.lower(), charset.lower())
    looks_utf8 = not (b"\x1b" in content or b"\x00" in content or charset in ALL_ASCII)
    for each in ("utf-8", charset) if looks_utf8 else (charset, "utf-8"):
        try:
            return content.decode(each).encode("utf-8", "replace").decode()
        except (LookupError, ValueError):
            continue
    return content.decode("windows-1252", "replace")


def _leaf(node: Mapping[str, Any], headers: Headers) -> Part:
    body = object_of(node, "body")
    data = text_of(body, "data")
    attachment_id = text_of(body, "attachmentId") or None
    size = number_of(body, "size")
    name = shown(text_of(node, "filename"))
    content_type = (text_of(node, "mimeType") or headers.first("Content-Type").partition(";")[0].strip()).lower()
    disposition = headers.first("Content-Disposition").partition(";")[0].strip().lower()
    return Part(
        text_of(node, "partId"),
        content_type=content_type,
        headers=headers,
        is_body=content_type in BODIES and not name and disposition != "attachment",
        disposition=disposition,
        name=name,
        data=None if not data and (attachment_id or size or node.get("parts")) else decode_base64(data),
        attachment_id=attachment_id,
        size=size,
    )


def _header_date(text: str) -> datetime:
    if not text:
        return EPOCH
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return EPOCH
