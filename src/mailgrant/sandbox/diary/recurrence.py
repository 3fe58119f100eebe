"""
Series: the occurrences of a recurring event, out of its RRULE, EXRULE, RDATE and EXDATE lines.

Rules are read here (RFC 5545 §3.3.10) and walked by python-dateutil. They are walked on the clock of
the series' own zone, so that a weekly meeting stays at ten across a change to summer time, and never
further than a given end: a rule without one costs no more than its window, and one that matches
nothing is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.moment import EARLIEST, LATEST, Moment, known_zone, zone
from mailgrant.sandbox.frame.wire import ApiError

if TYPE_CHECKING:
    from dateutil.rrule import rrule

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# dateutil's own numbers. Google's calendar knows nothing more frequent than a day.
Frequency: TypeAlias = Literal[0, 1, 2, 3]
FREQUENCIES: dict[str, Frequency] = {"YEARLY": 0, "MONTHLY": 1, "WEEKLY": 2, "DAILY": 3}
# What each list of numbers may hold, without its sign; the last word says whether a sign is allowed.
NUMBERS = {
    "BYSECOND": (0, 59, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}
# More occurrences a day than this is a mistake, or an attack.
MOST_A_DAY = 24
LINE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)((?:;[^:]*)?):(.*)", re.IGNORECASE | re.DOTALL)
BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
WHEN = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE or EXRULE; `parts` are dateutil's arguments, `until` is on the clock of the series."""

    frequency: Frequency
    interval: int = field(kw_only=True, default=1)
    count: int | None = field(kw_only=True, default=None)
    until: datetime | None = field(kw_only=True, default=None)
    parts: tuple[tuple[str, Any], ...] = field(kw_only=True, default=())

    def walk(self, start: datetime, after: datetime, before: datetime) -> Iterator[datetime]:
        """Yield the rule's times up to `before`; those earlier than `after` may be left out."""
        end = before if self.until is None else min(self.until, before)
        if end < start:
            return iter(())
        # COUNT is applied here, since dateutil takes either a count or an end.
        return islice(iter(self._rule(self._near(start, after), end)), self.count)

    def ever_matches(self, start: datetime) -> bool:
        """
        Return whether the rule has any time at all, its UNTIL aside.

        dateutil looks for the next match up to the year 9999, whatever end it was given, so a rule
        like the 30th of February must not be stored. Asking takes it up to three seconds.
        """
        return not self.parts or next(iter(self._rule(start, None)), None) is not None

    def _rule(self, start: datetime, end: datetime | None) -> rrule:
        from dateutil.rrule import rrule

        return rrule(self.frequency, dtstart=start, interval=self.interval, until=end, **dict(self.parts))

    def _near(self, start: datetime, after: datetime) -> datetime:
        """Skip whole periods before the window, where skipping them changes nothing that follows."""
        days = {FREQUENCIES["DAILY"]: 1, FREQUENCIES["WEEKLY"]: 7}.get(self.frequency)
        if self.count is not None or days is None or after <= start:
            return start
        period = timedelta(days=days * self.interval)
        return start + max(0, (after - start) // period - 1) * period


@dataclass(frozen=True, slots=True)
class Series:
    """
    A start, a zone and the lines that say how it repeats.

    `zone` is None for a series of days. `lines` are kept as they came, for the answer.
    """

    start: Moment
    zone: str | None = field(kw_only=True)
    lines: tuple[str, ...] = field(kw_only=True)
    rules: tuple[Rule, ...] = field(kw_only=True, repr=False)
    except_rules: tuple[Rule, ...] = field(kw_only=True, repr=False, default=())
    dates: frozenset[datetime] = field(kw_only=True, repr=False, default=frozenset())
    except_dates: frozenset[datetime] = field(kw_only=True, repr=False, default=frozenset())

    @classmethod
    def read(cls, start: Moment, lines: Iterable[str], zone: str | None) -> Series:
        """Read a `recurrence` field; anything broken in it is refused as a whole."""
        read = _Lines(zone)
        kept = tuple(lines)
        for line in kept:
            read.take(line)
        first = start.wall(zone or "UTC")
        if not read.rules and not read.dates:
            raise broken_rule()
        if not all(rule.ever_matches(first) for rule in (*read.rules, *read.except_rules)):
            raise broken_rule()
        return cls(
            start,
            zone=zone,
            lines=kept,
            rules=tuple(read.rules),
            except_rules=tuple(read.except_rules),
            dates=frozenset(read.dates),
            except_dates=frozenset(read.except_dates),
        )

    def reduced(self) -> tuple[Moment, tuple[str, ...], str | None]:
        """Return what `restored` makes the series from."""
        return self.start, self.lines, self.zone

    @classmethod
    def restored(cls, start: Moment, lines: tuple[str, ...], zone: str | None) -> Series:
        """Return a series that was read before."""
        return cls.read(start, lines, zone)

    def slots(self, after: datetime, before: datetime) -> Iterator[Moment]:
        """Yield, in order, the starts from `after` up to and including `before` (both on the clock's wall, naive)."""
        return (self._moment(wall) for wall in self._walls(after, before))

    def starts(self, after: datetime, before: datetime) -> Iterator[Moment]:
        """Yield, in order, the starts that may lie between two instants; up to a day beyond each."""
        margin = timedelta(days=1)
        low, high = max(after, EARLIEST), min(before, LATEST)
        return self.slots((low - margin).replace(tzinfo=None), (high + margin).replace(tzinfo=None))

    def slot(self, stamp: str) -> Moment | None:
        """Return the start that an instance's id names, None when the series has none there."""
        wall = self._wall_of(stamp)
        if wall is None:
            return None
        return next((slot for slot in self.slots(wall, wall) if slot.stamp == stamp), None)

    def _walls(self, after: datetime, before: datetime) -> Iterator[datetime]:
        first = self.start.wall(self.zone or "UTC")
        # Without a rule the start itself is an occurrence; a rule brings it along.
        dates = self.dates if self.rules else self.dates | {first}
        unwanted = {wall for rule in self.except_rules for wall in rule.walk(first, after, before)} | self.except_dates
        walks = [rule.walk(first, after, before) for rule in self.rules]
        last = None
        for wall in takewhile(lambda wall: wall <= before, merge(sorted(dates), *walks)):
            if wall >= after and wall != last and wall not in unwanted:
                yield wall
            last = wall

    def _moment(self, wall: datetime) -> Moment:
        if self.zone is None:
            return Moment(wall.date())
        return Moment(instant=wall.replace(tzinfo=known_zone(self.zone)).astimezone(UTC), zone=self.start.zone)

    def _wall_of(self, stamp: str) -> datetime | None:
        found = WHEN.fullmatch(stamp)
        if found is None or (found[2] is None) != (self.zone is None) or (found[2] and not found[3]):
            return None
        try:
            return _wall(stamp, None, self.zone)
        except ApiError:
            return None


class _Lines:
    """Collects what the lines of a `recurrence` field say."""

    def __init__(self, zone: str | None) -> None:
        self.zone = zone
        self.rules: list[Rule] = []
        self.except_rules: list[Rule] = []
        self.dates: set[datetime] = set()
        self.except_dates: set[datetime] = set()

    def take(self, line: object) -> None:
        found = LINE.fullmatch(line.strip()) if isinstance(line, str) else None
        if found is None:
            raise broken_rule()
        name = found[1].upper()
        if name in {"RRULE", "EXRULE"}:
            rules = self.rules if name == "RRULE" else self.except_rules
            rules.append(_read_rule(found[3], self.zone))
        else:
            dates = self.dates if name == "RDATE" else self.except_dates
            dates.update(_read_dates(found[2], found[3], self.zone))


def broken_rule() -> ApiError:
    """Return the one refusal that every broken line gets."""
    return refusals.invalid("Invalid recurrence rule.")


def _read_rule(text: str, zone: str | None) -> Rule:
    parts = _split_rule(text)
    if parts.get("FREQ") not in FREQUENCIES or {"COUNT", "UNTIL"} <= parts.keys():
        raise broken_rule()
    given: dict[str, Any] = {}
    for name, value in parts.items():
        if name in NUMBERS:
            given[name.lower()] = _read_numbers(value, name)
        elif name == "BYDAY":
            given["byweekday"] = _read_weekdays(value, parts["FREQ"])
        elif name == "WKST":
            given["wkst"] = _weekday_number(value)
    _check_times(given)
    return Rule(
        FREQUENCIES[parts["FREQ"]],
        interval=_positive(parts.get("INTERVAL", "1"), digits=5),
        count=_positive(parts["COUNT"]) if "COUNT" in parts else None,
        until=_read_until(parts["UNTIL"], zone) if "UNTIL" in parts else None,
        parts=tuple(sorted(given.items(), key=lambda item: item[0])),
    )


def _split_rule(text: str) -> dict[str, str]:
    known = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *NUMBERS}
    parts: dict[str, str] = {}
    for part in text.strip().rstrip(";").upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in known or name in parts:
            raise broken_rule()
        parts[name] = value
    return parts


