"""
One conversation per write of Calendar's, each of them safe to lose an answer.

An insert carries an id of our own, a patch the etag it is meant for, and a delete can be said twice:
so when an answer is lost the event is read back, and the same request goes again where that can do
nothing twice. Only `move` and `quick_add` have no such proof and raise OutcomeUnknown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from mailgrant.errors import ChangedMeanwhile, Conflict, InvalidRequest, OutcomeUnknown
from mailgrant.http import Call, Request, with_query
from mailgrant.http import Response as Reply

from .attendee import Response as Answer
from .calls import address, checked_id, get_resource, read_json
from .event import Event, EventStatus
from .fields import as_choice
from .moment import moment_to_json
from .recurrence import as_recurrence
from .settling import LOOK, became, found_again, looked, says_the_same, settled, unsettled

EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
# The reason of a Conflict with an event that was deleted: its id is not free again.
TAKEN_BY_DELETED = "deleted"


# What an invited account says besides its answer; left out, it would be gone.
OWN_WORDS = ("comment", "additionalGuests")


class SendUpdates(StrEnum):
    """Whom Google mails about a change; without it, nobody."""

    ALL = "all"
    EXTERNAL_ONLY = "externalOnly"
    NONE = "none"


def add_event(
    event: Event,
    *,
    event_id: str,
    calendar_id: str = "primary",
    send_updates: str | None = None,
    meet: bool = False,
    more: Mapping[str, Any] | None = None,
) -> Call[Event]:
    """
    Put an event in a calendar under an id of our own; `more` are fields that Event does not know.

    So the same insert cannot happen twice: when Google says that the id is taken, or the answer is
    lost, the event is read back, and is ours if it says the same. Raises Conflict when another has the
    id, or had it before it was deleted.
    """
    if event.start is None:
        raise InvalidRequest("The event has no start.", hint="Pass start=, an aware datetime or a date.")
    event = replace(event, recurrence=as_recurrence(event.recurrence, event.start))
    request = _insert(event, event_id, calendar_id, send_updates, meet=meet, more=more or {})

    def look(lost: OutcomeUnknown) -> Call[Event | None]:
        kept = yield from found_again(event_id, calendar_id, lost)
        return None if kept is None else _ours(kept, event, event_id, None)

    try:
        return (yield from settled(request, _event, look, "it is not in the calendar yet, and may still come"))
    except Conflict as conflict:
        if conflict.operation != request.operation or not conflict.status:
            raise
        kept = yield from found_again(event_id, calendar_id, conflict)
        return _ours(kept, event, event_id, conflict)


def edit_event(
    event: Event,
    *,
    before: Event | None = None,
    calendar_id: str = "primary",
    send_updates: str | None = None,
    meet: bool = False,
) -> Call[Event]:
    """
    Change an event that Calendar holds, and return it as it is then.

    `before` is the event as it was read: only what differs is sent then, and the rest is left to
    whoever changed it. When the event has an etag, ChangedMeanwhile says that somebody did meanwhile.
    """
    if not event.id:
        raise InvalidRequest("This event is not in the calendar: it has no id.", hint="Add it first.")
    changes = _changes(before, event)
    if meet:
        changes |= _conference(f"{event.id} {event.etag}")
    if not changes:
        return event
    return (yield from patch_event(event, changes, calendar_id=calendar_id, send_updates=send_updates, meet=meet))


def patch_event(
    event: Event,
    changes: Mapping[str, Any],
    *,
    calendar_id: str = "primary",
    send_updates: str | None = None,
    meet: bool = False,
) -> Call[Event]:
    """Write `changes`, which make of an event what `event` says, unless its etag is no longer the event's."""
    url = with_query(address(calendar_id, event.id), _query(send_updates, meet=meet))
    request = Request.json("PATCH", url, operation="calendar.events.patch", value=changes)

    def look(lost: OutcomeUnknown) -> Call[Event | None]:
        kept = yield from found_again(event.id or "", calendar_id, lost)
        if kept is not None and event.etag is not None and kept.etag == event.etag:
            return None
        if kept is not None and became(kept, event):
            return kept
        raise unsettled(lost, "the event was changed since, and is not what it was to become")

    try:
        evidence = "the event is as it was, and the change may still come"
        return (yield from settled(_if_unchanged(request, event.etag), _event, look, evidence))
    except Conflict as conflict:
        raise _changed(event, conflict) from conflict


