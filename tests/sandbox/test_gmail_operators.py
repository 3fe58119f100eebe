"""
Every search operator of Gmail's, each before at least three mails.

Each row is one search, the mails it stands before, and which of them it finds; every row is then also
negated, nested and grouped, which must find the same or the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from mailgrant.sandbox.clock import Clock
from mailgrant.sandbox.ids import Ids
from mailgrant.sandbox.mail.mailbox import Mailbox
from mailgrant.sandbox.mail.operators import MARKS, OPERATORS, STATES

from .conftest import NOON

OWNER = "grace@example.com"
DRIVE = "https://drive.google.com/file/d/1"
DOCS = "https://docs.google.com"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to search for; `age` is how long ago it came."""

    raw: bytes
    labels: tuple[str, ...] = field(kw_only=True, default=("INBOX",))
    age: timedelta = field(kw_only=True, default=timedelta())
    at: datetime | None = field(kw_only=True, default=None)


def letter(
    text: str = "as agreed", *labels: str, days: float = 0, at: datetime | None = None, **headers: str
) -> Letter:
    """Return a mail; header names are written with underscores."""
    lines = [f"{name.replace('_', '-').strip('-')}: {value}" for name, value in headers.items()]
    raw = "\r\n".join([*lines, "", text]).encode()
    return Letter(raw, labels=labels or ("INBOX",), age=timedelta(days=days), at=at)


def attached(name: str) -> Letter:
    """Return a mail with a file."""
    return letter(
        f'--b\r\n\r\nas agreed\r\n--b\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\nxx\r\n--b--',
        Content_Type="multipart/mixed; boundary=b",
    )


def on(year: int, month: int, day: int, hour: int = 20) -> Letter:
    """Return a mail that came then, in UTC; 20:00 is the same day in California."""
    return letter(at=datetime(year, month, day, hour, tzinfo=UTC))


FROM = (
    letter(From="Ada Lovelace <ada@example.com>"),
    letter(From="ada@other.example"),
    letter(From="Bob <bob@example.com>", To="ada@example.com"),
    letter(From=f"Grace <{OWNER}>"),
)
TO = (
    letter(To="Ada <ada@example.com>, bob@example.com"),
    letter(To="bob@example.com", Cc="Ada <ada@example.com>"),
    letter(To=OWNER, Bcc="ada@example.com"),
    letter(To="ada@other.example", From="bob@example.com"),
)
SUBJECTS = (
    letter(Subject="Lunch on Thursday"),
    letter(Subject="Thursday, and on to lunch"),
    letter("Lunch on Thursday", Subject="Dinner"),
    letter(Subject="Lunches"),
)
WORDS = (
    letter("The holiday plan and one long vacation."),
    letter("vacation holiday"),
    letter("holiday one two three four five six seven eight nine ten eleven twelve vacation"),
    letter("holidays"),
)
LABELLED = (
    letter("", "INBOX", "Work/Big clients"),
    letter("", "Work"),
    letter("", "STARRED", "Work/Big clients"),
    letter("", "INBOX"),
)
PLACES = (
    letter("", "INBOX", "UNREAD"),
    letter("", "SENT"),
    letter("", "DRAFT"),
    letter("", "SPAM"),
    letter("", "TRASH"),
    letter("", "CHAT"),
    letter("", "STARRED"),
    letter("", "Work"),
)
STATE = (
    letter("", "INBOX", "UNREAD"),
    letter("", "STARRED", "IMPORTANT"),
    letter("", "SENT"),
    letter("", "DRAFT"),
    letter("", "CHAT"),
)
CONTENTS = (
    attached("minutes.pdf"),
    letter(f"see {DRIVE}"),
    letter(f"see {DOCS}/document/d/1"),
    letter(f"see {DOCS}/spreadsheets/d/1"),
    letter(f"see {DOCS}/presentation/d/1"),
    letter("see https://www.youtube.com/watch?v=1"),
    letter("", "STARRED", "Work"),
)
FILES = (attached("minutes of may.pdf"), attached("pdf notes.txt"), attached("minutes.txt"), letter("minutes.pdf"))
CATEGORISED = (
    letter("", "INBOX"),
    letter("", "INBOX", "CATEGORY_PROMOTIONS"),
    letter("", "INBOX", "CATEGORY_SOCIAL"),
    letter("", "INBOX", "CATEGORY_UPDATES"),
    letter("", "INBOX", "CATEGORY_FORUMS"),
    letter("", "CATEGORY_PERSONAL"),
    letter("", "SENT"),
)
DATED = (on(2025, 12, 31), on(2026, 1, 1), on(2026, 1, 1, 7), on(2026, 1, 2))
AGED = (letter(days=0.5), letter(days=2), letter(days=40), letter(days=400))
SIZED = (letter("x" * 500), letter("x" * 5_000), letter("x" * 50_000), letter("x" * 1_100_000))
NAMED = (
    letter(Message_ID="<lunch@example.com>"),
    letter(Message_ID="<dinner@example.com>"),
    letter(In_Reply_To="<lunch@example.com>", Message_ID="<re@example.com>"),
)
LISTED = (
    letter(List_Id="Weekly <weekly.lists.example>"),
    letter(List_Id="Daily <daily.lists.example>"),
    letter(From="weekly@lists.example"),
)
DELIVERED = (
    letter(Delivered_To="ada@example.com"),
    letter(Delivered_To="Ada@EXAMPLE.com", To="list@lists.example"),
    letter(To="ada@example.com"),
)
HEADED = (
    letter(X_Campaign="spring sale"),
    letter(X_Campaign="autumn sale"),
    letter("spring sale", Subject="X-Campaign"),
)

