"""
Rule: one RRULE, read and walked (RFC 5545 §3.3.10).

A rule is walked on the wall clock of the series' own zone, with naive times, so that a weekly meeting
stays at ten across a change of the clocks. Only frequencies of a day and more are known, as in
Google's calendar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import TypeAlias

from mailgrant.errors import InvalidRequest

Parts: TypeAlias = tuple[tuple[str, str], ...]

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# After so many periods without a time there is none: the calendar repeats itself every 400 years.
BARREN = {"YEARLY": 400, "MONTHLY": 4_800, "WEEKLY": 20_872, "DAILY": 146_097}
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
KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *NUMBERS}
# RFC 5545: these filters have no meaning at these frequencies.
MEANINGLESS = {
    "DAILY": {"BYYEARDAY", "BYWEEKNO"},
    "WEEKLY": {"BYYEARDAY", "BYWEEKNO", "BYMONTHDAY"},
    "MONTHLY": {"BYYEARDAY", "BYWEEKNO"},
    "YEARLY": set(),
}
DAYS_OF = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
WHEN = re.compile(r"\d{8}(T\d{6}Z?)?")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as its parts in their order, each a name and a value in capitals."""

    parts: Parts

    @classmethod
    def read(cls, text: str) -> Rule:
        """Read what stands behind `RRULE:`; raises InvalidRequest, which says what is wrong, for anything else."""
        rule = cls(_split(text))
        _check(rule)
        return rule

    def __str__(self) -> str:
        return ";".join(f"{name}={value}" for name, value in self.parts)

    def get(self, name: str) -> str | None:
        """Return the value of a part."""
        return dict(self.parts).get(name)

    def changed(self, **changes: str | None) -> Rule:
        """Return the rule with some parts changed; None takes one out."""
        kept = {**dict(self.parts), **changes}
        return Rule(tuple((name, value) for name, value in kept.items() if value is not None))

    @property
    def frequency(self) -> str:
        """YEARLY, MONTHLY, WEEKLY or DAILY."""
        return self.get("FREQ") or ""

    @property
    def interval(self) -> int:
        """Every how manieth year, month, week or day."""
        return int(self.get("INTERVAL") or 1)

    @property
    def count(self) -> int | None:
        """After how many times it ends."""
        count = self.get("COUNT")
        return None if count is None else int(count)

    @property
    def filters(self) -> frozenset[str]:
        """The names of the BY parts; without any, the start says on which days it happens, and when."""
        return frozenset(name for name, _ in self.parts if name.startswith("BY"))

    def numbers(self, name: str) -> frozenset[int]:
        """Return a part that is a list of numbers."""
        text = self.get(name)
        return frozenset() if text is None else frozenset(map(int, text.split(",")))

    def walls(self, start: datetime, until: datetime | None = None) -> Iterator[datetime]:
        """
        Yield the times of a series that begins at `start`, in order, on the clock of its zone.

        `until` is the rule's own UNTIL on that clock. A time before the start is none of the series';
        the start itself is one only when it fits the rule.
        """
        for number, wall in enumerate(_Walk(self, start)):
            if (until is not None and wall > until) or number == self.count:
                return
            yield wall


class _Walk:
    """One walk along a rule, period by period."""

    def __init__(self, rule: Rule, start: datetime) -> None:
        self._rule = rule
        self._start = start
        self._monday = WEEKDAYS.index(rule.get("WKST") or "MO")
        self._days = _Days.of(rule, start.date(), self._monday)
        self._positions = rule.numbers("BYSETPOS")
        self._times = _times(rule, start.time())

    def __iter__(self) -> Iterator[datetime]:
        barren = 0
        for period in self._periods():
            fitting = [wall for wall in self._within(period) if wall >= self._start]
            barren = 0 if fitting else barren + 1
            if barren > BARREN[self._rule.frequency]:
                return
            yield from fitting

    def _within(self, period: list[date]) -> list[datetime]:
        days = [day for day in period if self._days.fits(day)]
        walls = [datetime.combine(day, at) for day, at in product(days, self._times)]
        if not self._positions:
            return walls
        size = len(walls)
        places = {position - 1 if position > 0 else size + position for position in self._positions}
        return [walls[place] for place in sorted(places) if 0 <= place < size]

    def _periods(self) -> Iterator[list[date]]:
        """Yield the days of each period from that of the start on, until the calendar ends."""
        first, step = self._start.date(), self._rule.interval
        try:
            if self._rule.frequency == "YEARLY":
                for year in range(first.year, date.max.year, step):
                    yield _days_from(date(year, 1, 1), date(year + 1, 1, 1))
            elif self._rule.frequency == "MONTHLY":
                for month in range(first.year * 12 + first.month - 1, date.max.year * 12, step):
                    yield _days_from(_first_of(month), _first_of(month + 1))
            else:
                long = 7 if self._rule.frequency == "WEEKLY" else 1
                begin = first - (first.weekday() - self._monday) % 7 * DAY if long == 7 else first
                while True:
                    yield _days_from(begin, begin + long * DAY)
                    begin += step * long * DAY
        except OverflowError:
            return


