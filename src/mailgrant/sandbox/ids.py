"""
Ids: the names Google gives to things, in its own shapes, the same for the same start and order.

A kind (`"message"`, `"event"`) has its own sequence, so that adding a kind moves no other. Ids are
names, not secrets: access tokens, codes and refresh tokens come from `entropy.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import ClassVar

BASE32HEX = "0123456789abcdefghijklmnopqrstuv"
URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Ids:
    """A source of ids, seeded by the time at which its sandbox's clock starts."""

    KEPT: ClassVar[tuple[str, ...]] = ("_start_ms", "_key", "_counts")
    __slots__ = ("_counts", "_key", "_start_ms")

    def __init__(self, start: datetime) -> None:
        self._start_ms = int((start - EPOCH).total_seconds() * 1000)
        self._key = self._start_ms.to_bytes(8, "big", signed=True)
        self._counts: dict[str, int] = {}

    def number(self, kind: str) -> int:
        """Return 1, 2, 3 and so on, for each kind."""
        count = self._counts.get(kind, 0) + 1
        self._counts[kind] = count
        return count

    def hex16(self, kind: str) -> str:
        """
        Return 16 hexadecimal digits, larger than all before of this kind.

        Gmail's message ids carry milliseconds in their upper 44 bits, so later ids sort later.
        """
        count = self.number(kind)
        low = int.from_bytes(self._digest(kind, count, 3), "big") >> 4
        return f"{(self._start_ms + count) << 20 | low:016x}"

    def decimal(self, kind: str, digits: int = 19) -> str:
        """Return a decimal number of exactly `digits` digits."""
        value = int.from_bytes(self._digest(kind, self.number(kind), 16), "big")
        return str(value % (9 * 10 ** (digits - 1)) + 10 ** (digits - 1))

    def base32hex26(self, kind: str) -> str:
        """Return 26 digits of base32hex, the shape of an event's id."""
        return "".join(BASE32HEX[byte & 31] for byte in self._digest(kind, self.number(kind), 26))

    def text(self, kind: str, length: int) -> str:
        """Return `length` (at most 64) URL-safe characters, the shape of an attachment's id."""
        return "".join(URL_SAFE[byte & 63] for byte in self._digest(kind, self.number(kind), length))

    def _digest(self, kind: str, count: int, size: int) -> bytes:
        return blake2b(b"%s:%d" % (kind.encode(), count), digest_size=size, key=self._key).digest()
