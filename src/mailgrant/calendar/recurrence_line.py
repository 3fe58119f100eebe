"""Recurrence line: one RRULE, EXRULE, RDATE or EXDATE line, and the forms that its dates take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from mailgrant.errors import InvalidRequest

from .moment import Moment, as_utc, named_zone
from .rule import Rule, read_wall
from .rule_walk import LAST_YEAR, walls

RULES = ("RRULE", "EXRULE")
DATES = ("RDATE", "EXDATE")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, its parameters in capitals but for the zone, and its value."""

    name: str
    value: str
    zone: str | None
    given: str

    @classmethod
    def read(cls, line: str) -> Line:
        """Read a line; raises InvalidRequest for one of another kind."""
        head, colon, value = line.strip().partition(":")
        name, *parameters = head.split(";")
        if not colon or name.upper() not in (*RULES, *DATES):
            raise InvalidRequest(
                f"recurrence: {line!r} is no rule.",
                hint="Write RRULE:FREQ=WEEKLY;COUNT=4; the times go into start and end.",
            )
        zones = [each[5:] for each in parameters if each.upper().startswith("TZID=")]
        return cls(name.upper(), value.strip().upper(), zones[0] if zones else None, line.strip())

    def check(self) -> None:
        """Raise InvalidRequest unless it can be."""
        if self.zone is not None:
            named_zone(self.zone, "recurrence")
        if self.name in RULES:
            Rule.read(self.value)
        else:
            self.stamps()

    def stamps(self) -> list[str]:
        """Return the dates of a line of dates; of a period only where it begins."""
        stamps = [each.strip().partition("/")[0] for each in self.value.split(",")]
        for each in stamps:
            read_wall(each)
        return stamps

    def walls(self, place: tzinfo | None) -> list[datetime]:
        """Return its dates on the clock of the series."""
        own = named_zone(self.zone, "recurrence") if self.zone else place
        return [_on_the_clock(each, own, place) for each in self.stamps()]

    def rule_walls(self, first: datetime, place: tzinfo | None) -> Iterator[datetime]:
        """Yield a rule's times on the clock of the series."""
        rule = Rule.read(self.value)
        return walls(rule, first, until_of(rule, place))

    def fitted(self, start: Moment, place: tzinfo | None) -> str:
        """Return the line with its dates in the form that a series beginning at `start` needs."""
        if self.name in RULES:
            rule = Rule.read(self.value)
            until = until_of(rule, place)
            if until is None or _is_fit(rule.get("UNTIL") or "", utc=place is not None):
                return self.given
            return f"{self.name}:{rule.changed(UNTIL=stamp(_ending(until, place)))}"
        if all(("T" in each) == (place is not None) for each in self.stamps()):
            return self.given
        at = start.time() if isinstance(start, datetime) else time()
        walls = [wall if "T" in each else datetime.combine(wall, at) for each, wall in self._pairs(place)]
        return f"{self.name}{_line_of(walls, place)}"

    def cut(self, at: datetime, place: tzinfo | None) -> tuple[str, str]:
        """Return the line with its dates before `at`, and with the others; empty where there is none."""
        before: list[datetime] = []
        others: list[datetime] = []
        for wall in self.walls(place):
            (before if as_utc(moment_at(wall, place)) < at else others).append(wall)
        if not before or not others:
            return ("", self.given) if others else (self.given, "")
        return f"{self.name}{_line_of(before, place)}", f"{self.name}{_line_of(others, place)}"

    def shifted(self, by: timedelta, place: tzinfo | None, to: tzinfo | None) -> str:
        """Return the line with its dates moved `by` so much on the clock, and from one zone to another."""
        if self.name in DATES:
            return f"{self.name}{_line_of([wall + by for wall in self.walls(place)], to)}"
        rule = Rule.read(self.value)
        until = until_of(rule, place)
        if until is None:
            return self.given
        return f"{self.name}:{rule.changed(UNTIL=stamp(_ending(until + by, to)))}"

    def _pairs(self, place: tzinfo | None) -> Iterable[tuple[str, datetime]]:
        return zip(self.stamps(), self.walls(place), strict=True)


def wall_of(moment: Moment, place: tzinfo | None) -> datetime:
    """Return a moment on the clock of a zone, as a naive time; a day as its midnight."""
    if isinstance(moment, datetime):
        return moment.astimezone(place).replace(tzinfo=None)
    return datetime.combine(moment, time())


def moment_at(wall: datetime, place: tzinfo | None) -> Moment:
    """Return the moment at which the clock of a zone shows this; without a zone, the day."""
    if place is None:
        return wall.date()
    # Through UTC, so that a time which the clocks leave out becomes the one they show instead.
    return wall.replace(tzinfo=place).astimezone(UTC).astimezone(place)


def _on_the_clock(stamp: str, own: tzinfo | None, place: tzinfo | None) -> datetime:
    wall = read_wall(stamp)
    if wall.year > LAST_YEAR:
        # A common way to say "for ever".
        return datetime.combine(date(LAST_YEAR, 12, 31), time())
    if place is None:
        return datetime.combine(wall, time())
    if "T" not in stamp:
        return wall
    return wall.replace(tzinfo=UTC if stamp.endswith("Z") else own).astimezone(place).replace(tzinfo=None)


def until_of(rule: Rule, place: tzinfo | None) -> datetime | None:
    """Return a rule's UNTIL on the clock of the series."""
    stamp = rule.get("UNTIL")
    if stamp is None:
        return None
    wall = _on_the_clock(stamp, place, place)
    # A bare day includes all of it.
    return wall if place is None or "T" in stamp else datetime.combine(wall, time(23, 59, 59))


def _is_fit(stamp: str, *, utc: bool) -> bool:
    return stamp.endswith("Z") if utc else "T" not in stamp


def _ending(wall: datetime, place: tzinfo | None) -> Moment:
    return wall.date() if place is None else wall.replace(tzinfo=place).astimezone(UTC)


def stamp(moment: Moment) -> str:
    """Write a moment as RFC 5545 does, a time in UTC."""
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{moment:%Y%m%d}"


def _line_of(walls: list[datetime], place: tzinfo | None) -> str:
    moments = [moment_at(wall, place) for wall in walls]
    form = ";VALUE=DATE:" if place is None else ":"
    return form + ",".join(map(stamp, moments))
