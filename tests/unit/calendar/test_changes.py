"""Changes of a calendar: cursors, gaps, and the sync token that must be there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mailgrant.calendar import calls
from mailgrant.calendar.cursor import sync_token_of, written_cursor
from mailgrant.changes import Gap
from mailgrant.errors import GoogleError, InvalidRequest, NotFound
from mailgrant.http import Request

Hold = Callable[..., tuple[Any, list[Request]]]

EVENT = {"id": "lunch", "status": "confirmed", "start": {"date": "2026-03-05"}, "end": {"date": "2026-03-06"}}
OLD = written_cursor("primary", "old")


def query_of(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url).query)


def test_the_first_sync_asks_without_order_bounds_or_expansion(hold: Hold) -> None:
    found, asked = hold(
        calls.changes(), {"items": [EVENT], "nextPageToken": "2"}, {"items": [], "nextSyncToken": "new"}
    )

    assert [query_of(request) for request in asked] == [
        {"maxResults": ["2500"]},
        {"maxResults": ["2500"], "pageToken": ["2"]},
    ]
    assert (len(found), found.cursor, found.gap) == (1, written_cursor("primary", "new"), None)


def test_a_later_sync_asks_with_the_token_on_every_page(hold: Hold) -> None:
    _, asked = hold(calls.changes(OLD), {"nextPageToken": "2"}, {"nextSyncToken": "new"})

    assert [query_of(request)["syncToken"] for request in asked] == [["old"], ["old"]]


@pytest.mark.parametrize("reason", ["fullSyncRequired", "updatedMinTooLongAgo", ""])
def test_a_token_that_is_no_longer_good_gives_a_gap_and_everything(hold: Hold, reason: str) -> None:
    refused = NotFound("Sync token is no longer valid.", status=410, reason=reason)

    found, asked = hold(calls.changes(OLD), refused, {"items": [EVENT], "nextSyncToken": "new"})

    assert found.gap == Gap(OLD, reason)
    assert [type(each).__name__ for each in found] == ["Gap", "Event"]
    assert "syncToken" not in query_of(asked[1])


@pytest.mark.parametrize(("status", "reason"), [(404, "notFound"), (410, "deleted")])
def test_a_calendar_that_is_not_there_is_no_gap(hold: Hold, status: int, reason: str) -> None:
    with pytest.raises(NotFound):
        hold(calls.changes(OLD), NotFound("Not Found.", status=status, reason=reason))


def test_a_missing_sync_token_is_an_error_that_says_why(hold: Hold) -> None:
    with pytest.raises(GoogleError, match="no sync token") as caught:
        hold(calls.changes(), {"items": [EVENT]})

    assert "order" in caught.value.hint


@pytest.mark.parametrize("calendar", ["primary", "c_1@group.calendar.google.com", "en.usa#holiday:x%"])
def test_a_cursor_is_plain_text_that_names_its_calendar(calendar: str) -> None:
    cursor = written_cursor(calendar, "CPDA:x==")

    assert cursor.isascii() and cursor.isprintable()
    assert sync_token_of(cursor, calendar) == "CPDA:x=="
    with pytest.raises(InvalidRequest, match="not of another"):
        sync_token_of(cursor, "another")


@pytest.mark.parametrize("text", ["", "old", "calendar1:primary:", "gmail1:primary:x"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="no cursor"):
        sync_token_of(text, "primary")
