"""`events.list`: the window, the order, the filters, the pages and the syncs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest


@pytest.fixture
def three(ada: Any) -> Any:
    """Ada's Thursday: breakfast, lunch and dinner, added in another order."""
    ada.add("Lunch", "2026-03-05T12:00:00Z")
    ada.add("Dinner", "2026-03-05T19:00:00Z")
    ada.add("Breakfast", "2026-03-05T08:00:00Z")
    return ada


def test_the_envelope_says_whose_events_these_are(ada: Any) -> None:
    ada.call("calendars.patch", {"summary": "Ada's days", "description": "All of them", "timeZone": "Europe/Zurich"})

    listed = ada.listed()

    assert {name: listed[name] for name in listed if name not in {"etag", "updated", "nextSyncToken"}} == {
        "kind": "calendar#events",
        "summary": "Ada's days",
        "description": "All of them",
        "timeZone": "Europe/Zurich",
        "accessRole": "owner",
        "defaultReminders": [{"method": "popup", "minutes": 10}],
        "items": [],
    }


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"timeMin": "2026-03-05T12:30:00Z", "timeMax": "2026-03-05T12:45:00Z"}, ["Lunch"]),
        ({"timeMin": "2026-03-05T13:00:00Z"}, ["Dinner"]),
        ({"timeMax": "2026-03-05T12:00:00Z"}, ["Breakfast"]),
        ({"timeMin": "2026-03-05T13:59:59.999+01:00", "timeMax": "2026-03-05T19:00:01Z"}, ["Lunch", "Dinner"]),
        ({"timeMin": "0001-01-01T00:00:00Z", "timeMax": "9999-12-31T23:59:59Z"}, ["Breakfast", "Lunch", "Dinner"]),
    ],
    ids=["inside an event", "an end is not in it", "a start is not in it", "overlaps", "all of time"],
)
def test_the_window_is_what_overlaps_it(three: Any, window: dict[str, str], expected: list[str]) -> None:
    assert three.summaries(singleEvents=True, orderBy="startTime", **window) == expected
    assert sorted(three.summaries(**window)) == sorted(expected)


def test_an_all_day_event_lies_in_the_calendars_zone(ada: Any) -> None:
    ada.call("calendars.patch", {"summary": "Ada", "timeZone": "America/New_York"})
    ada.add("Holiday", "2026-03-05")

    assert ada.summaries(timeMin="2026-03-05T00:00:00Z", timeMax="2026-03-05T05:00:00Z") == []
    assert ada.summaries(timeMin="2026-03-06T04:00:00Z", timeMax="2026-03-06T06:00:00Z") == ["Holiday"]


@pytest.mark.parametrize("text", ["2026-03-05T12:00:00", "2026-03-05", "soon", "2026-13-05T12:00:00Z"])
@pytest.mark.parametrize("name", ["timeMin", "timeMax", "updatedMin"])
def test_a_bound_without_an_offset_is_a_bad_request(ada: Any, name: str, text: str) -> None:
    error = ada.refused("events.list", **{name: text})

    assert (error["status"], error["reason"], error["message"]) == (400, "badRequest", "Bad Request")


def test_an_empty_window_is_refused(ada: Any) -> None:
    error = ada.refused("events.list", timeMin="2026-03-05T12:00:00Z", timeMax="2026-03-05T12:00:00Z")

    assert (error["status"], error["reason"], error["location"]) == (400, "timeRangeEmpty", "timeMax")


def test_ordering_by_start_needs_single_events(ada: Any) -> None:
    error = ada.refused("events.list", orderBy="startTime")

    assert error == {
        "status": 400,
        "domain": "global",
        "reason": "invalid",
        "message": "The requested ordering is not available for the particular query.",
        "location": "orderBy",
        "locationType": "parameter",
    }


def test_ordering_by_update_puts_the_latest_change_last(three: Any) -> None:
    lunch = three.listed()["items"][0]
    three.patch(lunch["id"], location="Canteen")

    assert three.summaries(orderBy="updated") == ["Dinner", "Breakfast", "Lunch"]
    assert three.summaries(orderBy="updated", singleEvents=True) == ["Dinner", "Breakfast", "Lunch"]


