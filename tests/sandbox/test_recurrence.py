"""Series: which days a recurring event falls on, and which rules are refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from mailgrant.sandbox.diary.moment import Moment
from mailgrant.sandbox.diary.recurrence import Series
from mailgrant.sandbox.frame.wire import ApiError

ZURICH = "Europe/Zurich"
NINE = Moment(instant=datetime(2026, 1, 15, 8, tzinfo=UTC), zone=ZURICH)  # a Thursday, nine o'clock in Zurich


def wall(year: int, month: int = 1, day: int = 1) -> datetime:
    """Midnight on a clock on some wall, which knows no zone."""
    return datetime(year, month, day, tzinfo=UTC).replace(tzinfo=None)


YEAR = (wall(2026), wall(2027))


def timed(*lines: str, start: Moment = NINE) -> Series:
    return Series.read(start, lines, ZURICH)


def daily(*lines: str, start: date = date(2026, 1, 15)) -> Series:
    return Series.read(Moment(start), lines, None)


def stamps(series: Series, *, window: tuple[datetime, datetime] = YEAR, most: int = 6) -> list[str]:
    found = []
    for slot in series.slots(*window):
        found.append(slot.stamp)
        if len(found) == most:
            break
    return found


def test_a_weekly_meeting_stays_at_nine_when_the_clocks_change() -> None:
    series = timed("RRULE:FREQ=WEEKLY")

    around_march = list(series.slots(wall(2026, 3, 26), wall(2026, 4, 3)))

    assert [slot.stamp for slot in around_march] == ["20260326T080000Z", "20260402T070000Z"]
    assert {slot.wall("UTC").hour for slot in around_march} == {9}


def test_an_all_day_series_has_days_for_slots() -> None:
    assert stamps(daily("RRULE:FREQ=DAILY;COUNT=3")) == ["20260115", "20260116", "20260117"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["RRULE:FREQ=WEEKLY;BYDAY=TH,FR;COUNT=3"], ["20260115", "20260116", "20260122"]),
        (["RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=2"], ["20260130", "20260227"]),
        (["RRULE:FREQ=YEARLY;COUNT=1"], ["20260115"]),
        (["RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20260212"], ["20260115", "20260129", "20260212"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260116"], ["20260115", "20260117"]),
        (["RRULE:FREQ=DAILY;COUNT=4", "EXRULE:FREQ=DAILY;INTERVAL=2"], ["20260116", "20260118"]),
        (["RDATE;VALUE=DATE:20260301,20260201"], ["20260115", "20260201", "20260301"]),
        (["RRULE:FREQ=DAILY;COUNT=2", "RDATE;VALUE=DATE:20260116,20260120"], ["20260115", "20260116", "20260120"]),
        (["RRULE:FREQ=DAILY;COUNT=1", "RRULE:FREQ=WEEKLY;COUNT=2"], ["20260115", "20260122"]),
    ],
    ids=["by day", "last friday", "once", "until includes its day", "exdate", "exrule", "rdate", "both", "two rules"],
)
def test_the_lines_of_a_recurrence_work_together(lines: list[str], expected: list[str]) -> None:
    assert stamps(daily(*lines)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "EXDATE;TZID=Europe/Zurich:20260116T090000",
        "EXDATE:20260116T080000Z",
        "exdate;tzid=Europe/London:20260116T080000",
    ],
    ids=["in its zone", "in utc", "in another zone"],
)
def test_an_exception_date_is_understood_in_any_zone(line: str) -> None:
    series = timed("RRULE:FREQ=DAILY;COUNT=3", line)

    assert stamps(series) == ["20260115T080000Z", "20260117T080000Z"]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260117T080000Z", "20260117T080000Z"),
        ("20260117T075959Z", "20260116T080000Z"),
        ("20260117T090000", "20260117T080000Z"),
        ("20260117", "20260117T080000Z"),
    ],
    ids=["utc, to the second", "utc, a second short", "on the series' own clock", "a bare day"],
)
def test_until_is_inclusive(until: str, last: str) -> None:
    assert stamps(timed(f"RRULE:FREQ=DAILY;UNTIL={until}"))[-1] == last


@pytest.mark.parametrize(
    "line",
    [
        "",
        "RRULE",
        "RRULE:",
        "FREQ=DAILY",
        "DTSTART:20260115T090000Z",
        "DTEND:20260115T100000Z",
        "RRULE:FREQ=SOMETIMES",
        "RRULE:COUNT=3",
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=MINUTELY",
        "RRULE:FREQ=HOURLY",
        "RRULE:FREQ=DAILY;COUNT=0",
        "RRULE:FREQ=DAILY;COUNT=-1",
        "RRULE:FREQ=DAILY;INTERVAL=0",
        "RRULE:FREQ=DAILY;INTERVAL=x",
        "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20260201",
        "RRULE:FREQ=DAILY;UNTIL=tomorrow",
        "RRULE:FREQ=DAILY;UNTIL=20260230",
        "RRULE:FREQ=DAILY;UNTIL=00010101T000000Z",
        "RRULE:FREQ=DAILY;FREQ=WEEKLY",
        "RRULE:FREQ=DAILY;BYDAY=XX",
        "RRULE:FREQ=WEEKLY;BYDAY=1MO",
        "RRULE:FREQ=MONTHLY;BYDAY=0MO",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=32",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=0",
        "RRULE:FREQ=YEARLY;BYMONTH=13",
        "RRULE:FREQ=YEARLY;BYMONTH=-1",
        "RRULE:FREQ=WEEKLY;WKST=1",
        "RRULE:FREQ=DAILY;BYHOUR=0,1,2,3,4,5;BYMINUTE=0,10,20,30,40",
        "RRULE:FREQ=DAILY;COLOUR=RED",
        "RDATE;TZID=Mars/Olympus:20260115T090000",
        "RDATE;COLOUR=RED:20260115",
        "EXDATE:whenever",
        "EXDATE:20260115T090000Z",
    ],
)
def test_a_broken_rule_is_refused(line: str) -> None:
    with pytest.raises(ApiError) as refused:
        timed(line)

    assert (refused.value.status, refused.value.reason) == (400, "invalid")
    assert refused.value.message == "Invalid recurrence rule."


@pytest.mark.parametrize(
    "line",
    [
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "RRULE:FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "RRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
        "RRULE:FREQ=WEEKLY;INTERVAL=999999999",
    ],
)
def test_a_rule_that_matches_no_day_is_refused(line: str) -> None:
    with pytest.raises(ApiError, match="Invalid recurrence rule"):
        timed(line)


def test_a_rule_that_ended_before_it_began_has_no_occurrences() -> None:
    assert stamps(timed("RRULE:FREQ=DAILY;UNTIL=20260101T000000Z")) == []


def test_lines_that_are_not_text_are_refused() -> None:
    with pytest.raises(ApiError, match="Invalid recurrence rule"):
        Series.read(NINE, [7], ZURICH)  # type: ignore[list-item]


def test_a_slot_is_found_by_its_stamp() -> None:
    series = timed("RRULE:FREQ=WEEKLY")

    slot = series.slot("20260730T070000Z")

    assert slot is not None
    assert slot.instant == datetime(2026, 7, 30, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "stamp", ["20260730T080000Z", "20260731T070000Z", "20260730", "20260730T070000", "2026", "99999999T999999Z", ""]
)
def test_a_stamp_that_names_no_occurrence_finds_none(stamp: str) -> None:
    assert timed("RRULE:FREQ=WEEKLY").slot(stamp) is None


def test_a_series_of_days_is_not_found_by_an_instant() -> None:
    series = daily("RRULE:FREQ=DAILY")

    assert series.slot("20260116") == Moment(date(2026, 1, 16))
    assert series.slot("20260116T000000Z") is None


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=WEEKLY;INTERVAL=2"]
)
def test_skipping_ahead_changes_no_occurrence(rule: str) -> None:
    series = timed(f"RRULE:{rule}")
    window = (wall(2026, 9, 1), wall(2026, 10, 1))

    walked = [slot for slot in series.slots(wall(2026), window[1]) if slot.wall("UTC") >= window[0]]

    assert list(series.slots(*window)) == walked


def test_skipping_ahead_keeps_positions_within_a_week() -> None:
    series = timed("RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1")

    assert stamps(series, window=(wall(2026, 9, 1), wall(2026, 9, 12))) == [
        "20260904T070000Z",
        "20260911T070000Z",
    ]


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "line",
    [
        "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=FR",
        "RRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29;COUNT=5",
        "RRULE:FREQ=WEEKLY;INTERVAL=99999",
        "RRULE:FREQ=DAILY;COUNT=999999999",
        "RRULE:FREQ=YEARLY",
    ],
)
def test_a_rule_without_end_costs_no_more_than_its_window(line: str) -> None:
    series = timed(line)

    found = list(series.slots(wall(2028), wall(2029)))

    assert len(found) <= 366


@pytest.mark.timeout(10)
def test_a_daily_rule_from_long_ago_is_not_walked_from_its_start() -> None:
    series = daily("RRULE:FREQ=DAILY", start=date(1500, 1, 1))

    found = list(series.slots(wall(2026), wall(2026, 1, 10)))

    assert len(found) == 10


def test_starts_reach_a_day_beyond_the_instants_asked_for() -> None:
    series = daily("RRULE:FREQ=DAILY")
    noon = datetime(2026, 2, 10, 12, tzinfo=UTC)

    days = [slot.day for slot in series.starts(noon, noon + timedelta(hours=1))]

    assert days == [date(2026, 2, 10), date(2026, 2, 11)]


def test_a_moment_is_a_day_or_an_instant() -> None:
    with pytest.raises(ValueError, match="not both"):
        Moment()
    with pytest.raises(ValueError, match="time zone"):
        Moment(instant=wall(2026))