# The search, the mails it stands before, and the places of those it finds.
TABLE: list[tuple[str, tuple[Letter, ...], set[int]]] = [
    ("from:ada@example.com", FROM, {0}),
    ("from:ada", FROM, {0, 1}),
    ("from:lovelace", FROM, {0}),
    ("from:example.com", FROM, {0, 2, 3}),
    ("from:me", FROM, {3}),
    ("FROM: ada", FROM, {0, 1}),
    ("from:(bob OR lovelace)", FROM, {0, 2}),
    ('from:"ada lovelace"', FROM, {0}),
    ("to:ada", TO, {0, 3}),
    ("to:ada@example.com", TO, {0}),
    ("to:me", TO, {2}),
    ("to:{ada bob}", TO, {0, 1, 3}),
    ("cc:ada", TO, {1}),
    ("cc:(ada example.com)", TO, {1}),
    ("bcc:ada", TO, {2}),
    ("bcc:ada@example.com", TO, {2}),
    ("subject:lunch", SUBJECTS, {0, 1}),
    ("subject:(thursday lunch)", SUBJECTS, {0, 1}),
    ('subject:"lunch on thursday"', SUBJECTS, {0}),
    ("subject:(dinner OR lunches)", SUBJECTS, {2, 3}),
    ("subject:(lunch -and)", SUBJECTS, {0}),
    ("holiday", WORDS, {0, 1, 2}),
    ("+holidays", WORDS, {3}),
    ('"holiday plan"', WORDS, {0}),
    ("holiday vacation", WORDS, {0, 1, 2}),
    ("holiday AND plan", WORDS, {0}),
    ("plan OR twelve", WORDS, {0, 2}),
    ("plan|twelve", WORDS, {0, 2}),
    ("{plan twelve holidays}", WORDS, {0, 2, 3}),
    ("holiday AROUND 5 vacation", WORDS, {0, 1}),
    ("vacation AROUND 0 holiday", WORDS, {1}),
    ("holiday AROUND 20 vacation", WORDS, {0, 1, 2}),
    ("label:work-big-clients", LABELLED, {0, 2}),
    ("label:Work/Big-Clients", LABELLED, {0, 2}),
    ("label:work", LABELLED, {1}),
    ("label:inbox", LABELLED, {0, 3}),
    ("label:(work OR starred)", LABELLED, {1, 2}),
    ("in:inbox", PLACES, {0}),
    ("in:sent", PLACES, {1}),
    ("in:draft", PLACES, {2}),
    ("in:drafts", PLACES, {2}),
    ("in:spam", PLACES, {3}),
    ("in:trash", PLACES, {4}),
    ("in:chats", PLACES, {5}),
    ("in:anywhere", PLACES, set(range(8))),
    ("in:archive", PLACES, {6, 7}),
    ("in:snoozed", PLACES, set()),
    ("in:scheduled", PLACES, set()),
    ("in:work", PLACES, {7}),
    ("in:(inbox OR sent)", PLACES, {0, 1}),
    ("is:unread", STATE, {0}),
    ("is:read", STATE, {1, 2, 3, 4}),
    ("is:starred", STATE, {1}),
    ("is:important", STATE, {1}),
    ("is:sent", STATE, {2}),
    ("is:draft", STATE, {3}),
    ("is:chat", STATE, {4}),
    ("is:snoozed", STATE, set()),
    ("is:muted", STATE, set()),
    ("is:{sent draft}", STATE, {2, 3}),
    ("has:attachment", CONTENTS, {0}),
    ("has:drive", CONTENTS, {1, 2, 3, 4}),
    ("has:document", CONTENTS, {2}),
    ("has:spreadsheet", CONTENTS, {3}),
    ("has:presentation", CONTENTS, {4}),
    ("has:youtube", CONTENTS, {5}),
    ("has:userlabels", CONTENTS, {6}),
    ("has:nouserlabels", CONTENTS, {0, 1, 2, 3, 4, 5}),
    ("has:yellow-star", CONTENTS, {6}),
    ("has:blue-info", CONTENTS, set()),
    ("has:(attachment OR youtube)", CONTENTS, {0, 5}),
    ("filename:pdf", FILES, {0, 1}),
    ("filename:minutes", FILES, {0, 2}),
    ('filename:"minutes of may.pdf"', FILES, {0}),
    ("filename:(minutes txt)", FILES, {2}),
    ("category:primary", CATEGORISED, {0, 5}),
    ("category:promotions", CATEGORISED, {1}),
    ("category:social", CATEGORISED, {2}),
    ("category:updates", CATEGORISED, {3}),
    ("category:forums", CATEGORISED, {4}),
    ("category:reservations", CATEGORISED, set()),
    ("category:purchases", CATEGORISED, set()),
    ("category:{social forums}", CATEGORISED, {2, 4}),
    # 07:00 UTC on New Year's Day is still the old year in California.
    ("after:2026/01/01", DATED, {1, 3}),
    ("newer:2026-01-01", DATED, {1, 3}),
    ("before:01/01/2026", DATED, {0, 2}),
    ("older:2026/1/2", DATED, {0, 1, 2}),
    (f"after:{int(datetime(2026, 1, 1, 7, tzinfo=UTC).timestamp())}", DATED, {1, 2, 3}),
    (f"before:{int(datetime(2026, 1, 1, 7, tzinfo=UTC).timestamp())}", DATED, {0}),
    ("after:2026/01/01 before:2026/01/02", DATED, {1}),
    ("newer_than:1d", AGED, {0}),
    ("newer_than:13h", AGED, {0}),
    ("newer_than:1m", AGED, {0, 1}),
    ("newer_than:1y", AGED, {0, 1, 2}),
    ("newer_than:1w", AGED, set()),
    ("older_than:1d", AGED, {1, 2, 3}),
    ("older_than:1m", AGED, {2, 3}),
    ("older_than:1y", AGED, {3}),
    ("size:5000", SIZED, {1, 2, 3}),
    ("larger:10K", SIZED, {2, 3}),
    ("larger:1M", SIZED, {3}),
    ("smaller:1K", SIZED, {0}),
    ("smaller:10000", SIZED, {0, 1}),
    ("rfc822msgid:lunch@example.com", NAMED, {0}),
    ("rfc822msgid:<dinner@example.com>", NAMED, {1}),
    ("list:weekly.lists.example", LISTED, {0}),
    ("list:daily", LISTED, {1}),
    ("list:(weekly OR daily)", LISTED, {0, 1}),
    ("deliveredto:ada@example.com", DELIVERED, {0, 1}),
    ("deliveredto:ada", DELIVERED, {0, 1}),
    ("header:X-Campaign:spring", HEADED, {0}),
    ('header:x-campaign:"autumn sale"', HEADED, {1}),
    ("header:X-Campaign", HEADED, {0, 1}),
    ("colour:red", HEADED, set()),
]
# Around any search: it finds the same.
SAME = [
    "{q}",
    "({q})",
    "(({q}))",
    "-(-({q}))",
    "({q}) ({q})",
    "({q}) OR subject:never",
    "{{({q}) subject:never}}",
    "({q}) -subject:never",
    "(subject:never OR (({q}) -{{subject:never}}))",
]
# Around any search: it finds the rest.
REST = ["-({q})", "-{{({q}) subject:never}}", "-(({q}) OR subject:never)", "in:anywhere -({q})"]


