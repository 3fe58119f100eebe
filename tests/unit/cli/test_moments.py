"""Times and lengths as people type them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click
import pytest

from mailgrant.cli.moments import as_time, in_zone, parse_hours, parse_length, parse_moment

LONDON = ZoneInfo("Europe/London")


def test_a_day_is_a_day_and_not_its_midnight() -> None:
    assert parse_moment("2026-03-05") == date(2026, 3, 5)
    assert not isinstance(parse_moment("2026-03-05"), datetime)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-05T12:00Z", datetime(2026, 3, 5, 12, tzinfo=UTC)),
        ("2026-03-05T13:00+01:00", datetime(2026, 3, 5, 12, tzinfo=UTC)),
        ("2026-03-05 12:00:30Z", datetime(2026, 3, 5, 12, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_time_with_a_zone_is_that_moment(text: str, expected: datetime) -> None:
    assert parse_moment(text) == expected


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-05", "2026-03-05T25:00", "05.03.2026"])
def test_what_is_no_time_is_said_to_be_none(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a day"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60ms", timedelta(milliseconds=60)),
        ("5s", timedelta(seconds=5)),
        ("45m", timedelta(minutes=45)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(days=7)),
    ],
)
def test_a_length_is_numbers_with_units(text: str, expected: timedelta) -> None:
    assert parse_length(text) == expected


@pytest.mark.parametrize("text", ["", "90", "1.5h", "-1h", "1h 30m", "one hour"])
def test_what_is_no_length_is_said_to_be_none(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a length"):
        parse_length(text)


def test_a_time_without_a_zone_is_in_the_zone_that_was_named() -> None:
    assert in_zone(parse_moment("2026-07-05T12:00"), "Europe/London") == datetime(2026, 7, 5, 12, tzinfo=LONDON)


def test_a_time_without_any_zone_is_local() -> None:
    when = in_zone(parse_moment("2026-07-05T12:00"), None)

    assert isinstance(when, datetime)
    assert when.utcoffset() == when.astimezone().utcoffset()
    assert (when.hour, when.tzinfo is None) == (12, False)


def test_a_zone_does_not_move_a_time_that_has_one() -> None:
    noon = datetime(2026, 7, 5, 12, tzinfo=UTC)

    assert in_zone(noon, "Europe/London") is noon
    assert as_time(noon, "Europe/London") is noon


def test_a_day_begins_at_midnight_where_it_is_meant() -> None:
    assert as_time(date(2026, 7, 5), "Europe/London") == datetime(2026, 7, 5, tzinfo=LONDON)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc/passwd"])
def test_a_zone_that_does_not_exist_is_a_misuse(name: str) -> None:
    with pytest.raises(click.UsageError, match="is not a time zone"):
        as_time(date(2026, 7, 5), name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9-17", (time(9), time(17), None)),
        ("08:30-16:05", (time(8, 30), time(16, 5), None)),
        ("20-24", (time(20), time(0), None)),
        ("9-17@Europe/London", (time(9), time(17), "Europe/London")),
    ],
)
def test_hours_are_read(text: str, expected: tuple[time, time, str | None]) -> None:
    assert parse_hours(text) == expected


@pytest.mark.parametrize("text", ["", "9", "9-25", "9:60-10", "nine-five", "9-24:30", "9-17@"])
def test_what_are_no_hours_are_said_to_be_none(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not hours"):
        parse_hours(text)
