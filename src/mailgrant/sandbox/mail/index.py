"""
Index: what a mailbox knows about its messages without reading them again.

Sets of messages are integers of bits (see `bits.py`). Nothing here walks the whole mailbox for one
answer, except to check words a posting cannot decide.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from mailgrant.sandbox.mail import bits
from mailgrant.sandbox.mail.bits import Bits
from mailgrant.sandbox.mail.content import Content, raw_of
from mailgrant.sandbox.mail.search_text import WordIndex

# A ranking holds (rank, ordinal) as one number: quicker to compare, and a third of a tuple's memory.
ORDINAL_BITS = 32
ORDINAL_MASK = (1 << ORDINAL_BITS) - 1
# Below one in so many, collecting and sorting beats walking down the whole ranking.
SPARSE = 16
# At every so many ordinals a ranking knows the set of all those before.
STEP = 16_384


class Ranking:
    """Ordinals by a number that each has: a date, a size."""

    __slots__ = ("_before", "_keys")

    def __init__(self) -> None:
        self._keys: list[int] = []
        # The sets of the first 0, STEP, 2 * STEP... ordinals, as far as somebody asked.
        self._before: list[int] = [0]

    def __len__(self) -> int:
        return len(self._keys)

    def copy(self) -> Ranking:
        """Return a ranking of its own with the same ordinals."""
        twin = Ranking()
        twin._keys, twin._before = list(self._keys), list(self._before)
        return twin

    def add(self, rank: int, ordinal: int) -> None:
        """Put an ordinal in; most come in order, and then this is an append."""
        key = key_of(rank, ordinal)
        if self._keys and key < self._keys[-1]:
            self._forget_from(bisect_left(self._keys, key))
        insort(self._keys, key)

    def fill(self, keys: list[int]) -> None:
        """Take in many ordinals at once, in place of what was there; the list is the ranking's from now on."""
        keys.sort()
        self._keys = keys
        self._forget_from(0)
        # Whoever searches first should not wait longer than the others.
        self._first(len(keys))

    def remove(self, rank: int, ordinal: int) -> None:
        """Take an ordinal out."""
        place = bisect_left(self._keys, key_of(rank, ordinal))
        self._forget_from(place)
        del self._keys[place]

    def between(self, least: int | None, below: int | None) -> int:
        """Return the ordinals ranked from `least` on and under `below`; None is open."""
        start = 0 if least is None else bisect_left(self._keys, max(least, 0) << ORDINAL_BITS)
        end = len(self._keys) if below is None else bisect_left(self._keys, max(below, 0) << ORDINAL_BITS)
        return self._first(end) & ~self._first(start) if start < end else 0

    def _first(self, count: int) -> int:
        """Return the set of the first so many ordinals."""
        steps = count // STEP
        while len(self._before) <= steps:
            done = len(self._before) * STEP
            self._before.append(self._before[-1] | self._set_of(done - STEP, done))
        return self._before[steps] | self._set_of(steps * STEP, count)

    def _set_of(self, start: int, end: int) -> int:
        return bits.of([key & ORDINAL_MASK for key in self._keys[start:end]])

    def _forget_from(self, place: int) -> None:
        """Forget the sets that what stands at a place is in, or is to be in."""
        del self._before[place // STEP + 1 :]

    def down_from(self, key: int | None) -> Iterator[int]:
        """Yield keys from the one under `key` (from the top if None) downwards."""
        start = len(self._keys) if key is None else bisect_left(self._keys, key)
        for place in range(start - 1, -1, -1):
            yield self._keys[place]


class Index:
    """Labels, dates, sizes, Message-IDs and words of a mailbox's messages, by ordinal."""

    def __init__(self) -> None:
        self._contents: list[Content | None] = []
        self._dates: list[int] = []
        self._alive = Bits()
        self._labels: dict[str, Bits] = {}
        self._by_date = Ranking()
        self._by_size = Ranking()
        self._message_ids: dict[str, list[int]] = {}
        # What was taken back and is not settled yet, by its labels.
        self._returned: dict[tuple[str, ...], list[int]] = {}
        self._words = WordIndex(self._raw_if_any)

    def __len__(self) -> int:
        return len(self._alive)

    def copy(self) -> Index:
        """Return an index of its own with the same messages; the words, which only grow, stay shared."""
        twin = Index()
        twin._contents, twin._dates, twin._alive = list(self._contents), list(self._dates), self._alive.copy()
        twin._labels = {label: members.copy() for label, members in self._labels.items()}
        twin._by_date, twin._by_size = self._by_date.copy(), self._by_size.copy()
        twin._message_ids = {message_id: list(found) for message_id, found in self._message_ids.items()}
        twin._words = self._words
        return twin

    def add(self, raw: bytes, *, labels: tuple[str, ...], internal_date: int, message_id: str) -> int:
        """Take a message in and return its ordinal."""
        ordinal = len(self._contents)
        self._contents.append(raw)
        self._dates.append(internal_date)
        self._alive.add(ordinal)
        self._by_date.add(internal_date, ordinal)
        self._by_size.add(len(raw), ordinal)
        if message_id:
            self._message_ids.setdefault(message_id, []).append(ordinal)
        self.relabel(ordinal, (), labels)
        return ordinal

    def remove(self, ordinal: int, *, labels: tuple[str, ...], message_id: str) -> None:
        """Forget a message; its ordinal is never given again."""
        self.withdraw(ordinal, labels=labels, message_id=message_id)
        self._words.forget(ordinal)
        self._contents[ordinal] = None

    def withdraw(self, ordinal: int, *, labels: tuple[str, ...], message_id: str) -> None:
        """Show a message no longer, but keep it for `restore`."""
        self._by_date.remove(self._dates[ordinal], ordinal)
        self._by_size.remove(len(self._contents[ordinal] or b""), ordinal)
        if message_id:
            self._message_ids[message_id].remove(ordinal)
        self.relabel(ordinal, labels, ())
        self._alive.discard(ordinal)

    def restore(self, ordinal: int, content: Content, *, labels: tuple[str, ...], message_id: str) -> None:
        """Show a message again that was withdrawn or removed; words find only one that was withdrawn."""
        self._contents[ordinal] = content
        self._by_date.add(self._dates[ordinal], ordinal)
        self._by_size.add(len(content), ordinal)
        if message_id:
            insort(self._message_ids.setdefault(message_id, []), ordinal)
        self.relabel(ordinal, (), labels)
        self._alive.add(ordinal)

    def relabel(self, ordinal: int, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        """Note that a message's labels changed."""
        for label in old:
            self._labels[label].discard(ordinal)
        for label in new:
            self._labels.setdefault(label, Bits()).add(ordinal)

    def raw(self, ordinal: int) -> bytes:
        """Return a message's bytes; none when it is gone."""
        return self._raw_if_any(ordinal) or b""

    def _raw_if_any(self, ordinal: int) -> bytes | None:
        content = self._contents[ordinal]
        return None if content is None else raw_of(content)

    def reserve(self, count: int) -> None:
        """Give that many ordinals away, for messages to be taken back or gone."""
        missing = count - len(self._contents)
        self._contents.extend([None] * missing)
        self._dates.extend([0] * missing)

    def take_back(
        self, ordinal: int, content: Content, *, labels: tuple[str, ...], internal_date: int, message_id: str
    ) -> None:
        """Take in a message whose ordinal was reserved; when all are in, call `settle`."""
        self._contents[ordinal] = content
        self._dates[ordinal] = internal_date
        if message_id:
            self._message_ids.setdefault(message_id, []).append(ordinal)
        self._returned.setdefault(labels, []).append(ordinal)

    def settle(self) -> None:
        """Bring what was taken back into its sets and rankings."""
        for labels, ordinals in self._returned.items():
            found = bits.of(ordinals)
            self._alive.unite(found)
            for label in labels:
                self._labels.setdefault(label, Bits()).unite(found)
        self._returned.clear()
        contents = [(ordinal, content) for ordinal, content in enumerate(self._contents) if content is not None]
        self._by_date.fill([self._dates[ordinal] << ORDINAL_BITS | ordinal for ordinal, _ in contents])
        self._by_size.fill([len(content) << ORDINAL_BITS | ordinal for ordinal, content in contents])

    def put_away(self, ordinal: int, content: Content) -> None:
        """Let a message's bytes lie elsewhere."""
        self._contents[ordinal] = content

    @property
    def alive(self) -> int:
        """Every message there is."""
        return self._alive.value

    def labelled(self, label_id: str) -> int:
        """Return the messages with a label."""
        found = self._labels.get(label_id)
        return found.value if found else 0

    def dated(self, since: int | None, until: int | None) -> int:
        """Return the messages with an internal date from `since` on and before `until`."""
        return self._by_date.between(since, until)

    def sized(self, least: int, below: int | None) -> int:
        """Return the messages of at least `least` bytes and less than `below`."""
        return self._by_size.between(least, below)

    def with_message_id(self, message_id: str) -> int:
        """Return the messages with this Message-ID, written without brackets."""
        return bits.of(self._message_ids.get(message_id, ()))

    def first_with_message_id(self, message_id: str) -> int | None:
        """Return the ordinal of the oldest message with this Message-ID."""
        found = self._message_ids.get(message_id)
        return found[0] if found else None

    @property
    def words(self) -> WordIndex:
        """The words of all messages that are here by now."""
        self._words.read_up_to(len(self._contents))
        return self._words

    @property
    def words_so_far(self) -> WordIndex:
        """The words of the messages that were read until now."""
        return self._words

    def newest_first(self, found: int, below: int | None = None) -> Iterator[int]:
        """Yield the ordinals of a set from the newest on, or from the one under the key `below`."""
        if found.bit_count() * SPARSE < len(self._by_date):
            keys = sorted((self.key(ordinal) for ordinal in bits.descending(found)), reverse=True)
            yield from (key & ORDINAL_MASK for key in keys if below is None or key < below)
            return
        members = found.to_bytes(len(self._contents) // 8 + 1, "little")
        for key in self._by_date.down_from(below):
            ordinal = key & ORDINAL_MASK
            if members[ordinal >> 3] & (1 << (ordinal & 7)):
                yield ordinal

    def key(self, ordinal: int) -> int:
        """Return a message's place in the order by date, which page tokens carry."""
        return key_of(self._dates[ordinal], ordinal)


def key_of(rank: int, ordinal: int) -> int:
    """Join a rank, which is never negative, and an ordinal to one number that sorts like the pair."""
    return rank << ORDINAL_BITS | ordinal
