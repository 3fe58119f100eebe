"""
The words of a mailbox's messages, and which messages have them.

Every word is listed per place (`from`, `subject`, anywhere). A message is read when the first search
that needs words comes, not when it arrives, so that mailboxes nobody searches cost nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from mailgrant.sandbox.mail import bits
from mailgrant.sandbox.mail.addresses import received
from mailgrant.sandbox.mail.mime import Headers, Part, all_headers, parse
from mailgrant.sandbox.mail.plaintext import plain
from mailgrant.sandbox.mail.query import Place
from mailgrant.sandbox.mail.words import words

# The headers in which each place's words stand.
HEADERS = {
    Place.FROM: ("from",),
    Place.TO: ("to",),
    Place.CC: ("cc",),
    Place.BCC: ("bcc",),
    Place.SUBJECT: ("subject",),
    Place.LIST: ("list-id", "list-post", "mailing-list"),
    Place.DELIVERED_TO: ("delivered-to",),
}
WITH_ADDRESSES = (Place.FROM, Place.TO, Place.CC, Place.BCC, Place.DELIVERED_TO)
# What a search for plain words looks at, besides the body.
IN_PLAIN_SEARCH = (Place.FROM, Place.TO, Place.CC, Place.BCC, Place.SUBJECT, Place.FILENAME)
# Nobody looks for the millionth word of a log file somebody mailed.
LONGEST_BODY = 1_000_000
# Messages whose words are put on record together.
BLOCK = 1024

LINKS = {
    "drive": ("drive.google.com/", "docs.google.com/"),
    "document": ("docs.google.com/document/",),
    "spreadsheet": ("docs.google.com/spreadsheets/",),
    "presentation": ("docs.google.com/presentation/",),
    "youtube": ("youtube.com/watch", "youtu.be/"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """The words of so many messages, from the ordinal `first` on: as much as is put on record at once."""

    first: int
    postings: dict[str, array[int]] = field(default_factory=dict, repr=False)
    lines: dict[int, str] = field(default_factory=dict, repr=False)


class WordIndex:
    """Which messages have which words where; it reads the messages through `raw_of`."""

    def __init__(self, raw_of: Callable[[int], bytes | None]) -> None:
        self._raw_of = raw_of
        self._postings: dict[str, array[int]] = {}
        # The words of every place but the body, for checking phrases without reading the mail again.
        self._lines: dict[int, str] = {}
        self._read = 0
        # Where a record of the words is kept: the block that is being filled, and those that are full.
        self._block: Block | None = None
        self._full: list[Block] = []

    @property
    def read(self) -> int:
        """How many messages were read, those that are gone included."""
        return self._read

    def read_up_to(self, count: int) -> None:
        """Read the messages that came since the last search."""
        for ordinal in range(self._read, count):
            raw = self._raw_of(ordinal)
            if raw is not None:
                self._add(ordinal, parse(raw))
            self._read = ordinal + 1
            if self._block is not None and self._read == self._block.first + BLOCK:
                self._full.append(self._block)
                self._block = Block(self._read)

    def keep_blocks(self) -> None:
        """Begin anew and collect what is read, for a record."""
        self._postings.clear()
        self._lines.clear()
        self._read = 0
        self._block = Block(0)

    @property
    def has_full(self) -> bool:
        """True if blocks have become full."""
        return bool(self._full)

    def take_full(self) -> list[Block]:
        """Return the blocks that have become full."""
        full, self._full = self._full, []
        return full

    def take_back(self, block: Block) -> None:
        """Take in the next block of a record."""
        for key, ordinals in block.postings.items():
            known = self._postings.get(key)
            if known is None:
                self._postings[key] = ordinals
            else:
                known.extend(ordinals)
        self._lines |= block.lines
        self._read = block.first + BLOCK
        self._block = Block(self._read)

    def forget(self, ordinal: int) -> None:
        """Drop what was kept of a deleted message; its postings stay and are ignored."""
        self._lines.pop(ordinal, None)

    def with_word(self, place: Place, word: str) -> int:
        """Return the messages with a word in a place."""
        return bits.of(self._postings.get(f"{place}:{word}", ()))

    def with_address(self, place: Place, address: str) -> int:
        """Return the messages with a whole address, or `@domain`, in a place."""
        return bits.of(self._postings.get(f"{place}={address}", ()))

    def with_mark(self, mark: str) -> int:
        """Return the messages with a mark, such as `attachment`."""
        return bits.of(self._postings.get(f"has:{mark}", ()))

    def has_phrase(self, ordinal: int, place: Place, phrase: tuple[str, ...]) -> bool:
        """Say whether words stand next to each other in a place of a message."""
        needle = f" {' '.join(phrase)} "
        places = IN_PLAIN_SEARCH if place is Place.ANYWHERE else (place,)
        if any(needle in line for line in self._lines_of(ordinal) if line.partition(" ")[0] in places):
            return True
        return place is Place.ANYWHERE and needle in f" {' '.join(self.body_words(ordinal))} "

    def body_words(self, ordinal: int) -> list[str]:
        """Return the words of a message's body, in order."""
        raw = self._raw_of(ordinal)
        return [] if raw is None else _body_words(parse(raw))

    def _add(self, ordinal: int, root: Part) -> None:
        lines = {place: _place_words(root, place) for place in (*HEADERS, Place.FILENAME)}
        keys = {f"{place}:{word}" for place, found in lines.items() for word in found}
        keys |= set(_address_keys(root.headers)) | {f"has:{mark}" for mark in _marks(root)}
        anywhere = {word for place in IN_PLAIN_SEARCH for word in lines[place]}
        keys |= {f"{Place.ANYWHERE}:{word}" for word in anywhere.union(_body_words(root))}
        line = "\n".join(f"{place} {' '.join(found)} " for place, found in lines.items() if found)
        self._note(ordinal, keys, self._postings, self._lines, line)
        if self._block is not None:
            self._note(ordinal, keys, self._block.postings, self._block.lines, line)

    @staticmethod
    def _note(
        ordinal: int, keys: Iterable[str], postings: dict[str, array[int]], lines: dict[int, str], line: str
    ) -> None:
        for key in keys:
            found = postings.get(key)
            if found is None:
                found = postings[key] = array("I")
            found.append(ordinal)
        lines[ordinal] = line

    def _lines_of(self, ordinal: int) -> list[str]:
        return self._lines.get(ordinal, "").split("\n")


def _place_words(root: Part, place: Place) -> list[str]:
    if place is Place.FILENAME:
        return [word for part in root.walk() for word in words(part.filename)]
    return [word for name in HEADERS[place] for text in all_headers(root.headers, name) for word in words(text)]


def _body_words(root: Part) -> list[str]:
    return [word for text in _texts(root) for word in words(text)]


def _texts(root: Part) -> Iterator[str]:
    return (plain(part)[:LONGEST_BODY] for part in root.walk() if part.is_body_text)


def _address_keys(headers: Headers) -> Iterator[str]:
    for place in WITH_ADDRESSES:
        for name in HEADERS[place]:
            for address in received(value for key, value in headers if key.lower() == name):
                yield f"{place}={address}"
                yield f"{place}={address[address.rindex('@') :]}"


def _marks(root: Part) -> Iterator[str]:
    if any(part.is_attachment for part in root.walk()):
        yield "attachment"
    bodies = [part.text for part in root.walk() if part.is_body_text]
    for mark, links in LINKS.items():
        if any(link in body for body in bodies for link in links):
            yield mark
