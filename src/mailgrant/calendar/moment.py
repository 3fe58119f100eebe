"""Moment: when something in a calendar begins or ends; a time of day in a zone, or a whole day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, TypeAlias

from mailgrant.errors import InvalidRequest

Moment: TypeAlias = datetime | date

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def as_utc(moment: Moment) -> datetime:
    """Return a moment to reckon with; a day begins at midnight UTC there."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def checked_end(start: Moment, end: Moment | None, duration: timedelta | None) -> Moment:
    """
    Return when something ends that begins at `start`.

    Raises InvalidRequest for naive times, for a day and a time mixed, for an end before the start.
    """
    if end is not None and duration is not None:
        raise InvalidRequest("Give the event an end or a duration, not both.")
    _check_length(duration)
    checked_moment(start, "start")
    try:
        end = _lasting(start, duration) if end is None else checked_moment(end, "end")
        early = as_utc(end) < as_utc(start)
    except OverflowError as error:
        raise InvalidRequest(f"The event at {start.isoformat()} is beyond the calendar.") from error
    if isinstance(start, datetime) != isinstance(end, datetime):
        raise InvalidRequest("An event begins and ends with a date, or with a time; not one with each.")
    if early or (start == end and not isinstance(start, datetime)):
        hint = "" if isinstance(start, datetime) else "The end is the day after the last one."
        raise InvalidRequest(f"The event ends ({end.isoformat()}) before it begins ({start.isoformat()}).", hint=hint)
    return end


def _check_length(duration: object) -> None:
    if duration is not None and not isinstance(duration, timedelta):
        raise InvalidRequest(f"duration: {duration!r} is no length of time.", hint="Pass timedelta(hours=1).")


def checked_moment(moment: object, name: str) -> Moment:
    """Return a date or an aware datetime; raises InvalidRequest naming the field for anything else."""
    if not isinstance(moment, date):
        raise InvalidRequest(f"{name}: {moment!r} is neither a date nor a datetime.")
    if isinstance(moment, datetime) and moment.utcoffset() is None:
        raise InvalidRequest(
            f"{name}: {moment.isoformat()} has no time zone.",
            hint='Say which: datetime(2026, 3, 5, 12, tzinfo=ZoneInfo("Europe/London")).',
        )
    return moment


def named_zone(name: str, field: str = "zone") -> tzinfo:
    """Return the time zone with this IANA name; raises InvalidRequest naming the field when there is none."""
    zone = _zone(name)
    if zone is None:
        raise InvalidRequest(f"{field}: {name!r} is not a time zone.", hint="Zones are named like Europe/London.")
    return zone


def zone_name(moment: Moment | None) -> str | None:
    """Return the IANA name of the moment's time zone, or None when it has only an offset, or is a day."""
    if not isinstance(moment, datetime):
        return None
    return "UTC" if moment.tzinfo is UTC else getattr(moment.tzinfo, "key", None)


def rfc3339(moment: datetime) -> str:
    """Write a time with its offset, as Calendar demands (RFC 3339 §5.6)."""
    offset = moment.utcoffset() or timedelta()
    # Before clocks were set by zones offsets had seconds, which the format cannot write.
    return (moment.astimezone(UTC) if offset.total_seconds() % 60 else moment).isoformat(timespec="seconds")


def moment_to_json(moment: Moment | None) -> dict[str, Any] | None:
    """Return Google's form of a moment."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        return {"date": moment.isoformat()}
    zone = zone_name(moment)
    return {"dateTime": rfc3339(moment)} | ({"timeZone": zone} if zone else {})


def moment_from_json(value: object) -> Moment | None:
    """Read a moment; None when it is missing or cannot be read."""
    if not isinstance(value, Mapping):
        return None
    day, time = value.get("date"), value.get("dateTime")
    try:
        if isinstance(time, str):
            return _in_zone(datetime.fromisoformat(time), _zone(value.get("timeZone")))
        return date.fromisoformat(day) if isinstance(day, str) else None
    except (ValueError, OverflowError):
        return None


def _lasting(start: Moment, duration: timedelta | None) -> Moment:
    if not isinstance(start, datetime):
        if duration is not None and duration % DAY:
            raise InvalidRequest(f"An event of whole days cannot last {duration}.", hint="Begin it with a datetime.")
        return start + (DAY if duration is None else duration)
    # Through UTC: two hours are two hours also in the night when the clocks change.
    return (as_utc(start) + (HOUR if duration is None else duration)).astimezone(start.tzinfo)


def _in_zone(time: datetime, zone: tzinfo | None) -> datetime:
    if time.tzinfo is None:
        return time.replace(tzinfo=zone or UTC)
    return time.astimezone(zone) if zone is not None else time


def _zone(name: object) -> tzinfo | None:
    if not isinstance(name, str) or not name:
        return None
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
