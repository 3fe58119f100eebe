"""
One conversation per Calendar call that reads.

Each is a generator: it yields requests, is sent the answers, and returns a noun; the shells carry
it out. Who is busy when is asked in `busy_calls`; what changes a calendar is in `writes`, and in
`series` for series.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

from mailgrant.changes import Changes, Gap
from mailgrant.errors import GoogleError, InvalidRequest, NotFound
from mailgrant.http import Call, Request, Response
from mailgrant.listing import Page

from .cursor import sync_token_of, written_cursor
from .event import Calendar, Event
from .moment import as_utc, checked_moment, rfc3339

T = TypeVar("T")

CALENDAR = "https://www.googleapis.com/calendar/v3"
LARGEST_PAGE = 2500
LARGEST_CALENDAR_PAGE = 250
# The reason of a 410 that says the event is deleted, not the sync token.
DELETED = "deleted"


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
        value = read_json(response)
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
    if query is not None and not isinstance(query, str):
        raise InvalidRequest(f"query: {query!r} is no text.")
    response = yield Request.get(
        address(calendar_id),
        operation="calendar.events.list",
        **_bounds(start, end),
        q=query or None,
        singleEvents=single,
        # Google refuses this order for series that are not expanded.
        orderBy="startTime" if single else None,
        maxResults=max(1, min(page_size, LARGEST_PAGE)),
        pageToken=page_token,
    )
    value = read_json(response)
    return Page(tuple(map(Event.from_json, _items(value))), next_page_token=_page_token(value))


def get_event(event_id: str, *, calendar_id: str = "primary") -> Call[Event]:
    """Ask for one event; a deleted one comes as cancelled for some time."""
    return Event.from_json((yield from get_resource(event_id, calendar_id=calendar_id)))


def get_resource(event_id: str, *, calendar_id: str = "primary") -> Call[dict[str, Any]]:
    """Ask for one event, as Google writes it."""
    response = yield Request.get(address(calendar_id, event_id), operation="calendar.events.get")
    return read_json(response)


def list_instances(
    series_id: str,
    *,
    calendar_id: str = "primary",
    start: datetime | None = None,
    end: datetime | None = None,
    deleted: bool = False,
    page_token: str | None = None,
) -> Call[Page[Event]]:
    """Ask for a page of a series' occurrences that end after `start` and begin before `end`."""
    response = yield Request.get(
        f"{address(calendar_id, series_id)}/instances",
        operation="calendar.events.instances",
        **_bounds(start, end),
        showDeleted=deleted or None,
        maxResults=LARGEST_PAGE,
        pageToken=page_token,
    )
    value = read_json(response)
    return Page(tuple(map(Event.from_json, _items(value))), next_page_token=_page_token(value))


def changes(since: str | None = None, *, calendar_id: str = "primary") -> Call[Changes[Event]]:
    """
    Ask for what changed since a cursor, or, without one, for the whole calendar.

    A cursor that Google no longer takes gives a Gap, and then the whole calendar.
    """
    if since is None:
        return (yield from _whole(calendar_id, ()))
    token = sync_token_of(since, calendar_id)
    try:
        return (yield from _synced(calendar_id, (), syncToken=token))
    except NotFound as refused:
        # A 410 without the reason of a deleted event says that the token is no longer good.
        if refused.status != HTTPStatus.GONE or refused.reason == DELETED:
            raise
        return (yield from _whole(calendar_id, (Gap(since, refused.reason),)))


def _whole(calendar_id: str, before: tuple[Event | Gap, ...]) -> Call[Changes[Event]]:
    # Without any order, bound or expansion: with them Google leaves the sync token out.
    return (yield from _synced(calendar_id, before))


def _synced(calendar_id: str, found: tuple[Event | Gap, ...], **parameters: object) -> Call[Changes[Event]]:
    items = list(found)
    page_token: str | None = None
    while True:
        response = yield Request.get(
            address(calendar_id),
            operation="calendar.events.list",
            maxResults=LARGEST_PAGE,
            pageToken=page_token,
            **parameters,
        )
        value = read_json(response)
        items.extend(map(Event.from_json, _items(value)))
        page_token = _page_token(value)
        if page_token is None:
            return Changes(tuple(items), written_cursor(calendar_id, _sync_token(value, calendar_id)))


def _sync_token(value: Mapping[str, Any], calendar_id: str) -> str:
    token = value.get("nextSyncToken")
    if isinstance(token, str) and token:
        return token
    raise GoogleError(
        f"Google gave no sync token with the last page of {calendar_id}, so the next changes cannot be asked for.",
        hint="It gives none where the events were asked for in an order or with a filter, "
        "or where the account sees only free and busy.",
        reason="noSyncToken",
        operation="calendar.events.list",
    )


def address(calendar_id: str, event_id: str | None = None) -> str:
    """Return where a calendar's events are, or one of them."""
    address = f"{CALENDAR}/calendars/{_segment(calendar_id)}/events"
    return address if event_id is None else f"{address}/{_segment(event_id)}"


def checked_count(count: object) -> int:
    """Return how many are wanted; raises InvalidRequest for anything else."""
    if not isinstance(count, int) or count < 0:
        raise InvalidRequest(f"count: {count!r} is no number of events.")
    return count


def checked_id(text: object) -> str:
    """Return the id of a calendar or an event; raises InvalidRequest for what can be none."""
    if isinstance(text, Calendar):
        raise InvalidRequest(f"A calendar is named by its id, {text.id!r}.", hint="Pass calendar.id.")
    if not isinstance(text, str) or not text.strip("."):
        raise InvalidRequest(f"{text!r} is not an id of Calendar's.")
    return text


def _segment(text: object) -> str:
    """Return an id as part of an address; one that would lead to another address is no id."""
    return quote(checked_id(text), safe="")


def _bounds(start: datetime | None, end: datetime | None) -> dict[str, str | None]:
    bounds = {"timeMin": _bound(start, "start"), "timeMax": _bound(end, "end")}
    if start is not None and end is not None and as_utc(end) <= as_utc(start):
        raise InvalidRequest(f"The time ends ({end.isoformat()}) before it begins ({start.isoformat()}).")
    return bounds


def _bound(moment: datetime | None, name: str) -> str | None:
    if moment is None:
        return None
    if not isinstance(checked_moment(moment, name), datetime):
        raise InvalidRequest(f"{name}: {moment.isoformat()} is a day.", hint="Pass an aware datetime.")
    return rfc3339(moment)


def read_json(response: Response) -> dict[str, Any]:
    """Return an answer's object; an empty body is an empty one."""
    return response.json() if response.body.strip() else {}


def _items(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = value.get("items")
    return (item for item in found if isinstance(item, Mapping)) if isinstance(found, list) else iter(())


def _page_token(value: Mapping[str, Any]) -> str | None:
    token = value.get("nextPageToken")
    return token if isinstance(token, str) and token else None
