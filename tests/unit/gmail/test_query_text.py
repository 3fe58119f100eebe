"""A search that cannot mean what it says is refused, with what was probably meant."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import InvalidRequest
from mailgrant.gmail import calls
from mailgrant.gmail.query import Query
from mailgrant.gmail.query_text import checked

SLIPS = [
    ("from:ada or from:grace", "Write OR"),
    ("lunch Or dinner", "Write OR"),
    ("from: ada", "without a blank"),
    ("subject:", "without a blank"),
    ("(from:)", "without a blank"),
    ("from:ada OR", "in quotes"),
    ("OR from:ada", "in quotes"),
    ("NOT from:ada", "-from:ada"),
    ("from:ada - lunch", "right before the word"),
    ("form:ada", "Did you mean from:?"),
    ("subjct:lunch", "Did you mean subject:?"),
    ("https://example.com", '"https://example.com"'),
    ("Re:lunch", '"Re:lunch"'),
    ("after:05.03.2026", "after:2026/03/05"),
    ("after:2026-03-05T12:00:00", "after:2026/03/05"),
    ("before:yesterday", "before:2026/03/05"),
    ("after:31/12/2026", "after:2026/03/05"),
    ("after:2026/02/30", "after:2026/03/05"),
    ("newer:2026", "newer:2026/03/05"),
    ("newer_than:2w", "newer_than:14d"),
    ("newer_than:two", "2d; h, d, m and y"),
    ("older:1y", "older_than:1y"),
    ("after:2d", "newer_than:2d"),
    ("older:soon", "Query.before(moment)"),
    (")lunch(", "where it was opened"),
    ("(from:ada {grace) lunch}", "where it was opened"),
    ("from:()", "leave them out"),
    ("lunch { }", "leave them out"),
    ("from :ada", "Write from:ada"),
    ("subject:'at noon'", "straight ones"),
    ("subject:\N{LEFT DOUBLE QUOTATION MARK}at noon\N{RIGHT DOUBLE QUOTATION MARK}", "straight ones"),
    ("ada OR OR grace", "in quotes"),
    ("lunch AROUND dinner", "AROUND 5"),
    ("re: lunch", '"re:"'),
    ("sender:ada", "Did you mean from:?"),
    ("since:2026/03/05", "Did you mean after:?"),
    ("attachment:pdf", "Did you mean filename:?"),
    ("older_than:7", "2d; h, d, m and y"),
    ("larger:10MB", "larger:10M"),
    ("smaller:big", "smaller:10M"),
    ("is:unred", "Did you mean is:unread?"),
    ("has:attachments", "Did you mean has:attachment?"),
    ("category:promotion", "Did you mean category:promotions?"),
    ('"at noon', "with two"),
    ("(from:ada OR from:grace", "Close what was opened"),
    ("{from:ada from:grace", "Close what was opened"),
]

RIGHT = [
    "", "lunch", "from:ada OR from:grace", "from:(ada OR grace)", "{from:ada from:grace}", "-from:ada", "-(a b)",
    '"or"', '"from: ada"', 'subject:"say: or"', "subject:(lunch dinner)", "after:2026/03/05", "after:2026-3-5",
    "before:12/31/2026", "after:1772712000", "newer_than:12h", "older_than:1Y", "larger:10M", "size:500k",
    "in:anywhere", "in:some-label", "label:work-clients", "is:Unread", "has:yellow-star", "header:X-Mailer:x",
    "is:(unread)", "((a) {b})", "from:o'brien", "holiday AROUND 10 beach",
    "a AND b", "lunch at 12:30", "+word", "rfc822msgid:<a@b>", "filename:pdf", "or", "list:x.example.com", "FROM:ada",
]  # fmt: skip


@pytest.mark.parametrize(("text", "hint"), SLIPS, ids=[text for text, _ in SLIPS])
def test_a_slip_is_refused_with_what_was_meant(text: str, hint: str) -> None:
    with pytest.raises(InvalidRequest, match="would not find what it says") as caught:
        checked(text)

    assert hint in caught.value.hint


@pytest.mark.parametrize("text", RIGHT)
def test_what_gmail_understands_goes_as_it_was_typed(text: str) -> None:
    assert checked(text) == text


def test_a_slip_is_refused_before_anything_travels() -> None:
    with pytest.raises(InvalidRequest):
        next(calls.list_messages("from:ada or from:grace"))
    with pytest.raises(InvalidRequest):
        next(calls.list_threads(Query("form:ada")))


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5))
def test_whatever_is_built_passes(words: list[str]) -> None:
    built = Query()
    for number, word in enumerate(words):
        try:
            term = (Query.subject, Query.words, Query.from_, Query.phrase)[number % 4](word)
        except InvalidRequest:
            continue
        built = (built & term) if number % 2 or not built.text else (built | ~term)

    assert checked(str(built)) == str(built)


@given(st.text(max_size=60))
def test_any_text_is_checked_without_raising_anything_else(text: str) -> None:
    try:
        checked(text)
    except InvalidRequest as error:
        assert error.hint


@pytest.mark.parametrize("piece", ["a:", "(", "()", "-(", '"', "a or ", "a", " ", "-", "a_", "\n", "x:1 ", "OR ", "{ "])
def test_a_megabyte_of_anything_is_checked_at_once(piece: str) -> None:
    begun = time.process_time()

    with contextlib.suppress(InvalidRequest):
        checked(piece * (1_000_000 // len(piece)))

    assert time.process_time() - begun < 5
