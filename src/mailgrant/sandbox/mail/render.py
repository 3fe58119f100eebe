"""
Google's Message JSON, written from a mail's bytes.

The costly half of a message never changes: its snippet and its part tree. `Rendered` holds them as
JSON already encoded, so that answering is joining bytes; labels and history ids are written each time.
It is written as Google writes it unless asked otherwise: on many lines, indented by two blanks.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Protocol, TypeAlias

from mailgrant.sandbox.mail import plaintext
from mailgrant.sandbox.mail.charset import decode_words
from mailgrant.sandbox.mail.mime import Headers, Part, parse

# Above this even a text body is fetched by `attachments.get`; Google documents no figure.
LARGEST_INLINE_TEXT = 1_048_576
INDENT = "  "
# How far a payload is indented in its message.
PAYLOAD_INDENT = "\n" + INDENT

# Writes the attachment id of a part, given its part id.
Naming: TypeAlias = Callable[[str], str]


class Format(StrEnum):
    """How much of a message is asked for (the enum of users.messages.get)."""

    MINIMAL = "minimal"
    METADATA = "metadata"
    FULL = "full"
    RAW = "raw"


class Scalars(Protocol):
    """What every format shows of a message, and what changes over time."""

    id: str
    thread_id: str
    labels: tuple[str, ...]
    history_id: int
    internal_date: int

    @property
    def size(self) -> int:
        """How many bytes the mail has."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place in a payload where an attachment's id is written anew each time."""

    part_id: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The unchanging JSON of one message: its snippet, its root's type, its payload."""

    snippet: str
    mime_type: str = field(kw_only=True)
    payload: tuple[bytes | Slot, ...] = field(kw_only=True, repr=False)

    @property
    def size(self) -> int:
        """How many bytes it is, nearly."""
        return sum(len(piece) for piece in self.payload if isinstance(piece, bytes))

    def full(self, name_attachment: Naming) -> bytes:
        """Return the whole payload; attachments get the ids that `name_attachment` gives them."""
        if len(self.payload) == 1 and isinstance(self.payload[0], bytes):
            return self.payload[0]
        return b"".join(
            [piece if isinstance(piece, bytes) else name_attachment(piece.part_id).encode() for piece in self.payload]
        )

    def metadata(self, headers: Headers, wanted: Iterable[str] = ()) -> bytes:
        """Return type and headers only; of the headers those wanted, or all when none is named."""
        names = {name.lower() for name in wanted}
        headers = tuple(header for header in headers if not names or header[0].lower() in names)
        inner = PAYLOAD_INDENT + INDENT
        fields = f'"mimeType": {_quoted(self.mime_type)},{inner}"headers": {_headers_json(headers, inner)}'
        return f"{{{inner}{fields}{PAYLOAD_INDENT}}}".encode()


def render(raw: bytes) -> Rendered:
    """Write everything of a message that never changes."""
    root = parse(raw)
    payload = tuple(_merge(_pieces(root, PAYLOAD_INDENT)))
    return Rendered(plaintext.snippet(root), mime_type=root.mime_type, payload=payload)


def message_json(scalars: Scalars, snippet: str, *fields: tuple[bytes, bytes]) -> bytes:
    """Return a Message resource: its scalars, then further fields as (name, JSON)."""
    labels = f'"labelIds": {_labels_json(scalars.labels)},\n  ' if scalars.labels else ""
    start = (
        f'{{\n  "id": "{scalars.id}",\n  "threadId": "{scalars.thread_id}",\n  {labels}"snippet": {_quoted(snippet)}'
    )
    end = (
        f',\n  "sizeEstimate": {scalars.size},\n  "historyId": "{scalars.history_id}",\n  '
        f'"internalDate": "{scalars.internal_date}"\n}}\n'
    )
    pieces = [start.encode()]
    for name, value in fields:
        pieces += b',\n  "', name, b'": ', value
    pieces.append(end.encode())
    return b"".join(pieces)


def nested(resource: bytes, depth: int) -> bytes:
    """Return a resource as it is written inside another: a line break in JSON is never inside a text."""
    return resource.rstrip().replace(b"\n", b"\n" + INDENT.encode() * depth)


def base64url(content: bytes) -> str:
    """Return bytes as Google writes them in JSON: base64url with its padding."""
    return base64.urlsafe_b64encode(content).decode()


def attachment(root: Part, part_id: str) -> bytes | None:
    """Return what `attachments.get` answers for a part; None when the mail has no such part."""
    for part in root.walk():
        if part.part_id == part_id and _is_external(part):
            return _data(part)
    return None


def _pieces(part: Part, outer: str) -> Iterator[str | Slot]:
    """Yield a part; `outer` is the line break and indentation of what it stands in."""
    inner = outer + INDENT
    yield f'{{{inner}"partId": "{part.part_id}",{inner}"mimeType": {_quoted(part.mime_type)}'
    yield f',{inner}"filename": {_quoted(part.filename)},{inner}"headers": {_headers_json(part.headers, inner)}'
    yield f',{inner}"body": '
    yield from _body(part, inner)
    if part.parts:
        yield f',{inner}"parts": ['
        for number, child in enumerate(part.parts):
            yield ("," if number else "") + inner + INDENT
            yield from _pieces(child, inner + INDENT)
        yield f"{inner}]"
    yield f"{outer}}}"


def _body(part: Part, outer: str) -> Iterator[str | Slot]:
    inner = outer + INDENT
    if part.parts and part.mime_type != "message/rfc822":
        yield f'{{{inner}"size": 0{outer}}}'
        return
    data = _data(part)
    if _is_external(part):
        yield f'{{{inner}"attachmentId": "'
        yield Slot(part.part_id)
        yield f'",{inner}"size": {len(data)}{outer}}}'
    elif data:
        yield f'{{{inner}"size": {len(data)},{inner}"data": "{base64url(data)}"{outer}}}'
    else:
        yield f'{{{inner}"size": 0{outer}}}'


def _is_external(part: Part) -> bool:
    if part.filename or part.mime_type == "message/rfc822":
        return True
    if part.parts or part.mime_type.startswith("multipart/"):
        return False
    return not part.is_body_text or len(part.body) > LARGEST_INLINE_TEXT


def _data(part: Part) -> bytes:
    # Gmail hands out body text as UTF-8 whatever the part's charset says; files stay as they are.
    return part.text.encode("utf-8", "replace") if part.is_body_text else part.content


def _merge(pieces: Iterable[str | Slot]) -> Iterator[bytes | Slot]:
    """Join and encode neighbouring texts, so that a payload is few pieces."""
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        yield "".join(texts).encode()
        yield piece
        texts = []
    yield "".join(texts).encode()


def _headers_json(headers: Headers, outer: str) -> str:
    inner, innermost = outer + INDENT, outer + INDENT * 2
    objects = (
        f'{{{innermost}"name": {_quoted(name)},{innermost}"value": {_quoted(decode_words(value))}{inner}}}'
        for name, value in headers
    )
    return f"[{inner}{f',{inner}'.join(objects)}{outer}]" if headers else "[]"


@lru_cache(maxsize=1024)
def _labels_json(labels: tuple[str, ...]) -> str:
    return "[\n    " + ",\n    ".join(map(_quoted, labels)) + "\n  ]"


def _quoted(text: str) -> str:
    """Return a text as JSON; Google writes it as UTF-8, but half a surrogate pair has none."""
    return encode_basestring(text) if text.isascii() or _encodable(text) else encode_basestring_ascii(text)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