def filled(letters: tuple[Letter, ...]) -> tuple[Mailbox, list[str]]:
    """Return a mailbox with these mails, and their ids in order."""
    mailbox = Mailbox(OWNER, Clock(NOON), Ids(NOON))
    return mailbox, [mailbox.deliver(one.raw, labels=one.labels, at=one.at or NOON - one.age).id for one in letters]


def places(mailbox: Mailbox, ids: list[str], query: str) -> set[int]:
    found = mailbox.newest_first(mailbox.find(query, everywhere=True))
    return {ids.index(message.id) for message in found}


@pytest.mark.parametrize(("query", "letters", "found"), TABLE, ids=[row[0] for row in TABLE])
def test_a_search_finds_the_same_nested_and_grouped_and_the_rest_negated(
    query: str, letters: tuple[Letter, ...], found: set[int]
) -> None:
    mailbox, ids = filled(letters)

    for shape in SAME:
        assert places(mailbox, ids, shape.format(q=query)) == found, shape
    for shape in REST:
        assert places(mailbox, ids, shape.format(q=query)) == set(range(len(letters))) - found, shape


def test_the_table_has_every_operator_before_three_mails() -> None:
    searched = {query.partition(":")[0].lower() for query, _, _ in TABLE if ":" in query}

    assert searched >= set(OPERATORS)
    assert all(len(letters) >= 3 for _, letters, _ in TABLE)
    assert {f"is:{state}" for state in STATES} | {f"has:{mark}" for mark in MARKS} <= {row[0] for row in TABLE}


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_an_operator_without_its_argument_does_nothing(operator: str) -> None:
    mailbox, ids = filled(SUBJECTS)

    assert places(mailbox, ids, f"{operator}:") == set(range(4))
    assert places(mailbox, ids, f"subject:dinner {operator}:") == {2}
