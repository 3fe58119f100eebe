"""
Diary: the calendars a person owns, the list of those they look at, and their settings.

Nothing here knows of HTTP or of what is in other people's diaries: `calendar/` answers calls and
`invitation.py` carries meetings from one diary to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.moment import milliseconds
from mailgrant.sandbox.diary.sharing import AclRule, Role

if TYPE_CHECKING:
    from mailgrant.sandbox.clock import Clock
    from mailgrant.sandbox.ids import Ids

TEN_MINUTES_BEFORE = {"method": "popup", "minutes": 10}


class Neighbour(Protocol):
    """A person as the calendars see one."""

    @property
    def email(self) -> str: ...

    @property
    def diary(self) -> Diary: ...


class Neighbours(Protocol):
    """The people whose diaries meetings travel to."""

    def find(self, email_or_sub: str, /) -> Neighbour | None: ...

    def everybody(self) -> Iterator[Neighbour]: ...


@dataclass(slots=True)
class ListEntry:
    """A calendar on a person's list, and how they like to see it."""

    calendar_id: str
    looks: dict[str, Any] = field(kw_only=True)
    updated: datetime = field(kw_only=True)
    change: int = field(kw_only=True, default=0)
    deleted: bool = field(kw_only=True, default=False)

    @property
    def etag(self) -> str:
        """The entity tag."""
        return f'"{int(self.updated.timestamp() * 1000 + 0.5) * 1000}"'


class Diary:
    """
    The calendars a person owns, the list of those they look at, and their settings.

    `neighbours` are the people who are told of meetings when an event is added by `add_event`.
    """

    KEPT: ClassVar[tuple[str, ...]] = ("settings", "calendars", "entries", "change")

    def __init__(self, owner: str, clock: Clock, ids: Ids, *, neighbours: Neighbours | None = None) -> None:
        self.owner = owner
        self.neighbours = neighbours
        self.settings: dict[str, str] = {}
        self.calendars: dict[str, Calendar] = {}
        self.entries: dict[str, ListEntry] = {}
        self.change = 0
        self._clock = clock
        self._ids = ids
        self.open(owner, {"summary": owner}, zone="UTC", reminders=[TEN_MINUTES_BEFORE])

    @property
    def primary(self) -> Calendar:
        """The calendar that the person has from the beginning."""
        return self.calendars[self.owner]

    def open(
        self, calendar_id: str, details: Mapping[str, Any], *, zone: str, reminders: list[dict[str, Any]] | None = None
    ) -> Calendar:
        """Start a calendar of the owner's and put it on their list."""
        now = milliseconds(self._clock.now())
        calendar = Calendar(calendar_id, owner=self.owner, zone=zone, created=now, updated=now, details=dict(details))
        rule = AclRule("user", self.owner, role=Role.OWNER, updated=now)
        calendar.rules[rule.id] = rule
        self.calendars[calendar_id] = calendar
        # Google gives the primary calendar its peacock blue, and others the next colours in turn.
        colour = str((len(self.calendars) + 12) % 24 + 1)
        looks = {"colorId": colour, "selected": True, "defaultReminders": reminders or []}
        self.list_entry(calendar_id, looks)
        return calendar

    def open_secondary(self, details: Mapping[str, Any], *, zone: str, made_by: str = "") -> Calendar:
        """Start another calendar, with an id of Google's making; `made_by` is the project that asks for it."""
        name = blake2b(self._ids.base32hex26("calendar").encode(), digest_size=32).hexdigest()
        calendar = self.open(f"c_{name}@group.calendar.google.com", details, zone=zone)
        calendar.made_by = made_by
        return calendar

    def list_entry(self, calendar_id: str, looks: Mapping[str, Any]) -> ListEntry:
        """Put a calendar on the list, or change how it is shown there."""
        self.change += 1
        now = milliseconds(self._clock.now())
        entry = ListEntry(calendar_id, looks=dict(looks), updated=now, change=self.change)
        self.entries[calendar_id] = entry
        return entry

    def unlist(self, calendar_id: str) -> None:
        """Take a calendar off the list; syncs will hear of it."""
        self.change += 1
        entry = self.entries[calendar_id]
        entry.deleted, entry.change, entry.updated = True, self.change, milliseconds(self._clock.now())

    def as_it_was(self, moment: float) -> Diary:
        """Return the diary with its calendars as of a moment of the monotonic clock."""
        was = copy(self)
        was.calendars = {known.id: known.as_it_was(moment) for known in self.calendars.values()}
        return was

    def new_event_id(self) -> str:
        """Return an id for an event whose maker did not choose one."""
        return self._ids.base32hex26("event")

    def meeting_code(self) -> str:
        """Return the code of a new Meet conference: abc-defg-hij."""
        number = int(self._ids.decimal("conference"))
        letters = "".join(chr(ord("a") + number // 26**place % 26) for place in range(10))
        return f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"

    def add_event(self, calendar_id: str, body: dict[str, Any], *, actor: str) -> dict[str, Any]:
        """
        Add an event as the person `actor` would by `events.insert`, and return Google's Event.

        Raises `ApiError` where Google would refuse it.
        """
        from mailgrant.sandbox.calendar.events import add_event

        return add_event(self, calendar_id, body, actor=actor, now=self._clock.now())


def find_calendar(people: Neighbours, calendar_id: str) -> Calendar | None:
    """Return any calendar of the sandbox by its id, whoever owns it."""
    person = people.find(calendar_id) if "@" in calendar_id else None
    if person is not None:
        return person.diary.primary
    diaries = (person.diary for person in people.everybody())
    return next((diary.calendars[calendar_id] for diary in diaries if calendar_id in diary.calendars), None)
