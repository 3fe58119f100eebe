"""Searching: which messages of an index a query means."""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import reduce
from typing import Any, ClassVar

from mailgrant.sandbox.mail import bits, query
from mailgrant.sandbox.mail.index import Index
from mailgrant.sandbox.mail.mime import all_headers, read_headers
from mailgrant.sandbox.mail.query import Node, Place
from mailgrant.sandbox.mail.words import words

# Asked last, because they read messages one by one: the rest narrows down what they must read.
COSTLY = (query.Header, query.Near, query.Words)


class Search:
    """
    One search over an index.

    `labels_named` gives the ids of the labels people know by a name, `user_labels` those the person made.
    """

    def __init__(
        self,
        index: Index,
        *,
        owner: str,
        now: datetime,
        labels_named: Callable[[str], Iterable[str]],
        user_labels: Iterable[str],
    ) -> None:
        self._index = index
        self._owner = owner.casefold()
        self._now = now
        self._labels_named = labels_named
        self._user_labels = user_labels

    def find(self, node: Node, within: int) -> int:
        """Return those messages of the set `within` that a query means."""
        return self._finders[type(node)](self, node, within) & within

    def _and(self, node: query.And, within: int) -> int:
        for inner in sorted(node.nodes, key=_cost):
            within = self.find(inner, within)
            if not within:
                break
        return within

    def _or(self, node: query.Or, within: int) -> int:
        return reduce(lambda found, inner: found | self.find(inner, within & ~found), node.nodes, 0)

    def _not(self, node: query.Not, within: int) -> int:
        return within & ~self.find(node.node, within)

    def _nothing(self, node: query.Nothing, within: int) -> int:
        return 0

    def _anywhere(self, node: query.Anywhere, within: int) -> int:
        return within

    def _words(self, node: query.Words, within: int) -> int:
        index = self._index.words
        for word in set(node.words):
            within &= index.with_word(node.place, word)
        if len(node.words) == 1:
            return within
        return bits.of(
            ordinal for ordinal in bits.descending(within) if index.has_phrase(ordinal, node.place, node.words)
        )

    def _near(self, node: query.Near, within: int) -> int:
        index = self._index.words
        for word in {*node.left, *node.right}:
            within &= index.with_word(Place.ANYWHERE, word)
        return bits.of(ordinal for ordinal in bits.descending(within) if _are_near(node, index.body_words(ordinal)))

    def _mailbox(self, node: query.Mailbox, within: int) -> int:
        address = self._owner if node.address == "me" else node.address
        return self._index.words.with_address(node.place, address)

    def _labelled(self, node: query.Labelled, within: int) -> int:
        return self._index.labelled(node.label_id)

    def _labelled_by_name(self, node: query.LabelledByName, within: int) -> int:
        return self._with_any_label(self._labels_named(node.name))

    def _user_labelled(self, node: query.UserLabelled, within: int) -> int:
        return self._with_any_label(self._user_labels)

    def _marked(self, node: query.Marked, within: int) -> int:
        return self._index.words.with_mark(node.mark)

    def _dated(self, node: query.Dated, within: int) -> int:
        return self._index.dated(node.since, node.until)

    def _aged(self, node: query.Aged, within: int) -> int:
        moment = int(back(self._now, node.count, node.unit).timestamp() * 1000)
        return self._index.dated(None, moment) if node.older else self._index.dated(moment, None)

    def _sized(self, node: query.Sized, within: int) -> int:
        return self._index.sized(node.least, node.below)

    def _message_id(self, node: query.MessageId, within: int) -> int:
        return self._index.with_message_id(node.text)

    def _header(self, node: query.Header, within: int) -> int:
        return bits.of(ordinal for ordinal in bits.descending(within) if _has_header(node, self._index.raw(ordinal)))

    def _with_any_label(self, label_ids: Iterable[str]) -> int:
        return reduce(lambda found, label_id: found | self._index.labelled(label_id), label_ids, 0)

    _finders: ClassVar[dict[type, Callable[[Search, Any, int], int]]] = {
        query.And: _and,
        query.Or: _or,
        query.Not: _not,
        query.Nothing: _nothing,
        query.Anywhere: _anywhere,
        query.Words: _words,
        query.Near: _near,
        query.Mailbox: _mailbox,
        query.Labelled: _labelled,
        query.LabelledByName: _labelled_by_name,
        query.UserLabelled: _user_labelled,
        query.Marked: _marked,
        query.Dated: _dated,
        query.Aged: _aged,
        query.Sized: _sized,
        query.MessageId: _message_id,
        query.Header: _header,
    }


def back(now: datetime, count: int, unit: str) -> datetime:
    """Return the time so many hours, days, months or years ago; not before the year 1970, where mail begins."""
    beginning = datetime(1970, 1, 1, tzinfo=now.tzinfo)
    if unit in "hd":
        hours = count if unit == "h" else count * 24
        return max(now - timedelta(hours=hours), beginning) if hours < 1_000_000 else beginning
    months = now.year * 12 + now.month - 1 - (count if unit == "m" else count * 12)
    if months < 1970 * 12:
        return beginning
    year, month = months // 12, months % 12 + 1
    return now.replace(year=year, month=month, day=min(now.day, monthrange(year, month)[1]))


def _cost(node: Node) -> int:
    if isinstance(node, query.Words) and len(node.words) == 1:
        return 1
    if isinstance(node, query.Not):
        return _cost(node.node)
    if isinstance(node, (query.And, query.Or)):
        return max((_cost(inner) for inner in node.nodes), default=0)
    return 2 if isinstance(node, COSTLY) else 0


def _are_near(node: query.Near, text: list[str]) -> bool:
    lefts, rights = _places(node.left, text), _places(node.right, text)
    return any(
        _has_between(rights, left + len(node.left), left + len(node.left) + node.distance)
        or _has_between(rights, left - len(node.right) - node.distance, left - len(node.right))
        for left in lefts
    )


def _has_between(places: list[int], first: int, last: int) -> bool:
    found = bisect_left(places, first)
    return found < len(places) and places[found] <= last


def _places(run: tuple[str, ...], text: list[str]) -> list[int]:
    return [place for place in range(len(text)) if tuple(text[place : place + len(run)]) == run]


def _has_header(node: query.Header, raw: bytes) -> bool:
    values = all_headers(read_headers(raw)[0], node.name)
    needle = f" {' '.join(node.words)} "
    return any(needle in f" {' '.join(words(value))} " or not node.words for value in values)
