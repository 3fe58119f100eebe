"""Series: "this and following" as two requests, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailgrant.calendar import series
from mailgrant.calendar.event import Event, EventStatus
from mailgrant.errors import (
    ChangedMeanwhile,
    Conflict,
    InvalidRequest,
    MailgrantError,
    NoAnswer,
    NotFound,
    PermissionDenied,
)
from mailgrant.http import Call, Request

Hold = Callable[..., tuple[Any, list[Request]]]

MONDAY = datetime(2026, 3, 2, 18, tzinfo=ZoneInfo("Europe/London"))
SUMMER = datetime(2026, 7, 6, 18, tzinfo=ZoneInfo("Europe/London"))
WEEK = timedelta(days=7)
RULE = "RRULE:FREQ=WEEKLY;COUNT=4"
ENDED = "RRULE:FREQ=WEEKLY;UNTIL=20260309T175959Z"
CHOIR = Event("Choir", start=MONDAY, recurrence=RULE)
PART_ID = "choir_20260309T180000Z"
NEW_ID = series.derived_id(PART_ID)
TAKEN = Conflict("taken", status=409, reason="duplicate", operation="calendar.events.insert")
STALE = Conflict("stale", status=412, reason="conditionNotMet", operation="calendar.events.patch")
ABSENT = NotFound("Not Found.", status=404, reason="notFound")


def whole(**fields: Any) -> dict[str, Any]:
    return CHOIR.to_json() | {"id": "choir", "etag": '"1"'} | fields


def part(**fields: Any) -> dict[str, Any]:
    """The second occurrence, as Google writes it."""
    once = Event("Choir", start=MONDAY + WEEK).to_json()
    linked = {"id": PART_ID, "etag": '"1"', "recurringEventId": "choir", "originalStartTime": once["start"]}
    return once | linked | fields


def begun(**fields: Any) -> dict[str, Any]:
    """The new series, as Google writes it."""
    new = Event("Concert", start=MONDAY + WEEK, recurrence="RRULE:FREQ=WEEKLY;COUNT=3")
    return new.to_json() | {"id": NEW_ID} | fields


def concert(**options: Any) -> Call[Event]:
    return series.edit(PART_ID, {"summary": "Concert"}, which="following", **options)


def asked_for(asked: list[Request]) -> list[str]:
    return [request.operation.rpartition(".")[2] for request in asked]


def test_the_new_series_is_begun_before_the_old_one_is_ended(hold: Hold) -> None:
    event, asked = hold(concert(send_updates="all"), part(), whole(), begun(), whole(recurrence=[ENDED]))

    assert asked_for(asked) == ["get", "get", "insert", "patch"]
    assert json.loads(asked[2].body) == begun()
    assert json.loads(asked[3].body) == {"recurrence": [ENDED]}
    assert asked[3].headers["If-Match"] == '"1"'
    assert all("sendUpdates=all" in request.url for request in asked[2:])
    assert event.id == NEW_ID


def test_the_new_series_takes_over_what_an_event_does_not_know(hold: Hold) -> None:
    kept = {"colorId": "7", "visibility": "private", "extendedProperties": {"private": {"a": "b"}}}
    meet = {"conferenceId": "abc", "createRequest": {"requestId": "1"}}

    _, asked = hold(concert(), part(**kept, conferenceData=meet), whole(), begun(), whole(recurrence=[ENDED]))

    sent = json.loads(asked[2].body)
    assert {name: sent[name] for name in kept} == kept
    assert sent["conferenceData"] == {"conferenceId": "abc"}
    assert "conferenceDataVersion=1" in asked[2].url


def test_a_process_that_died_after_the_first_step_goes_on_with_the_second(hold: Hold) -> None:
    event, asked = hold(concert(), part(), whole(), TAKEN, begun(), whole(recurrence=[ENDED]))

    assert asked_for(asked) == ["get", "get", "insert", "get", "patch"]
    assert event.id == NEW_ID


@pytest.mark.parametrize("answers", [(ABSENT,), (part(status="cancelled"),), (part(), whole(recurrence=[ENDED]))])
def test_a_process_that_died_after_the_second_step_finds_what_it_has_begun(
    hold: Hold, answers: tuple[Any, ...]
) -> None:
    event, asked = hold(concert(), *answers, begun())

    assert event.id == NEW_ID
    assert set(asked_for(asked)) == {"get"}


@pytest.mark.parametrize("there", [(ABSENT,), (begun(summary="Party"),), (begun(status="cancelled"), ABSENT)])
def test_an_occurrence_that_is_gone_for_another_reason_is_not_found(hold: Hold, there: tuple[Any, ...]) -> None:
    with pytest.raises(NotFound):
        hold(concert(), ABSENT, *there)


def test_the_id_of_a_later_series_that_was_deleted_is_passed_over(hold: Hold) -> None:
    second = series.derived_id(PART_ID, 1)
    answers = (part(), whole(), TAKEN, begun(status="cancelled"), begun(id=second), whole(recurrence=[ENDED]))

    event, _ = hold(concert(), *answers)

    assert event.id == second


def test_a_change_that_does_not_concern_the_times_does_not_stop_the_cut(hold: Hold) -> None:
    now = whole(etag='"2"', description="Bring a pen")

    _, asked = hold(concert(), part(), whole(), begun(), STALE, now, whole(recurrence=[ENDED]))

    assert asked[-1].headers["If-Match"] == '"2"'


def test_the_same_change_said_twice_at_once_is_made_once(hold: Hold) -> None:
    now = whole(etag='"2"', recurrence=[ENDED])

    event, asked = hold(concert(), part(), whole(), TAKEN, begun(), STALE, now)

    assert event.id == NEW_ID
    assert "delete" not in asked_for(asked)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((STALE, whole(etag='"2"', recurrence=["RRULE:FREQ=DAILY"])), ChangedMeanwhile),
        ((PermissionDenied("no", status=403),), PermissionDenied),
    ],
)
def test_nothing_stays_of_a_new_series_whose_old_one_goes_on(
    hold: Hold, answers: tuple[Any, ...], error: type[MailgrantError]
) -> None:
    with pytest.raises(error):
        hold(concert(), part(), whole(), begun(), *answers, None)


def test_a_cut_that_cannot_be_asked_for_now_is_left_to_be_said_again(hold: Hold) -> None:
    with pytest.raises(NoAnswer):
        hold(concert(), part(), whole(), begun(), NoAnswer("no line"))


def test_the_length_of_one_changes_the_length_of_all(hold: Hold) -> None:
    edit = series.edit(PART_ID, {"duration": timedelta(hours=2)}, which="all")

    _, asked = hold(edit, part(), whole(), whole(etag='"2"'))

    assert list(json.loads(asked[2].body)) == ["end"]


def test_all_of_a_series_become_days_when_it_is_said_how_they_repeat(hold: Hold) -> None:
    day = (MONDAY + WEEK).date()
    with pytest.raises(InvalidRequest, match="repeat differently"):
        hold(series.edit(PART_ID, {"start": day}, which="all"), part(), whole())

    edit = series.edit(PART_ID, {"start": day, "recurrence": "RRULE:FREQ=WEEKLY;COUNT=4"}, which="all")
    _, asked = hold(edit, part(), whole(), whole(etag='"2"'))

    assert json.loads(asked[2].body)["start"]["date"] == "2026-03-02"


def test_an_event_as_it_was_read_is_not_changed_when_it_is_no_longer_so(hold: Hold) -> None:
    read = replace(Event.from_json(part()), etag='"0"')

    for call in (
        series.edit(read, {"summary": "Concert"}, which="following"),
        series.edit(read, {"summary": "Concert"}, which="all"),
    ):
        with pytest.raises(ChangedMeanwhile):
            hold(call, part())


def test_what_is_no_series_is_changed_and_deleted_alone(hold: Hold) -> None:
    lunch = Event("Lunch", start=MONDAY).to_json() | {"id": "lunch", "etag": '"1"'}

    _, edited = hold(series.edit("lunch", {"summary": "Brunch"}, which="following"), lunch, lunch)
    _, deleted = hold(series.delete("lunch", which="all"), lunch, None)

    assert asked_for(edited) == ["get", "patch"]
    assert asked_for(deleted) == ["get", "delete"]


def test_a_series_is_not_cut_for_nothing(hold: Hold) -> None:
    _, asked = hold(series.edit(PART_ID, {}, which="following"), part())

    assert asked_for(asked) == ["get"]


def test_an_invitation_cannot_be_answered_for_what_follows() -> None:
    with pytest.raises(InvalidRequest, match="one occurrence, or for all"):
        next(series.whole_of(PART_ID, "following"))


def test_a_derived_id_is_one_that_calendar_allows_and_always_the_same() -> None:
    assert series.derived_id(PART_ID) == NEW_ID
    assert len(NEW_ID) == 26 and set(NEW_ID) <= set("0123456789abcdefghijklmnopqrstuv")
    assert series.derived_id(PART_ID, 1) != NEW_ID


def test_that_one_was_moved_does_not_move_those_that_follow(hold: Hold) -> None:
    moved = part(**Event("Choir", start=MONDAY + WEEK + timedelta(hours=3)).to_json())

    _, asked = hold(concert(), moved, whole(), begun(), whole(recurrence=[ENDED]))
    longer = series.edit(PART_ID, {"duration": timedelta(hours=2)}, which="following")
    _, asked_longer = hold(longer, moved, whole(), begun(), whole(recurrence=[ENDED]))

    new, new_longer = json.loads(asked[2].body), json.loads(asked_longer[2].body)
    assert new["start"]["dateTime"] == new_longer["start"]["dateTime"] == "2026-03-09T18:00:00+00:00"
    assert (new["end"]["dateTime"], new_longer["end"]["dateTime"]) == (
        "2026-03-09T19:00:00+00:00",
        "2026-03-09T20:00:00+00:00",
    )


def test_what_was_deleted_is_not_edited_unless_it_is_put_back(hold: Hold) -> None:
    gone = part(status="cancelled")

    with pytest.raises(NotFound, match="was deleted"):
        hold(series.edit(PART_ID, {"summary": "Concert"}), gone)
    _, asked = hold(series.edit(PART_ID, {"status": EventStatus.CONFIRMED}), gone, part())

    assert json.loads(asked[1].body) == {"status": "confirmed"}


@pytest.mark.parametrize("strange", [None, "", 3, b"choir"])
def test_what_is_no_id_is_refused(strange: Any) -> None:
    with pytest.raises(InvalidRequest):
        series.id_of(strange)


@pytest.mark.parametrize("which", ["following", "all"])
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5))])
def test_a_moment_without_a_place_leaves_a_series_on_its_own_clock(hold: Hold, which: str, zone: timezone) -> None:
    evening = (MONDAY + WEEK + timedelta(hours=1)).astimezone(zone)
    answers = (begun(), whole(recurrence=[ENDED])) if which == "following" else (whole(),)

    _, asked = hold(series.edit(PART_ID, {"start": evening}, which=which), part(), whole(), *answers)

    assert json.loads(asked[2].body)["start"] | {"date": None} == {
        "date": None,
        "dateTime": f"2026-03-{9 if which == 'following' else 2:02}T19:00:00+00:00",
        "timeZone": "Europe/London",
    }


def test_a_series_itself_stays_on_its_clock_and_goes_where_a_named_zone_says(hold: Hold) -> None:
    summer = whole(start={"dateTime": SUMMER.isoformat(), "timeZone": "Europe/London"}, end=None)

    _, by_moment = hold(series.edit("choir", {"start": SUMMER.astimezone(UTC) + WEEK}), summer, summer)
    _, by_zone = hold(series.edit("choir", {"start": SUMMER.astimezone(ZoneInfo("UTC"))}), summer, summer)

    assert json.loads(by_moment[1].body)["start"]["timeZone"] == "Europe/London"
    assert json.loads(by_zone[1].body)["start"]["timeZone"] == "UTC"
