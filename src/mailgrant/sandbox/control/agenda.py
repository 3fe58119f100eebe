"""
Agenda: what the page for people says of a person's calendars, from yesterday on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.diary import find_calendar
from mailgrant.sandbox.diary.event import Occurrence
from mailgrant.sandbox.diary.event_search import Hits, Key, Search
from mailgrant.sandbox.diary.moment import known_zone
from mailgrant.sandbox.diary.sharing import Role

if TYPE_CHECKING:
    from mailgrant.sandbox.people import People, Person

MOST_EVENTS = 30
BEFORE = timedelta(days=1)
ANSWERS = {"accepted": "yes", "declined": "no", "tentative": "maybe", "needsAction": "no answer yet"}


@dataclass(frozen=True, slots=True)
class Line:
    """An event as the agenda shows it."""

    id: str
    at: datetime = field(kw_only=True)
    when: str = field(kw_only=True)
    summary: str = field(kw_only=True)
    place: str = field(kw_only=True)
    guests: tuple[str, ...] = field(kw_only=True)
    calendar: str | None = field(kw_only=True)
    marks: tuple[str, ...] = field(kw_only=True)


def agenda(person: Person, people: People, now: datetime) -> dict[str, Any]:
    """Return what the page says of one person's calendars: those on their list, and what is next."""
    seen = list(_calendars(person, people))
    search = Search(now, after=now - BEFORE, expanded=True)
    runs = [_run(calendar, search) for calendar in seen]
    first = islice(merge(*runs, key=itemgetter(0)), MOST_EVENTS)
    return {
        "calendars": [{"id": calendar.id, "name": _name(calendar)} for calendar in seen],
        "events": [_line(found, calendar) for _, found, calendar in first],
    }


def _calendars(person: Person, people: People) -> Iterator[Calendar]:
    """Yield the calendars on a person's list whose events they may see."""
    for entry in person.diary.entries.values():
        calendar = None if entry.deleted else find_calendar(people, entry.calendar_id)
        if calendar is not None and calendar.role_of(person.email) >= Role.READER:
            yield calendar


def _run(calendar: Calendar, search: Search) -> Iterator[tuple[Key, Occurrence, Calendar]]:
    """Yield what a calendar holds, in order, each with what it is sorted by."""
    for key, found in Hits(calendar, search).after(None):
        yield key, found, calendar


def _name(calendar: Calendar) -> str:
    return str(calendar.details.get("summary", calendar.id))


def _line(found: Occurrence, calendar: Calendar) -> Line:
    fields = found.fields
    marks = [word for word in ("recurring",) if found.recurring_id] + [found.status] * (found.status != "confirmed")
    return Line(
        found.id,
        at=found.start.at(known_zone(calendar.zone)),
        when=_when(found, calendar.zone),
        summary=str(fields.get("summary", "")),
        place=str(fields.get("location", "")),
        guests=tuple(
            f"{guest['email']}: {ANSWERS.get(guest.get('responseStatus', ''), 'no answer yet')}"
            for guest in fields.get("attendees", ())
            if "email" in guest
        ),
        calendar=None if calendar.primary else _name(calendar),
        marks=tuple(marks),
    )


def _when(found: Occurrence, zone: str) -> str:
    """Say when an event is, in its calendar's time."""
    place = known_zone(zone)
    start, end = found.start.at(place).astimezone(place), found.end.at(place).astimezone(place)
    if found.start.all_day:
        last = end - timedelta(days=1)
        return f"{start:%a %d %b}" if last <= start else f"{start:%a %d %b} – {last:%a %d %b}"
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a %d %b %H:%M}"
    return f"{start:%a %d %b %H:%M} – {until}"
