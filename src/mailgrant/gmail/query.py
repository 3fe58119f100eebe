"""Query: a Gmail search as an expression; str() is what Gmail reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum

from mailgrant.errors import InvalidRequest

from .query_text import checked

# Gmail refuses no query: what it does not understand finds nothing, and an operator without its
# argument finds everything. So nothing doubtful is let through.
PLAIN = re.compile(r"\w[\w.@+/-]*", re.ASCII)
JOINING_WORDS = frozenset({"OR", "AND", "AROUND"})


class Joint(Enum):
    """What holds a query together, so that another may be joined to it rightly."""

    ONE = "one term"
    ALL = "all of its terms"
    ANY = "any of its terms"
    TYPED = "whatever a person typed"


@dataclass(frozen=True, slots=True)
class Query:
    """
    A Gmail search.

    `Query.from_("grace@example.com") & Query.unread()`; `|` finds either, `~` what does not match.
    `Query("newer_than:2d lunch")` takes what a person would type into Gmail; what can only be a slip
    is refused when it is sent (InvalidRequest says what was probably meant). Matching is per
    message, not per thread.
    """

    text: str = ""
    joint: Joint = Joint.TYPED

    @classmethod
    def words(cls, text: str) -> Query:
        """Find all of these words, anywhere in the mail."""
        terms = [_argument(word, "words") for word in text.split()]
        if not terms:
            raise InvalidRequest("words: there is nothing to look for.")
        return cls(" ".join(terms), Joint.ONE if len(terms) == 1 else Joint.ALL)

    @classmethod
    def phrase(cls, text: str) -> Query:
        """Find these words, in this order."""
        return cls(_quoted(text, "phrase"), Joint.ONE)

    @classmethod
    def from_(cls, who: object) -> Query:
        """Find mail from an address, a domain or a name."""
        return _term("from", _whom(who))

    @classmethod
    def to(cls, who: object) -> Query:
        """Find mail to an address, a domain or a name."""
        return _term("to", _whom(who))

    @classmethod
    def cc(cls, who: object) -> Query:
        """Find mail that went in copy to an address, a domain or a name."""
        return _term("cc", _whom(who))

    @classmethod
    def bcc(cls, who: object) -> Query:
        """Find sent mail that went in blind copy to an address, a domain or a name."""
        return _term("bcc", _whom(who))

    @classmethod
    def delivered_to(cls, address: str) -> Query:
        """Find mail that was delivered to this address."""
        return _term("deliveredto", address)

    @classmethod
    def list_(cls, name: str) -> Query:
        """Find mail of a mailing list."""
        return _term("list", name)

    @classmethod
    def subject(cls, text: str) -> Query:
        """Find mail whose subject has these words in this order."""
        return _term("subject", text)

    @classmethod
    def label(cls, name: str) -> Query:
        """Find mail with a label, by its name; labels below it are not included."""
        return _term("label", re.sub(r"[\s/]+", "-", str(name).strip()))

    @classmethod
    def in_(cls, place: str) -> Query:
        """Find mail in a place: inbox, sent, drafts, spam, trash, anywhere, archive, snoozed …"""
        return _term("in", place)

    @classmethod
    def category(cls, name: str) -> Query:
        """Find mail in one of the inbox's tabs: primary, social, promotions, updates, forums …"""
        return _term("category", name)

    @classmethod
    def unread(cls) -> Query:
        """Find what nobody has read."""
        return cls("is:unread", Joint.ONE)

    @classmethod
    def read(cls) -> Query:
        """Find what somebody has read."""
        return cls("is:read", Joint.ONE)

    @classmethod
    def starred(cls) -> Query:
        """Find what has a star."""
        return cls("is:starred", Joint.ONE)

    @classmethod
    def important(cls) -> Query:
        """Find what Gmail or the person holds important."""
        return cls("is:important", Joint.ONE)

    @classmethod
    def has_attachment(cls) -> Query:
        """Find mail with an attachment."""
        return cls("has:attachment", Joint.ONE)

    @classmethod
    def is_(cls, state: str) -> Query:
        """Find mail in a state: unread, read, starred, snoozed, important, muted, sent, draft, chat …"""
        return cls(checked(f"is:{_argument(state, 'is')}"), Joint.ONE)

    @classmethod
    def has(cls, content: str) -> Query:
        """Find mail that has something: attachment, drive, youtube, userlabels, yellow-star …"""
        return cls(checked(f"has:{_argument(content, 'has')}"), Joint.ONE)

    @classmethod
    def header(cls, name: str, value: str) -> Query:
        """Find mail with this value in any header field."""
        if not PLAIN.fullmatch(name):
            raise InvalidRequest(f"header: {name!r} is not the name of a header.")
        return cls(f"header:{name}:{_argument(value, 'header')}", Joint.ONE)

    @classmethod
    def exact(cls, word: str) -> Query:
        """Find this word as it is written, not what is spelt alike or means the same."""
        if not PLAIN.fullmatch(word):
            raise InvalidRequest(f"exact: {word!r} is not one word.", hint="Query.phrase takes several.")
        return cls(f"+{word}", Joint.ONE)

    @classmethod
    def around(cls, first: str, second: str, *, words: int) -> Query:
        """Find two words that stand at most so many words apart."""
        distance = _positive(words, "around")
        return cls(f"{_argument(first, 'around')} AROUND {distance} {_argument(second, 'around')}", Joint.ALL)

    @classmethod
    def size(cls, size_bytes: int) -> Query:
        """Find mail of at least this many bytes."""
        return _term("size", str(_positive(size_bytes, "size")))

    @classmethod
    def filename(cls, name: str) -> Query:
        """Find mail with an attachment of this name or ending (`pdf`)."""
        return _term("filename", name)

    @classmethod
    def message_id(cls, message_id: str) -> Query:
        """Find the mail with this Message-ID header."""
        return _term("rfc822msgid", message_id.strip().removeprefix("<").removesuffix(">"))

    @classmethod
    def larger(cls, size_bytes: int) -> Query:
        """Find mail of more than this many bytes."""
        return _term("larger", str(_positive(size_bytes, "larger")))

    @classmethod
    def smaller(cls, size_bytes: int) -> Query:
        """Find mail of fewer than this many bytes."""
        return _term("smaller", str(_positive(size_bytes, "smaller")))

    @classmethod
    def newer_than(cls, age: timedelta | int) -> Query:
        """Find mail younger than `age`, whole hours or days; a number is days."""
        return _term("newer_than", _age(age, "newer_than"))

    @classmethod
    def older_than(cls, age: timedelta | int) -> Query:
        """Find mail older than `age`, whole hours or days; a number is days."""
        return _term("older_than", _age(age, "older_than"))

    @classmethod
    def after(cls, moment: datetime | date, *, zone: tzinfo | None = None) -> Query:
        """
        Find mail taken in at or after a moment.

        A date begins at midnight in `zone`; without one it is what Gmail makes of a date, midnight
        in California.
        """
        return _term("after", _moment(moment, zone, "after"))

    @classmethod
    def before(cls, moment: datetime | date, *, zone: tzinfo | None = None) -> Query:
        """Find mail taken in before a moment; for dates see `after`."""
        return _term("before", _moment(moment, zone, "before"))

    def __and__(self, other: Query) -> Query:
        if not isinstance(other, Query):
            return NotImplemented
        if not self.text or not other.text:
            return other if not self.text else self
        return Query(f"{self._within(Joint.ALL)} {other._within(Joint.ALL)}", Joint.ALL)

    def __or__(self, other: Query) -> Query:
        if not isinstance(other, Query):
            return NotImplemented
        if not self.text or not other.text:
            return Query()
        return Query(f"{self._within(Joint.ANY)} OR {other._within(Joint.ANY)}", Joint.ANY)

    def __invert__(self) -> Query:
        if not self.text:
            raise InvalidRequest("The opposite of every mail is none: there is nothing to search for.")
        return Query(f"-{self._within(Joint.ONE)}", Joint.ONE)

    def __str__(self) -> str:
        return self.text

    def _within(self, joint: Joint) -> str:
        """Return the text as a part of a query held together by `joint`; in brackets where needed."""
        safe = self.joint in (joint, Joint.ONE) and not (joint is Joint.ONE and self.text.startswith("-"))
        return self.text if safe else f"({self.text})"