def _check_times(given: dict[str, Any]) -> None:
    """Times of day are allowed, as long as they do not make a day of seconds."""
    a_day = 1
    for name in ("byhour", "byminute", "bysecond"):
        a_day *= len(given.get(name, (0,)))
    if a_day > MOST_A_DAY:
        raise broken_rule()


def _positive(text: str, *, digits: int = 9) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= digits) or int(text) < 1:
        raise broken_rule()
    return int(text)


def _read_numbers(text: str, name: str) -> tuple[int, ...]:
    low, high, signed = NUMBERS[name]
    pattern = r"[+-]?\d{1,3}" if signed else r"\d{1,3}"
    numbers = []
    for item in text.split(","):
        if not re.fullmatch(pattern, item, re.ASCII) or not low <= abs(int(item)) <= high:
            raise broken_rule()
        numbers.append(int(item))
    return tuple(dict.fromkeys(numbers))


def _weekday_number(text: str) -> int:
    if text not in WEEKDAYS:
        raise broken_rule()
    return WEEKDAYS.index(text)


def _read_weekdays(text: str, frequency: str) -> tuple[Any, ...]:
    from dateutil.rrule import weekday

    days = []
    for item in text.split(","):
        found = BYDAY.fullmatch(item)
        nth = int(found[1]) if found and found[1] else None
        # RFC 5545: a number belongs to a month or a year only, where it counts that weekday.
        if found is None or nth == 0 or (nth and (abs(nth) > 53 or frequency not in {"MONTHLY", "YEARLY"})):
            raise broken_rule()
        days.append(weekday(WEEKDAYS.index(found[2]), nth))
    return tuple(days)


