"""
Series: changes to one occurrence of a recurring event, to it and all that follow, or to all of them.

Google has no call for "this and following". It is made of two: a new series under an id derived from
the occurrence's, and then the end of the old one. Whatever stops in between, the same change said
again goes on where it stopped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from mailgrant.errors import ChangedMeanwhile, Conflict, GoogleError, InvalidRequest, NotFound
from mailgrant.http import Call

from .calls import get_event, get_resource
from .event import CHANGEABLE, Event, EventStatus, check_names
from .fields import as_choice
from .recurrence import Recurrence
from .series_times import moved, on_clock_of, on_series_clock, shifted
from .settling import says_the_same
from .writes import TAKEN_BY_DELETED, add_event, delete_event, edit_event, patch_event

# What a new series takes over from the old one besides what an Event knows.
CARRIED = frozenset(
    {
        "anyoneCanAddSelf", "attachments", "conferenceData", "eventType", "extendedProperties",
        "focusTimeProperties", "guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests",
        "outOfOfficeProperties", "source", "workingLocationProperties",
    }
)  # fmt: skip
# So many series that began here may have been deleted since; their ids are not free again.
MOST_BEGUN = 8
# Somebody else may change so often what does not concern the cut.
MOST_CUTS = 3


class Which(StrEnum):
    """Which occurrences of a series a change is for."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


def edit(
    event: Event | str,
    changes: Mapping[str, Any],
    *,
    which: str = Which.THIS,
    calendar_id: str = "primary",
    send_updates: str | None = None,
    meet: bool = False,
) -> Call[Event]:
    """
    Change an event as it was read, or as it is now when only its id is given, and return what it is then.

    `which` says how far the change goes when it is one of a series. Raises ChangedMeanwhile when
    somebody changed it after it was read.
    """
    which = as_which(which)
    check_names(changes, CHANGEABLE)
    options: dict[str, Any] = {"calendar_id": calendar_id, "send_updates": send_updates}
    if which is Which.THIS or not (changes or meet):
        before = event if isinstance(event, Event) else (yield from get_event(id_of(event), calendar_id=calendar_id))
        if before.status is EventStatus.CANCELLED and "status" not in changes:
            raise _deleted(id_of(before))
        return (yield from edit_event(_changed(before, changes), before=before, meet=meet, **options))
    if isinstance(event, Event):
        event.changed(**changes)
    try:
        value = yield from _current(event, calendar_id)
    except NotFound as gone:
        if which is Which.ALL:
            raise
        return (yield from _resumed(id_of(event), changes, calendar_id, gone))
    part = Event.from_json(value)
    if part.recurring_event_id is None:
        _refuse_whole(part, which)
        return (yield from edit_event(_changed(part, changes), before=part, meet=meet, **options))
    series = yield from get_event(part.recurring_event_id, calendar_id=calendar_id)
    if which is Which.ALL:
        return (yield from edit_event(_whole_changed(series, part, changes), before=series, meet=meet, **options))
    return (yield from _edit_following(value, series, changes, meet, options))


def delete(
    event: Event | str,
    *,
    which: str = Which.THIS,
    calendar_id: str = "primary",
    send_updates: str | None = None,
) -> Call[None]:
    """Delete an event, or one occurrence of a series, or it and what follows, or the whole series."""
    which = as_which(which)
    if which is Which.THIS:
        return (yield from delete_event(id_of(event), calendar_id=calendar_id, send_updates=send_updates))
    # By its id: what goes is not compared with what was read.
    part = Event.from_json((yield from _current(id_of(event), calendar_id)))
    whole_id = part.recurring_event_id or id_of(part)
    if part.recurring_event_id is None:
        _refuse_whole(part, which)
    elif which is Which.FOLLOWING:
        series = yield from get_event(whole_id, calendar_id=calendar_id)
        head, _ = _cut(series, part)
        if head is not None:
            return (yield from _end(series, head, calendar_id, send_updates))
    return (yield from delete_event(whole_id, calendar_id=calendar_id, send_updates=send_updates))


