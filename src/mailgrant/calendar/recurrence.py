"""Recurrence: how an event repeats, as the RRULE, EXRULE, RDATE and EXDATE lines that Calendar keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from heapq import merge
from itertools import takewhile

from mailgrant.errors import InvalidRequest

from .moment import Moment, as_utc, checked_moment, zone_name
from .recurrence_line import DATES, RULES, Line, moment_at, stamp, until_of, wall_of
from .rule import Rule, impossible
from .rule_walk import walls

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
# A series from which so many times in a row are taken out has no more.
MOST_IN_VAIN = 20_000


@dataclass(frozen=True, slots=True, init=False)
class Recurrence:
    """
    How an event repeats.

    Made of RFC 5545's lines (`Recurrence("RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE:…")`) or in words
    (`Recurrence.weekly("MO", "WE", until=date(2026, 12, 18))`). Raises InvalidRequest, which names
    the part that is wrong, for a rule that cannot be. When it is given to an event, its dates take
    the form that Calendar wants for the event's start: UTC for a time, a date for a day.
    """

    lines: tuple[str, ...]

    def __init__(self, *lines: str) -> None:
        given = tuple(each for line in lines for each in _text(line).splitlines() or [""])
        for each in map(Line.read, given):
            each.check()
        if not any(line.upper().startswith(("RRULE", "RDATE")) for line in given):
            raise impossible("nothing says how it repeats: there is no RRULE and no RDATE")
        object.__setattr__(self, "lines", given)

    @classmethod
    def daily(cls, *, every: int = 1, count: int | None = None, until: Moment | None = None) -> Recurrence:
        """Every day, or every so many days; `until` is the last day, or the last moment (inclusive)."""
        return cls(_rule("DAILY", every, count, until))

    @classmethod
    def weekly(cls, *days: str, every: int = 1, count: int | None = None, until: Moment | None = None) -> Recurrence:
        """Every week, on `days` such as "MO" or "monday"; without them on the weekday of the start."""
        names = ",".join(_text(each).strip()[:2].upper() for each in days)
        return cls(_rule("WEEKLY", every, count, until, BYDAY=names))

    @classmethod
    def monthly(
        cls, *on: int | str, every: int = 1, count: int | None = None, until: Moment | None = None
    ) -> Recurrence:
        """Every month, `on` days such as 15, -1 (the last), or "2TU" (the second Tuesday)."""
        for each in on:
            _check_on(each)
        days = ",".join(str(each) for each in on if isinstance(each, int))
        weekdays = ",".join(each.strip().upper() for each in on if isinstance(each, str))
        if days and weekdays:
            raise impossible("days of the month and weekdays together mean the days that are both; say one of them")
        return cls(_rule("MONTHLY", every, count, until, BYMONTHDAY=days, BYDAY=weekdays))

    @classmethod
    def yearly(cls, *, every: int = 1, count: int | None = None, until: Moment | None = None) -> Recurrence:
        """Every year on the day of the start; on the 29th of February only where there is one."""
        return cls(_rule("YEARLY", every, count, until))

    def without(self, *moments: Moment) -> Recurrence:
        """Return it without these starts; a date takes out what begins on that day."""
        return Recurrence(*self.lines, *(f"EXDATE{_written(checked_moment(each, 'without'))}" for each in moments))

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)

    def fitted(self, start: Moment) -> Recurrence:
        """
        Return it in the form that a series beginning at `start` needs.

        Raises InvalidRequest for a start without a named time zone and for a series of nothing.
        """
        place = _zone_of(start)
        fitted = Recurrence(*(Line.read(line).fitted(start, place) for line in self.lines))
        if next(fitted.occurrences(start), None) is None:
            raise impossible(f"a series that begins at {start.isoformat()} never takes place")
        return fitted

    def occurrences(self, start: Moment, *, between: tuple[Moment, Moment] | None = None) -> Iterator[Moment]:
        """
        Yield when a series that begins at `start` takes place, in order, as its rule says.

        `between` bounds the starts, the second bound exclusive; without it a rule without end goes on
        for ever. What became of single occurrences in Calendar is not known here: ask for `instances`.
        """
        place = _zone_of(start)
        moments = (moment_at(wall, place) for wall in self._walls(start, place))
        if between is None:
            yield from moments
            return
        low, high = (as_utc(checked_moment(bound, "between")) for bound in between)
        yield from (each for each in takewhile(lambda each: as_utc(each) < high, moments) if as_utc(each) >= low)

    def split(self, start: Moment, at: Moment) -> tuple[Recurrence | None, Recurrence]:
        """
        Cut a series that begins at `start` in two, and return what is before `at` and what follows.

        The second begins at `at`; the first is None when nothing is before. Raises InvalidRequest when
        `at` is none of the rule's times, and for several rules, which cannot be cut in two.
        """
        place = _zone_of(start)
        rule = self._only_rule()
        earlier = _number_before(rule, start, at, place)
        ends = (at.astimezone(UTC) - SECOND) if isinstance(at, datetime) else at - DAY
        before = rule.changed(COUNT=None, UNTIL=stamp(ends))
        left = None if rule.count is None else str(rule.count - earlier)
        dates = [line for line in map(Line.read, self.lines) if line.name in DATES]
        cut = [each.cut(as_utc(at), place) for each in dates]
        head = Recurrence(f"RRULE:{before}", *(line for line, _ in cut if line)) if earlier else None
        return head, Recurrence(f"RRULE:{rule.changed(COUNT=left)}", *(line for _, line in cut if line))

    def shifted(self, start: Moment, to: Moment) -> Recurrence:
        """
        Return it for a series that began at `start` and is to begin at `to`: its dates move along.

        Raises InvalidRequest when the rule names days, or times, that would no longer fit.
        """
        if isinstance(start, datetime) != isinstance(to, datetime):
            raise _must_be_said("A series of whole days and one of times repeat differently.")
        old, new = wall_of(start, _zone_of(start)), wall_of(to, _zone_of(to))
        for line in map(Line.read, self.lines):
            filters = Rule.read(line.value).filters if line.name in RULES else frozenset[str]()
            timed = {"BYHOUR", "BYMINUTE", "BYSECOND"}
            if (filters - timed and old.date() != new.date()) or (filters & timed and old.time() != new.time()):
                raise _must_be_said(f"The rule {line.value} would not fit the new start.")
        moved = (Line.read(line).shifted(new - old, _zone_of(start), _zone_of(to)) for line in self.lines)
        return Recurrence(*moved)

    def _only_rule(self) -> Rule:
        rules = [line for line in map(Line.read, self.lines) if line.name in RULES]
        if len(rules) != 1 or rules[0].name != "RRULE":
            raise InvalidRequest(
                "Only a series with one RRULE, and no EXRULE, can be cut in two.",
                hint='Change this one alone (which="this") or all of them (which="all").',
            )
        return Rule.read(rules[0].value)

    def _walls(self, start: Moment, place: tzinfo | None) -> Iterator[datetime]:
        """Yield the naive times on the clock of the series."""
        first = wall_of(start, place)
        wanted: list[Iterator[datetime]] = []
        unwanted: list[Iterator[datetime]] = []
        dates: dict[str, set[datetime]] = {name: set() for name in DATES}
        for line in map(Line.read, self.lines):
            if line.name in DATES:
                dates[line.name].update(line.walls(place))
            else:
                (wanted if line.name == "RRULE" else unwanted).append(line.rule_walls(first, place))
        # Without a rule the start itself is an occurrence; a rule brings it along.
        extra = dates["RDATE"] if wanted else dates["RDATE"] | {first}
        return _merged(merge(sorted(extra), *wanted), merge(*unwanted), dates["EXDATE"])


def as_lines(given: object) -> tuple[str, ...]:
    """Return the lines of what an event is given as its recurrence, as they are."""
    if not isinstance(given, Iterable):
        raise impossible(f"{given!r} is no rule")
    return tuple(given.splitlines() if isinstance(given, str) else given)


def as_recurrence(given: str | Iterable[str], start: Moment | None) -> tuple[str, ...]:
    """Check what an event is given as its recurrence, and return its lines in the form its start needs."""
    lines = as_lines(given)
    if not lines:
        return ()
    recurrence = Recurrence(*lines)
    return recurrence.lines if start is None else recurrence.fitted(start).lines


def _rule(frequency: str, every: int, count: int | None, until: Moment | None, **filters: str) -> str:
    parts = {
        "FREQ": frequency,
        "INTERVAL": None if every == 1 else str(every),
        **filters,
        "COUNT": None if count is None else str(count),
        "UNTIL": None if until is None else stamp(checked_moment(until, "until")),
    }
    return "RRULE:" + ";".join(f"{name}={value}" for name, value in parts.items() if value)


def _number_before(rule: Rule, start: Moment, at: Moment, place: tzinfo | None) -> int:
    """Count the rule's times before `at`, which must be one of them."""
    for earlier, wall in enumerate(walls(rule, wall_of(start, place), until_of(rule, place))):
        found = as_utc(moment_at(wall, place))
        if found == as_utc(at):
            return earlier
        if found > as_utc(at):
            break
    raise InvalidRequest(
        f"{at.isoformat()} is none of the times of {rule}.",
        hint='An extra date, or one of another series: change it alone (which="this").',
    )


