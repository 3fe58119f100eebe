"""
Moment: when an event starts or ends, as a day or as an instant in a time zone.

Times are read and written here in Google's form (RFC 3339 with a mandatory offset; a day has none).
Every instant is kept in UTC without fractions of a second, as Calendar does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from mailgrant.sandbox.diary import refusals

# Far enough from Python's own limits for any zone to render any moment. 1604 is in: address books
# put birthdays there whose year nobody knows.
EARLIEST = datetime(1600, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, tzinfo=UTC)

RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:[.,]\d+)?(?P<offset>[Zz]|[+-]\d\d:?\d\d)?", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo | None:
    """Return a time zone by its IANA name, None when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def known_zone(name: str) -> ZoneInfo:
    """Return a time zone that was checked when it was stored."""
    found = zone(name)
    if found is None:
        raise ValueError(f"there is no time zone called {name!r}")
    return found


@dataclass(frozen=True, slots=True)
class Moment:
    """
    Either a `day` or an `instant` (UTC), never both.

    `zone` is the zone an instant was meant in: its series is expanded there. It is None for a day,
    and for an instant that was given with nothing but an offset.
    """

    day: date | None = None
    instant: datetime | None = field(kw_only=True, default=None)
    zone: str | None = field(kw_only=True, default=None)

    def __post_init__(self) -> None:
        if (self.day is None) == (self.instant is None):
            raise ValueError("a moment is a day or an instant, and not both")
        if self.instant is not None and self.instant.tzinfo is None:
            raise ValueError("an instant has a time zone")

    @property
    def all_day(self) -> bool:
        """True for a day."""
        return self.day is not None

    @property
    def stamp(self) -> str:
        """The moment as the ids of instances spell it: `20260115` or `20260115T093000Z`."""
        if self.day is not None:
            return self.day.isoformat().replace("-", "")
        return _compact(self._instant) + "Z"

    @property
    def _instant(self) -> datetime:
        if self.instant is None:
            raise ValueError("a day is no instant; place it in a zone with `at`")
        return self.instant

    def at(self, place: tzinfo) -> datetime:
        """Return the instant, for a day its midnight in that zone."""
        if self.day is not None:
            return datetime.combine(self.day, time(), place).astimezone(UTC)
        return self._instant

    def wall(self, default: str) -> datetime:
        """Return the time on a clock in the moment's own zone, without the zone."""
        if self.day is not None:
            return datetime.combine(self.day, time())
        return self._instant.astimezone(known_zone(self.zone or default)).replace(tzinfo=None)

    def later(self, by: timedelta) -> Moment:
        """Return the moment that much later, but not beyond the last; days move by whole days."""
        if self.day is not None:
            return Moment(self.day + min(by, LATEST.date() - self.day))
        return Moment(instant=self._instant + min(by, LATEST - self._instant), zone=self.zone)

    def as_json(self, place: tzinfo, default_zone: str) -> dict[str, Any]:
        """Return Google's EventDateTime, with the offset that `place` has then."""
        if self.day is not None:
            return {"date": self.day.isoformat()}
        return {"dateTime": written(self._instant, place), "timeZone": self.zone or default_zone}


def span(start: Moment, end: Moment) -> timedelta:
    """Return how long it is from one moment to another of the same kind."""
    if start.day is not None and end.day is not None:
        return end.day - start.day
    return end.at(UTC) - start.at(UTC)


def written(instant: datetime, place: tzinfo) -> str:
    """Write an instant with the offset of a zone; UTC is written as Z."""
    local = instant.astimezone(place)
    text = local.replace(tzinfo=None, microsecond=0).isoformat()
    return f"{text}Z" if str(place) == "UTC" else f"{text}{local.isoformat()[-6:]}"


def milliseconds(instant: datetime) -> datetime:
    """Drop what Calendar does not keep of a time: everything under a millisecond."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def instant(text: str) -> datetime:
    """Read an RFC 3339 time with its offset; one without is refused, as Calendar refuses it."""
    local, offset = _parts(text)
    if offset is None:
        raise refusals.bad_request()
    return _in_utc(local.replace(tzinfo=offset), clamped=True)


def read_moment(value: Mapping[str, Any], which: str, default_zone: str | None = None) -> Moment:
    """
    Read an EventDateTime; `which` is "start" or "end" and gets into the refusals.

    `default_zone` is what a time with neither offset nor zone is read in. None refuses it.
    """
    day, text, name = value.get("date"), value.get("dateTime"), value.get("timeZone")
    if name is not None and zone(name) is None:
        raise refusals.invalid(f"Invalid time zone definition for {which} time.")
    if (day is None) == (text is None):
        raise refusals.invalid(f"Invalid {which} time.")
    if day is not None:
        return Moment(read_day(day))
    local, offset = _parts(str(text))
    if offset is None:
        if (name or default_zone) is None:
            raise refusals.required(f"Missing time zone definition for {which} time.")
        offset = known_zone(name or default_zone or "UTC")
    return Moment(instant=_in_utc(local.replace(tzinfo=offset), clamped=False), zone=name)


def read_day(text: object) -> date:
    """Read a date in the form 2026-01-15."""
    if not isinstance(text, str) or not DAY.fullmatch(text):
        raise refusals.bad_request()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise refusals.bad_request() from None
    if not EARLIEST.date() <= day <= LATEST.date():
        raise refusals.bad_request()
    return day


def _parts(text: str) -> tuple[datetime, tzinfo | None]:
    found = RFC3339.fullmatch(text)
    if found is None:
        raise refusals.bad_request()
    try:
        local = datetime.fromisoformat(f"{found[1]}T{found[2]}")
        offset = found["offset"]
        whole = datetime.fromisoformat(f"{found[1]}T{found[2]}{offset.upper()}") if offset else local
    except ValueError:
        raise refusals.bad_request() from None
    return local, whole.tzinfo


def _in_utc(moment: datetime, *, clamped: bool) -> datetime:
    """A bound far outside is as good as the limit; an event there is refused."""
    if EARLIEST.year < moment.year < LATEST.year:
        return moment.astimezone(UTC)
    if not clamped:
        raise refusals.bad_request()
    return EARLIEST if moment.year <= EARLIEST.year else LATEST


def _compact(instant: datetime) -> str:
    return instant.replace(tzinfo=None, microsecond=0).isoformat().replace("-", "").replace(":", "")
