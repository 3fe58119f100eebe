"""Events: when they happen, who is invited, and Google's form of them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailgrant.calendar.attendee import Attendee, Response
from mailgrant.calendar.event import Calendar, Event, EventStatus, Visibility, made_of
from mailgrant.errors import InvalidRequest
from mailgrant.gmail.address import Address

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 3, 5, 12, tzinfo=LONDON)
DAY = date(2026, 3, 5)
HOUR = timedelta(hours=1)


def test_an_event_ends_when_it_is_said_to() -> None:
    assert Event("Lunch", start=NOON, end=NOON + HOUR).duration == HOUR
    assert Event("Lunch", start=NOON, duration=2 * HOUR).end == NOON + 2 * HOUR


def test_an_event_without_an_end_lasts_an_hour_or_a_day() -> None:
    assert Event("Lunch", start=NOON).end == NOON + HOUR
    assert Event("Holiday", start=DAY).end == date(2026, 3, 6)


def test_a_duration_is_real_time_in_the_night_when_the_clocks_change() -> None:
    before = datetime(2026, 3, 29, 0, 30, tzinfo=LONDON)

    event = Event("Night shift", start=before, duration=2 * HOUR)

    assert event.end == datetime(2026, 3, 29, 3, 30, tzinfo=LONDON)
    assert event.duration == 2 * HOUR


def test_an_end_in_the_repeated_hour_is_after_a_start_in_it() -> None:
    first = datetime(2026, 10, 25, 1, 40, tzinfo=LONDON)
    second = datetime(2026, 10, 25, 1, 20, fold=1, tzinfo=LONDON)

    assert Event("Night shift", start=first, end=second).duration == timedelta(minutes=40)


def test_an_all_day_event_ends_the_day_after() -> None:
    trip = Event("Trip", start=DAY, end=date(2026, 3, 8))

    assert trip.all_day
    assert trip.duration == timedelta(days=3)
    assert Event("Trip", start=DAY, duration=timedelta(days=3)) == trip
    assert not Event("Lunch", start=NOON).all_day


@pytest.mark.parametrize("field", ["start", "end"])
def test_a_naive_time_is_refused_with_what_to_write_instead(field: str) -> None:
    times = {"start": NOON, "end": NOON + HOUR} | {field: datetime(2026, 3, 5, 12)}  # noqa: DTZ001

    with pytest.raises(InvalidRequest, match=f"{field}: .* has no time zone") as caught:
        Event("Lunch", **times)  # type: ignore[arg-type]

    assert "ZoneInfo" in caught.value.hint


@pytest.mark.parametrize(
    ("times", "complaint"),
    [
        ({}, "has no start"),
        ({"end": NOON}, "has no start"),
        ({"start": NOON, "end": NOON - HOUR}, "ends .* before it begins"),
        ({"start": NOON, "duration": -HOUR}, "ends .* before it begins"),
        ({"start": DAY, "end": DAY}, "ends .* before it begins"),
        ({"start": DAY, "end": NOON}, "not one with each"),
        ({"start": NOON, "end": date(2026, 3, 6)}, "not one with each"),
        ({"start": NOON, "end": NOON + HOUR, "duration": HOUR}, "not both"),
        ({"start": DAY, "duration": HOUR}, "whole days"),
        ({"start": "2026-03-05"}, "neither a date nor a datetime"),
        ({"start": date.max}, "beyond the calendar"),
        ({"start": NOON, "duration": timedelta.max}, "beyond the calendar"),
        ({"end": NOON, "id": "kept1"}, "an end but no start"),
    ],
)
def test_times_that_cannot_be_are_refused(times: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        Event("Lunch", **times)


def test_a_moment_is_as_long_as_it_is() -> None:
    assert Event("Now", start=NOON, end=NOON).duration == timedelta(0)


def test_people_are_invited_as_one_types_them() -> None:
    event = Event(
        "Lunch",
        start=NOON,
        attendees=[
            "Grace Hopper <grace@example.com>",
            Address("bob@example.com"),
            Attendee("eve@example.com", optional=True),
        ],
    )

    assert event.attendees == (
        Attendee("grace@example.com", name="Grace Hopper"),
        Attendee("bob@example.com"),
        Attendee("eve@example.com", optional=True),
    )
    assert Event("Lunch", start=NOON, attendees="a@example.com, b@example.com").attendees[1].email == "b@example.com"
    assert Event("Lunch", start=NOON, attendees=Attendee("a@example.com")).attendees == (Attendee("a@example.com"),)


@pytest.mark.parametrize("strange", ["nobody", "a@example.com\nb", 5, [None]])
def test_what_is_no_attendee_is_refused(strange: object) -> None:
    with pytest.raises(InvalidRequest, match="attendees: "):
        Event("Lunch", start=NOON, attendees=strange)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest):
        Attendee("nobody")


def test_a_series_needs_a_zone_with_a_name() -> None:
    weekly = "RRULE:FREQ=WEEKLY;COUNT=4"

    assert Event("Lunch", start=NOON, recurrence=weekly).recurrence == (weekly,)
    assert Event("Lunch", start=DAY, recurrence=[weekly]).recurrence == (weekly,)
    assert Event("Lunch", start=NOON.astimezone(UTC), recurrence=weekly)
    with pytest.raises(InvalidRequest, match="a time zone with a name"):
        Event("Lunch", start=NOON.astimezone(timezone(HOUR)), recurrence=weekly)


@pytest.mark.parametrize("line", ["DTSTART:20260305T120000Z", "FREQ=WEEKLY", ""])
def test_what_is_no_rule_is_refused(line: str) -> None:
    with pytest.raises(InvalidRequest, match="is no rule"):
        Event("Lunch", start=NOON, recurrence=[line])


def test_an_event_is_a_value() -> None:
    lunch = Event("Lunch", start=NOON, location="Bar")

    assert lunch == Event("Lunch", start=NOON, location="Bar")
    assert hash(lunch) == hash(Event("Lunch", start=NOON, location="Bar"))
    assert dataclasses.replace(lunch, summary="Dinner").location == "Bar"
    with pytest.raises(dataclasses.FrozenInstanceError):
        lunch.summary = "Dinner"  # type: ignore[misc]


# Google's form


def test_a_timed_event_is_written_with_offset_and_zone() -> None:
    value = Event("Lunch", start=NOON, attendees=["Grace <grace@example.com>"], location="Bar").to_json()

    assert value == {
        "summary": "Lunch",
        "location": "Bar",
        "start": {"dateTime": "2026-03-05T12:00:00+00:00", "timeZone": "Europe/London"},
        "end": {"dateTime": "2026-03-05T13:00:00+00:00", "timeZone": "Europe/London"},
        "attendees": [{"email": "grace@example.com", "displayName": "Grace"}],
    }


def test_an_all_day_event_is_written_with_dates() -> None:
    value = Event("Trip", start=DAY, status=EventStatus.TENTATIVE).to_json()

    assert value == {
        "summary": "Trip",
        "start": {"date": "2026-03-05"},
        "end": {"date": "2026-03-06"},
        "status": "tentative",
    }


@pytest.mark.parametrize(
    ("start", "written"),
    [
        (NOON.astimezone(UTC), {"dateTime": "2026-03-05T12:00:00+00:00", "timeZone": "UTC"}),
        (NOON.astimezone(timezone(-HOUR * 5)), {"dateTime": "2026-03-05T07:00:00-05:00"}),
        (NOON.replace(microsecond=5), {"dateTime": "2026-03-05T12:00:00+00:00", "timeZone": "Europe/London"}),
        (
            datetime(1800, 1, 1, tzinfo=ZoneInfo("Europe/Paris")),
            {"dateTime": "1799-12-31T23:50:39+00:00", "timeZone": "Europe/Paris"},
        ),
    ],
)
def test_a_time_is_written_so_that_calendar_reads_it(start: datetime, written: dict[str, str]) -> None:
    assert Event("Lunch", start=start).to_json()["start"] == written


def test_an_event_is_read_whole() -> None:
    event = Event.from_json(
        {
            "id": "abc123",
            "status": "tentative",
            "summary": "Lunch",
            "description": "Bring pie",
            "location": "Bar",
            "start": {"dateTime": "2026-03-05T12:00:00Z", "timeZone": "Europe/London"},
            "end": {"dateTime": "2026-03-05T13:30:00Z", "timeZone": "Europe/London"},
            "organizer": {"email": "ada@example.com", "self": True},
            "attendees": [
                {"email": "grace@example.com", "displayName": "Grace", "responseStatus": "accepted", "optional": True},
                {"email": "room@resource.calendar.google.com", "resource": True, "responseStatus": "brandNew"},
                {"id": "no address"},
            ],
            "recurrence": ["RRULE:FREQ=WEEKLY"],
            "recurringEventId": "abc",
            "hangoutLink": "https://meet.google.com/abc",
            "htmlLink": "https://www.google.com/calendar/event?eid=x",
            "etag": '"3345"',
        }
    )

    assert event.start == NOON
    assert event.start is not None
    assert str(getattr(event.start, "tzinfo", None)) == "Europe/London"
    assert event.duration == timedelta(minutes=90)
    assert event.organizer == Attendee("ada@example.com")
    grace, room = event.attendees
    assert (grace.response, grace.optional) == (Response.ACCEPTED, True)
    assert (room.resource, room.response) == (True, Response.NEEDS_ACTION)
    assert (event.status, event.id, event.etag) == (EventStatus.TENTATIVE, "abc123", '"3345"')
    assert event.meet_link == "https://meet.google.com/abc"
    assert (event.recurrence, event.recurring_event_id) == (("RRULE:FREQ=WEEKLY",), "abc")


@pytest.mark.parametrize(
    ("start", "read"),
    [
        ({"date": "2026-03-05"}, DAY),
        ({"dateTime": "2026-03-05T12:00:00+01:00"}, NOON - HOUR),
        ({"dateTime": "2026-03-05T12:00:00", "timeZone": "Europe/Berlin"}, NOON - HOUR),
        ({"dateTime": "2026-03-05T12:00:00"}, NOON),
        ({"dateTime": "2026-03-05T12:00:00Z", "timeZone": "No/Where"}, NOON),
        ({"dateTime": "2026-03-05T12:00:00Z", "timeZone": "../../etc/passwd"}, NOON),
        ({"dateTime": "Thursday"}, None),
        ({"date": 5}, None),
        ("noon", None),
        (None, None),
    ],
)
def test_a_time_is_read_whatever_form_it_has(start: object, read: object) -> None:
    assert Event.from_json({"id": "abc12", "start": start}).start == read


def test_a_deleted_event_may_have_no_times() -> None:
    event = Event.from_json({"id": "abc12", "status": "cancelled"})

    assert event.status is EventStatus.CANCELLED
    assert (event.start, event.end, event.duration, event.all_day) == (None, None, None, False)
    assert event.to_json() == {"status": "cancelled"}


def test_a_cancelled_instance_stands_where_it_was_to_be() -> None:
    event = Event.from_json({"id": "abc12", "status": "cancelled", "originalStartTime": {"date": "2026-03-05"}})

    assert event.start == DAY


def test_a_calendar_is_read() -> None:
    value = {"id": "ada@example.com", "summary": "ada@example.com", "summaryOverride": "Mine", "primary": True}
    value |= {"timeZone": "Europe/London", "accessRole": "owner"}

    assert Calendar.from_json(value) == Calendar(
        "ada@example.com", summary="Mine", primary=True, time_zone="Europe/London", access_role="owner"
    )
    assert Calendar.from_json({}) == Calendar("")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ZONES = st.sampled_from(["Europe/London", "UTC", "", "No/Where", "../x", "posix", "America"])
MOMENTS = ANYTHING | st.fixed_dictionaries(
    {},
    optional={
        "date": st.dates().map(str) | ANYTHING,
        "dateTime": st.datetimes(timezones=st.none() | st.just(UTC) | st.just(timezone(HOUR * 14))).map(
            datetime.isoformat
        )
        | ANYTHING,
        "timeZone": ZONES | ANYTHING,
    },
)
PEOPLE = ANYTHING | st.fixed_dictionaries(
    {}, optional={"email": st.sampled_from(["ada@example.com", "nobody"]) | ANYTHING, "displayName": ANYTHING}
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "id": ANYTHING,
        "summary": ANYTHING,
        "status": ANYTHING,
        "start": MOMENTS,
        "end": MOMENTS,
        "originalStartTime": MOMENTS,
        "attendees": st.lists(PEOPLE, max_size=3) | ANYTHING,
        "organizer": PEOPLE,
        "recurrence": ANYTHING,
        "etag": ANYTHING,
    },
)


# On a fresh clone the table of all letters is made first, which takes its time.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(EVENTS)
def test_any_event_is_read_without_raising(value: dict[str, Any]) -> None:
    event = Event.from_json(value)

    assert isinstance(event.to_json(), dict)
    assert event.start is None or event.end is not None
    assert not isinstance(event.start, datetime) or event.start.utcoffset() is not None


TIMES = st.datetimes(
    NOON.replace(tzinfo=None),
    NOON.replace(tzinfo=None, year=2100),
    timezones=st.sampled_from([LONDON, UTC, ZoneInfo("Asia/Tokyo")]),
).map(lambda time: time.replace(microsecond=0))
DAYS = st.dates(date(1970, 1, 1), date(2100, 1, 1))


@given(st.text(min_size=1), TIMES | DAYS, st.integers(1, 30))
def test_an_event_is_read_back_as_it_was_written(summary: str, start: datetime | date, days: int) -> None:
    event = Event(summary, start=start, duration=timedelta(days=days), attendees=["Ada <ada@example.com>"])

    read = Event.from_json(event.to_json())

    # A time in the hour that spring skips is the same moment by another name.
    assert (read.summary, utc(read.start), utc(read.end)) == (event.summary, utc(event.start), utc(event.end))
    assert (read.all_day, read.attendees) == (event.all_day, event.attendees)


def utc(moment: datetime | date | None) -> datetime | date | None:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment


# Changed


def test_a_new_start_keeps_the_length_and_everything_else() -> None:
    event = Event.from_json(Event("Lunch", start=NOON, duration=2 * HOUR, attendees=["grace@example.com"]).to_json())

    changed = event.changed(start=NOON + HOUR)

    assert (changed.start, changed.end, changed.attendees) == (NOON + HOUR, NOON + 3 * HOUR, event.attendees)


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"duration": HOUR / 2}, NOON + HOUR / 2),
        ({"end": NOON + 3 * HOUR}, NOON + 3 * HOUR),
        ({"start": date(2026, 3, 5)}, date(2026, 3, 6)),
    ],
)
def test_an_end_or_a_length_may_be_said(changes: dict[str, Any], end: Any) -> None:
    assert Event("Lunch", start=NOON, duration=2 * HOUR, id="lunch").changed(**changes).end == end


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"duration": 60}, "duration: 60 is no length of time"),
        ({"reminders": 10}, "reminders: 10 is no length of time"),
        ({"reminders": [10]}, "reminders: 10 is no length of time"),
        ({"reminders": "10m"}, "reminders: '10m' is no length of time"),
        ({"recurrence": 5}, "5 is no rule"),
        ({"recurrence": [5]}, "5 is no text"),
        ({"description": b"x"}, "description: b'x' is no text"),
        ({"location": 7}, "location: 7 is no text"),
    ],
)
def test_a_number_is_no_text_no_length_of_time_and_no_rule(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        Event("Lunch", start=NOON, **fields)


def test_guests_named_again_keep_what_they_answered() -> None:
    grace = Attendee("grace@example.com", response=Response.ACCEPTED, comment="With pleasure", guests=1)
    lunch = Event("Lunch", start=NOON, attendees=[grace])

    more = lunch.changed(attendees="Grace@example.com, alan@example.com")
    anew = lunch.changed(attendees=[Attendee("grace@example.com")])
    none = lunch.changed(attendees=[])

    assert more.attendees == (grace, Attendee("alan@example.com"))
    assert anew.attendees == (Attendee("grace@example.com"),)
    assert none.attendees == ()


def test_none_clears_a_field() -> None:
    event = Event("Lunch", start=NOON, location="Bar", attendees=["grace@example.com"], id="lunch")

    changed = event.changed(summary=None, location=None, attendees=None)

    assert (changed.summary, changed.location, changed.attendees) == ("", None, ())


def test_a_change_is_checked_as_a_new_event_is() -> None:
    event = Event("Lunch", start=NOON, id="lunch")

    for changes in ({"etag": "1"}, {"start": None}, {"recurrence": "RRULE:FREQ=DAILY;COUNT=0"}, {"end": NOON - HOUR}):
        with pytest.raises(InvalidRequest):
            event.changed(**changes)


def test_an_event_says_whether_it_takes_time_who_sees_it_and_in_which_colour() -> None:
    event = Event("Focus", start=NOON, busy=False, visibility="private", color_id="5")

    written = event.to_json()
    read = Event.from_json({**written, "id": "focus", "iCalUID": "focus@google.com"})

    assert (written["transparency"], written["visibility"], written["colorId"]) == ("transparent", "private", "5")
    assert (read.busy, read.visibility, read.color_id) == (False, Visibility.PRIVATE, "5")
    assert read.ical_uid == "focus@google.com"
    assert "iCalUID" not in read.to_json()


def test_what_google_has_newly_invented_reads_as_usual() -> None:
    event = Event.from_json({"id": "a", "transparency": "misty", "visibility": "team", "colorId": 7, "iCalUID": None})

    assert (event.busy, event.visibility, event.color_id, event.ical_uid) == (True, Visibility.DEFAULT, None, None)


def test_a_cleared_field_is_as_usual_again() -> None:
    event = Event("Focus", start=NOON, busy=False, visibility="private", color_id="5", status="tentative")

    cleared = event.changed(busy=None, visibility=None, color_id=None, status=None)

    assert cleared == Event("Focus", start=NOON)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("busy", "no", "neither True nor False"),
        ("visibility", "secret", "none of default, public, private, confidential"),
        ("visibility", 1, "none of default"),
        ("status", "perhaps", "none of confirmed, tentative, cancelled"),
        ("color_id", 5, "no text"),
    ],
)
def test_what_a_field_cannot_say_is_refused(field: str, value: object, complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{field}: .*{complaint}"):
        Event("Focus", start=NOON, **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("colour", "color_id"),
        ("sumary", "summary"),
        ("title", "summary"),
        ("guests", "attendees"),
        ("transparency", "busy"),
        ("zzz", "attendees, busy"),
    ],
)
def test_a_field_that_there_is_not_is_answered_with_the_one_that_is_meant(name: str, meant: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{name} is no field") as adding:
        made_of({"summary": "Lunch", "start": NOON, name: "5"})
    with pytest.raises(InvalidRequest, match=f"{name} is no field"):
        Event("Lunch", start=NOON).changed(**{name: "5"})

    assert meant in adding.value.hint
