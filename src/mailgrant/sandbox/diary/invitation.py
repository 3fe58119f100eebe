"""
Invitations: how a meeting travels between the diaries of a sandbox.

The organizer's event is the meeting. Guests who have an account here get a copy under the same id in
their primary calendar; what they say on it (and what they may change) goes back to the organizer's
and from there to the other guests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.attendee import entry_of, folded
from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.diary import Neighbours, find_calendar
from mailgrant.sandbox.diary.event import CANCELLED, PRIVATE, Draft, Event, Fields, Occurrence, differences

# Beyond so many guests, answers are not carried around.
MOST_PROPAGATED = 200
# What a guest may never change, even where guests may modify the event.
ORGANIZERS = frozenset(
    {"anyoneCanAddSelf", "guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests", "privateCopy"}
)


def is_organizer(calendar: Calendar, found: Occurrence) -> bool:
    """Return whether a calendar holds the meeting itself, not a guest's copy."""
    return found.event.organizer["email"].casefold() == calendar.id.casefold()


def guests(fields: Mapping[str, Any]) -> frozenset[str]:
    """Return the addresses of everybody invited, in one case."""
    return frozenset(folded(entry) for entry in fields.get("attendees", ()))


@dataclass(frozen=True, slots=True)
class Post:
    """Carries meetings between calendars, at one moment."""

    people: Neighbours
    now: datetime = field(kw_only=True)

    def carry(self, calendar: Calendar, found: Occurrence, before: Mapping[str, Any]) -> None:
        """Tell the others of a change; `before` are the fields as they were."""
        if found.fields.get("privateCopy"):
            return
        if is_organizer(calendar, found):
            _reseat(calendar, found, before)
            self._spread(calendar, found, guests(before))
        else:
            self._hand_in(calendar, found)

    def readdress(self, found: Occurrence) -> None:
        """Tell the guests' copies that the meeting has moved to another calendar."""
        for email in sorted(guests(found.fields)):
            guest = self.people.find(email)
            copy = guest.diary.primary.find(found.id) if guest else None
            if guest is not None and copy is not None and copy.event is not found.event:
                copy.event.organizer = dict(found.event.organizer)
                copy.event.touch(self.now, guest.diary.primary.next_change())

    def _spread(self, home: Calendar, found: Occurrence, before: frozenset[str]) -> None:
        """Bring every guest's copy in line with the organizer's event."""
        parts = [found, *(home.changed_instances(found.event) if found.slot is None else ())]
        for part in parts:
            invited = guests(part.fields)
            for email in sorted(invited | before):
                guest = self.people.find(email)
                if guest is not None and guest.diary.primary is not home:
                    self._bring(guest.diary.primary, part, invited=email in invited)

    def _bring(self, target: Calendar, found: Occurrence, *, invited: bool) -> None:
        copy = target.find(found.id)
        if copy is not None and copy.event.uid != found.event.uid:
            return
        if copy is None:
            if invited and not found.cancelled:
                target.add(_copy_of(found), self.now)
            return
        fields = _shared(found.fields, copy.fields)
        if not invited or found.cancelled or _has_left(target, found, copy):
            fields["status"] = CANCELLED
        elif copy.cancelled:
            fields.pop("status", None)
        draft = Draft(found.start, end=found.end, series=found.series, fields=fields)
        if differences(copy.fields, fields) or (copy.start, copy.end, copy.series) != (
            draft.start,
            draft.end,
            draft.series,
        ):
            target.rewrite(copy, draft, self.now)

    def _hand_in(self, calendar: Calendar, found: Occurrence) -> None:
        """Bring what a guest did on their copy to the organizer, who tells the others."""
        home = find_calendar(self.people, found.event.organizer["email"])
        original = home.find(found.id) if home else None
        if home is None or original is None or original.cancelled or original.event.uid != found.event.uid:
            return
        if len(found.fields.get("attendees", ())) > MOST_PROPAGATED:
            return
        before = original.fields
        fields = _shared(found.fields, before)
        if calendar.id.casefold() not in guests(fields):
            return
        draft = Draft(found.start, end=found.end, series=found.series, fields=fields)
        self.carry(home, home.rewrite(original, draft, self.now), before)


def check_guest(calendar: Calendar, found: Occurrence, draft: Draft) -> None:
    """Refuse what a guest may not do to their copy of somebody else's meeting."""
    if is_organizer(calendar, found):
        return
    changed = {name for name in differences(found.fields, draft.fields) if _differs(name, found.fields, draft.fields)}
    retimed = (found.start, found.end, found.series) != (draft.start, draft.end, draft.series)
    if found.fields.get("guestsCanModify"):
        if changed & ORGANIZERS:
            raise refusals.organizer_only()
        return
    if retimed or changed - {"attendees"}:
        raise refusals.organizer_only()
    _check_guest_list(calendar, found.fields, draft.fields)


def _differs(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    if name == "extendedProperties":
        return bool(before.get(name, {}).get("shared") != after.get(name, {}).get("shared"))
    return name not in PRIVATE


def _check_guest_list(calendar: Calendar, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """A guest answers for themselves, and may bring others where the organizer allows it."""
    own = calendar.id.casefold()
    for entry in before.get("attendees", ()):
        if folded(entry) != own and entry_of(after.get("attendees", ()), entry["email"]) != entry:
            raise refusals.organizer_only()
    added = guests(after) - guests(before)
    if added and before.get("guestsCanInviteOthers") is False:
        raise refusals.organizer_only()


def _shared(source: Mapping[str, Any], own: Mapping[str, Any]) -> Fields:
    """Return one copy's fields with everything shared taken from another copy."""
    fields = {name: value for name, value in source.items() if name not in PRIVATE}
    fields |= {name: value for name, value in own.items() if name in PRIVATE}
    shared = source.get("extendedProperties", {}).get("shared")
    private = own.get("extendedProperties", {}).get("private")
    properties = {kind: pairs for kind, pairs in (("private", private), ("shared", shared)) if pairs}
    fields.pop("extendedProperties", None)
    return fields | ({"extendedProperties": properties} if properties else {})


def _has_left(target: Calendar, found: Occurrence, copy: Occurrence) -> bool:
    """Return whether a guest has deleted their copy and not been asked anew."""
    entry = entry_of(found.fields.get("attendees", ()), target.id)
    return copy.cancelled and entry is not None and entry.get("responseStatus") == "declined"


def _copy_of(found: Occurrence) -> Event:
    """Return a new copy; an instance whose series the guest is not invited to stands by itself."""
    event = found.event
    return Event(
        found.id,
        start=found.start,
        end=found.end,
        series=found.series,
        fields=_shared(found.fields, {}),
        uid=event.uid,
        creator=event.creator,
        organizer=dict(event.organizer),
        created=event.created,
        updated=found.updated,
        sequence=found.sequence,
        recurring_id=found.recurring_id,
        slot=found.slot,
    )


def _reseat(home: Calendar, found: Occurrence, before: Mapping[str, Any]) -> None:
    """Let guests who join or leave a series do so at its changed instances as well."""
    if found.slot is not None or guests(before) == guests(found.fields):
        return
    for exception in home.exceptions.get(found.event.id, {}).values():
        if exception.fields.get("attendees"):
            seated = list(_seated(exception.fields["attendees"], before, found.fields))
            exception.fields = {**exception.fields, "attendees": seated}


def _seated(
    seats: list[dict[str, Any]], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for entry in after.get("attendees", ()):
        yield dict(entry_of(seats, entry["email"]) or entry)
    series = guests(before) | guests(after)
    yield from (entry for entry in seats if folded(entry) not in series)
