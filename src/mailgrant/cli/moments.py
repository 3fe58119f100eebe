"""Moments: times and lengths as people type them after a flag."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

import click

_LENGTH = re.compile(r"(\d+)(ms|s|m|h|d|w)")
_HOURS = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?(?:@(\S+))?")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def parse_moment(text: str) -> date | datetime:
    """
    Read a day (`2026-03-05`) or a time (`2026-03-05T12:00`, with `Z` or `+01:00` if it is not local).

    A time without a zone stays without one here; `in_zone` says which it is in.
    """
    try:
        return date.fromisoformat(text) if len(text) == len("2026-03-05") else datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a day (2026-03-05) nor a time (2026-03-05T12:00).") from error


def parse_length(text: str) -> timedelta:
    """Read a length of time: `60ms`, `45m`, `1h30m`, `2d`."""
    if not re.fullmatch(f"({_LENGTH.pattern})+", text):
        raise click.BadParameter(f"{text!r} is not a length of time such as 45m, 1h30m or 2d.")
    return sum((int(number) * _UNITS[unit] for number, unit in _LENGTH.findall(text)), timedelta())


def parse_hours(text: str) -> tuple[time, time, str | None]:
    """Read hours of the day, and of which zone: `9-17`, `8:30-24`, `9-17@Europe/London`."""
    found = _HOURS.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        opens, opens_past, closes, closes_past = (int(each or 0) for each in found.groups()[:4])
        # Python writes the end of a day as its beginning.
        closes = 0 if (closes, closes_past) == (24, 0) else closes
        return time(opens, opens_past), time(closes, closes_past), found[5]
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not hours such as 9-17 or 8:30-16:00@Europe/London.") from error


def in_zone(when: date | datetime | None, zone: str | None) -> date | datetime | None:
    """Put a time without a zone into `zone`, or into this machine's own; a day stays a day."""
    if not isinstance(when, datetime) or when.tzinfo is not None:
        return when
    return when.replace(tzinfo=named_zone(zone)) if zone else when.astimezone()


def as_time(when: date | datetime, zone: str | None) -> datetime:
    """Take a time as it is, and a day as its first minute."""
    if not isinstance(when, datetime):
        when = datetime.combine(when, time.min)
    if when.tzinfo is not None:
        return when
    return when.replace(tzinfo=named_zone(zone)) if zone else when.astimezone()


def named_zone(name: str) -> tzinfo:
    """Return the time zone called `name`."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise click.UsageError(f"{name!r} is not a time zone such as Europe/London.") from error
