"""
Reading .mbox files (RFC 4155), Google Takeout's among them, whose `X-Gmail-Labels` are understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailgrant.sandbox.mail.mime import Headers, first_header, read_headers

# A line that begins a mail: the first of the file, or one after an empty line.
BEGINNING = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\n")
QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)

# How Takeout calls the labels that every mailbox has; it names categories "Category Updates".
LABELS = {
    "inbox": "INBOX",
    "unread": "UNREAD",
    "sent": "SENT",
    "starred": "STARRED",
    "important": "IMPORTANT",
    "spam": "SPAM",
    "trash": "TRASH",
}
CATEGORIES = frozenset({"forums", "updates", "personal", "promotions", "social"})
# These say what has no label in Gmail; a draft is more than a label, and comes in as an archived mail.
NO_LABELS = frozenset({"opened", "archived", "draft", "drafts", "chat", "chats", "all mail"})


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of an .mbox file; `line` is where it begins."""

    raw: bytes = field(repr=False)
    labels: tuple[str, ...] = field(kw_only=True)
    date: datetime | None = field(kw_only=True)
    line: int = field(kw_only=True)


def read_mbox(content: bytes) -> Iterator[Mail]:
    """Yield the mails of a file; raises ValueError if it does not begin like one."""
    begins = list(BEGINNING.finditer(content))
    if not begins or begins[0].start():
        raise ValueError('an .mbox file begins with a line "From …"')
    ends = [*(found.start() for found in begins[1:]), len(content)]
    for begin, end in zip(begins, ends, strict=True):
        raw = QUOTED.sub(rb"\1", content[begin.end() : end].removesuffix(b"\n").removesuffix(b"\r"))
        headers, _ = read_headers(raw)
        line = content.count(b"\n", 0, begin.start()) + 1
        yield Mail(raw, labels=_labels(headers), date=_date(headers), line=line)


def _labels(headers: Headers) -> tuple[str, ...]:
    given = first_header(headers, "X-Gmail-Labels")
    if not given:
        is_read = "R" in first_header(headers, "Status")
        return ("INBOX",) if is_read else ("INBOX", "UNREAD")
    names = (name.strip().strip('"') for name in given.split(","))
    return tuple(_label(name) for name in names if name and name.lower() not in NO_LABELS)


def _label(name: str) -> str:
    word, _, category = name.lower().partition(" ")
    if word == "category" and category in CATEGORIES:
        return f"CATEGORY_{category.upper()}"
    return LABELS.get(name.lower(), name)


def _date(headers: Headers) -> datetime | None:
    try:
        moment = parsedate_to_datetime(first_header(headers, "Date"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