def _read_until(text: str, zone: str | None) -> datetime:
    wall = _wall(text, None, zone)
    # A bare day includes all of it.
    return datetime.combine(wall.date(), time(23, 59, 59)) if zone is not None and "T" not in text else wall


def _read_dates(parameters: str, text: str, series_zone: str | None) -> set[datetime]:
    given = dict(item.upper().partition("=")[::2] for item in parameters.split(";") if item)
    name = next((item[5:] for item in parameters.split(";") if item.upper().startswith("TZID=")), None)
    if given.keys() - {"TZID", "VALUE"} or (name is not None and zone(name) is None):
        raise broken_rule()
    # A period (RDATE;VALUE=PERIOD) repeats the event at its start; its own length is not kept.
    return {_wall(item.strip().upper().partition("/")[0], name, series_zone) for item in text.split(",")}


def _wall(text: str, name: str | None, series_zone: str | None) -> datetime:
    """Return a DATE or DATE-TIME on the clock of the series; `name` is the line's TZID."""
    found = WHEN.fullmatch(text)
    if found is None:
        raise broken_rule()
    try:
        day = date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
        at = time.fromisoformat(f"{found[2][:2]}:{found[2][2:4]}:{found[2][4:]}") if found[2] else time()
    except ValueError:
        raise broken_rule() from None
    if not EARLIEST.year < day.year < LATEST.year:
        raise broken_rule()
    if series_zone is None:
        return datetime.combine(day, time())
    wall = datetime.combine(day, at)
    if not found[3] and name is None:
        return wall
    place = UTC if found[3] else known_zone(name or "UTC")
    return wall.replace(tzinfo=place).astimezone(known_zone(series_zone)).replace(tzinfo=None)