@dataclass(frozen=True, slots=True)
class _Days:
    """Which days fit a rule."""

    months: frozenset[int]
    month_days: frozenset[int]
    year_days: frozenset[int]
    weeks: frozenset[int]
    # Weekdays with the number that counts them in their month or year, 0 for each of them.
    weekdays: frozenset[tuple[int, int]]
    monday: int
    counted_in_year: bool

    @classmethod
    def of(cls, rule: Rule, start: date, monday: int) -> _Days:
        months, month_days, weekdays = rule.numbers("BYMONTH"), rule.numbers("BYMONTHDAY"), _weekdays(rule)
        counted_in_year = rule.frequency == "YEARLY" and not months
        if not (month_days or weekdays or rule.get("BYYEARDAY") or rule.get("BYWEEKNO")):
            # Nothing says which day: the start does.
            if rule.frequency == "YEARLY":
                months = months or frozenset({start.month})
            if rule.frequency in {"YEARLY", "MONTHLY"}:
                month_days = frozenset({start.day})
            elif rule.frequency == "WEEKLY":
                weekdays = frozenset({(start.weekday(), 0)})
        return cls(
            months,
            month_days,
            rule.numbers("BYYEARDAY"),
            rule.numbers("BYWEEKNO"),
            weekdays,
            monday,
            counted_in_year,
        )

    def fits(self, day: date) -> bool:
        return (
            (not self.months or day.month in self.months)
            and (not self.weekdays or self._fits_weekday(day))
            and (not self.month_days or _counts(self.month_days, day, _month(day)))
            and (not self.year_days or _counts(self.year_days, day, _year(day)))
            and (not self.weeks or self._fits_week(day))
        )

    def _fits_weekday(self, day: date) -> bool:
        weekday = day.weekday()
        if (weekday, 0) in self.weekdays:
            return True
        first, end = _year(day) if self.counted_in_year else _month(day)
        forth, back = (day - first).days // 7 + 1, -((end - DAY - day).days // 7 + 1)
        return (weekday, forth) in self.weekdays or (weekday, back) in self.weekdays

    def _fits_week(self, day: date) -> bool:
        first = _first_week(day.year, self.monday)
        if day < first:
            first, end = _first_week(day.year - 1, self.monday), first
        else:
            end = _first_week(day.year + 1, self.monday)
            if day >= end:
                first, end = end, _first_week(day.year + 2, self.monday)
        number = (day - first).days // 7 + 1
        return number in self.weeks or number - (end - first).days // 7 - 1 in self.weeks


def impossible(message: str) -> InvalidRequest:
    """Return the error for a rule that cannot be."""
    return InvalidRequest(f"recurrence: {message}.", hint="A rule looks like RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10.")


def _split(text: str) -> Parts:
    parts: dict[str, str] = {}
    for part in text.strip().rstrip(";").upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in KNOWN:
            raise impossible(f"{part!r} is no part of a rule")
        if name in parts:
            raise impossible(f"{name} stands twice in {text!r}")
        parts[name] = value
    return tuple(parts.items())


def _check(rule: Rule) -> None:
    parts = dict(rule.parts)
    if parts.get("FREQ") not in BARREN:
        raise impossible(f"FREQ is one of {', '.join(BARREN)}, not {parts.get('FREQ', 'missing')}")
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise impossible("a rule ends by COUNT or by UNTIL, not by both")
    for name, value in rule.parts:
        _check_part(rule, name, value)
    others = {*NUMBERS, "BYDAY"} - {"BYSETPOS"}
    if "BYSETPOS" in parts and not others & parts.keys():
        raise impossible("BYSETPOS chooses among what another BY part gives")
    _check_possible(rule, parts)