def _merged(wanted: Iterator[datetime], unwanted: Iterator[datetime], left_out: set[datetime]) -> Iterator[datetime]:
    ahead, last, in_vain = next(unwanted, None), None, 0
    for wall in wanted:
        while ahead is not None and ahead < wall:
            ahead = next(unwanted, None)
        if wall not in {last, ahead} and wall not in left_out:
            in_vain = 0
            yield wall
        elif in_vain > MOST_IN_VAIN:
            return
        in_vain += 1
        last = wall


def _zone_of(start: Moment) -> tzinfo | None:
    """Return the zone on whose clock a series runs, None for a series of days."""
    checked_moment(start, "start")
    if not isinstance(start, datetime):
        return None
    if zone_name(start) is None:
        raise InvalidRequest(
            "A series needs a time zone with a name, so that it follows clock changes.",
            hint='Use one like ZoneInfo("Europe/London") in start.',
        )
    return start.tzinfo


def _written(moment: Moment) -> str:
    """Write the rest of a line that holds one moment."""
    return f":{stamp(moment)}" if isinstance(moment, datetime) else f";VALUE=DATE:{stamp(moment)}"


def _must_be_said(why: str) -> InvalidRequest:
    return InvalidRequest(why, hint="Pass recurrence= as well, and say how it repeats from there.")


def _text(line: object) -> str:
    if not isinstance(line, str):
        raise impossible(f"{line!r} is no text")
    return line


def _check_on(day: object) -> None:
    if not isinstance(day, (int, str)) or isinstance(day, bool):
        raise impossible(f'{day!r} is neither a day of the month nor a weekday such as "2TU"; pass one after the other')
