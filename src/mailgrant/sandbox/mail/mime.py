"""
Part: a mail's bytes as the tree that MIME makes of them (RFC 2045, RFC 2046).

A reader of its own, because the sandbox has to read whatever strangers' programs send: it never
raises, it takes linear time, and it keeps the bytes of every part as they came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from mailgrant.sandbox.mail.charset import decode_header_bytes, decode_text, decode_transfer, decode_words

DEEPEST = 20
MOST_PARTS = 1000
LONGEST_PARAMETERS = 16_384

# A field name is printable ASCII without a colon (RFC 5322 §2.2); a fold is a line that begins with a blank.
HEADER_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
ENVELOPE_LINE = re.compile(rb"From [^\n]*\n")
BLANK_LINE = re.compile(rb"\r?\n|\Z")
FOLD = re.compile(r"\r?\n(?=[ \t])")
PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
MIME_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)

Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Part:
    """
    One part of a mail; the mail itself is the root part.

    `headers` are unfolded, not decoded. `part_id` counts as Google does: "" for the root, "0" for its
    first child, "0.1" for that one's second.
    """

    part_id: str
    headers: Headers = field(kw_only=True, repr=False)
    body: bytes = field(kw_only=True, repr=False)
    mime_type: str = field(kw_only=True)
    charset: str | None = field(kw_only=True)
    filename: str = field(kw_only=True)
    parts: tuple[Part, ...] = field(kw_only=True, default=())

    def header(self, name: str) -> str:
        """Return the first header of that name, in any case, as text; "" if there is none."""
        return first_header(self.headers, name)

    @property
    def content(self) -> bytes:
        """The body with its transfer encoding undone."""
        return decode_transfer(self.body, self.header("content-transfer-encoding").strip().lower())

    @property
    def text(self) -> str:
        """The body of a text part, as text."""
        return decode_text(self.content, self.charset)

    @property
    def is_body_text(self) -> bool:
        """True for text that a person reads as the mail itself, not as an attached file."""
        return not self.parts and not self.filename and self.mime_type.startswith("text/")

    @property
    def is_attachment(self) -> bool:
        """True for what the clip in a mailbox stands for: a named file."""
        return bool(self.filename)

    def walk(self) -> Iterator[Part]:
        """Yield this part and all beneath it, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()


def parse(raw: bytes) -> Part:
    """Read a whole mail; any bytes at all are one."""
    return _Reader().read(bytes(raw), part_id="", depth=0)


def read_headers(raw: bytes) -> tuple[Headers, int]:
    """Return the headers at the start of `raw`, unfolded, and where the body begins."""
    fields, start = raw_fields(raw)
    return tuple((name, _unfold(field.partition(b":")[2])) for name, field in fields), start


def raw_fields(raw: bytes) -> tuple[list[tuple[str, bytes]], int]:
    """Return each header's name and whole bytes, line breaks included, and where the body begins."""
    envelope = ENVELOPE_LINE.match(raw)
    position = envelope.end() if envelope else 0
    fields = []
    while match := HEADER_FIELD.match(raw, position):
        fields.append((match[1].decode("ascii"), match[0]))
        position = match.end()
    blank = BLANK_LINE.match(raw, position)
    return fields, blank.end() if blank else position


def first_header(headers: Headers, name: str) -> str:
    """Return the decoded text of the first header of that name, in any case; "" if there is none."""
    wanted = name.lower()
    return next((decode_words(value) for key, value in headers if key.lower() == wanted), "")


def all_headers(headers: Headers, name: str) -> list[str]:
    """Return the decoded text of every header of that name, in any case."""
    wanted = name.lower()
    return [decode_words(value) for key, value in headers if key.lower() == wanted]


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a Content-Type or Content-Disposition, continuations joined (RFC 2231)."""
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for key, quoted in PARAMETER.findall(value[:LONGEST_PARAMETERS]):
        name, text = key.lower(), _unquote(quoted.strip())
        if "*" not in name:
            plain.setdefault(name, text)
            continue
        stem, _, section = name.partition("*")
        number = section.rstrip("*")
        if number.isascii() and (number.isdigit() or not number) and len(number) < 4:
            pieces.setdefault(stem, []).append((int(number or 0), section.endswith("*") or not section, text))
    return plain | {stem: _join(found) for stem, found in pieces.items()}


class _Reader:
    """Reads one mail, and counts its parts, so that a mail of nothing but boundaries ends."""

    def __init__(self) -> None:
        self._count = 0

    def read(self, raw: bytes, *, part_id: str, depth: int, default_type: str = "text/plain") -> Part:
        self._count += 1
        headers, start = read_headers(raw)
        declared = first_header(headers, "content-type")
        named = parameters(declared)
        part = Part(
            part_id,
            headers=headers,
            body=raw[start:],
            mime_type=_mime_type(declared) or default_type,
            charset=named.get("charset"),
            filename=_filename(headers, named),
        )
        if depth < DEEPEST:
            part.parts = tuple(self._children(part, named.get("boundary", ""), depth + 1))
        return part

    def _children(self, part: Part, boundary: str, depth: int) -> Iterator[Part]:
        if part.mime_type == "message/rfc822":
            yield self.read(part.content, part_id=_child_id(part.part_id, 0), depth=depth)
        elif part.mime_type.startswith("multipart/") and boundary:
            inner_type = "message/rfc822" if part.mime_type == "multipart/digest" else "text/plain"
            for number, body in enumerate(_split(part.body, boundary)):
                if self._count >= MOST_PARTS:
                    return
                yield self.read(body, part_id=_child_id(part.part_id, number), depth=depth, default_type=inner_type)


def _split(body: bytes, boundary: str) -> Iterator[bytes]:
    """Cut a multipart body at its boundary lines; the line break before one belongs to it (RFC 2046 §5.1.1)."""
    marker = re.escape(boundary.encode("utf-8", "surrogateescape"))
    start: int | None = None
    for line in re.finditer(rb"^--" + marker + rb"(--)?[ \t]*\r?$", body, re.MULTILINE):
        if start is not None:
            yield body[start : max(start, line.start() - 1)].removesuffix(b"\r")
        if line[1]:
            return
        start = line.end() + 1
    if start is not None:
        yield body[start:]


def _child_id(parent: str, number: int) -> str:
    return f"{parent}.{number}" if parent else str(number)


def _unfold(value: bytes) -> str:
    text = decode_header_bytes(value).strip(" \t\r\n")
    return FOLD.sub("", text) if "\n" in text else text


def _mime_type(declared: str) -> str:
    match = MIME_TYPE.match(declared.strip())
    return match[0].lower() if match else ""


def _filename(headers: Headers, type_parameters: dict[str, str]) -> str:
    disposition = parameters(first_header(headers, "content-disposition"))
    return decode_words(disposition.get("filename") or type_parameters.get("name", ""))


def _unquote(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _join(pieces: list[tuple[int, bool, str]]) -> str:
    ordered = sorted(pieces, key=lambda piece: piece[0])
    charset = None
    if ordered[0][1] and ordered[0][2].count("'") >= 2:
        charset, _, rest = ordered[0][2].split("'", 2)
        ordered[0] = (ordered[0][0], True, rest)
    content = b"".join(
        unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace") for _, encoded, text in ordered
    )
    return decode_text(content, charset)
