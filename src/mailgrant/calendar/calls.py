"""
One conversation per Calendar call.

Each is a generator: it yields requests, is sent the answers, and returns a noun; the shells carry
it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from mailgrant.errors import Conflict, InvalidRequest
from mailgrant.http import Call, Request, Response, with_query

from .event import Calendar, Event, EventStatus
from .moment import Moment, as_utc, checked_moment, moment_to_json, rfc3339

T = TypeVar("T")

CALENDAR = "https://www.googleapis.com/calendar/v3"
LARGEST_PAGE = 2500
LARGEST_CALENDAR_PAGE = 250
EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")


class SendUpdates(StrEnum):
    """Whom Google mails about a change; without it, nobody."""

    ALL = "all"
    EXTERNAL_ONLY = "externalOnly"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """
    One page of a listing.

    Only `next_page_token` says whether there is more: a page may be short, or empty, and not the last.
    """

    items: tuple[T, ...]
    _: KW_ONLY
    next_page_token: str | None = None


def calendars() -> Call[tuple[Calendar, ...]]:
    """Ask for every calendar on the account's list, page by page."""
    found: list[Calendar] = []
    page_token: str | None = None
    while True:
        response = yield Request.get(
            f"{CALENDAR}/users/me/calendarList",
            operation="calendar.calendarList.list",
            maxResults=LARGEST_CALENDAR_PAGE,
            pageToken=page_token,
        )
        value = _json(response)
        found.extend(map(Calendar.from_json, _items(value)))
        page_token = _page_token(value)
        if page_token is None:
            return tuple(found)


def list_events(
    calendar_id: str = "primary",
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    query: str | None = None,
    page_token: str | None = None,
    page_size: int = 250,
    single: bool = True,
) -> Call[Page[Event]]:
    """
    Ask for a page of events that end after `start` and begin before `end`.

    With `single` a series comes as its instances, soonest first; without, as itself and its
    exceptions, in no order that Google promises.
    """
    response = yield Request.get(
        _address(calendar_id),
        operation="calendar.events.list",
        timeMin=_bound(start, "start"),
        timeMax=_bound(end, "end"),
        q=query or None,
        singleEvents=single,
        # Google refuses this order for series that are not expanded.
        orderBy="startTime" if single else None,
        maxResults=max(1, min(page_size, LARGEST_PAGE)),
        pageToken=page_token,
    )
    value = _json(response)
    return Page(tuple(map(Event.from_json, _items(value))), next_page_token=_page_token(value))


def get_event(event_id: str, *, calendar_id: str = "primary") -> Call[Event]:
    """Ask for one event; a deleted one comes as cancelled for some time."""
    response = yield Request.get(_address(calendar_id, event_id), operation="calendar.events.get")
    return Event.from_json(_json(response))


def add_event(
    event: Event, *, event_id: str, calendar_id: str = "primary", send_updates: str | None = None
) -> Call[Event]:
    """
    Put an event in a calendar under an id of our own.

    So the same insert cannot happen twice: when Google says that the id is taken, the event is read
    back, and is ours if it says the same. Raises Conflict when another has the id, or had it before
    it was deleted.
    """
    if not EVENT_ID.fullmatch(event_id):
        raise InvalidRequest(
            f"{event_id!r} cannot be the id of an event.", hint="It has 5 to 1024 characters, a to v and 0 to 9."
        )
    value = event.to_json() | {"id": event_id}
    url = with_query(_address(calendar_id), {"sendUpdates": _send_updates(send_updates)})
    try:
        response = yield Request.json("POST", url, operation="calendar.events.insert", value=value)
    except Conflict as conflict:
        kept = yield from get_event(event_id, calendar_id=calendar_id)
        if not says_the_same(kept, event):
            raise _taken(event_id, kept, conflict) from conflict
        return kept
    return Event.from_json(_json(response))


def edit_event(
    event: Event, *, before: Event | None = None, calendar_id: str = "primary", send_updates: str | None = None
) -> Call[Event]:
    """
    Change an event that Calendar holds, and return it as it is then.

    `before` is the event as it was read: only what differs is sent then, and the rest is left to
    whoever changed it. When the event has an etag, Conflict says that somebody did meanwhile.
    """
    if not event.id:
        raise InvalidRequest("This event is not in the calendar: it has no id.", hint="Add it first.")
    changes = _changes(before, event)
    if not changes:
        return event
    url = with_query(_address(calendar_id, event.id), {"sendUpdates": _send_updates(send_updates)})
    request = Request.json("PATCH", url, operation="calendar.events.patch", value=changes)
    response = yield _if_unchanged(request, event.etag)
    return Event.from_json(_json(response))


