"""
Busy: the conversations that ask when people are busy, and when all of them are free.

Google takes so many calendars, and so long a time, in one question. More are several questions here,
and what touches where two of them meet is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from mailgrant.errors import InvalidRequest, NoAnswer, NotFound, OutcomeUnknown
from mailgrant.http import Call, Request

from .calls import CALENDAR, read_json
from .free_busy import Hours, Interval, busy_from_json, first_gap, joined
from .moment import as_utc, rfc3339

MOST_CALENDARS = 50
MOST_IN_GROUP = 100
# Google refuses (timeRangeTooLong) what is some three months long, and says nowhere where the limit is.
LONGEST_QUESTION = timedelta(days=60)
# More would be hundreds of questions, and is a slip.
LONGEST = timedelta(days=3660)
# A question that is asked by POST may be asked again as a GET may; so often.
ASKED = 3
# A calendar that came with a group, and for which there was no room.
TOO_MANY = "tooManyCalendarsRequested"
UNKNOWN: Mapping[str, Any] = MappingProxyType({"errors": [{"reason": "notFound"}]})
Busy: TypeAlias = dict[str, tuple[Interval, ...]]


@dataclass(frozen=True, slots=True)
class Answers:
    """What Google has said about calendars, and about groups, by what they were asked by."""

    calendars: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def take(self, value: Mapping[str, Any]) -> list[str]:
        """Take one answer, and return the calendars that did not fit into it."""
        found = _objects(value.get("calendars"))
        known = {name for name, each in self.calendars.items() if not _reason(each)}
        crowded_before = {name for name, each in self.calendars.items() if _reason(each) == TOO_MANY}
        self.calendars.update((name, each) for name, each in found.items() if name not in known)
        self.groups.update(_objects(value.get("groups")))
        return [
            name for name, each in found.items() if _reason(each) == TOO_MANY and name not in known | crowded_before
        ]

    def about(self, asked: str) -> list[Mapping[str, Any]]:
        """Return what is said of a calendar, or of each one in a group; of what is not known, that it is not."""
        group = self.groups.get(asked)
        if group is None or _reason(group):
            return [group or self.calendars.get(asked, UNKNOWN)]
        members = group.get("calendars")
        # A group of nobody says as little as one that is not there.
        names = [str(each) for each in members] if isinstance(members, list) else []
        return [self.calendars.get(name, UNKNOWN) for name in names] or [UNKNOWN]


def free_busy(people: Collection[str], between: Interval) -> Call[Busy]:
    """Ask when people, calendars or groups are busy; raises NotFound naming those that cannot be seen."""
    busy: Busy = dict.fromkeys(people, ())
    for part in parts(between):
        found = yield from _busy(list(busy), part)
        busy = {person: _continued(busy[person], found[person]) for person in busy}
    return busy


def first_free(
    people: Collection[str], duration: timedelta, between: Interval, hours: Hours = None
) -> Call[Interval | None]:
    """Ask on and on, until there is a time at which nobody is busy; None when there is none in `between`."""
    taken: list[Interval] = []
    for part in parts(between):
        found = yield from _busy(list(dict.fromkeys(people)), part)
        taken += [each for times in found.values() for each in times]
        free = first_gap(taken, duration, Interval(between.start, part.end), hours)
        if free is not None:
            return free
    return None


def parts(between: Interval) -> Iterator[Interval]:
    """Cut a time into what one question may be about; raises InvalidRequest for one that is a slip."""
    if between.duration > LONGEST:
        raise InvalidRequest(
            f"The time from {between.start.isoformat()} to {between.end.isoformat()} is too long to ask about.",
            hint=f"Ask about {LONGEST.days} days at most.",
        )
    return _parts(between)


def _parts(between: Interval) -> Iterator[Interval]:
    start, place = as_utc(between.start), between.start.tzinfo
    while start < as_utc(between.end):
        end = min(start + LONGEST_QUESTION, as_utc(between.end))
        yield Interval(start.astimezone(place), end.astimezone(place))
        start = end


def _continued(before: tuple[Interval, ...], after: tuple[Interval, ...]) -> tuple[Interval, ...]:
    return joined([*before, *after]) if before and after else before or after


def _busy(asked: list[str], between: Interval) -> Call[Busy]:
    answers = yield from _answers(asked, between)
    said = {person: answers.about(person) for person in asked}
    unseen = {person: reason for person, each in said.items() if (reason := _first_reason(each))}
    if unseen:
        raise NotFound(
            f"When {', '.join(sorted(unseen))} can come is not known: their calendar cannot be seen.",
            hint="Ask them to share at least free and busy, or leave them out.",
            reason=next(iter(unseen.values())),
            operation="calendar.freebusy.query",
        )
    place = between.start.tzinfo
    times = {person: [busy_from_json(one.get("busy"), place) for one in each] for person, each in said.items()}
    return {person: _together(each) for person, each in times.items()}


def _together(calendars: list[tuple[Interval, ...]]) -> tuple[Interval, ...]:
    return calendars[0] if len(calendars) == 1 else joined(each for times in calendars for each in times)


def _answers(asked: list[str], between: Interval) -> Call[Answers]:
    answers, waiting = Answers(), asked
    while waiting:
        crowded = answers.take((yield from _ask(waiting[:MOST_CALENDARS], between)))
        waiting = waiting[MOST_CALENDARS:] + crowded
    return answers


def _ask(people: list[str], between: Interval) -> Call[dict[str, Any]]:
    value = {
        "timeMin": rfc3339(between.start),
        "timeMax": rfc3339(between.end),
        "items": [{"id": person} for person in people],
        "calendarExpansionMax": MOST_CALENDARS,
        "groupExpansionMax": MOST_IN_GROUP,
    }
    url = f"{CALENDAR}/freeBusy"
    for left in reversed(range(ASKED)):
        try:
            response = yield Request.json("POST", url, operation="calendar.freebusy.query", value=value)
        except OutcomeUnknown as unknown:
            if left:
                continue
            raise NoAnswer(f"No answer to calendar.freebusy.query: {unknown.evidence}.") from unknown
        break
    return read_json(response)


def _objects(value: object) -> dict[str, Mapping[str, Any]]:
    found = value if isinstance(value, Mapping) else {}
    return {str(name): each for name, each in found.items() if isinstance(each, Mapping)}


def _first_reason(said: list[Mapping[str, Any]]) -> str:
    return next(filter(None, map(_reason, said)), "")


def _reason(said: Mapping[str, Any]) -> str:
    """Return why Google does not say it; empty when it does."""
    errors = said.get("errors")
    if not errors:
        return ""
    first = errors[0] if isinstance(errors, list) else {}
    return str(first.get("reason") or "unknown") if isinstance(first, Mapping) else "unknown"
