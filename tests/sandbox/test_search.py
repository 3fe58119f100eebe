"""Gmail's query language: the tree a text means, and the messages that the tree finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mailgrant.sandbox.mail import bits
from mailgrant.sandbox.mail.index import Index
from mailgrant.sandbox.mail.query import (
    EVERYTHING,
    NOTHING,
    And,
    Labelled,
    Mailbox,
    Near,
    Not,
    Or,
    Place,
    Words,
    reaches_spam_and_trash,
)
from mailgrant.sandbox.mail.query_text import parse
from mailgrant.sandbox.mail.search import Search, back
from mailgrant.sandbox.mail.words import words

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


def plain(*run: str) -> Words:
    return Words(Place.ANYWHERE, run)


A, B, C, D = plain("a"), plain("b"), plain("c"), plain("d")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", EVERYTHING),
        ("   ", EVERYTHING),
        ("a", A),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a|b", Or((A, B))),
        ("a or b", And((A, plain("or"), B))),
        ("{a b c}", Or((A, B, C))),
        ("a b OR c d", And((A, Or((B, C)), D))),
        ("a OR b OR c", Or((A, B, C))),
        ("(a b) OR c", Or((And((A, B)), C))),
        ("-a b", And((Not(A), B))),
        ("-(a b)", Not(And((A, B)))),
        ("-{a b}", Not(Or((A, B)))),
        ('-"a b"', Not(plain("a", "b"))),
        ("a - b", And((A, B))),
        ("-", EVERYTHING),
        ('"a b"', plain("a", "b")),
        ('"a b', plain("a", "b")),
        ("+a", A),
        ("well-known", plain("well", "known")),
        ("01.2047-100", plain("01.2047", "100")),
        ("a AROUND 3 b", Near(("a",), 3, ("b",))),
        ('a AROUND 3 "b c"', Near(("a",), 3, ("b", "c"))),
        ("a AROUND b", And((A, plain("around"), B))),
        ("is:unread", Labelled("UNREAD")),
        ("IS:Unread", Labelled("UNREAD")),
        ("is:read", Not(Labelled("UNREAD"))),
        ("from:ada@example.com", Mailbox(Place.FROM, "ada@example.com")),
        ("from: ada", Words(Place.FROM, ("ada",))),
        ("from:", EVERYTHING),
        ("from: is:read", Not(Labelled("UNREAD"))),
        ("from:me", Mailbox(Place.FROM, "me")),
        ("from:(a OR b)", Or((Words(Place.FROM, ("a",)), Words(Place.FROM, ("b",))))),
        ("from:{a b}", Or((Words(Place.FROM, ("a",)), Words(Place.FROM, ("b",))))),
        ("from:(a -b)", And((Words(Place.FROM, ("a",)), Not(Words(Place.FROM, ("b",)))))),
        ("subject:(a b) c", And((And((Words(Place.SUBJECT, ("a",)), Words(Place.SUBJECT, ("b",)))), C))),
        ('subject:"a b"', Words(Place.SUBJECT, ("a", "b"))),
        ("from:-a", Not(Words(Place.FROM, ("a",)))),
        ("subject:(from:a)", Words(Place.FROM, ("a",))),
        ("colour:red", NOTHING),
        ("colour:red a", And((NOTHING, A))),
        ("http://a", plain("http", "a")),
        ("12:30", plain("12", "30")),
        ("larger:huge", NOTHING),
        ("newer_than:3w", NOTHING),
        ("newer_than:3", NOTHING),
        ("after:yesterday", NOTHING),
        ("after:2026/02/30", NOTHING),
        ("is:here", NOTHING),
        ("has:everything", NOTHING),
        ("a)b", And((A, B))),
        ("((a", A),
        ("()", EVERYTHING),
        ("OR a OR", A),
        ("OR", EVERYTHING),
        ("!!!", EVERYTHING),
    ],
)
def test_a_query_reads_as_gmail_reads_it(text: str, tree: object) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize("text", ["(" * 20_000, "-(" * 20_000, "from:-" * 20_000, "{a OR " * 20_000, '"' * 9_999])
def test_no_query_is_too_deep(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        ("in:spam", True),
        ("in:trash lunch", True),
        ("in:anywhere", True),
        ("label:trash", True),
        ("lunch OR in:spam", True),
        ("-in:trash", False),
        ("lunch", False),
    ],
)
def test_spam_and_trash_are_searched_when_the_query_asks_for_them(text: str, reaches: bool) -> None:
    assert reaches_spam_and_trash(parse(text)) is reaches


def mail(body: str = "", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()


def at(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)


PDF = (
    b"Content-Type: multipart/mixed; boundary=b\r\nFrom: bob@other.example\r\nSubject: Minutes\r\n\r\n"
    b"--b\r\n\r\nas agreed\r\n--b\r\n"
    b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="minutes of may.pdf"\r\n\r\n'
    b"xx\r\n--b--"
)

MAILS: dict[str, tuple[bytes, tuple[str, ...], int]] = {
    "lunch": (
        mail(
            "Shall we meet at noon, by the café? Number 01.2047-100.",
            From="Ada Lovelace <ada@example.com>",
            To="Grace <grace@example.com>, bob@other.example",
            Cc="team@lists.example",
            Subject="Lunch on Thursday?",
            Message_ID="<lunch@example.com>",
        ),
        ("INBOX", "UNREAD"),
        at(2026, 1, 14, 12),
    ),
    "reply": (
        mail(
            "Noon suits me. See https://docs.google.com/document/d/1 for the holiday plan and a long vacation.",
            From="grace@example.com",
            To="ada@example.com",
            Bcc="secret@example.com",
            Subject="Re: Lunch on Thursday?",
        ),
        ("SENT", "Label_1"),
        at(2026, 1, 1, 7, 30),
    ),
    "list": (
        mail(
            "x" * 3000,
            From="news@lists.example",
            Subject="Weekly category news",
            List_Id="Weekly <weekly.lists.example>",
            Delivered_To="grace@example.com",
            X_Campaign="spring sale",
        ),
        ("INBOX", "CATEGORY_PROMOTIONS", "STARRED"),
        at(2025, 6, 1),
    ),
    "minutes": (PDF, ("IMPORTANT",), at(2024, 2, 29)),
    "junk": (mail("buy now", From="spam@other.example", Subject="Lunch deal"), ("SPAM", "UNREAD"), at(2026, 1, 10)),
    "gone": (mail("old", From="ada@example.com", Subject="昼食の件"), ("TRASH",), at(2026, 1, 11)),
}


@pytest.fixture(scope="module")
def index() -> Index:
    index = Index()
    for raw, labels, date in MAILS.values():
        index.add(raw, labels=labels, internal_date=date, message_id="lunch@example.com" if b"<lunch@" in raw else "")
    return index


def find(index: Index, text: str) -> set[str]:
    named = {"work-clients": ["Label_1"], "work/clients": ["Label_1"]}
    search = Search(
        index,
        owner="grace@example.com",
        now=NOW,
        labels_named=lambda name: named.get(name.lower(), []),
        user_labels=["Label_1"],
    )
    names = list(MAILS)
    return {names[ordinal] for ordinal in bits.descending(search.find(parse(text), index.alive))}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set(MAILS)),
        ("lunch", {"lunch", "reply", "junk"}),
        ("LUNCH", {"lunch", "reply", "junk"}),
        ("cat", set()),
        ("category", {"list"}),
        ("cafe", {"lunch"}),
        ("昼食", {"gone"}),
        ("昼件", set()),
        ("lovelace", {"lunch"}),
        ("minutes", {"minutes"}),
        ("01.2047", {"lunch"}),
        ("100", {"lunch"}),
        ("2047", set()),
        ('"noon suits"', {"reply"}),
        ('"suits noon"', set()),
        ('"on thursday"', {"lunch", "reply"}),
        ("noon -suits", {"lunch"}),
        ("suits OR deal", {"reply", "junk"}),
        ("holiday AROUND 4 vacation", {"reply"}),
        ("vacation AROUND 4 holiday", {"reply"}),
        ("holiday AROUND 3 vacation", set()),
        ("from:ada@example.com", {"lunch", "gone"}),
        ("from:<ada@example.com>", {"lunch", "gone"}),
        ("from:da@example.com", set()),
        ("from:ada", {"lunch", "gone"}),
        ("from:lovelace", {"lunch"}),
        ("from:example.com", {"lunch", "reply", "gone"}),
        ("from:@lists.example", {"list"}),
        ('from:"Ada Lovelace"', {"lunch"}),
        ("from:me", {"reply"}),
        ("from:(ada OR news)", {"lunch", "list", "gone"}),
        ("-from:(ada OR news)", {"reply", "minutes", "junk"}),
        ("to:grace@example.com", {"lunch"}),
        ("to:me", {"lunch"}),
        ("to:bob", {"lunch"}),
        ("to:team", set()),
        ("cc:team", {"lunch"}),
        ("cc:team@lists.example", {"lunch"}),
        ("cc:bob", set()),
        ("bcc:secret", {"reply"}),
        ("bcc:secret@example.com", {"reply"}),
        ("bcc:ada", set()),
        ("subject:lunch", {"lunch", "reply", "junk"}),
        ("subject:(lunch thursday)", {"lunch", "reply"}),
        ('subject:"lunch deal"', {"junk"}),
        ("subject:noon", set()),
        ("label:work-clients", {"reply"}),
        ("label:Work/Clients", {"reply"}),
        ("label:nowhere", set()),
        ("label:inbox", {"lunch", "list"}),
        ("in:inbox", {"lunch", "list"}),
        ("in:sent", {"reply"}),
        ("in:drafts", set()),
        ("in:spam", {"junk"}),
        ("in:trash", {"gone"}),
        ("in:anywhere", set(MAILS)),
        ("in:archive", {"minutes"}),
        ("in:snoozed", set()),
        ("in:work-clients", {"reply"}),
        ("is:unread", {"lunch", "junk"}),
        ("is:read", {"reply", "list", "minutes", "gone"}),
        ("-is:unread", {"reply", "list", "minutes", "gone"}),
        ("is:starred", {"list"}),
        ("is:important", {"minutes"}),
        ("is:sent", {"reply"}),
        ("is:muted", set()),
        ("has:attachment", {"minutes"}),
        ("-has:attachment in:inbox", {"lunch", "list"}),
        ("has:document", {"reply"}),
        ("has:drive", {"reply"}),
        ("has:spreadsheet", set()),
        ("has:userlabels", {"reply"}),
        ("has:nouserlabels is:unread", {"lunch", "junk"}),
        ("has:yellow-star", {"list"}),
        ("has:red-star", set()),
        ("filename:pdf", {"minutes"}),
        ("filename:minutes", {"minutes"}),
        ('filename:"minutes of may.pdf"', {"minutes"}),
        ("filename:doc", set()),
        ("category:promotions", {"list"}),
        ("category:primary", {"lunch"}),
        ("category:reservations", set()),
        ("after:2026/01/14", {"lunch"}),
        ("after:2026/1/1", {"lunch", "junk", "gone"}),  # 07:30 UTC is still the day before in California.
        ("after:2025/12/31 before:2026/01/01", {"reply"}),
        ("before:2024/03/01", {"minutes"}),
        ("older:2024-02-29", {"minutes"}),
        ("older:2024-02-28", set()),
        ("newer:01/14/2026", {"lunch"}),
        (f"after:{at(2026, 1, 14, 12) // 1000}", {"lunch"}),
        (f"after:{at(2026, 1, 14, 12) // 1000 + 1}", set()),
        (f"before:{at(2024, 2, 29) // 1000 + 1}", {"minutes"}),
        ("newer_than:1d", {"lunch"}),
        ("newer_than:22h", {"lunch"}),
        ("newer_than:20h", set()),
        ("newer_than:5d", {"lunch", "gone"}),
        ("newer_than:1m", {"lunch", "reply", "junk", "gone"}),
        ("newer_than:1y", {"lunch", "reply", "list", "junk", "gone"}),
        ("older_than:1y", {"minutes"}),
        ("older_than:999999999y", set()),
        ("newer_than:1w", set()),
        ("larger:2K", {"list"}),
        ("larger:2000", {"list"}),
        ("size:2000", {"list"}),
        ("larger:1M", set()),
        ("smaller:1M", set(MAILS)),
        ("smaller:100 from:spam", {"junk"}),
        ("rfc822msgid:lunch@example.com", {"lunch"}),
        ("rfc822msgid:<lunch@example.com>", {"lunch"}),
        ("rfc822msgid:other@example.com", set()),
        ("list:weekly.lists.example", {"list"}),
        ("list:weekly", {"list"}),
        ("list:ada", set()),
        ("deliveredto:grace@example.com", {"list"}),
        ("deliveredto:ada@example.com", set()),
        ("deliveredto:grace", {"list"}),
        ("header:X-Campaign:spring", {"list"}),
        ('header:x-campaign:"spring sale"', {"list"}),
        ("header:X-Campaign:autumn", set()),
        ("header:List-Id", {"list"}),
        ("is:unread from:(ada OR spam) -in:spam", {"lunch"}),
        ("{from:news subject:minutes} -has:attachment", {"list"}),
        ("in:inbox (is:starred OR subject:lunch)", {"lunch", "list"}),
        ("-{in:inbox in:spam in:trash}", {"reply", "minutes"}),
        ("from:ada OR from:news subject:weekly", {"list"}),
    ],
)
def test_an_operator_finds_what_it_means(index: Index, text: str, found: set[str]) -> None:
    assert find(index, text) == found


def test_a_deleted_message_is_not_found_any_more() -> None:
    index = Index()
    for number in range(3):
        index.add(mail(f"word{number} same"), labels=("INBOX",), internal_date=number, message_id=str(number))
    search = Search(index, owner="a@b", now=NOW, labels_named=lambda _: [], user_labels=[])
    assert search.find(parse("same"), index.alive).bit_count() == 3

    index.remove(1, labels=("INBOX",), message_id="1")

    assert search.find(parse("same"), index.alive) == 0b101
    assert search.find(parse("word1"), index.alive) == 0
    assert search.find(parse("in:inbox smaller:1M after:0 rfc822msgid:1"), index.alive) == 0


@pytest.mark.parametrize(
    ("count", "unit", "then"), [(1, "m", (2024, 2, 29)), (1, "y", (2023, 3, 31)), (60, "y", (1970, 1, 1))]
)
def test_months_and_years_are_those_of_the_calendar(count: int, unit: str, then: tuple[int, int, int]) -> None:
    assert back(datetime(2024, 3, 31, tzinfo=UTC), count, unit) == datetime(*then, tzinfo=UTC)


def test_a_date_is_midnight_in_california_in_summer_too() -> None:
    assert parse("after:2026/07/01").since == at(2026, 7, 1, 7)  # type: ignore[union-attr]
    assert parse("after:2026/01/01").since == at(2026, 1, 1, 8)  # type: ignore[union-attr]


def test_words_are_folded_the_same_way_for_mail_and_query() -> None:
    assert words("Straße ÉTÉ don't 3rd 1,000.50") == ["strasse", "ete", "don", "t", "3rd", "1,000.50"]


LARGE = 10_000


@pytest.fixture(scope="module")
def large() -> Index:
    """A mailbox of many messages, every third of them sent and the others unread in the inbox."""
    index = Index()
    bodies = [mail(f"word{number} common", From=f"p{number}@example.com") for number in range(50)]
    for number in range(LARGE):
        labels = ("INBOX", "UNREAD") if number % 3 else ("SENT",)
        index.add(bodies[number % 50], labels=labels, internal_date=number * 1000, message_id="")
    return index


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("is:unread from:p7@example.com", lambda number: number % 3 and number % 50 == 7),
        ("common newer:5000", lambda number: number >= 5000),
        ("before:9000 newer:8000", lambda number: 8000 <= number < 9000),
        ("in:inbox larger:10", lambda number: number % 3),
        ("word3 is:unread", lambda number: number % 50 == 3 and number % 3),
        ("-word3 -in:inbox", lambda number: number % 50 != 3 and not number % 3),
    ],
)
def test_two_operators_find_the_same_among_many_messages(
    large: Index, text: str, wanted: Callable[[int], bool]
) -> None:
    search = Search(large, owner="a@b", now=NOW, labels_named=lambda _: [], user_labels=[])

    found = list(large.newest_first(search.find(parse(text), large.alive)))

    assert found == [number for number in reversed(range(LARGE)) if wanted(number)]


def test_what_comes_and_goes_among_many_messages_is_found_by_date(large: Index) -> None:
    index = large.copy()
    search = Search(index, owner="a@b", now=NOW, labels_named=lambda _: [], user_labels=[])
    before = search.find(parse("common newer:5000"), index.alive)

    index.withdraw(6000, labels=("SENT",), message_id="")
    index.withdraw(100, labels=("INBOX", "UNREAD"), message_id="")

    assert search.find(parse("common newer:5000"), index.alive) == before & ~(1 << 6000)
    assert search.find(parse("common before:5000"), index.alive).bit_count() == 4999
