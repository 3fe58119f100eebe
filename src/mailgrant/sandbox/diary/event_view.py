"""
Google's Event JSON, made of an occurrence for the person who looks at it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from mailgrant.sandbox.clock import stamped
from mailgrant.sandbox.diary.attendee import entry_of, folded
from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.conference import meet_link
from mailgrant.sandbox.diary.event import Occurrence
from mailgrant.sandbox.diary.sharing import Role

PLAIN = ("summary", "description", "location", "colorId")
LATER = (
    "extendedProperties",
    "anyoneCanAddSelf",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "privateCopy",
    "source",
    "gadget",
    "attachments",
    "birthdayProperties",
    "focusTimeProperties",
    "outOfOfficeProperties",
    "workingLocationProperties",
    "eventLabelId",
)
HIDDEN = frozenset({"private", "confidential"})


@dataclass(frozen=True, slots=True)
class View:
    """
    Who looks at a calendar's events, and how.

    `place` is the zone that times are written in. `most_attendees` is the caller's limit: beyond it
    they see only themselves. `bare` shows of deleted events no more than which they are.
    """

    calendar: Calendar
    person: str = field(kw_only=True)
    role: Role = field(kw_only=True)
    place: tzinfo = field(kw_only=True)
    most_attendees: int | None = field(kw_only=True, default=None)
    bare: bool = field(kw_only=True, default=False)

    def show(self, found: Occurrence) -> dict[str, Any]:
        """Return Google's Event."""
        head = self._head(found)
        if found.cancelled and (self.bare or found.slot is not None):
            return head | self._instance_of(found)
        hidden = found.fields.get("visibility") in HIDDEN and self.role < Role.WRITER and not self._takes_part(found)
        if self.role == Role.FREE_BUSY_READER or hidden:
            return head | self._outline(found)
        return head | self._details(found)

    def _head(self, found: Occurrence) -> dict[str, Any]:
        return {"kind": "calendar#event", "etag": found.etag, "id": found.id, "status": found.status}

    def _outline(self, found: Occurrence) -> dict[str, Any]:
        """What those see who may know when, and not what."""
        return {
            "htmlLink": self._link(found),
            "updated": stamped(found.updated),
            **self._times(found),
            "visibility": "private",
            "iCalUID": found.event.uid,
            "eventType": found.fields.get("eventType", "default"),
        }

    def _details(self, found: Occurrence) -> dict[str, Any]:
        fields = found.fields
        link = meet_link(fields.get("conferenceData"))
        return {
            "htmlLink": self._link(found),
            "created": stamped(found.event.created),
            "updated": stamped(found.updated),
            **{name: fields[name] for name in PLAIN if name in fields},
            "creator": self._marked({"email": found.event.creator}),
            "organizer": self._marked(found.event.organizer),
            **self._times(found),
            **{name: fields[name] for name in ("transparency", "visibility") if name in fields},
            "iCalUID": found.event.uid,
            "sequence": found.sequence,
            **self._guests(found),
            **({"hangoutLink": link} if link else {}),
            **({"conferenceData": fields["conferenceData"]} if "conferenceData" in fields else {}),
            **{name: fields[name] for name in LATER if name in fields},
            "reminders": fields.get("reminders", {"useDefault": True}),
            "eventType": fields.get("eventType", "default"),
        }

    def _times(self, found: Occurrence) -> dict[str, Any]:
        zone = self.calendar.zone
        times: dict[str, Any] = {
            "start": found.start.as_json(self.place, zone),
            "end": found.end.as_json(self.place, zone),
        }
        if found.series is not None:
            times["recurrence"] = list(found.series.lines)
        return times | self._instance_of(found)

    def _instance_of(self, found: Occurrence) -> dict[str, Any]:
        if found.slot is None:
            return {}
        original = found.slot.as_json(self.place, self.calendar.zone)
        return {"recurringEventId": found.recurring_id, "originalStartTime": original}

    def _guests(self, found: Occurrence) -> dict[str, Any]:
        attendees: Sequence[Mapping[str, Any]] = found.fields.get("attendees", ())
        if not attendees:
            return {}
        shown = list(attendees)
        omitted = self.most_attendees is not None and len(attendees) > self.most_attendees
        if omitted or self._may_not_see_guests(found):
            own = entry_of(attendees, self.calendar.id)
            shown, omitted = [own] if own else [], True
        guests = [self._guest(entry, found) for entry in shown]
        return ({"attendees": guests} if guests else {}) | ({"attendeesOmitted": True} if omitted else {})

    def _may_not_see_guests(self, found: Occurrence) -> bool:
        others_hidden = found.fields.get("guestsCanSeeOtherGuests") is False
        return others_hidden and found.event.organizer["email"] != self.calendar.id

    def _guest(self, entry: Mapping[str, Any], found: Occurrence) -> dict[str, Any]:
        marks = {}
        if folded(entry) == found.event.organizer["email"].casefold():
            marks["organizer"] = True
        if folded(entry) == self.calendar.id.casefold():
            marks["self"] = True
        status = {"responseStatus": entry["responseStatus"]}
        return {name: value for name, value in entry.items() if name != "responseStatus"} | marks | status

    def _marked(self, who: Mapping[str, str]) -> dict[str, Any]:
        """Return a person, marked when it is this calendar they belong to."""
        own = who["email"].casefold() == self.calendar.id.casefold()
        return {**who, "self": True} if own else dict(who)

    def _takes_part(self, found: Occurrence) -> bool:
        return entry_of(found.fields.get("attendees", ()), self.person) is not None

    def _link(self, found: Occurrence) -> str:
        eid = b64encode(f"{found.id} {self.calendar.id}".encode()).decode().rstrip("=")
        return f"https://www.google.com/calendar/event?eid={eid}"


def writable(found: Occurrence, calendar: Calendar) -> dict[str, Any]:
    """Return an occurrence as a client would have to write it: what PATCH starts from."""
    written = {"start": _written(found.start.as_json(UTC, calendar.zone), found.start.zone)}
    written["end"] = _written(found.end.as_json(UTC, calendar.zone), found.end.zone)
    lines = {"recurrence": list(found.series.lines)} if found.series else {}
    return {**found.fields, **written, **lines}


def _written(time: dict[str, Any], zone: str | None) -> dict[str, Any]:
    """Leave out the zone that was not given, but is the calendar's."""
    return {name: value for name, value in time.items() if name != "timeZone" or zone is not None}
