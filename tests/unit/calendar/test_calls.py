"""The conversations with Calendar: what is asked, and what is made of the answers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from mailgrant.calendar import calls, writes
from mailgrant.calendar.event import Event, EventStatus
from mailgrant.errors import Conflict, InvalidRequest, NotFound
from mailgrant.http import Call, Request

Hold = Callable[..., tuple[Any, list[Request]]]

NOON = datetime(2026, 3, 5, 12, tzinfo=ZoneInfo("Europe/London"))
LUNCH = Event("Lunch", start=NOON, attendees=["grace@example.com"])
TAKEN = Conflict(
    "The requested identifier already exists.", status=409, reason="duplicate", operation="calendar.events.insert"
)
ID = "abcdefghij0123456789"


def query_of(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url).query)


def kept(event: Event = LUNCH, **fields: Any) -> dict[str, Any]:
    return event.to_json() | {"id": ID, "status": "confirmed", "etag": '"1"'} | fields


@pytest.mark.parametrize(
    ("call", "method", "path", "operation"),
    [
        (calls.calendars(), "GET", "users/me/calendarList", "calendarList.list"),
        (calls.list_events(), "GET", "calendars/primary/events", "events.list"),
        (calls.get_event("abc12"), "GET", "calendars/primary/events/abc12", "events.get"),
        (writes.add_event(LUNCH, event_id=ID), "POST", "calendars/primary/events", "events.insert"),
        (
            writes.edit_event(dataclasses.replace(LUNCH, id=ID), calendar_id="a@b.c"),
            "PATCH",
            f"calendars/a%40b.c/events/{ID}",
            "events.patch",
        ),
        (
            writes.delete_event("abc12", calendar_id="en.usa#holiday@group.v.calendar.google.com"),
            "DELETE",
            "calendars/en.usa%23holiday%40group.v.calendar.google.com/events/abc12",
            "events.delete",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_call_asks_google_by_its_own_address_and_name(
    call: Call[Any], method: str, path: str, operation: str
) -> None:
    request = next(call)

    assert request.method == method
    assert request.url.partition("?")[0] == f"https://www.googleapis.com/calendar/v3/{path}"
    assert request.operation == f"calendar.{operation}"


@pytest.mark.parametrize("strange", ["", ".", ".."])
def test_an_id_that_leads_to_another_address_is_refused(strange: str) -> None:
    with pytest.raises(InvalidRequest, match="not an id"):
        next(calls.get_event(strange))
    with pytest.raises(InvalidRequest, match="not an id"):
        next(calls.list_events(strange))


def test_calendars_come_from_every_page(hold: Hold) -> None:
    found, asked = hold(
        calls.calendars(),
        {"items": [{"id": "a"}], "nextPageToken": "2"},
        {"nextPageToken": "3"},
        {"items": [{"id": "b"}]},
    )

    assert [calendar.id for calendar in found] == ["a", "b"]
    assert [query_of(request).get("pageToken") for request in asked] == [None, ["2"], ["3"]]


def test_a_listing_expands_series_in_order_of_time(hold: Hold) -> None:
    listing = calls.list_events(start=NOON, end=NOON + timedelta(days=1), query="lunch", page_token="7", page_size=9000)

    page, (request,) = hold(listing, {"items": [kept(), "junk"], "nextPageToken": "8"})

    assert query_of(request) == {
        "timeMin": ["2026-03-05T12:00:00+00:00"],
        "timeMax": ["2026-03-06T12:00:00+00:00"],
        "q": ["lunch"],
        "singleEvents": ["true"],
        "orderBy": ["startTime"],
        "maxResults": ["2500"],
        "pageToken": ["7"],
    }
    assert [event.summary for event in page.items] == ["Lunch"]
    assert page.next_page_token == "8"


def test_an_unexpanded_listing_asks_for_no_order_which_google_would_refuse() -> None:
    assert query_of(next(calls.list_events(single=False))) == {"singleEvents": ["false"], "maxResults": ["250"]}


def test_an_empty_page_may_not_be_the_last(hold: Hold) -> None:
    page, _ = hold(calls.list_events(), {"nextPageToken": "2"})

    assert page == calls.Page((), next_page_token="2")


@pytest.mark.parametrize("bound", [datetime(2026, 3, 5), date(2026, 3, 5)])  # noqa: DTZ001
def test_a_naive_bound_is_refused_before_it_travels(bound: Any) -> None:
    with pytest.raises(InvalidRequest, match="start: "):
        next(calls.list_events(start=bound))


@pytest.mark.parametrize("end", [NOON, NOON - timedelta(days=1)])
def test_a_time_that_ends_before_it_begins_is_refused_before_it_travels(end: datetime) -> None:
    with pytest.raises(InvalidRequest, match="before it begins"):
        next(calls.list_events(start=NOON, end=end))
    with pytest.raises(InvalidRequest, match="before it begins"):
        next(calls.list_instances("choir", start=NOON, end=end))


def test_an_event_is_read(hold: Hold) -> None:
    event, _ = hold(calls.get_event(ID), kept())

    assert (event.id, event.summary, event.start) == (ID, "Lunch", NOON)


# Adding


def test_an_insert_carries_an_id_of_our_own(hold: Hold) -> None:
    event, (request,) = hold(writes.add_event(LUNCH, event_id=ID, send_updates="all"), kept())

    assert json.loads(request.body) == LUNCH.to_json() | {"id": ID}
    assert query_of(request) == {"sendUpdates": ["all"]}
    assert (event.id, event.etag) == (ID, '"1"')


def test_nobody_is_mailed_unless_told() -> None:
    assert "sendUpdates" not in next(writes.add_event(LUNCH, event_id=ID)).url


def test_an_unknown_way_of_mailing_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="all, externalOnly, none"):
        next(writes.add_event(LUNCH, event_id=ID, send_updates="everybody"))


@pytest.mark.parametrize("event_id", ["", "abcd", "ABCDE", "wxyz0", "a-b-c-d", "a" * 1025])
def test_an_id_that_calendar_does_not_allow_is_refused(event_id: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot be the id"):
        next(writes.add_event(LUNCH, event_id=event_id))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"attendees": [{"email": "Grace@example.com", "responseStatus": "accepted"}, {"email": "ada@example.com"}]},
        {"summary": " Lunch "},
        {"start": {"dateTime": "2026-03-05T13:00:00+01:00"}},
        {"status": "tentative", "sequence": 3},
    ],
)
def test_an_id_taken_by_the_same_event_is_the_event(hold: Hold, changed: dict[str, Any]) -> None:
    event, asked = hold(writes.add_event(LUNCH, event_id=ID), TAKEN, kept(**changed))

    assert event.id == ID
    assert [request.operation for request in asked] == ["calendar.events.insert", "calendar.events.get"]


@pytest.mark.parametrize(
    "changed",
    [
        {"summary": "Dinner"},
        {"start": {"dateTime": "2026-03-05T11:00:00Z"}},
        {"end": {"dateTime": "2026-03-05T14:00:00Z"}},
        {"start": {"date": "2026-03-05"}, "end": {"date": "2026-03-06"}},
        {"description": "Bring pie"},
        {"location": "Bar"},
        {"recurrence": ["RRULE:FREQ=DAILY"]},
        {"attendees": []},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_an_id_taken_by_another_event_is_a_conflict(hold: Hold, changed: dict[str, Any]) -> None:
    with pytest.raises(Conflict, match="belongs to another event") as caught:
        hold(writes.add_event(LUNCH, event_id=ID), TAKEN, kept(**changed))

    assert "Nothing was added" in caught.value.hint
    assert (caught.value.status, caught.value.reason) == (409, "duplicate")


def test_an_id_of_a_deleted_event_is_not_free_again(hold: Hold) -> None:
    with pytest.raises(Conflict, match="was deleted"):
        hold(writes.add_event(LUNCH, event_id=ID), TAKEN, kept(status="cancelled"))


# Editing and deleting


def test_an_edit_sends_only_what_differs_and_only_if_nobody_was_faster(hold: Hold) -> None:
    before = Event.from_json(kept(location="Bar", description="Pie"))
    after = dataclasses.replace(before, summary="Late lunch", location=None)

    event, (request,) = hold(writes.edit_event(after, before=before, send_updates="none"), kept(after))

    assert json.loads(request.body) == {"summary": "Late lunch", "location": None}
    assert request.headers["If-Match"] == '"1"'
    assert query_of(request) == {"sendUpdates": ["none"]}
    assert event.summary == "Late lunch"


def test_an_edit_that_changes_nothing_asks_nothing(hold: Hold) -> None:
    before = Event.from_json(kept())

    event, asked = hold(writes.edit_event(before, before=before))

    assert (event, asked) == (before, [])


def test_a_day_turned_into_a_time_loses_its_date() -> None:
    before = Event("Trip", start=date(2026, 3, 5), id=ID)
    after = dataclasses.replace(before, start=NOON, end=NOON + timedelta(hours=1))

    request = next(writes.edit_event(after, before=before))

    assert json.loads(request.body) == {
        "start": {"date": None, "dateTime": "2026-03-05T12:00:00+00:00", "timeZone": "Europe/London"},
        "end": {"date": None, "dateTime": "2026-03-05T13:00:00+00:00", "timeZone": "Europe/London"},
    }
    assert "If-Match" not in request.headers


def test_an_event_is_confirmed_by_saying_so() -> None:
    before = Event("Trip", start=NOON, id=ID, status=EventStatus.TENTATIVE)

    request = next(writes.edit_event(dataclasses.replace(before, status=EventStatus.CONFIRMED), before=before))

    assert json.loads(request.body) == {"status": "confirmed"}


def test_an_edit_without_what_was_before_sends_everything() -> None:
    request = next(writes.edit_event(dataclasses.replace(LUNCH, id=ID)))

    assert set(json.loads(request.body)) == {"summary", "start", "end", "attendees"}


def test_an_event_that_is_not_in_the_calendar_cannot_be_edited() -> None:
    with pytest.raises(InvalidRequest, match="has no id"):
        next(writes.edit_event(LUNCH))


def test_somebody_elses_change_is_a_conflict(hold: Hold) -> None:
    with pytest.raises(Conflict):
        hold(writes.edit_event(dataclasses.replace(LUNCH, id=ID)), Conflict("Precondition Failed.", status=412))


def test_an_event_is_deleted(hold: Hold) -> None:
    nothing, (request,) = hold(writes.delete_event(ID, send_updates="all"), None)

    assert nothing is None
    assert query_of(request) == {"sendUpdates": ["all"]}


def test_an_event_that_is_gone_is_not_found(hold: Hold) -> None:
    with pytest.raises(NotFound):
        hold(writes.delete_event(ID), NotFound("Resource has been deleted.", status=410, reason="deleted"))
