"""
Rule walk: when a rule makes a series take place.

A rule is walked on the wall clock of the series' own zone, with naive times, so that a weekly meeting
stays at ten across a change of the clocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product

from .rule import WEEKDAYS, Rule

# After so many periods without a time there is none: the calendar repeats itself every 400 years.
BARREN = {"YEARLY": 400, "MONTHLY": 4_800, "WEEKLY": 20_872, "DAILY": 146_097}
# Nothing is reckoned beyond: a zone or a week could lead out of Python's calendar.
LAST_YEAR = 9990
DAY = timedelta(days=1)


def walls(rule: Rule, start: datetime, until: datetime | None = None) -> Iterator[datetime]:
    """
    Yield the times of a series that begins at `start`, in order, on the clock of its zone.

    `until` is the rule's own UNTIL on that clock. A time before the start is none of the series'; the
    start itself is one only when it fits the rule.
    """
    for number, wall in enumerate(_Walk(rule, start)):
        if (until is not None and wall > until) or number == rule.count:
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
                for year in range(first.year, LAST_YEAR + 1, step):
                    yield _days_from(date(year, 1, 1), date(year + 1, 1, 1))
            elif self._rule.frequency == "MONTHLY":
                for month in range(first.year * 12 + first.month - 1, (LAST_YEAR + 1) * 12, step):
                    yield _days_from(_first_of(month), _first_of(month + 1))
            else:
                long = 7 if self._rule.frequency == "WEEKLY" else 1
                begin = first - (first.weekday() - self._monday) % 7 * DAY if long == 7 else first
                while begin.year <= LAST_YEAR:
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
        months, month_days, weekdays = rule.numbers("BYMONTH"), rule.numbers("BYMONTHDAY"), rule.weekdays()
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
