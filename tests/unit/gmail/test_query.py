"""Searches as Gmail reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import InvalidRequest
from mailgrant.gmail.address import Address
from mailgrant.gmail.query import Query

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (Query.from_("grace@example.com"), "from:grace@example.com"),
        (Query.from_("Grace Hopper"), 'from:"Grace Hopper"'),
        (Query.from_(Address("grace@example.com", name="Grace")), "from:grace@example.com"),
        (Query.to("me"), "to:me"),
        (Query.cc("example.com"), "cc:example.com"),
        (Query.bcc("eve@example.com"), "bcc:eve@example.com"),
        (Query.delivered_to("ada@example.com"), "deliveredto:ada@example.com"),
        (Query.list_("cooks.example.com"), "list:cooks.example.com"),
        (Query.subject("lunch"), "subject:lunch"),
        (Query.subject("lunch on Thursday"), 'subject:"lunch on Thursday"'),
        (Query.subject('say "hello"'), 'subject:"say hello"'),
        (Query.subject("OR"), 'subject:"OR"'),
        (Query.subject("-lunch"), 'subject:"-lunch"'),
        (Query.subject("(lunch)"), 'subject:"(lunch)"'),
        (Query.subject("Mittagessen für zwei"), 'subject:"Mittagessen für zwei"'),
        (Query.subject("x from:eve"), 'subject:"x from:eve"'),
        (Query.label("Work/Big Clients"), "label:Work-Big-Clients"),
        (Query.label("R&D"), 'label:"R&D"'),
        (Query.in_("anywhere"), "in:anywhere"),
        (Query.is_("snoozed"), "is:snoozed"),
        (Query.has("yellow-star"), "has:yellow-star"),
        (Query.header("X-Mailer", "Pine 4"), 'header:X-Mailer:"Pine 4"'),
        (Query.exact("lunch"), "+lunch"),
        (Query.around("holiday", "beach", words=10), "holiday AROUND 10 beach"),
        (Query.size(1000), "size:1000"),
        (Query.category("social"), "category:social"),
        (Query.unread(), "is:unread"),
        (Query.read(), "is:read"),
        (Query.starred(), "is:starred"),
        (Query.important(), "is:important"),
        (Query.has_attachment(), "has:attachment"),
        (Query.filename("pdf"), "filename:pdf"),
        (Query.filename("my minutes.pdf"), 'filename:"my minutes.pdf"'),
        (Query.message_id("<lunch@example.com>"), "rfc822msgid:lunch@example.com"),
        (Query.larger(1_000_000), "larger:1000000"),
        (Query.smaller(10), "smaller:10"),
        (Query.newer_than(7), "newer_than:7d"),
        (Query.newer_than(timedelta(weeks=2)), "newer_than:14d"),
        (Query.newer_than(timedelta(hours=36)), "newer_than:36h"),
        (Query.older_than(timedelta(hours=48)), "older_than:2d"),
        (Query.words("lunch Thursday"), "lunch Thursday"),
        (Query.words("lunch OR -dinner"), 'lunch "OR" "-dinner"'),
        (Query.phrase("lunch on Thursday"), '"lunch on Thursday"'),
        (Query("newer_than:2d lunch"), "newer_than:2d lunch"),
        (Query(), ""),
    ],
)
def test_an_operator_is_written_with_the_right_quoting(query: Query, text: str) -> None:
    assert str(query) == text


A, B, C = Query.from_("a"), Query.from_("b"), Query.unread()


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (A & C, "from:a is:unread"),
        (A | B, "from:a OR from:b"),
        (~A, "-from:a"),
        (A & B & C, "from:a from:b is:unread"),
        (A | B | C, "from:a OR from:b OR is:unread"),
        ((A | B) & C, "(from:a OR from:b) is:unread"),
        (A | (B & C), "from:a OR (from:b is:unread)"),
        (~(A & B), "-(from:a from:b)"),
        (~(A | B), "-(from:a OR from:b)"),
        (~~A, "-(-from:a)"),
        (~A & ~B, "-from:a -from:b"),
        (Query.words("x y") | A, "(x y) OR from:a"),
        (Query("x OR y") & A, "(x OR y) from:a"),
        (~Query("x OR y"), "-(x OR y)"),
        (Query() & A, "from:a"),
        (A & Query(), "from:a"),
        (A | Query(), ""),
    ],
)
def test_joined_queries_keep_their_meaning(query: Query, text: str) -> None:
    assert str(query) == text


def test_a_moment_is_written_in_seconds_because_a_date_means_california() -> None:
    assert str(Query.after(NOON)) == "after:1772712000"
    assert str(Query.before(NOON)) == "before:1772712000"
    assert str(Query.after(NOON.astimezone(ZoneInfo("Asia/Tokyo")))) == "after:1772712000"


def test_a_fraction_of_a_second_widens_the_search() -> None:
    late = NOON + timedelta(milliseconds=400)

    assert str(Query.after(late)) == "after:1772712000"
    assert str(Query.before(late)) == "before:1772712001"


def test_a_date_begins_at_midnight_where_it_is_said_to() -> None:
    day = date(2026, 3, 5)

    assert str(Query.after(day)) == "after:2026/03/05"
    assert str(Query.after(day, zone=UTC)) == "after:1772668800"
    assert str(Query.before(day, zone=ZoneInfo("Europe/Berlin"))) == "before:1772665200"


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"after: .* has no time zone"):
        Query.after(datetime(2026, 3, 5, 12))  # noqa: DTZ001


@pytest.mark.parametrize("age", [0, -1, timedelta(minutes=90), timedelta(minutes=30), timedelta(0)])
def test_an_age_that_gmail_cannot_count_is_refused(age: timedelta | int) -> None:
    with pytest.raises(InvalidRequest, match="whole hours and days") as caught:
        Query.newer_than(age)

    assert "after" in caught.value.hint


@pytest.mark.parametrize("nothing", ["", "  ", '""', "()", "-"])
def test_an_operator_without_an_argument_would_find_everything_and_is_refused(nothing: str) -> None:
    with pytest.raises(InvalidRequest, match="nothing to look for"):
        Query.from_(nothing)
    with pytest.raises(InvalidRequest, match="nothing to look for"):
        Query.phrase(nothing)


def test_no_words_are_no_query() -> None:
    with pytest.raises(InvalidRequest, match="nothing to look for"):
        Query.words(" ")


@pytest.mark.parametrize("size", [0, -5])
def test_a_size_that_is_none_is_refused(size: int) -> None:
    with pytest.raises(InvalidRequest, match="not a size"):
        Query.larger(size)


def test_the_opposite_of_everything_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        ~Query()


def test_a_query_is_joined_to_queries_only() -> None:
    with pytest.raises(TypeError):
        Query.unread() & "from:a"  # type: ignore[operator]
    with pytest.raises(TypeError):
        Query.unread() | "from:a"  # type: ignore[operator]


@given(st.text())
def test_no_argument_can_become_another_operator(text: str) -> None:
    try:
        query = str(Query.subject(text))
    except InvalidRequest:
        return
    argument = query.removeprefix("subject:")
    quoted = argument.startswith('"') and argument.endswith('"') and argument.count('"') == 2
    assert quoted or not any(character in argument for character in ' :()"{}\n')
    assert "\n" not in query