def delete_event(event_id: str, *, calendar_id: str = "primary", send_updates: str | None = None) -> Call[None]:
    """Delete an event; a series goes whole, an instance alone."""
    url = with_query(_address(calendar_id, event_id), {"sendUpdates": _send_updates(send_updates)})
    yield Request("DELETE", url, operation="calendar.events.delete")


def says_the_same(kept: Event, event: Event) -> bool:
    """Tell whether the event that Google keeps is the one that was to be added."""
    guests = {each.email.casefold() for each in event.attendees}
    return (
        kept.status is not EventStatus.CANCELLED
        and _essence(kept) == _essence(event)
        # Google adds the organizer to those who are invited.
        and guests <= {each.email.casefold() for each in kept.attendees}
    )


def _essence(event: Event) -> tuple[object, ...]:
    return (
        event.summary.strip(),
        (event.description or "").strip(),
        (event.location or "").strip(),
        event.all_day,
        _instant(event.start),
        _instant(event.end),
        frozenset(line.strip().upper() for line in event.recurrence),
    )


def _instant(moment: Moment | None) -> datetime | None:
    """Google keeps whole seconds."""
    return None if moment is None else as_utc(moment).replace(microsecond=0)


def _taken(event_id: str, kept: Event, conflict: Conflict) -> Conflict:
    if kept.status is EventStatus.CANCELLED:
        message = f"The event {event_id} was deleted, and its id is not free again."
    else:
        message = f"The id {event_id} belongs to another event, {kept.summary!r}."
    return Conflict(
        message,
        hint="Nothing was added. Leave the id out, and one is made.",
        status=conflict.status,
        reason=conflict.reason,
        operation=conflict.operation,
    )


def _changes(before: Event | None, event: Event) -> dict[str, Any]:
    """Return what to patch; null clears a field, and a day turned into a time must lose its date."""
    new = event.to_json()
    if before is not None:
        old = before.to_json()
        cleared: dict[str, Any] = {name: None for name in old if name not in new}
        new = cleared | {name: value for name, value in new.items() if value != old.get(name)}
    if "status" in new and new["status"] is None:
        new["status"] = event.status.value
    for name, moment in (("start", event.start), ("end", event.end)):
        if name in new:
            new[name] = {"date": None, "dateTime": None, "timeZone": None} | (moment_to_json(moment) or {})
    return new


def _if_unchanged(request: Request, etag: str | None) -> Request:
    if etag is None:
        return request
    headers = {**request.headers, "If-Match": etag}
    return Request(request.method, request.url, operation=request.operation, headers=headers, body=request.body)


def _address(calendar_id: str, event_id: str | None = None) -> str:
    address = f"{CALENDAR}/calendars/{_segment(calendar_id)}/events"
    return address if event_id is None else f"{address}/{_segment(event_id)}"


def _segment(text: str) -> str:
    """Return an id as part of an address; one that would lead to another address is no id."""
    if not text.strip("."):
        raise InvalidRequest(f"{text!r} is not an id of Calendar's.")
    return quote(text, safe="")


def _bound(moment: datetime | None, name: str) -> str | None:
    if moment is None:
        return None
    if not isinstance(checked_moment(moment, name), datetime):
        raise InvalidRequest(f"{name}: {moment.isoformat()} is a day.", hint="Pass an aware datetime.")
    return rfc3339(moment)


def _send_updates(text: str | None) -> str | None:
    if text is None or text in set(SendUpdates):
        return text
    raise InvalidRequest(f"send_updates: {text!r} is none of {', '.join(SendUpdates)}.")


def _json(response: Response) -> dict[str, Any]:
    return response.json() if response.body.strip() else {}


def _items(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = value.get("items")
    return (item for item in found if isinstance(item, Mapping)) if isinstance(found, list) else iter(())


def _page_token(value: Mapping[str, Any]) -> str | None:
    token = value.get("nextPageToken")
    return token if isinstance(token, str) and token else None
