"""
Source: content that is read piece by piece, from any place, as often as need be.

A mail with a large attachment is never in memory as a whole: its head is bytes, its attachments are
files that the shell opens, and what is sent is the one after the other.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

# A line of base64 in a mail: 57 bytes make 76 characters (RFC 2045 §6.8), and CRLF ends it.
BYTES_IN_LINE = 57
LINE = 78
LINES_IN_PIECE = 2048
PIECE = BYTES_IN_LINE * LINES_IN_PIECE


class Source(Protocol):
    """Content of a known size."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read_from(self, offset: int) -> Iterator[bytes]:
        """Yield the bytes from `offset` on, in pieces; begins anew whenever it is called."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that are in memory already."""

    content: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.content)

    def read_from(self, offset: int) -> Iterator[bytes]:
        """Yield the bytes from `offset` on."""
        view = memoryview(self.content)
        return (bytes(view[start : start + PIECE]) for start in range(offset, len(view), PIECE))


@dataclass(frozen=True, slots=True)
class Encoded:
    """A source in base64, as a mail carries it (RFC 2045 §6.8)."""

    plain: Source

    @property
    def size(self) -> int:
        """How many characters there are, line ends included."""
        lines, rest = divmod(self.plain.size, BYTES_IN_LINE)
        return lines * LINE + ((rest + 2) // 3 * 4 + 2 if rest else 0)

    def read_from(self, offset: int) -> Iterator[bytes]:
        """Yield the lines from `offset` on, the first of them cut where `offset` is inside it."""
        line, skipped = divmod(offset, LINE)
        for lines in self._lines_from(line):
            yield lines[skipped:]
            skipped = 0

    def _lines_from(self, line: int) -> Iterator[bytes]:
        waiting = b""
        for piece in self.plain.read_from(line * BYTES_IN_LINE):
            waiting += piece
            whole = len(waiting) - len(waiting) % BYTES_IN_LINE
            if whole:
                yield encoded(waiting[:whole])
                waiting = waiting[whole:]
        if waiting:
            yield encoded(waiting)


@dataclass(frozen=True, slots=True)
class Joined:
    """Sources one after the other."""

    parts: tuple[Source, ...]

    @property
    def size(self) -> int:
        """How many bytes there are together."""
        return sum(part.size for part in self.parts)

    def read_from(self, offset: int) -> Iterator[bytes]:
        """Yield the bytes from `offset` on; a part before it is not opened."""
        ends = accumulate(part.size for part in self.parts)
        for part, end in zip(self.parts, ends, strict=True):
            if offset < end or part.size == 0:
                yield from part.read_from(max(0, offset - (end - part.size)))


@dataclass(frozen=True, slots=True)
class Rest:
    """A source without its beginning."""

    whole: Source
    start: int

    @property
    def size(self) -> int:
        """How many bytes are left."""
        return self.whole.size - self.start

    def read_from(self, offset: int) -> Iterator[bytes]:
        """Yield the bytes from `offset` on."""
        return self.whole.read_from(self.start + offset)


def as_source(given: bytes | Source) -> Source:
    """Take bytes or a source."""
    return Content(given) if isinstance(given, bytes) else given


def all_of(source: Source) -> bytes:
    """Return everything at once."""
    return b"".join(source.read_from(0))


def encoded(content: bytes) -> bytes:
    """Return lines of base64."""
    lines = (content[start : start + BYTES_IN_LINE] for start in range(0, len(content), BYTES_IN_LINE))
    return b"".join(binascii.b2a_base64(line, newline=False) + b"\r\n" for line in lines)
