"""Missing: what Google does not find, said by its name instead of "Not Found"."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

from mailgrant.errors import NotFound
from mailgrant.http import Call

T = TypeVar("T")

EVENTS = "calendar.events."
CALENDARS = "`calendar.calendars()`, or `mailgrant calendar list`, shows those that the account has."
PRIMARY = "primary"


def naming(call: Call[T], calendar_id: str, event_id: str | None = None, *, destination: str | None = None) -> Call[T]:
    """Carry out a conversation about a calendar, or an event in it; its NotFound says which one there is not."""
    try:
        return (yield from call)
    except NotFound as absent:
        if not absent.operation.startswith(EVENTS) or absent.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise
        message = _missing(absent, calendar_id, event_id, destination)
        raise NotFound(
            message,
            hint="" if absent.status == HTTPStatus.GONE or (destination or calendar_id) == PRIMARY else CALENDARS,
            status=absent.status,
            reason=absent.reason,
            operation=absent.operation,
        ) from absent


def _missing(absent: NotFound, calendar_id: str, event_id: str | None, destination: str | None) -> str:
    if event_id is None:
        return f"There is no calendar {calendar_id!r}, or it may not be seen."
    if absent.status == HTTPStatus.GONE:
        return f"The event {event_id} was deleted from the calendar {calendar_id!r}."
    there = f", or no calendar {destination!r} to move it to" if destination is not None else ""
    return f"There is no event {event_id!r} in the calendar {calendar_id!r}{there}."
