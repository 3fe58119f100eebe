"""
Bits: sets of small numbers, for mailboxes of hundreds of thousands of messages.

A message has an ordinal, its place in the mailbox's order of arrival; a set of messages is an integer
whose bits are ordinals. Python joins and cuts such integers at memory speed: 200,000 messages are 25 KB.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

ONE = ord("1")


class Bits:
    """A set that changes one member at a time, and is read as an integer."""

    __slots__ = ("_bytes", "_count", "_value")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._value: int | None = 0
        self._count = 0

    def add(self, ordinal: int) -> None:
        """Put a number in, if it is not."""
        place, bit = ordinal >> 3, 1 << (ordinal & 7)
        if place >= len(self._bytes):
            self._bytes.extend(bytes(place + 1 - len(self._bytes)))
        if not self._bytes[place] & bit:
            self._bytes[place] |= bit
            self._count += 1
            self._value = None

    def discard(self, ordinal: int) -> None:
        """Take a number out, if it is in."""
        if ordinal in self:
            self._bytes[ordinal >> 3] &= ~(1 << (ordinal & 7)) & 255
            self._count -= 1
            self._value = None

    def unite(self, others: int) -> None:
        """Put many numbers in at once."""
        self._value = self.value | others
        self._count = self._value.bit_count()
        self._bytes = bytearray(self._value.to_bytes((self._value.bit_length() + 7) // 8, "little"))

    def copy(self) -> Bits:
        """Return a set of its own with the same members."""
        twin = Bits()
        twin._bytes, twin._value, twin._count = bytearray(self._bytes), self._value, self._count
        return twin

    def __contains__(self, ordinal: int) -> bool:
        place = ordinal >> 3
        return place < len(self._bytes) and bool(self._bytes[place] & (1 << (ordinal & 7)))

    def __len__(self) -> int:
        return self._count

    @property
    def value(self) -> int:
        """The set as an integer, made once after each change."""
        if self._value is None:
            self._value = int.from_bytes(self._bytes, "little")
        return self._value


def of(ordinals: Iterable[int]) -> int:
    """Return the set of these numbers as an integer."""
    members = ordinals if isinstance(ordinals, (list, array)) else list(ordinals)
    if not members:
        return 0
    # One digit a number, read as binary: a loop without a call, and the rest in C.
    least = min(members)
    digits = bytearray(b"0") * (max(members) - least + 1)
    for ordinal in members:
        digits[ordinal - least] = ONE
    digits.reverse()
    return int(digits, 2) << least


def descending(value: int) -> Iterator[int]:
    """Yield the members of a set, greatest first."""
    # Finding the next digit in a text is a search in C; shifting the integer would copy it each time.
    digits = f"{value:b}" if value else ""
    place = digits.find("1")
    while place >= 0:
        yield len(digits) - 1 - place
        place = digits.find("1", place + 1)
