"""
The way to a calendar: which one a call names, and whether its person may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from mailgrant.sandbox.calendar.scope_reach import reach
from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.diary import find_calendar
from mailgrant.sandbox.diary.event import Occurrence
from mailgrant.sandbox.diary.event_view import HIDDEN, View
from mailgrant.sandbox.diary.moment import known_zone, zone
from mailgrant.sandbox.diary.sharing import Role
from mailgrant.sandbox.frame.wire import ApiCall

PRIMARY = "primary"


@dataclass(frozen=True, slots=True)
class Access:
    """A calendar as the person who calls may use it."""

    calendar: Calendar
    role: Role = field(kw_only=True)
    person: str = field(kw_only=True)
    reminders: Sequence[Mapping[str, Any]] = field(kw_only=True, default=())

    def view(self, call: ApiCall, *, bare: bool = False) -> View:
        """Return how this call wants events shown."""
        most = call.params.get("maxAttendees")
        if most is not None and most < 1:
            raise refusals.invalid(parameter="maxAttendees")
        place = zone_asked_for(call) or known_zone(self.calendar.zone)
        return View(self.calendar, person=self.person, role=self.role, place=place, most_attendees=most, bare=bare)

    def event(self, event_id: str) -> Occurrence:
        """Return an event of the calendar, deleted ones too; raises 404."""
        found = self.calendar.find(event_id)
        if found is None:
            raise refusals.not_found()
        return found

    def check_may_write(self, found: Occurrence) -> None:
        """Refuse to let a writer without private access change what they may not read."""
        if self.role == Role.WRITER_WITHOUT_PRIVATE_ACCESS and found.fields.get("visibility") in HIDDEN:
            raise refusals.needs_access(Role.WRITER.google)


def enter(call: ApiCall, needed: Role, calendar_id: str | None = None) -> Access:
    """
    Return the calendar that a call names, for a person who may do what `needed` allows.

    A calendar that they may not see at all is not found; one that their token's scopes are not about is
    refused.
    """
    named = calendar_id or call.params["calendarId"]
    person = call.person
    calendar = person.diary.primary if named == PRIMARY else find_calendar(call.world.people, named)
    role = calendar.role_of(person.email) if calendar else Role.NONE
    if calendar is None or role == Role.NONE:
        raise refusals.not_found()
    role = reach(call, calendar, role)
    if role < needed:
        # Google asks for a writer, though one without private access would do.
        asked = Role.WRITER if needed == Role.WRITER_WITHOUT_PRIVATE_ACCESS else needed
        raise refusals.needs_access(asked.google)
    entry = person.diary.entries.get(calendar.id)
    reminders = entry.looks.get("defaultReminders", ()) if entry else ()
    return Access(calendar, role=role, person=person.email, reminders=reminders)


def zone_asked_for(call: ApiCall) -> tzinfo | None:
    """Return the zone of the parameter `timeZone`."""
    name = call.params.get("timeZone")
    if name is None:
        return None
    found = zone(name)
    if found is None:
        raise refusals.invalid("Invalid time zone.", parameter="timeZone")
    return found


def check_unmodified(headers: Mapping[str, str], etag: str) -> None:
    """Refuse a write whose `If-Match` names another state (412)."""
    wanted = headers.get("if-match")
    if wanted is not None and not _names(wanted, etag):
        raise refusals.condition_not_met()


def check_modified(headers: Mapping[str, str], etag: str) -> None:
    """Answer a read whose `If-None-Match` names this very state: nothing new (304)."""
    known = headers.get("if-none-match")
    if known is not None and _names(known, etag):
        raise refusals.not_modified()


def _names(header: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags
