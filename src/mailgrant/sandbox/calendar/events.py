"""
Events: what Calendar's `events.*` methods do, one function per method.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailgrant.sandbox.calendar.access import Access, check_modified, check_unmodified, enter
from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.attendee import entry_of
from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.diary import Diary, Neighbours
from mailgrant.sandbox.diary.event import CANCELLED, Draft, Event, Occurrence, whole
from mailgrant.sandbox.diary.event_body import Writing, patched, read_event
from mailgrant.sandbox.diary.event_view import View, writable
from mailgrant.sandbox.diary.invitation import Post, check_guest, is_organizer
from mailgrant.sandbox.diary.invitation_mail import notify
from mailgrant.sandbox.diary.moment import known_zone, milliseconds
from mailgrant.sandbox.diary.sharing import Role
from mailgrant.sandbox.frame.wire import ApiCall

CLIENT_ID = re.compile(r"[a-v0-9]{5,1024}")
WRITER = Role.WRITER_WITHOUT_PRIVATE_ACCESS


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, with whose ids, and whose diaries are told."""

    email: str
    diary: Diary = field(kw_only=True)
    people: Neighbours | None = field(kw_only=True)
    now: datetime = field(kw_only=True)

    def tell(self, calendar: Calendar, found: Occurrence, before: Mapping[str, Any]) -> None:
        """Let guests, or the organizer, know."""
        if self.people is not None:
            Post(self.people, now=self.now).carry(calendar, found, before)

    def add(self, calendar: Calendar, body: Mapping[str, Any], writing: Writing) -> Occurrence:
        """Add an event as a body describes it."""
        event_id = _free_id(calendar, body) or self.diary.new_event_id()
        uid = body.get("iCalUID")
        if uid and calendar.with_uid(uid) is not None:
            raise refusals.duplicate()
        event = self._new(calendar, event_id, uid or f"{event_id}@google.com", read_event(body, writing))
        _welcome_organizer(event)
        event.sequence = max(0, body.get("sequence") or 0)
        calendar.add(event, self.now)
        self.tell(calendar, whole(event), {})
        return whole(event)

    def _new(self, calendar: Calendar, event_id: str, uid: str, draft: Draft) -> Event:
        named = {} if calendar.primary else {"displayName": str(calendar.details.get("summary", ""))}
        return Event(
            event_id,
            start=draft.start,
            end=draft.end,
            series=draft.series,
            fields=draft.fields,
            uid=uid,
            creator=self.email,
            organizer={"email": calendar.id, **named},
            created=self.now.replace(microsecond=0),
            updated=milliseconds(self.now),
        )

    def rewrite(self, calendar: Calendar, found: Occurrence, draft: Draft) -> Occurrence:
        """Make an event what a draft says and tell everybody concerned."""
        changed = calendar.rewrite(found, draft, self.now)
        self.tell(calendar, changed, found.fields)
        return calendar.find(found.id) or changed

    def move(self, found: Occurrence, source: Calendar, target: Calendar) -> Occurrence:
        """Take an event out of one calendar and make another its organizer; its id stays."""
        moved = self._new(target, found.id, found.event.uid, _redraft(found, dict(found.fields)))
        moved.creator, moved.created = found.event.creator, found.event.created
        moved.sequence = found.sequence + 1
        exceptions = source.exceptions.get(found.id)
        source.rewrite(found, _redraft(found, {**found.fields, "status": CANCELLED}), self.now)
        target.add(moved, self.now)
        if exceptions:
            target.exceptions[found.id] = exceptions
        if self.people is not None:
            Post(self.people, now=self.now).readdress(whole(moved))
        return whole(moved)


