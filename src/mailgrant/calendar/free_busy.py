"""Free and busy: intervals of time, working hours, and the first gap that suits everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from mailgrant.errors import InvalidRequest

from .moment import as_utc, checked_moment, named_zone
from .rule import WEEKDAYS

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time; both ends are aware datetimes, and the end is exclusive."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name, moment in (("start", self.start), ("end", self.end)):
            if not isinstance(checked_moment(moment, name), datetime):
                raise InvalidRequest(f"{name}: {moment.isoformat()} is a day.", hint="Pass an aware datetime.")
        if self.end <= self.start:
            raise InvalidRequest(f"The time ends ({self.end.isoformat()}) before it begins ({self.start.isoformat()}).")

    @property
    def duration(self) -> timedelta:
        """How long it lasts, clock changes reckoned in."""
        return as_utc(self.end) - as_utc(self.start)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """
    When people meet: from `start` to `end` on the clock of `zone`, on `days` such as "MO".

    Raises InvalidRequest for an unknown zone or day, and for hours that end before they begin.
    """

    start: time = time(9)
    end: time = time(17)
    _: KW_ONLY
    zone: str = "UTC"
    days: Collection[str] = WEEKDAYS[:5]

    def __post_init__(self) -> None:
        named_zone(self.zone)
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise InvalidRequest("Working hours are times of day on the clock of their zone.", hint="Pass time(9).")
        if self.end <= self.start:
            raise InvalidRequest(f"Working hours end ({self.end}) before they begin ({self.start}).")
        days = (self.days,) if isinstance(self.days, str) else tuple(self.days)
        object.__setattr__(self, "days", tuple(each.strip()[:2].upper() for each in days))
        for each in self.days:
            if each not in WEEKDAYS:
                raise InvalidRequest(f"days: {each!r} is not a weekday such as MO.")

    def within(self, between: Interval) -> Iterator[Interval]:
        """Yield the working hours in `between`, cut to it, in order."""
        place = named_zone(self.zone)
        day = between.start.astimezone(place).date()
        while day <= between.end.astimezone(place).date():
            if WEEKDAYS[day.weekday()] in self.days:
                opens, closes = (_instant(day, at, self.zone) for at in (self.start, self.end))
                cut = _cut(opens, closes, between)
                if cut is not None:
                    yield cut
            day += DAY


def busy_from_json(value: object) -> tuple[Interval, ...]:
    """Read the `busy` list of one calendar; what cannot be read is left out."""
    entries = value if isinstance(value, list) else []
    return tuple(found for found in map(_interval, entries) if found is not None)


def joined(busy: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return intervals in order and without overlaps; those that touch become one."""
    found: list[Interval] = []
    for each in sorted(busy, key=lambda interval: interval.start):
        if found and each.start <= found[-1].end:
            found[-1] = Interval(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return tuple(found)


def gaps(busy: Iterable[Interval], between: Interval) -> Iterator[Interval]:
    """Yield what is free in `between`, in order."""
    free = as_utc(between.start)
    for each in joined(busy):
        if as_utc(each.start) > free and free < as_utc(between.end):
            yield Interval(free, min(as_utc(each.start), as_utc(between.end)))
        free = max(free, as_utc(each.end))
    if free < as_utc(between.end):
        yield Interval(free, as_utc(between.end))


def first_gap(
    busy: Iterable[Interval], duration: timedelta, between: Interval, hours: WorkingHours | None = None
) -> Interval | None:
    """
    Return the first `duration` in `between`, and in the working `hours`, at which nobody is busy.

    None when there is none. It is in the zone of the hours, or of `between`.
    """
    if duration <= timedelta():
        raise InvalidRequest(f"duration: {duration} is no length of time.")
    place = named_zone(hours.zone) if hours else between.start.tzinfo
    taken = joined(busy)
    for open_hours in hours.within(between) if hours else (between,):
        for gap in gaps(taken, open_hours):
            if gap.duration >= duration:
                return Interval(gap.start.astimezone(place), (gap.start + duration).astimezone(place))
    return None


def _instant(day: date, at: time, zone: str) -> datetime:
    """Through UTC, so that an hour that the clocks leave out is none of the working hours."""
    return datetime.combine(day, at, tzinfo=named_zone(zone)).astimezone(UTC)


def _cut(start: datetime, end: datetime, between: Interval) -> Interval | None:
    start, end = max(start, as_utc(between.start)), min(end, as_utc(between.end))
    return Interval(start, end) if start < end else None


def _interval(value: object) -> Interval | None:
    if not isinstance(value, Mapping):
        return None
    try:
        return Interval(_time(value.get("start")), _time(value.get("end")))
    except (ValueError, InvalidRequest):
        return None


def _time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("no time")
    return datetime.fromisoformat(value)
