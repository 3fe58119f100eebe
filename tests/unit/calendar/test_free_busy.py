"""Free and busy: intervals, working hours, and the first gap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailgrant.calendar.free_busy import (
    Interval,
    WorkingHours,
    as_hours,
    as_pair,
    as_people,
    busy_from_json,
    checked_duration,
    first_gap,
    gaps,
    joined,
)
from mailgrant.errors import InvalidRequest

LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)
# A Friday.
DAY = datetime(2026, 3, 27, tzinfo=LONDON)


def at(start: float, end: float, day: datetime = DAY) -> Interval:
    return Interval(day + start * HOUR, day + end * HOUR)


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        (datetime(2026, 3, 5, 12), DAY, "no time zone"),  # noqa: DTZ001 (that is the mistake)
        (DAY, DAY, "before it begins"),
        (DAY, date(2026, 3, 28), "is a day"),
    ],
)
def test_an_interval_that_cannot_be_is_refused(start: Any, end: Any, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        Interval(start, end)


def test_intervals_that_touch_or_overlap_become_one() -> None:
    assert joined([at(14, 15), at(9, 11), at(10, 12), at(12, 13)]) == (at(9, 13), at(14, 15))


def test_what_is_between_the_busy_times_is_free() -> None:
    assert list(gaps([at(8, 10), at(12, 13), at(16, 18)], at(9, 17))) == [at(10, 12), at(13, 16)]
    assert list(gaps([at(8, 18)], at(9, 17))) == []
    assert list(gaps([at(18, 19), at(1, 2)], at(9, 17))) == [at(9, 17)]


def test_the_first_gap_is_long_enough_for_all() -> None:
    busy = [at(9, 10), at(10.5, 12), at(13, 16)]

    assert first_gap(busy, HOUR, at(9, 17)) == at(12, 13)
    assert first_gap(busy, HOUR / 2, at(9, 17)) == at(10, 10.5)
    assert first_gap(busy, 2 * HOUR, at(9, 17)) is None


def test_a_gap_keeps_to_working_hours_and_skips_the_weekend() -> None:
    hours = WorkingHours(time(9), time(17), zone="Europe/London")

    found = first_gap([at(9, 16.5)], HOUR, Interval(DAY, DAY + timedelta(days=7)), hours)

    assert found == Interval(datetime(2026, 3, 30, 9, tzinfo=LONDON), datetime(2026, 3, 30, 10, tzinfo=LONDON))


def test_working_hours_are_on_the_clock_of_their_zone_also_when_it_changes() -> None:
    hours = WorkingHours(time(0), time(4), zone="Europe/London", days=["sunday"])

    (found,) = hours.within(Interval(DAY, DAY + timedelta(days=7)))

    assert found.duration == 3 * HOUR
    assert found.start == datetime(2026, 3, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"zone": "Mars/Phobos"}, "Mars/Phobos"),
        ({"start": time(17), "end": time(9)}, "before they begin"),
        ({"start": time(9, tzinfo=UTC)}, "clock of their zone"),
        ({"days": ["noday"]}, "not a weekday"),
        ({"days": [1]}, "not a weekday"),
        ({"days": []}, "no working hours"),
        ({"start": 9}, "times of day"),
    ],
)
def test_working_hours_that_cannot_be_are_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        WorkingHours(**fields)


def test_a_meeting_of_no_length_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no length of time"):
        first_gap([], timedelta(), at(9, 17))


@pytest.mark.parametrize("junk", [None, [7], [{}], [{"start": "noon", "end": 1}], [{"start": "2026-03-05T12:00:00Z"}]])
def test_busy_times_that_cannot_be_read_are_left_out(junk: Any) -> None:
    assert busy_from_json(junk) == ()


# Several places, odd bounds


def test_people_in_several_zones_meet_when_all_of_them_work() -> None:
    london, new_york = WorkingHours(zone="Europe/London"), WorkingHours(zone="America/New_York")
    week = Interval(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC))

    both = first_gap([], timedelta(hours=2), week, [new_york, london])

    assert both == Interval(datetime(2026, 3, 2, 14, tzinfo=UTC), datetime(2026, 3, 2, 16, tzinfo=UTC))
    assert both is not None and both.start.hour == 9
    assert first_gap([], timedelta(hours=3) + timedelta(seconds=1), week, [new_york, london]) is None


def test_working_hours_may_end_at_midnight() -> None:
    evening = WorkingHours(time(20), time(0), zone="Europe/London")
    day = Interval(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))

    (found,) = evening.within(day)

    assert found.duration == timedelta(hours=4)


def test_an_interval_in_the_hour_that_comes_twice_is_reckoned_by_what_passes() -> None:
    early = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/London"))
    late = early.replace(minute=15, fold=1)

    assert Interval(early, late).duration == timedelta(minutes=45)
    with pytest.raises(InvalidRequest, match="before it begins"):
        Interval(late, early)
    assert joined([Interval(late, late + timedelta(hours=1)), Interval(early, late)])[0].start == early


@pytest.mark.parametrize(
    ("read", "given"),
    [
        (as_people, []),
        (as_people, [3]),
        (as_people, [""]),
        (as_people, None),
        (as_pair, datetime(2026, 3, 2, tzinfo=UTC)),
        (as_pair, (1, 2, 3)),
        (as_hours, 9),
        (as_hours, ["9-17"]),
        (checked_duration, 60),
        (checked_duration, timedelta()),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_sent(read: Callable[[Any], Any], given: Any) -> None:
    with pytest.raises(InvalidRequest):
        read(given)


def test_busy_times_come_in_the_zone_that_was_asked_in() -> None:
    new_york = ZoneInfo("America/New_York")

    (found,) = busy_from_json([{"start": "2026-03-02T14:00:00Z", "end": "2026-03-02T15:00:00Z"}], new_york)

    assert (found.start.hour, found.start.tzinfo) == (9, new_york)