def test_the_order_without_one_is_stable(three: Any) -> None:
    assert three.summaries() == three.summaries()


@pytest.mark.parametrize("params", [{}, {"singleEvents": True}, {"orderBy": "updated"}])
def test_pages_together_are_the_whole_list(three: Any, params: dict[str, Any]) -> None:
    turned, token = [], None
    while True:
        page = three.listed(maxResults=1, **params, **({"pageToken": token} if token else {}))
        turned += [item["summary"] for item in page["items"]]
        assert ("nextPageToken" in page) != ("nextSyncToken" in page) or "orderBy" in params
        token = page.get("nextPageToken")
        if token is None:
            break

    assert turned == three.summaries(**params)


def test_too_many_results_are_clamped_and_too_few_refused(ada: Any) -> None:
    assert ada.send("events.list", maxResults=100000).status == 200
    assert ada.refused("events.list", maxResults=0)["status"] == 400


@pytest.mark.parametrize("token", ["x", "AAAA", "é", ""])
def test_a_page_token_of_nobodys_making_is_refused(ada: Any, token: str) -> None:
    error = ada.refused("events.list", pageToken=token)

    assert (error["status"], error["reason"], error["location"]) == (400, "invalid", "pageToken")


def test_a_page_token_of_another_list_is_refused(three: Any) -> None:
    token = three.listed(maxResults=1)["nextPageToken"]

    assert three.refused("events.list", maxResults=1, singleEvents=True, pageToken=token)["status"] == 400


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("canteen", ["Lunch"]),
        ("LUNCH Canteen", ["Lunch"]),
        ("lunch garden", []),
        ("grace@example.com", ["Lunch"]),
        ("soup", ["Dinner"]),
        ("ada@example.com", ["Lunch", "Dinner"]),
    ],
)
def test_words_are_looked_for_everywhere(ada: Any, q: str, expected: list[str]) -> None:
    ada.add("Lunch", location="Canteen", attendees=[{"email": "grace@example.com"}])
    ada.add("Dinner", description="Soup, then fish")

    assert ada.summaries(q=q) == expected


def test_extended_properties_filter_and_several_must_all_hold(ada: Any) -> None:
    ada.add("Both", extendedProperties={"private": {"colour": "red", "size": "5"}, "shared": {"team": "a=b"}})
    ada.add("One", extendedProperties={"private": {"colour": "red"}})

    assert ada.summaries(privateExtendedProperty=["colour=red"]) == ["Both", "One"]
    assert ada.summaries(privateExtendedProperty=["colour=red", "size=5"]) == ["Both"]
    assert ada.summaries(sharedExtendedProperty=["team=a=b"]) == ["Both"]
    assert ada.summaries(privateExtendedProperty=["colour"]) == []


def test_an_ical_uid_finds_its_event(ada: Any) -> None:
    event = ada.add("Lunch")
    ada.add("Dinner")

    assert ada.summaries(iCalUID=event["iCalUID"]) == ["Lunch"]


def test_kinds_of_events_can_be_asked_for(ada: Any) -> None:
    ada.add("Lunch")
    birthday = {"eventType": "birthday", "recurrence": ["RRULE:FREQ=YEARLY"]}
    ada.add("Grace's birthday", "2026-12-09", **birthday)

    assert ada.summaries(eventTypes=["birthday"]) == ["Grace's birthday"]
    assert len(ada.summaries(eventTypes=["birthday", "default"])) == 2


def test_deleted_events_are_hidden_unless_asked_for(three: Any) -> None:
    three.call("events.delete", eventId=three.listed()["items"][0]["id"])

    assert three.summaries() == ["Dinner", "Breakfast"]
    assert three.summaries(showDeleted=True) == ["Lunch", "Dinner", "Breakfast"]


def test_updated_min_includes_deletions(three: Any) -> None:
    lunch = three.listed()["items"][0]
    three.wait(timedelta(hours=1))
    since = three.world.clock.now().isoformat()
    three.call("events.delete", eventId=lunch["id"])

    assert [item["status"] for item in three.listed(updatedMin=since)["items"]] == ["cancelled"]