def typed(query: object) -> str:
    """Return the text of a search as it was given; raises InvalidRequest for what is neither a text nor a Query."""
    if not isinstance(query, str | Query):
        raise InvalidRequest(
            f"A search is a text or a Query, not {type(query).__name__}.", hint='"" finds all mail; Query joins terms.'
        )
    return str(query)


def _term(operator: str, argument: str) -> Query:
    return Query(f"{operator}:{_argument(argument, operator)}", Joint.ONE)


def _argument(text: str, operator: str) -> str:
    text = text.strip()
    return text if PLAIN.fullmatch(text) and text not in JOINING_WORDS else _quoted(text, operator)


def _quoted(text: str, operator: str) -> str:
    """Quote; Gmail has no way to write a quote inside quotes, and finds words without it as well."""
    inside = " ".join(text.replace('"', " ").split())
    if not re.search(r"\w", inside):
        raise InvalidRequest(f"{operator}: there is nothing to look for in {text!r}.")
    return f'"{inside}"'


def _whom(who: object) -> str:
    return str(getattr(who, "email", who))


def _positive(number: int, operator: str) -> int:
    if number <= 0:
        raise InvalidRequest(f"{operator}: {number} is not a size.")
    return number


def _age(age: timedelta | int, operator: str) -> str:
    age = age if isinstance(age, timedelta) else timedelta(days=age)
    hours, rest = divmod(age, timedelta(hours=1))
    if hours <= 0 or rest:
        raise InvalidRequest(
            f"{operator}: Gmail counts ages in whole hours and days, which {age} is not.",
            hint="Use Query.after(moment) for an exact time.",
        )
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"


def _moment(moment: datetime | date, zone: tzinfo | None, operator: str) -> str:
    if not isinstance(moment, datetime):
        if zone is None:
            return f"{moment:%Y/%m/%d}"
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=zone)
    elif moment.tzinfo is None:
        raise InvalidRequest(
            f"{operator}: {moment.isoformat()} has no time zone.", hint="Say which: moment.replace(tzinfo=…)."
        )
    # Gmail counts in whole seconds; both ends are widened rather than lose a mail.
    seconds, rest = divmod(moment - datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1))
    return str(seconds + (1 if rest and operator == "before" else 0))
