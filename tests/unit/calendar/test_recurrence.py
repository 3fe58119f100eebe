"""Recurrence: rules in words and in lines, walked like python-dateutil walks them, and cut in two."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailgrant.calendar.event import Event
from mailgrant.calendar.recurrence import Recurrence
from mailgrant.errors import InvalidRequest

from .rules import SEEN, by_dateutil, some_series

LONDON = ZoneInfo("Europe/London")
MONDAY = datetime(2026, 3, 2, 18, 30, tzinfo=LONDON)
RULES = 200


# Rules in words


@pytest.mark.parametrize(
    ("recurrence", "line"),
    [
        (Recurrence.daily(count=3), "RRULE:FREQ=DAILY;COUNT=3"),
        (Recurrence.weekly("MO", "Wednesday", every=2), "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"),
        (Recurrence.weekly(until=date(2026, 12, 18)), "RRULE:FREQ=WEEKLY;UNTIL=20261218"),
        (Recurrence.weekly(until=MONDAY), "RRULE:FREQ=WEEKLY;UNTIL=20260302T183000Z"),
        (Recurrence.monthly(1, -1), "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,-1"),
        (Recurrence.monthly("2TU", "-1fr"), "RRULE:FREQ=MONTHLY;BYDAY=2TU,-1FR"),
        (Recurrence.yearly(every=4), "RRULE:FREQ=YEARLY;INTERVAL=4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_is_said_in_words(recurrence: Recurrence, line: str) -> None:
    assert recurrence.lines == (line,)
    assert Recurrence(line) == recurrence


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("RRULE:FREQ=HOURLY", "FREQ is one of"),
        ("RRULE:COUNT=3", "FREQ is one of"),
        ("RRULE:FREQ=DAILY;COUNT=3;UNTIL=20261218", "not by both"),
        ("RRULE:FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("RRULE:FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("RRULE:FREQ=DAILY;FREQ=WEEKLY", "twice"),
        ("RRULE:FREQ=DAILY;BYDAYS=MO", "no part of a rule"),
        ("RRULE:FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("RRULE:FREQ=WEEKLY;BYDAY=2MO", "counts weekdays"),
        ("RRULE:FREQ=MONTHLY;BYDAY=6MO", "never comes"),
        ("RRULE:FREQ=WEEKLY;BYMONTHDAY=3", "means nothing"),
        ("RRULE:FREQ=YEARLY;BYMONTH=13", "between 1 and 12"),
        ("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "in no year"),
        ("RRULE:FREQ=DAILY;BYSETPOS=1", "BYSETPOS"),
        ("RRULE:FREQ=DAILY;UNTIL=20260230", "not in the calendar"),
        ("RRULE:FREQ=DAILY;UNTIL=tomorrow", "is not a time"),
        ("RRULE:FREQ=WEEKLY;WKST=X", "WKST=X"),
        ("EXDATE:20260302T183000Z", "nothing says how it repeats"),
        ("RDATE;TZID=Mars/Phobos:20260302T183000", "Mars/Phobos"),
        ("RRULE FREQ=DAILY", "is no rule"),
    ],
)
def test_an_impossible_rule_is_an_exact_error_at_birth(line: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        Recurrence(line)


def test_a_day_of_the_month_and_a_weekday_together_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="say one of them"):
        Recurrence.monthly(13, "FR")


@pytest.mark.parametrize("made", [Recurrence.weekly, Recurrence.monthly])
def test_days_are_passed_one_after_the_other_and_not_as_a_list(made: Any) -> None:
    with pytest.raises(InvalidRequest, match="MO"):
        made(["MO", "WE"])


def test_a_naive_end_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"until: .* has no time zone"):
        Recurrence.daily(until=datetime(2026, 3, 5, 12))  # noqa: DTZ001 (that is the mistake)


@pytest.mark.parametrize(
    "recurrence",
    [Recurrence.daily(until=date(2026, 3, 1)), Recurrence("RRULE:FREQ=DAILY;COUNT=1").without(MONDAY)],
    ids=["ends before it begins", "its only day is taken out"],
)
def test_a_series_of_nothing_is_refused(recurrence: Recurrence) -> None:
    with pytest.raises(InvalidRequest, match="never takes place"):
        recurrence.fitted(MONDAY)


@pytest.mark.parametrize(
    "lines",
    [
        ["RRULE:FREQ=YEARLY;BYYEARDAY=60;BYMONTH=12"],
        ["RRULE:FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20"],
        ["RRULE:FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2"],
        ["RRULE:FREQ=YEARLY;BYWEEKNO=20;BYMONTH=12"],
        ["RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY"],
    ],
    ids=lambda lines: lines[-1],
)
def test_a_rule_that_no_day_fits_is_refused_and_not_looked_for_for_ever(lines: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="never takes place"):
        Event("Never", start=MONDAY, recurrence=lines)


def test_a_rule_that_takes_out_some_of_another_leaves_the_rest() -> None:
    weekdays = Recurrence("RRULE:FREQ=DAILY;COUNT=8", "EXRULE:FREQ=WEEKLY;BYDAY=SA,SU")

    assert [each.day for each in weekdays.occurrences(MONDAY)] == [2, 3, 4, 5, 6, 9]


# The form that Calendar wants


def test_the_end_of_a_timed_series_is_written_in_utc_and_includes_its_day() -> None:
    event = Event("Rehearsal", start=MONDAY, recurrence=Recurrence.weekly(until=date(2026, 7, 6)))

    assert event.recurrence == ("RRULE:FREQ=WEEKLY;UNTIL=20260706T225959Z",)


def test_the_end_of_a_series_of_days_is_written_as_a_day() -> None:
    event = Event(
        "Fair", start=date(2026, 3, 2), recurrence=Recurrence.weekly(until=datetime(2026, 7, 6, 9, tzinfo=UTC))
    )

    assert event.recurrence == ("RRULE:FREQ=WEEKLY;UNTIL=20260706",)


def test_a_day_that_does_not_suit_is_taken_out_at_the_time_of_the_series() -> None:
    recurrence = Recurrence.weekly(count=3).without(date(2026, 3, 9))

    event = Event("Rehearsal", start=MONDAY, recurrence=recurrence)

    assert event.recurrence == ("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260309T183000Z")
    assert [each.day for each in recurrence.fitted(MONDAY).occurrences(MONDAY)] == [2, 16]


def test_what_has_the_right_form_is_left_as_it_was_written() -> None:
    lines = ("rrule:freq=weekly;until=20260706T120000Z", "EXDATE;TZID=Europe/London:20260309T183000")

    assert Recurrence(*lines).fitted(MONDAY).lines == lines


def test_a_series_needs_a_zone_with_a_name() -> None:
    with pytest.raises(InvalidRequest, match="time zone with a name"):
        Recurrence.daily().fitted(datetime.fromisoformat("2026-03-02T18:30+01:00"))


# Walked, against python-dateutil


SERIES = list(some_series(RULES))


def walls(start: datetime, lines: tuple[str, ...]) -> list[datetime]:
    found = Recurrence(*lines).occurrences(start)
    return [each.replace(tzinfo=None) for each in islice(found, SEEN) if isinstance(each, datetime)]


def test_two_hundred_rules_are_walked_as_dateutil_walks_them() -> None:
    assert len(SERIES) == RULES
    for start, lines in SERIES:
        assert walls(start, lines) == by_dateutil(start, lines), (start, lines)


def test_two_hundred_rules_cut_in_two_are_together_what_they_were() -> None:
    for start, lines in SERIES:
        rule_alone = list(Recurrence(lines[0]).occurrences(start, between=(start, start + timedelta(days=4000))))
        at = rule_alone[min(2, len(rule_alone) - 1)]
        assert isinstance(at, datetime)

        head, tail = Recurrence(*lines).split(start, at)

        assert head is not None
        parts = [*by_dateutil(start, head.lines), *by_dateutil(at, tail.lines)]
        assert parts[:SEEN] == by_dateutil(start, lines), (start, lines, head, tail)


def test_two_hundred_rules_of_a_series_that_is_moved_by_an_hour_move_with_it() -> None:
    hour = timedelta(hours=1)
    for start, lines in SERIES:
        later = (start.replace(tzinfo=None) + hour).replace(tzinfo=LONDON)

        moved = Recurrence(*lines).shifted(start, later)

        expected = [wall + hour for wall in by_dateutil(start, lines)]
        assert by_dateutil(later, moved.lines) == expected, (start, lines, moved)


# Cut in two


def test_nothing_is_before_the_first_occurrence() -> None:
    head, tail = Recurrence.weekly(count=4).split(MONDAY, MONDAY)

    assert head is None
    assert tail == Recurrence.weekly(count=4)


def test_a_count_is_shared_between_the_two_parts() -> None:
    head, tail = Recurrence.weekly(count=4).split(MONDAY, MONDAY + timedelta(days=7))

    assert head is not None
    assert head.lines == ("RRULE:FREQ=WEEKLY;UNTIL=20260309T182959Z",)
    assert tail.lines == ("RRULE:FREQ=WEEKLY;COUNT=3",)


def test_a_series_of_days_is_cut_by_days() -> None:
    head, tail = Recurrence.daily().split(date(2026, 3, 2), date(2026, 3, 5))

    assert head is not None
    assert head.lines == ("RRULE:FREQ=DAILY;UNTIL=20260304",)
    assert tail.lines == ("RRULE:FREQ=DAILY",)


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        (("RRULE:FREQ=WEEKLY",), MONDAY + timedelta(days=1)),
        (("RRULE:FREQ=WEEKLY", "RRULE:FREQ=MONTHLY"), MONDAY),
        (("RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"), MONDAY),
        (("RDATE:20260309T183000Z",), MONDAY),
    ],
)
def test_what_cannot_be_cut_is_an_exact_error(lines: tuple[str, ...], at: datetime) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Recurrence(*lines).split(MONDAY, at)

    assert 'which="this"' in caught.value.hint


# Moved


@pytest.mark.parametrize(
    ("rule", "to"),
    [
        ("RRULE:FREQ=WEEKLY;BYDAY=MO", MONDAY + timedelta(days=1)),
        ("RRULE:FREQ=DAILY;BYHOUR=18", MONDAY + timedelta(hours=1)),
        ("RRULE:FREQ=DAILY", date(2026, 3, 2)),
    ],
)
def test_a_rule_that_would_not_fit_its_new_start_must_be_said_anew(rule: str, to: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Recurrence(rule).shifted(MONDAY, to)

    assert "recurrence=" in caught.value.hint


def test_a_rule_that_follows_its_start_may_move_to_another_day_with_what_is_taken_out() -> None:
    recurrence = Recurrence("RRULE:FREQ=WEEKLY;UNTIL=20260330T173000Z", "EXDATE:20260309T183000Z")

    moved = recurrence.shifted(MONDAY, MONDAY + timedelta(days=1))

    assert moved.lines == ("RRULE:FREQ=WEEKLY;UNTIL=20260331T173000Z", "EXDATE:20260310T183000Z")


# Zones


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/London", date(2026, 3, 29)),
        ("America/New_York", date(2026, 3, 8)),
        ("Australia/Lord_Howe", date(2026, 4, 5)),
        ("Africa/Casablanca", date(2026, 2, 15)),
    ],
)
def test_a_daily_series_keeps_its_time_of_day_through_the_week_in_which_clocks_change(zone: str, change: date) -> None:
    before = change - timedelta(days=3)
    start = datetime(before.year, before.month, before.day, 9, tzinfo=ZoneInfo(zone))

    found = [each for each in Recurrence.daily(count=7).occurrences(start) if isinstance(each, datetime)]

    assert [each.time().hour for each in found] == [9] * 7
    assert len({each.utcoffset() for each in found}) == 2
    assert [each.date() for each in found] == [before + timedelta(days=number) for number in range(7)]


def test_a_time_that_the_clocks_leave_out_is_the_one_they_show_instead() -> None:
    start = datetime(2026, 3, 28, 1, 30, tzinfo=LONDON)

    second = list(Recurrence.daily(count=2).occurrences(start))[1]

    assert second == datetime(2026, 3, 29, 2, 30, tzinfo=LONDON)


def test_occurrences_are_bounded_by_two_moments_the_second_exclusive() -> None:
    found = Recurrence.daily().occurrences(MONDAY, between=(MONDAY + timedelta(days=1), MONDAY + timedelta(days=3)))

    assert list(found) == [MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)]


# Bad input


NAMES = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYWEEKNO"]
NUMBERS = st.sampled_from(["1", "-1", "0", "29", "53", "99999", ""])
ENDS = st.sampled_from(["20260601", "99991231", "00010101T000000Z", "99991231T235959Z"])
VALUES = NUMBERS | ENDS | st.sampled_from(["DAILY", "WEEKLY", "YEARLY", "MO", "-53SU", "2TU,MO"])
PARTS = st.tuples(st.sampled_from(NAMES), VALUES).map("=".join)
RULE_TEXTS = st.lists(PARTS, max_size=4).map(";".join)
LINES = st.one_of(
    RULE_TEXTS.map("RRULE:FREQ=YEARLY;{}".format),
    RULE_TEXTS.map("RRULE:{}".format),
    VALUES.map("EXDATE:{}".format),
    VALUES.map("RDATE;TZID=Europe/London:{}".format),
    st.text(max_size=20),
)
LAST = datetime.max.replace(tzinfo=LONDON)
STARTS = st.sampled_from([MONDAY, MONDAY.date(), date.max, date(1, 1, 2), LAST, LAST.replace(year=9990)])


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
@given(st.lists(LINES, min_size=1, max_size=3), STARTS)
def test_any_lines_give_a_series_or_an_exact_error(lines: list[str], start: Any) -> None:
    try:
        fitted = Recurrence(*lines).fitted(start)
    except InvalidRequest:
        return

    assert next(fitted.occurrences(start)) is not None
    assert Recurrence(*fitted.lines).fitted(start) == fitted


def test_the_end_of_all_days_is_no_end() -> None:
    forever = Recurrence("RRULE:FREQ=YEARLY;UNTIL=99991231T235959Z")

    assert [each.year for each in islice(forever.occurrences(MONDAY), 3)] == [2026, 2027, 2028]


def test_the_end_of_a_series_moves_along_with_its_start() -> None:
    start = datetime(2026, 3, 2, 18, tzinfo=LONDON)
    weekly = Recurrence.weekly(until=start + timedelta(days=14))

    later = weekly.shifted(start, start + timedelta(hours=1))
    earlier = weekly.shifted(start, start - timedelta(hours=1))

    assert later.lines == ("RRULE:FREQ=WEEKLY;UNTIL=20260316T190000Z",)
    assert earlier.lines == ("RRULE:FREQ=WEEKLY;UNTIL=20260316T170000Z",)