def _check_part(rule: Rule, name: str, value: str) -> None:
    if name in MEANINGLESS[rule.frequency]:
        raise impossible(f"{name} means nothing in a rule that is {rule.frequency}")
    if name in NUMBERS:
        low, high, signed = NUMBERS[name]
        pattern = r"[+-]?\d{1,3}" if signed else r"\d{1,3}"
        for item in value.split(","):
            if not re.fullmatch(pattern, item, re.ASCII) or not low <= abs(int(item)) <= high:
                raise impossible(f"{name}={item} is not between {low} and {high}")
    elif name in {"COUNT", "INTERVAL"}:
        if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or not int(value):
            raise impossible(f"{name}={value} is not a number from 1 on")
    elif name == "WKST" and value not in WEEKDAYS:
        raise impossible(f"WKST={value} is not a weekday such as MO")
    elif name == "UNTIL":
        read_wall(value)
    elif name == "BYDAY":
        _check_weekdays(value, rule)


def _check_weekdays(value: str, rule: Rule) -> None:
    most = 53 if rule.frequency == "YEARLY" and not rule.get("BYMONTH") else 5
    for item in value.split(","):
        found = BYDAY.fullmatch(item)
        if found is None:
            raise impossible(f"BYDAY={item} is not a weekday such as MO or 2TU")
        if found[1] is None:
            continue
        if rule.frequency not in {"MONTHLY", "YEARLY"} or rule.get("BYWEEKNO"):
            raise impossible(f"BYDAY={item} counts weekdays, which only a rule of months or years can")
        if not 1 <= abs(int(found[1])) <= most:
            raise impossible(f"BYDAY={item} is a weekday that never comes")


def _check_possible(rule: Rule, parts: Mapping[str, str]) -> None:
    """Refuse the 30th of February and its like, which every start would wait for in vain."""
    months, days = rule.numbers("BYMONTH"), rule.numbers("BYMONTHDAY")
    if months and days and not any(abs(day) <= DAYS_OF[month - 1] for month in months for day in days):
        raise impossible(f"day {parts['BYMONTHDAY']} of month {parts['BYMONTH']} is in no year")


def read_wall(text: str) -> datetime:
    """Read a DATE or DATE-TIME of RFC 5545 as it stands, a day as its midnight; raises InvalidRequest."""
    if not WHEN.fullmatch(text):
        raise impossible(f"{text!r} is not a time such as 20260305 or 20260305T120000Z")
    try:
        return datetime.fromisoformat(text.rstrip("Z"))
    except ValueError:
        raise impossible(f"{text!r} is not in the calendar") from None


def _weekdays(rule: Rule) -> frozenset[tuple[int, int]]:
    text = rule.get("BYDAY")
    items = [] if text is None else text.split(",")
    return frozenset((WEEKDAYS.index(item[-2:]), int(item[:-2] or 0)) for item in items)


def _times(rule: Rule, start: time) -> list[time]:
    hours, minutes, seconds = (
        sorted(rule.numbers(name)) or [usual]
        for name, usual in (("BYHOUR", start.hour), ("BYMINUTE", start.minute), ("BYSECOND", start.second))
    )
    return [time(*each) for each in product(hours, minutes, seconds)]


def _days_from(first: date, end: date) -> list[date]:
    return [first + number * DAY for number in range((end - first).days)]


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _month(day: date) -> tuple[date, date]:
    return day.replace(day=1), _first_of(day.year * 12 + day.month)


def _year(day: date) -> tuple[date, date]:
    return date(day.year, 1, 1), date(day.year + 1, 1, 1)


def _counts(numbers: frozenset[int], day: date, span: tuple[date, date]) -> bool:
    """Tell whether one of `numbers` counts the day in its span, from the front or from the back."""
    first, end = span
    return (day - first).days + 1 in numbers or (day - end).days in numbers


def _first_week(year: int, monday: int) -> date:
    """Return the day on which week 1 begins: the first week with four days in the year (RFC 5545 §3.3.10)."""
    fourth = date(year, 1, 4)
    return fourth - (fourth.weekday() - monday) % 7 * DAY