def add_event(diary: Diary, calendar_id: str, body: dict[str, Any], *, actor: str, now: datetime) -> dict[str, Any]:
    """Add an event to one of a diary's calendars, with every part that a body can have."""
    calendar = diary.primary if calendar_id == "primary" else diary.calendars.get(calendar_id)
    if calendar is None:
        raise refusals.not_found()
    writing = Writing(
        calendar.zone,
        workspace=True,
        conference=True,
        attachments=True,
        labels=True,
        meeting_code=diary.meeting_code,
    )
    author = Author(actor, diary=diary, people=diary.neighbours, now=now)
    found = author.add(calendar, body, writing)
    return View(calendar, person=actor, role=Role.OWNER, place=known_zone(calendar.zone)).show(found)


def get(call: ApiCall) -> dict[str, Any]:
    """`events.get`: also what was deleted."""
    access = enter(call, Role.FREE_BUSY_READER)
    found = access.event(call.params["eventId"])
    check_modified(call.headers, found.etag)
    return access.view(call).show(found)


def insert(call: ApiCall) -> dict[str, Any]:
    """`events.insert`."""
    access = enter(call, WRITER)
    _check_guests(call)
    view = access.view(call)
    added = _author(call).add(access.calendar, call.body, _writing(call, access))
    notify(call, access.calendar, added, {})
    return view.show(added)


def import_(call: ApiCall) -> dict[str, Any]:
    """
    `events.import`: a private copy of an event from elsewhere.

    The same iCalUID again replaces the copy. Nobody is told.
    """
    access = enter(call, WRITER)
    view = access.view(call)
    body = call.body
    if not body.get("iCalUID"):
        raise refusals.required("Missing iCalUID.")
    if body.get("eventType") not in {None, "default"}:
        raise refusals.restricted("eventTypeRestriction", "Only default events can be imported.")
    author = _author(call)
    writing = _writing(call, access)
    known = access.calendar.with_uid(body["iCalUID"])
    if known is not None:
        draft = read_event(body, writing, whole(known))
        return view.show(access.calendar.rewrite(whole(known), draft, call.now))
    alone = Author(author.email, diary=author.diary, people=None, now=call.now)
    found = alone.add(access.calendar, {name: value for name, value in body.items() if name != "id"}, writing)
    _take_organizer(found.event, body.get("organizer") or {})
    return view.show(found)


def update(call: ApiCall) -> dict[str, Any]:
    """`events.update`: the body is the whole event."""
    return _write(call, patching=False)


def patch(call: ApiCall) -> dict[str, Any]:
    """`events.patch`: the body is what changes."""
    return _write(call, patching=True)


def delete(call: ApiCall) -> None:
    """`events.delete`: cancels; a guest's own copy is declined by it."""
    access = enter(call, WRITER)
    found = access.event(call.params["eventId"])
    if found.cancelled:
        raise refusals.deleted()
    access.check_may_write(found)
    check_unmodified(call.headers, found.etag)
    fields = {**found.fields, "status": CANCELLED}
    own = entry_of(fields.get("attendees", ()), access.calendar.id)
    if own is not None and not is_organizer(access.calendar, found):
        declined = {**own, "responseStatus": "declined"}
        fields["attendees"] = [declined if entry is own else entry for entry in fields["attendees"]]
    before = found.fields
    notify(call, access.calendar, _author(call).rewrite(access.calendar, found, _redraft(found, fields)), before)


def move(call: ApiCall) -> dict[str, Any]:
    """`events.move`: another calendar becomes the organizer."""
    access = enter(call, WRITER)
    target = enter(call, WRITER, call.params["destination"])
    found = access.event(call.params["eventId"])
    if found.cancelled:
        raise refusals.not_found()
    if found.slot is not None:
        message = "The organizer of a single instance cannot be changed."
        raise refusals.restricted("cannotChangeOrganizerOfInstance", message)
    if not is_organizer(access.calendar, found):
        raise refusals.organizer_only()
    if found.fields.get("eventType", "default") != "default":
        raise refusals.restricted("eventTypeRestriction", "Only default events can be moved.")
    taken = target.calendar.events.get(found.id)
    if target.calendar is access.calendar or (taken is not None and not taken.cancelled):
        raise refusals.duplicate()
    return target.view(call).show(_author(call).move(found, access.calendar, target.calendar))