def delete_event(event_id: str, *, calendar_id: str = "primary", send_updates: str | None = None) -> Call[None]:
    """Delete an event; a series goes whole, an instance alone. Raises NotFound when there is none."""
    url = with_query(address(calendar_id, event_id), _query(send_updates))

    def look(lost: OutcomeUnknown) -> Call[bool | None]:
        kept = yield from found_again(event_id, calendar_id, lost)
        return True if kept is None or kept.status is EventStatus.CANCELLED else None

    request = Request("DELETE", url, operation="calendar.events.delete")
    yield from settled(request, lambda _: True, look, "the event is still there, and may still go")


def respond_to(
    event_id: str,
    answer: str | Answer,
    *,
    comment: str | None = None,
    calendar_id: str = "primary",
    send_updates: str | None = None,
) -> Call[Event]:
    """Answer an invitation; only the account's own entry is written, with what else it says there."""
    if comment is not None and not isinstance(comment, str):
        raise InvalidRequest(f"comment: {comment!r} is no text.")
    said = {"responseStatus": as_choice(Answer, answer, "response").value}
    said |= {} if comment is None else {"comment": comment}
    own = _own_entry((yield from get_resource(event_id, calendar_id=calendar_id)), event_id)
    kept = {name: own[name] for name in OWN_WORDS if name in own}
    value = {"attendeesOmitted": True, "attendees": [{"email": own["email"], **kept, **said}]}
    url = with_query(address(calendar_id, event_id), _query(send_updates))

    def look(lost: OutcomeUnknown) -> Call[Event | None]:
        kept = yield from looked(get_resource(event_id, calendar_id=calendar_id), lost)
        if kept is None:
            raise unsettled(lost, "the event is gone since")
        found = _own_entry(kept, event_id)
        return Event.from_json(kept) if all(found.get(name, "") == text for name, text in said.items()) else None

    request = Request.json("PATCH", url, operation="calendar.events.patch", value=value)
    return (yield from settled(request, _event, look, "the answer is as it was, and the new one may still come"))


def move_event(
    event_id: str, destination: str, *, calendar_id: str = "primary", send_updates: str | None = None
) -> Call[Event]:
    """Move an event to another calendar, which becomes its organizer. Raises OutcomeUnknown for a lost answer."""
    query = {"destination": checked_id(destination), **_query(send_updates)}
    url = with_query(f"{address(calendar_id, event_id)}/move", query)
    try:
        response = yield Request("POST", url, operation="calendar.events.move")
    except OutcomeUnknown as unknown:
        raise unsettled(unknown, unknown.evidence, "Look for it in both calendars before moving it again.") from unknown
    return Event.from_json(read_json(response))


def quick_add(text: object, *, calendar_id: str = "primary", send_updates: str | None = None) -> Call[Event]:
    """Let Google make an event of a sentence. It takes no id of ours: raises OutcomeUnknown for a lost answer."""
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequest("text: there is nothing to add.", hint='Say something like "Lunch tomorrow at noon".')
    url = with_query(f"{address(calendar_id)}/quickAdd", {"text": text, **_query(send_updates)})
    try:
        response = yield Request("POST", url, operation="calendar.events.quickAdd")
    except OutcomeUnknown as unknown:
        raise unsettled(unknown, unknown.evidence, LOOK) from unknown
    return Event.from_json(read_json(response))


def _event(reply: Reply) -> Event:
    return Event.from_json(read_json(reply))


