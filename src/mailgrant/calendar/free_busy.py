"""Free and busy: intervals of time, working hours, and the first gap that suits everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, TypeAlias

from mailgrant.errors import InvalidRequest

from .moment import as_utc, checked_moment, named_zone
from .rule import WEEKDAYS

DAY = timedelta(days=1)
MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time; both ends are aware datetimes, and the end is exclusive."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name, moment in (("start", self.start), ("end", self.end)):
            if not isinstance(checked_moment(moment, name), datetime):
                raise InvalidRequest(f"{name}: {moment.isoformat()} is a day.", hint="Pass an aware datetime.")
        # Through UTC: in the hour that comes twice the clock may show less and the time be later.
        if as_utc(self.end) <= as_utc(self.start):
            raise InvalidRequest(f"The time ends ({self.end.isoformat()}) before it begins ({self.start.isoformat()}).")

    @property
    def duration(self) -> timedelta:
        """How long it lasts, clock changes reckoned in."""
        return as_utc(self.end) - as_utc(self.start)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """
    When people meet: from `start` to `end` on the clock of `zone`, on `days` such as "MO".

    An `end` of midnight, `time(0)`, is the end of the day. Raises InvalidRequest for an unknown zone or
    day, for no day, and for hours that end before they begin.
    """

    start: time = time(9)
    end: time = time(17)
    _: KW_ONLY
    zone: str = "UTC"
    days: Collection[str] = WEEKDAYS[:5]

    def __post_init__(self) -> None:
        named_zone(self.zone)
        for at in (self.start, self.end):
            _checked_time(at)
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise InvalidRequest("Working hours are times of day on the clock of their zone.", hint="Pass time(9).")
        if self.end <= self.start and self.end != MIDNIGHT:
            raise InvalidRequest(f"Working hours end ({self.end}) before they begin ({self.start}).")
        days = (self.days,) if isinstance(self.days, str) else tuple(self.days)
        if not days:
            raise InvalidRequest("days: on no day at all there are no working hours.")
        object.__setattr__(self, "days", tuple(str(each).strip()[:2].upper() for each in days))
        for each in self.days:
            if each not in WEEKDAYS:
                raise InvalidRequest(f"days: {each!r} is not a weekday such as MO.")

    def within(self, between: Interval) -> Iterator[Interval]:
        """Yield the working hours in `between`, cut to it, in order."""
        place = named_zone(self.zone)
        day = between.start.astimezone(place).date()
        while day <= between.end.astimezone(place).date():
            if WEEKDAYS[day.weekday()] in self.days:
                opens = _instant(day, self.start, self.zone)
                closes = _instant(day + DAY if self.end == MIDNIGHT else day, self.end, self.zone)
                cut = _cut(opens, closes, between)
                if cut is not None:
                    yield cut
            day += DAY


def _checked_time(at: object) -> None:
    if not isinstance(at, time):
        raise InvalidRequest(f"Working hours begin and end at times of day; {at!r} is none.", hint="Pass time(9).")


Hours: TypeAlias = WorkingHours | Iterable[WorkingHours] | None


def as_hours(given: Hours) -> tuple[WorkingHours, ...]:
    """Read what hours to keep to: none, one's, or those of several places."""
    if given is None:
        return ()
    return tuple(map(_checked_hours, given if isinstance(given, Iterable) else (given,)))


def _checked_hours(hours: object) -> WorkingHours:
    if not isinstance(hours, WorkingHours):
        raise InvalidRequest(f"hours: {hours!r} are no hours.", hint='Pass WorkingHours(zone="Europe/London").')
    return hours


def as_people(given: object) -> list[str]:
    """Read who is asked: the ids of calendars, which are mail addresses; raises InvalidRequest for nobody."""
    people: list[str] = []
    for each in given if isinstance(given, Iterable) and not isinstance(given, str) else (given,):
        if not isinstance(each, str) or not each.strip():
            raise InvalidRequest(f"people: {each!r} is not the address of somebody, or the id of a calendar.")
        people.append(each.strip())
    if not people:
        raise InvalidRequest("people: nobody is named, so nobody can be asked.")
    return people


def as_pair(given: object) -> tuple[datetime, datetime]:
    """Read two bounds; raises InvalidRequest for anything else."""
    if not isinstance(given, Collection) or len(given) != 2:
        raise InvalidRequest(f"between: {given!r} is not two moments.", hint="Pass (start, end).")
    start, end = given
    return start, end


def checked_duration(duration: object) -> timedelta:
    """Return a length of time; raises InvalidRequest for anything else."""
    if not isinstance(duration, timedelta) or duration <= timedelta():
        raise InvalidRequest(f"duration: {duration} is no length of time.", hint="Pass timedelta(hours=1).")
    return duration


def busy_from_json(value: object, place: tzinfo | None = UTC) -> tuple[Interval, ...]:
    """Read the `busy` list of one calendar, in the zone `place`; what cannot be read is left out."""
    entries = value if isinstance(value, list) else []
    found = [each for each in map(_interval, entries) if each is not None]
    return tuple(Interval(each.start.astimezone(place), each.end.astimezone(place)) for each in found)


def joined(busy: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return intervals in order and without overlaps; those that touch become one."""
    found: list[Interval] = []
    for each in sorted(busy, key=lambda interval: as_utc(interval.start)):
        if found and as_utc(each.start) <= as_utc(found[-1].end):
            found[-1] = Interval(found[-1].start, max(found[-1].end, each.end, key=as_utc))
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


def first_gap(busy: Iterable[Interval], duration: timedelta, between: Interval, hours: Hours = None) -> Interval | None:
    """
    Return the first `duration` in `between`, and in all of the working `hours`, at which nobody is busy.

    None when there is none. It is in the zone of the (first) hours, or of `between`.
    """
    checked_duration(duration)
    all_hours = as_hours(hours)
    place = named_zone(all_hours[0].zone) if all_hours else between.start.tzinfo
    # Where somebody does not work nobody can meet.
    closed = (gap for each in all_hours for gap in gaps(each.within(between), between))
    for gap in gaps([*busy, *closed], between):
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