def test_an_updated_min_too_long_ago_is_gone(ada: Any) -> None:
    error = ada.refused("events.list", updatedMin="2025-01-01T00:00:00Z")

    assert error == {
        "status": 410,
        "domain": "calendar",
        "reason": "updatedMinTooLongAgo",
        "message": "The requested minimum modification time lies too far in the past.",
        "location": "updatedMin",
        "locationType": "parameter",
    }


def test_a_list_that_did_not_change_answers_304(ada: Any) -> None:
    etag = ada.listed()["etag"]

    assert ada.send("events.list", headers={"if-none-match": etag}).status == 304
    ada.add()
    assert ada.send("events.list", headers={"if-none-match": etag}).status == 200


def test_a_sync_brings_what_changed_since_and_deletions_always(three: Any) -> None:
    lunch, dinner, _ = three.listed()["items"]
    token = three.listed()["nextSyncToken"]
    assert three.listed(syncToken=token)["items"] == []

    three.patch(dinner["id"], summary="Supper")
    three.call("events.delete", eventId=lunch["id"])
    three.add("Snack")
    synced = three.listed(syncToken=token)

    assert [(item["status"], item.get("summary")) for item in synced["items"]] == [
        ("cancelled", None),
        ("confirmed", "Supper"),
        ("confirmed", "Snack"),
    ]
    assert set(synced["items"][0]) == {"kind", "etag", "id", "status"}
    assert three.listed(syncToken=synced["nextSyncToken"])["items"] == []


def test_only_the_last_page_has_a_sync_token_and_it_misses_nothing(three: Any) -> None:
    first = three.listed(maxResults=2)
    three.patch(first["items"][0]["id"], summary="Brunch")

    last = three.listed(maxResults=2, pageToken=first["nextPageToken"])

    assert "nextSyncToken" not in first
    assert [item["summary"] for item in three.listed(syncToken=last["nextSyncToken"])["items"]] == ["Brunch"]


def test_a_sync_keeps_the_window_it_began_with(three: Any) -> None:
    token = three.listed(timeMin="2026-03-05T10:00:00Z")["nextSyncToken"]
    three.add("Breakfast, the second", "2026-03-05T09:00:00Z")
    three.add("Tea", "2026-03-05T16:00:00Z")

    assert three.summaries(syncToken=token) == ["Tea"]


@pytest.mark.parametrize(
    "params",
    [
        {"orderBy": "updated"},
        {"orderBy": "startTime", "singleEvents": True},
        {"q": "lunch"},
        {"iCalUID": "x"},
        {"privateExtendedProperty": ["a=b"]},
        {"sharedExtendedProperty": ["a=b"]},
    ],
)
def test_an_ordered_or_filtered_list_gives_no_sync_token(three: Any, params: dict[str, Any]) -> None:
    assert "nextSyncToken" not in three.listed(**params)


@pytest.mark.parametrize(
    "params",
    [
        {"iCalUID": "x"},
        {"orderBy": "updated"},
        {"privateExtendedProperty": ["a=b"]},
        {"sharedExtendedProperty": ["a=b"]},
        {"q": "lunch"},
        {"timeMin": "2026-03-05T10:00:00Z"},
        {"timeMax": "2026-03-05T10:00:00Z"},
        {"updatedMin": "2026-03-04T10:00:00Z"},
        {"showDeleted": False},
    ],
)
def test_a_sync_token_goes_with_no_other_filter(three: Any, params: dict[str, Any]) -> None:
    token = three.listed()["nextSyncToken"]

    error = three.refused("events.list", syncToken=token, **params)

    assert (error["status"], error["reason"]) == (400, "invalid")


FULL_SYNC = {
    "status": 410,
    "domain": "calendar",
    "reason": "fullSyncRequired",
    "message": "Sync token is no longer valid, a full sync is required.",
    "location": "syncToken",
    "locationType": "parameter",
}


def test_an_old_sync_token_is_gone(three: Any) -> None:
    token = three.listed()["nextSyncToken"]
    three.wait(timedelta(days=31))

    assert three.refused("events.list", syncToken=token) == FULL_SYNC


