"""Changes: what happened in a calendar since a cursor, and the cursor to ask with next time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, unquote

from mailgrant.errors import InvalidRequest

from .event import Event

VERSION = "calendar1"


@dataclass(frozen=True, slots=True)
class Gap:
    """
    What happened since `cursor` can no longer be had: it is too old, or access to the calendar changed.

    All that was kept of the calendar is out of date. What follows a gap is the whole calendar.
    """

    cursor: str
    reason: str


Change: TypeAlias = Event | Gap


@dataclass(frozen=True, slots=True)
class Changes:
    """
    What happened, in no order that Google promises.

    `items` are events as they are now (a deleted one has the status CANCELLED, and often nothing but
    its id), after a Gap where there was one. `cursor` is a plain text to store and to ask with next time.
    """

    items: tuple[Change, ...]
    cursor: str

    def __iter__(self) -> Iterator[Change]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def gap(self) -> Gap | None:
        """The gap, when there is one."""
        return next((each for each in self.items if isinstance(each, Gap)), None)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events, without the gap."""
        return tuple(each for each in self.items if isinstance(each, Event))


def written_cursor(calendar_id: str, sync_token: str) -> str:
    """Write a cursor: a sync token and the calendar it is good for."""
    return f"{VERSION}:{quote(calendar_id, safe='')}:{sync_token}"


def sync_token_of(cursor: object, calendar_id: str) -> str:
    """Return a cursor's sync token; raises InvalidRequest for what is no cursor of this calendar."""
    version, _, rest = cursor.partition(":") if isinstance(cursor, str) else ("", "", "")
    kept, _, token = rest.partition(":")
    if version != VERSION or not token:
        raise InvalidRequest("since: this is no cursor of a calendar.", hint="Pass the cursor of earlier changes.")
    if unquote(kept) != calendar_id:
        raise InvalidRequest(
            f"since: this cursor is of the calendar {unquote(kept)}, not of {calendar_id}.",
            hint="Keep a cursor for each calendar.",
        )
    return token
