"""
Operators: what `from:`, `is:`, `larger:` and the rest mean.

Gmail refuses no query: an operator it does not know, and an argument it cannot read, find nothing.
Where Google's help is silent the choice is said beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, TypeAlias

from mailgrant.sandbox.mail.query import (
    NOTHING,
    Aged,
    And,
    Anywhere,
    Dated,
    Header,
    Labelled,
    LabelledByName,
    Mailbox,
    Marked,
    MessageId,
    Node,
    Not,
    Or,
    Place,
    Sized,
    UserLabelled,
    Words,
)
from mailgrant.sandbox.mail.words import words

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Operator: TypeAlias = Callable[[str], Node]

SYSTEM_NAMES = {
    "inbox": "INBOX", "sent": "SENT", "draft": "DRAFT", "drafts": "DRAFT", "spam": "SPAM", "trash": "TRASH",
    "chat": "CHAT", "chats": "CHAT", "unread": "UNREAD", "starred": "STARRED", "important": "IMPORTANT",
}  # fmt: skip
CATEGORIES = {
    "social": "CATEGORY_SOCIAL",
    "promotions": "CATEGORY_PROMOTIONS",
    "updates": "CATEGORY_UPDATES",
    "forums": "CATEGORY_FORUMS",
}
STATES = ("unread", "starred", "important", "sent", "draft", "chat")
MARKS = ("attachment", "drive", "document", "spreadsheet", "presentation", "youtube")
STARS = (
    "orange-star", "red-star", "purple-star", "blue-star", "green-star", "red-bang", "orange-guillemet",
    "yellow-bang", "green-check", "blue-info", "purple-question",
)  # fmt: skip

YEAR_FIRST = re.compile(r"(?P<year>\d{4})[/-](?P<month>\d{1,2})[/-](?P<day>\d{1,2})", re.ASCII)
YEAR_LAST = re.compile(r"(?P<month>\d{1,2})[/-](?P<day>\d{1,2})[/-](?P<year>\d{4})", re.ASCII)
EPOCH_SECONDS = re.compile(r"\d{1,12}", re.ASCII)
AGE = re.compile(r"(\d{1,9})([hdmy])", re.ASCII | re.IGNORECASE)
SIZE = re.compile(r"(\d{1,15})([km]?)b?", re.ASCII | re.IGNORECASE)
UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}


def apply(name: str, argument: str) -> Node:
    """Return what an operator with its argument finds; names are matched without regard to case."""
    operator = OPERATORS.get(name.lower())
    return operator(argument.strip()) if operator else NOTHING


def plain(place: Place, text: str) -> Node:
    """Return words in a place; a text without a word in it finds nothing."""
    found = tuple(words(text))
    return Words(place, found) if found else NOTHING


def _address(place: Place, text: str) -> Node:
    bare = text.strip("<>").casefold()
    if bare == "me" or "@" in bare:
        return Mailbox(place, bare)
    return plain(place, text)


def _state(text: str) -> Node:
    state = text.lower()
    if state == "read":
        return Not(Labelled("UNREAD"))
    # Snoozed and muted mail has no label the API shows, so none is ever found.
    return Labelled(SYSTEM_NAMES[state]) if state in STATES else NOTHING


def _place(text: str) -> Node:
    name = text.lower()
    if name == "anywhere":
        return Anywhere()
    if name == "archive":
        elsewhere = ("INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "CHAT")
        return Not(Or(tuple(Labelled(label_id) for label_id in elsewhere)))
    return NOTHING if name in ("snoozed", "scheduled") else _label(text)


def _label(text: str) -> Node:
    name = text.lower()
    if name in SYSTEM_NAMES:
        return Labelled(SYSTEM_NAMES[name])
    return LabelledByName(text) if text else NOTHING


def _has(text: str) -> Node:
    what = text.lower()
    if what in MARKS:
        return Marked(what)
    if what == "userlabels":
        return UserLabelled()
    if what == "nouserlabels":
        return Not(UserLabelled())
    if what == "yellow-star":
        return Labelled("STARRED")
    return Labelled(what.replace("-", "_").upper()) if what in STARS else NOTHING


def _category(text: str) -> Node:
    name = text.lower()
    if name == "primary":
        # Inbox mail that nobody sorted shows under Primary, whether or not it has the label.
        others = Or(tuple(Labelled(label_id) for label_id in CATEGORIES.values()))
        return Or((Labelled("CATEGORY_PERSONAL"), And((Labelled("INBOX"), Not(others)))))
    return Labelled(CATEGORIES[name]) if name in CATEGORIES else NOTHING


def _after(text: str) -> Node:
    moment = _moment(text)
    return NOTHING if moment is None else Dated(since=moment)


def _before(text: str) -> Node:
    moment = _moment(text)
    return NOTHING if moment is None else Dated(until=moment)


def _age(older: bool, text: str) -> Node:
    match = AGE.fullmatch(text)
    return Aged(int(match[1]), match[2].lower(), older) if match else NOTHING


def _larger(text: str) -> Node:
    size = _size(text)
    return NOTHING if size is None else Sized(least=size)


def _smaller(text: str) -> Node:
    size = _size(text)
    return NOTHING if size is None else Sized(below=size)


def _message_id(text: str) -> Node:
    bare = text.strip("<>").strip()
    return MessageId(bare) if bare else NOTHING


def _header(text: str) -> Node:
    name, _, value = text.partition(":")
    return Header(name.lower(), tuple(words(value))) if name else NOTHING


def _moment(text: str) -> int | None:
    """Return a date (its midnight in California) or a number of seconds as milliseconds since 1970."""
    if EPOCH_SECONDS.fullmatch(text):
        return int(text) * 1000
    match = YEAR_FIRST.fullmatch(text) or YEAR_LAST.fullmatch(text)
    if match is None:
        return None
    try:
        midnight = datetime(int(match["year"]), int(match["month"]), int(match["day"]), tzinfo=_pacific())
        return int(midnight.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


@cache
def _pacific() -> ZoneInfo:
    from zoneinfo import ZoneInfo

    # Google says "PST" all year round; like its calendars we let summer time apply.
    return ZoneInfo("America/Los_Angeles")


def _size(text: str) -> int | None:
    match = SIZE.fullmatch(text)
    return int(match[1]) * UNITS[match[2].lower()] if match else None


OPERATORS: Mapping[str, Operator] = {
    "from": partial(_address, Place.FROM),
    "to": partial(_address, Place.TO),
    "cc": partial(_address, Place.CC),
    "bcc": partial(_address, Place.BCC),
    "deliveredto": partial(_address, Place.DELIVERED_TO),
    "list": partial(plain, Place.LIST),
    "subject": partial(plain, Place.SUBJECT),
    "filename": partial(plain, Place.FILENAME),
    "label": _label,
    "in": _place,
    "is": _state,
    "has": _has,
    "category": _category,
    "after": _after,
    "newer": _after,
    "before": _before,
    "older": _before,
    "newer_than": partial(_age, False),
    "older_than": partial(_age, True),
    "size": _larger,
    "larger": _larger,
    "smaller": _smaller,
    "rfc822msgid": _message_id,
    "header": _header,
}