def test_a_change_of_sharing_ends_sync_tokens(three: Any) -> None:
    token = three.listed()["nextSyncToken"]
    three.call("acl.insert", {"role": "reader", "scope": {"type": "user", "value": "grace@example.com"}})

    assert three.refused("events.list", syncToken=token) == FULL_SYNC


def test_a_change_of_parameters_ends_sync_tokens(three: Any) -> None:
    token = three.listed()["nextSyncToken"]

    assert three.refused("events.list", syncToken=token, singleEvents=True) == FULL_SYNC
    assert three.refused("events.list", syncToken=token, eventTypes=["default"]) == FULL_SYNC


@pytest.mark.parametrize("token", ["nonsense", "AAAAAAAAAAAA", "é"])
def test_a_sync_token_of_nobodys_making_is_gone(ada: Any, token: str) -> None:
    assert ada.refused("events.list", syncToken=token) == FULL_SYNC


def test_a_sync_token_belongs_to_its_calendar(three: Any) -> None:
    other = three.call("calendars.insert", {"summary": "Work"})["id"]
    token = three.listed()["nextSyncToken"]

    assert three.refused("events.list", calendarId=other, syncToken=token) == FULL_SYNC


def test_clearing_the_calendar_ends_sync_tokens(three: Any) -> None:
    token = three.listed()["nextSyncToken"]
    three.call("calendars.clear")

    assert three.summaries() == []
    assert three.refused("events.list", syncToken=token) == FULL_SYNC


def test_a_sync_of_instances_tells_which_went_away(ada: Any, weekly: Callable[..., Any]) -> None:
    staff = weekly("RRULE:FREQ=WEEKLY;COUNT=4")
    token = ada.listed(singleEvents=True)["nextSyncToken"]

    ada.patch(staff["id"], recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])
    synced = ada.listed(singleEvents=True, syncToken=token)["items"]

    assert [item["status"] for item in synced] == ["confirmed", "confirmed", "cancelled", "cancelled"]
    assert synced[2]["recurringEventId"] == staff["id"]


def test_a_sync_of_instances_tells_of_a_whole_series_deleted(ada: Any, weekly: Callable[..., Any]) -> None:
    staff = weekly()
    token = ada.listed(singleEvents=True)["nextSyncToken"]

    ada.call("events.delete", eventId=staff["id"])

    assert [item["status"] for item in ada.listed(singleEvents=True, syncToken=token)["items"]] == ["cancelled"] * 4


def test_a_sync_of_instances_brings_only_the_instance_that_changed(ada: Any, weekly: Callable[..., Any]) -> None:
    staff = weekly()
    second = ada.call("events.instances", eventId=staff["id"])["items"][1]
    token = ada.listed(singleEvents=True)["nextSyncToken"]

    ada.patch(second["id"], summary="Party")

    assert ada.summaries(singleEvents=True, syncToken=token) == ["Party"]


@pytest.mark.timeout(20)  # Listed to its end it would take minutes.
@pytest.mark.parametrize("order", [{}, {"orderBy": "startTime"}, {"orderBy": "updated"}])
def test_an_endless_series_is_listed_without_an_end_in_no_time(
    ada: Any, weekly: Callable[..., Any], order: dict[str, str]
) -> None:
    weekly("RRULE:FREQ=DAILY")

    found = ada.listed(singleEvents=True, maxResults=10, timeMax="9999-12-31T00:00:00Z", **order)
    nothing = ada.listed(singleEvents=True, q="absent", timeMax="9999-12-31T00:00:00Z", **order)

    assert len(found["items"]) == 10
    assert nothing["items"] == []


def test_an_endless_series_is_expanded_as_far_as_the_horizon(ada: Any, weekly: Callable[..., Any]) -> None:
    weekly("RRULE:FREQ=YEARLY")

    starts = [item["start"]["dateTime"][:4] for item in ada.listed(singleEvents=True)["items"]]

    assert starts == ["2026", "2027", "2028", "2029", "2030", "2031"][: len(starts)]
    assert len(starts) >= 5
