"""Calendar: the verbs of one account's calendars. Each is a docstring and a conversation."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mailgrant.calendar import calls
from mailgrant.calendar.event import Calendar, Event
from mailgrant.errors import InvalidRequest

if TYPE_CHECKING:
    from .gmail import Run

PRIMARY = "primary"


class AsyncCalendar:
    """
    One account's calendars; `calendar=` names one by its id, the primary one unless told.

    Every verb raises ConsentNeeded, before anything is sent, when the scope it needs was not
    granted; `GoogleError` when Google refuses; `NoAnswer` when nothing could be asked; and, for what
    changes something, `OutcomeUnknown` when the answer was lost.
    """

    def __init__(self, run: Run, entropy: Callable[[int], bytes]) -> None:
        self._run = run
        self._entropy = entropy

    async def upcoming(self, count: int = 10, *, calendar: str = PRIMARY) -> tuple[Event, ...]:
        """Return the next `count` events from now on, soonest first, series expanded (events.list)."""
        found: list[Event] = []
        if count > 0:
            async for event in self.events(datetime.now(UTC), calendar=calendar):
                found.append(event)
                if len(found) == count:
                    break
        return tuple(found)

    async def events(
        self, start: datetime, end: datetime | None = None, *, query: str = "", calendar: str = PRIMARY
    ) -> AsyncIterator[Event]:
        """
        Yield the events between two moments, soonest first, series expanded (events.list).

        An event counts when it ends after `start` and begins before `end`. Both are aware; a naive
        one raises InvalidRequest. Without an `end` Google decides how far a series without end goes.
        """
        page_token: str | None = None
        while True:
            listing = calls.list_events(
                calendar, start=start, end=end, query=query or None, page_token=page_token, page_size=250
            )
            page = await self._run(listing)
            for event in page.items:
                yield event
            page_token = page.next_page_token
            if page_token is None:
                return

    async def calendars(self) -> tuple[Calendar, ...]:
        """Return the calendars the account has on its list (calendarList.list)."""
        return await self._run(calls.calendars())

    async def get(self, event_id: str, *, calendar: str = PRIMARY) -> Event:
        """Return one event by its id (events.get)."""
        return await self._run(calls.get_event(event_id, calendar_id=calendar))

    async def add(self, event: Event | None = None, *, calendar: str = PRIMARY, **fields: Any) -> Event:
        """
        Put an event in the calendar and return it as Google keeps it.

        The id is made here, so that the same insert cannot happen twice (events.insert). An event
        with an id of its own keeps it. Nobody is mailed unless `send_updates="all"`.
        """
        send_updates = fields.pop("send_updates", None)
        event = as_event(event, fields)
        event_id = event.id or new_event_id(self._entropy)
        return await self._run(
            calls.add_event(event, calendar_id=calendar, event_id=event_id, send_updates=send_updates)
        )

    async def delete(self, event: str | Event, *, calendar: str = PRIMARY) -> None:
        """Delete an event; a series goes whole, an instance alone (events.delete)."""
        event_id = event.id if isinstance(event, Event) else event
        if event_id is None:
            raise InvalidRequest("This event is not in the calendar: it has no id.")
        await self._run(calls.delete_event(event_id, calendar_id=calendar))


def as_event(event: Event | None, fields: dict[str, Any]) -> Event:
    """Take the event, or make one of the fields; never both."""
    if event is None:
        return Event(**fields)
    if fields:
        raise InvalidRequest("Pass an Event or its fields, not both.", hint="Make a new one with dataclasses.replace.")
    return event


def new_event_id(entropy: Callable[[int], bytes]) -> str:
    """Make an event id as Calendar allows: 26 characters of base32hex, a to v and 0 to 9."""
    return base64.b32hexencode(entropy(16)).decode().rstrip("=").lower()
