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
# What more messages have is remembered as a set, for so many words.
COMMON = 2048
MOST_COMMON = 256
# Messages whose words are put on record together.
BLOCK = 1024

NONE = array("I")

LINKS = {
    "drive": ("drive.google.com/", "docs.google.com/"),
    "document": ("docs.google.com/document/",),
    "spreadsheet": ("docs.google.com/spreadsheets/",),
    "presentation": ("docs.google.com/presentation/",),
    "youtube": ("youtube.com/watch", "youtu.be/"),
}


@dataclass(slots=True)
class Block:
    """
    The words of `count` messages from the ordinal `first` on.

    `postings` are the ordinals by word, ascending; `lines` the words of every place but the body by ordinal,
    for checking phrases without reading the mail again.
    """

    first: int
    count: int = 0
    postings: dict[str, array[int]] = field(default_factory=dict, repr=False)
    lines: dict[int, str] = field(default_factory=dict, repr=False)

    @property
    def past(self) -> int:
        """The ordinal after the last."""
        return self.first + self.count

    def note(self, ordinal: int, keys: Iterable[str], line: str) -> None:
        """Take in the words of a message."""
        for key in keys:
            found = self.postings.get(key)
            if found is None:
                found = self.postings[key] = array("I")
            found.append(ordinal)
        self.lines[ordinal] = line

    def extend(self, following: Block) -> None:
        """Take in the block that follows."""
        postings = self.postings
        for key, ordinals in following.postings.items():
            known = postings.get(key)
            if known is None:
                postings[key] = ordinals[:]
            else:
                known.extend(ordinals)
        self.lines |= following.lines
        self.count = following.past - self.first


class WordIndex:
    """Which messages have which words where; it reads the messages through `raw_of`."""

    def __init__(self, raw_of: Callable[[int], bytes | None]) -> None:
        self._raw_of = raw_of
        self._all = Block(0)
        # The sets of common words, each with how many ordinals are in it.
        self._common: dict[str, tuple[int, int]] = {}
        # Where a record of the words is kept: the block that is being filled, and those that are full.
        self._block: Block | None = None
        self._full: list[Block] = []

    @property
    def read(self) -> int:
        """How many messages were read, those that are gone included."""
        return self._all.count

    def read_up_to(self, count: int) -> None:
        """Read the messages that came since the last search."""
        for ordinal in range(self.read, count):
            raw = self._raw_of(ordinal)
            blocks = [block for block in (self._all, self._block) if block is not None]
            if raw is not None:
                keys, line = _words_of(parse(raw))
                for block in blocks:
                    block.note(ordinal, keys, line)
            for block in blocks:
                block.count += 1
            if self._block is not None and self._block.count == BLOCK:
                self._full.append(self._block)
                self._block = Block(self.read)

    def keep_blocks(self) -> None:
        """Begin anew and collect what is read, for a record."""
        self._all, self._block = Block(0), Block(0)
        self._common.clear()

    @property
    def has_full(self) -> bool:
        """True if blocks have become full."""
        return bool(self._full)

    def take_full(self) -> list[Block]:
        """Return the blocks that have become full."""
        full, self._full = self._full, []
        return full

    def take_begun(self) -> list[Block]:
        """Return the block that is being filled, if anything is in it; its record is replaced when it is full."""
        return [self._block] if self._block is not None and self._block.count else []

    def take_back(self, block: Block) -> None:
        """Take in the next block of a record."""
        self._all.extend(block)
        self._block = block if block.count < BLOCK else Block(block.past)

    def forget(self, ordinal: int) -> None:
        """Drop what was kept of a deleted message; its postings stay and are ignored."""
        self._all.lines.pop(ordinal, None)

    def with_word(self, place: Place, word: str) -> int:
        """Return the messages with a word in a place."""
        return self._having(f"{place}:{word}")

    def with_address(self, place: Place, address: str) -> int:
        """Return the messages with a whole address, or `@domain`, in a place."""
        return self._having(f"{place}={address}")

    def with_mark(self, mark: str) -> int:
        """Return the messages with a mark, such as `attachment`."""
        return self._having(f"has:{mark}")

    def _having(self, key: str) -> int:
        """Return the set of a posting; that of a common word is made once, and what came since is added."""
        ordinals = self._all.postings.get(key, NONE)
        if len(ordinals) < COMMON:
            return bits.of(ordinals)
        count, found = self._common.get(key, (0, 0))
        if count < len(ordinals):
            found |= bits.of(ordinals[count:])
            if len(self._common) >= MOST_COMMON:
                self._common.clear()
            self._common[key] = len(ordinals), found
        return found

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

    def _lines_of(self, ordinal: int) -> list[str]:
        return self._all.lines.get(ordinal, "").split("\n")


def _words_of(root: Part) -> tuple[set[str], str]:
    """Return the words of a message with their places, and the line of those that are not in the body."""
    lines = {place: _place_words(root, place) for place in (*HEADERS, Place.FILENAME)}
    keys = {f"{place}:{word}" for place, found in lines.items() for word in found}
    keys |= set(_address_keys(root.headers)) | {f"has:{mark}" for mark in _marks(root)}
    anywhere = {word for place in IN_PLAIN_SEARCH for word in lines[place]}
    keys |= {f"{Place.ANYWHERE}:{word}" for word in anywhere.union(_body_words(root))}
    return keys, "\n".join(f"{place} {' '.join(found)} " for place, found in lines.items() if found)


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