def whole_of(event: Event | str, which: str, *, calendar_id: str = "primary") -> Call[str]:
    """Return the id that an answer to "this" or "all" goes to; "following" cannot be answered."""
    which = as_which(which)
    if which is Which.FOLLOWING:
        raise InvalidRequest("An invitation is answered for one occurrence, or for all of them.")
    if which is Which.THIS:
        return id_of(event)
    found = event if isinstance(event, Event) else (yield from get_event(id_of(event), calendar_id=calendar_id))
    return found.recurring_event_id or id_of(found)


def id_of(event: Event | str) -> str:
    """Return an event's id; raises InvalidRequest when it is not in the calendar, or no event."""
    event_id = event.id if isinstance(event, Event) else event
    if event_id == "" or (isinstance(event, Event) and event_id is None):
        raise InvalidRequest("This event is not in the calendar: it has no id.", hint="Add it first.")
    if not isinstance(event_id, str):
        raise InvalidRequest(f"{event_id!r} is not an event, nor the id of one.")
    return event_id


def as_which(which: str) -> Which:
    """Read which occurrences are meant."""
    return as_choice(Which, which, "which")


def derived_id(part_id: str, number: int = 0) -> str:
    """Return the id of the series that begins at an occurrence; `number` counts those deleted before."""
    digest = hashlib.sha256(f"{part_id} {number}".encode()).digest()[:16]
    return base64.b32hexencode(digest).decode().rstrip("=").lower()


def _current(event: Event | str, calendar_id: str) -> Call[dict[str, Any]]:
    """Read an event anew; raises ChangedMeanwhile when it is not as it was read, NotFound when it is deleted."""
    value = yield from get_resource(id_of(event), calendar_id=calendar_id)
    now = Event.from_json(value)
    if now.status is EventStatus.CANCELLED:
        raise _deleted(id_of(event))
    if isinstance(event, Event) and event.etag not in {None, now.etag}:
        raise ChangedMeanwhile(f"Somebody else changed {event.summary!r} ({event.id}) after it was read.")
    return value


def _deleted(event_id: str) -> NotFound:
    return NotFound(f"The event {event_id} was deleted.", reason="deleted", operation="calendar.events.get")


def _refuse_whole(event: Event, which: Which) -> None:
    if which is Which.FOLLOWING and event.recurrence:
        raise InvalidRequest(
            "This is the series itself, so nothing says which occurrence it is that others follow.",
            hint="Pass one of its `instances`.",
        )


def _changed(event: Event, changes: Mapping[str, Any]) -> Event:
    """Change one event; when it is a series and its start moves, its dates move along."""
    changes = on_series_clock(event.start, changes) if event.recurrence else changes
    after = event.changed(**changes)
    if event.recurrence and "start" in changes and "recurrence" not in changes:
        return replace(after, recurrence=shifted(Recurrence(*event.recurrence), event.start, after.start))
    return after


def _whole_changed(series: Event, part: Event, changes: Mapping[str, Any]) -> Event:
    """Apply to a whole series what is said of one occurrence."""
    if not {"start", "end", "duration"} & changes.keys():
        return _changed(series, changes)
    changes = on_series_clock(series.start, changes)
    after = part.changed(**changes)
    slot = part.original_start or part.start
    if slot is None or series.start is None or after.start is None:
        raise InvalidRequest(f"{part.id} has no start to be reckoned from.")
    others = {name: value for name, value in changes.items() if name not in {"start", "end", "duration"}}
    start = moved(series.start, slot, after.start) if "start" in changes else series.start
    return _changed(series, {**others, "start": start, "duration": after.duration})