def _insert(
    event: Event, event_id: object, calendar_id: str, send_updates: str | None, *, meet: bool, more: Mapping[str, Any]
) -> Request:
    if not isinstance(event_id, str) or not EVENT_ID.fullmatch(event_id):
        raise InvalidRequest(
            f"{event_id!r} cannot be the id of an event.", hint="It has 5 to 1024 characters, a to v and 0 to 9."
        )
    value = {**more, **event.to_json(), "id": event_id} | (_conference(event_id) if meet else {})
    query = _query(send_updates, meet="conferenceData" in value)
    query["supportsAttachments"] = True if "attachments" in value else None
    url = with_query(address(calendar_id), query)
    return Request.json("POST", url, operation="calendar.events.insert", value=value)


def _conference(what_for: str) -> dict[str, Any]:
    """Ask for a Meet link; the same id again does not make another."""
    request_id = hashlib.sha256(what_for.encode()).hexdigest()[:32]
    return {
        "conferenceData": {
            "createRequest": {"requestId": request_id, "conferenceSolutionKey": {"type": "hangoutsMeet"}}
        }
    }


def _query(send_updates: str | None, *, meet: bool = False) -> dict[str, object]:
    mailed = None if send_updates is None else as_choice(SendUpdates, send_updates, "send_updates")
    # Without this version Google leaves a Meet link out and says nothing.
    return {"sendUpdates": mailed, "conferenceDataVersion": 1 if meet else None}


def _ours(kept: Event | None, event: Event, event_id: str, conflict: Conflict | None) -> Event:
    if kept is not None and says_the_same(kept, event):
        return kept
    raise _taken(event_id, kept, conflict) from conflict


def _taken(event_id: str, kept: Event | None, conflict: Conflict | None) -> Conflict:
    deleted = kept is None or kept.status is EventStatus.CANCELLED
    if deleted:
        message = f"The event {event_id} was deleted, and its id is not free again."
    else:
        message = f"The id {event_id} belongs to another event, {kept.summary if kept else ''!r}."
    return Conflict(
        message,
        hint="Nothing was added. Leave the id out, and one is made.",
        status=conflict.status if conflict else 0,
        reason=TAKEN_BY_DELETED if deleted else "duplicate",
        operation="calendar.events.insert",
    )


def _changed(event: Event, conflict: Conflict) -> Conflict:
    if conflict.status != 412:
        return conflict
    return ChangedMeanwhile(
        f"Somebody else changed the event {event.id} after it was read; theirs was kept.",
        status=conflict.status,
        reason=conflict.reason,
        operation=conflict.operation,
    )


def _changes(before: Event | None, event: Event) -> dict[str, Any]:
    """Return what to patch; null clears a field, and a day turned into a time must lose its date."""
    new = event.to_json()
    if before is not None:
        old = before.to_json()
        cleared: dict[str, Any] = {name: CLEARED.get(name, _null)(event) for name in old if name not in new}
        new = cleared | {name: value for name, value in new.items() if value != old.get(name)}
    for name, moment in (("start", event.start), ("end", event.end)):
        if name in new:
            new[name] = {"date": None, "dateTime": None, "timeZone": None} | (moment_to_json(moment) or {})
    return new


def _null(event: Event) -> None:
    return None


# What a field that is not written is, where null would not say it.
CLEARED: dict[str, Callable[[Event], Any]] = {
    "status": lambda event: event.status.value,
    "transparency": lambda event: "opaque",
    "visibility": lambda event: event.visibility.value,
    # A patch merges objects, so what was said instead of the default must be taken out.
    "reminders": lambda event: {"useDefault": True, "overrides": []},
}


def _if_unchanged(request: Request, etag: str | None) -> Request:
    if etag is None:
        return request
    headers = {**request.headers, "If-Match": etag}
    return replace(request, headers=headers)


def _own_entry(value: Mapping[str, Any], event_id: str) -> dict[str, Any]:
    attendees = value.get("attendees")
    for each in attendees if isinstance(attendees, list) else ():
        if isinstance(each, dict) and each.get("self") is True and each.get("email"):
            return each
    raise InvalidRequest(f"The account is not invited to {event_id}: there is nothing to answer.")