def quick_add(call: ApiCall) -> dict[str, Any]:
    """`events.quickAdd`: an event out of a sentence."""
    from mailgrant.sandbox.diary.quick_add import read_sentence

    access = enter(call, WRITER)
    text = str(call.params["text"]).strip()
    if not text:
        raise refusals.required("Missing text.")
    body = read_sentence(text, call.now, access.calendar.zone)
    return access.view(call).show(_author(call).add(access.calendar, body, _writing(call, access)))


def _write(call: ApiCall, *, patching: bool) -> dict[str, Any]:
    access = enter(call, WRITER)
    view = access.view(call)
    calendar = access.calendar
    found = access.event(call.params["eventId"])
    access.check_may_write(found)
    check_unmodified(call.headers, found.etag)
    _check_guests(call)
    body = _whole_body(call, access, found) if patching else dict(call.body)
    if found.slot is not None:
        # What was read and is written back carries no rule; an instance cannot have one.
        body.pop("recurrence", None)
    elif not patching and "eventType" not in body and "eventType" in found.fields:
        body["eventType"] = found.fields["eventType"]
    _check_sequence(call.body, found)
    draft = read_event(body, _writing(call, access), found)
    check_guest(calendar, found, draft)
    before = found.fields
    changed = _author(call).rewrite(calendar, found, draft)
    notify(call, calendar, changed, before)
    return view.show(changed)


def _whole_body(call: ApiCall, access: Access, found: Occurrence) -> dict[str, Any]:
    left_alone = _writing(call, access).left_alone
    changes = {name: value for name, value in call.body.items() if name not in left_alone}
    return patched(writable(found, access.calendar), changes)


def _check_guests(call: ApiCall) -> None:
    if call.person.robot and call.body.get("attendees"):
        raise refusals.no_guests_of_robots()


def _check_sequence(body: Mapping[str, Any], found: Occurrence) -> None:
    given = body.get("sequence")
    if given is not None and given < found.sequence:
        raise refusals.invalid(
            "Invalid sequence value. The specified sequence number is below the current sequence number of the "
            "resource. Re-fetch the resource and use its sequence number on the following request."
        )


def _redraft(found: Occurrence, fields: dict[str, Any]) -> Draft:
    return Draft(found.start, end=found.end, series=found.series, fields=fields)


def _author(call: ApiCall) -> Author:
    return Author(call.person.email, diary=call.person.diary, people=call.world.people, now=call.now)


def _writing(call: ApiCall, access: Access) -> Writing:
    version = call.params.get("conferenceDataVersion", 0)
    if version not in {0, 1}:
        raise refusals.invalid(parameter="conferenceDataVersion")
    return Writing(
        access.calendar.zone,
        workspace=call.person.workspace,
        conference=version == 1,
        attachments=call.params.get("supportsAttachments", False),
        labels=call.params.get("eventLabelVersion", 0) == 1,
        meeting_code=call.person.diary.meeting_code,
    )


def _free_id(calendar: Calendar, body: Mapping[str, Any]) -> str | None:
    """Return the id that a client chose, which nothing else may have, deleted or not."""
    wanted = body.get("id")
    if not wanted:
        return None
    if not CLIENT_ID.fullmatch(wanted):
        raise refusals.invalid("Invalid resource id value.")
    if wanted in calendar.events:
        raise refusals.duplicate()
    return str(wanted)


def _welcome_organizer(event: Event) -> None:
    """An organizer among the guests comes, unless they said otherwise."""
    own = entry_of(event.fields.get("attendees", ()), event.organizer["email"])
    if own is not None and own["responseStatus"] == "needsAction":
        accepted = {**own, "responseStatus": "accepted"}
        event.fields["attendees"] = [accepted if entry is own else entry for entry in event.fields["attendees"]]


def _take_organizer(event: Event, organizer: Mapping[str, Any]) -> None:
    """Only an import may say who organizes."""
    if organizer.get("email"):
        event.organizer = {name: organizer[name] for name in ("email", "displayName") if organizer.get(name)}