def _edit_following(
    value: Mapping[str, Any], series: Event, changes: Mapping[str, Any], meet: bool, options: Mapping[str, Any]
) -> Call[Event]:
    part = Event.from_json(value)
    try:
        head, tail = _cut(series, part)
    except InvalidRequest as refused:
        return (yield from _resumed(id_of(part), changes, options["calendar_id"], refused))
    if head is None:
        return (yield from edit_event(_whole_changed(series, part, changes), before=series, meet=meet, **options))
    new = _beginning(series, part, tail, changes)
    begun = yield from _begin(new, id_of(part), _carried(value), meet, options)
    try:
        yield from _end(series, head, **options)
    except GoogleError as refused:
        if not refused.retryable:
            # The old series goes on as it is: nothing may stay of the new one.
            yield from delete_event(id_of(begun), **options)
        raise
    return begun


def _cut(series: Event, part: Event) -> tuple[Recurrence | None, Recurrence]:
    if series.start is None or part.original_start is None:
        raise InvalidRequest(f"{part.id} is not an occurrence of a series.")
    return Recurrence(*series.recurrence).split(series.start, part.original_start)


def _beginning(series: Event, part: Event, tail: Recurrence, changes: Mapping[str, Any]) -> Event:
    """Return the series that begins where `part` was to be; that it was moved alone does not move the others."""
    changes = on_series_clock(series.start, changes)
    after = part.changed(**{name: value for name, value in changes.items() if name != "recurrence"})
    if "start" not in changes:
        as_long = after.duration if {"end", "duration"} & changes.keys() else series.duration
        after = after.changed(start=on_clock_of(series.start, part.original_start), duration=as_long)
    if "recurrence" in changes:
        lines = after.changed(recurrence=changes["recurrence"]).recurrence
    else:
        lines = shifted(tail, on_clock_of(series.start, part.original_start), after.start)
    return replace(after, recurrence=lines, recurring_event_id=None, original_start=None, etag=None)


def _begin(new: Event, part_id: str, more: Mapping[str, Any], meet: bool, options: Mapping[str, Any]) -> Call[Event]:
    """Insert the new series under the first derived id that no deleted one has."""
    for number in range(MOST_BEGUN):
        try:
            return (yield from add_event(new, event_id=derived_id(part_id, number), meet=meet, more=more, **options))
        except Conflict as taken:
            if taken.reason != TAKEN_BY_DELETED or number == MOST_BEGUN - 1:
                raise
    raise AssertionError("the last try returns or raises")


def _end(series: Event, head: Recurrence, calendar_id: str, send_updates: str | None) -> Call[None]:
    """Leave `head` of a series, also when somebody changes meanwhile what does not concern its times."""
    for left in reversed(range(MOST_CUTS)):
        ending = replace(series, recurrence=head.lines)
        change = {"recurrence": list(ending.recurrence)}
        try:
            yield from patch_event(ending, change, calendar_id=calendar_id, send_updates=send_updates)
        except ChangedMeanwhile:
            now = yield from get_event(id_of(series), calendar_id=calendar_id)
            if now.recurrence == ending.recurrence:
                # The same change was said twice at once, and the other one was faster.
                return
            if not left or (now.recurrence, now.start, now.status) != (series.recurrence, series.start, series.status):
                raise
            series = now
        else:
            return


def _carried(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a new series takes over; a Meet link goes along, the request for it does not."""
    carried = {name: content for name, content in value.items() if name in CARRIED}
    conference = carried.get("conferenceData")
    if isinstance(conference, Mapping):
        carried["conferenceData"] = {name: each for name, each in conference.items() if name != "createRequest"}
    return carried


def _resumed(
    part_id: str, changes: Mapping[str, Any], calendar_id: str, refused: NotFound | InvalidRequest
) -> Call[Event]:
    """Find what an earlier try has begun, which ended the old series and then was not heard of."""
    for number in range(MOST_BEGUN):
        try:
            kept = yield from get_event(derived_id(part_id, number), calendar_id=calendar_id)
        except NotFound:
            raise refused from None
        if kept.status is not EventStatus.CANCELLED:
            if says_the_same(kept, kept.changed(**changes)):
                return kept
            break
    raise refused
