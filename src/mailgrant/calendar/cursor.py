"""Cursor: the plain text with which a calendar is asked what changed since."""

from __future__ import annotations

from urllib.parse import quote, unquote

from mailgrant.errors import InvalidRequest

VERSION = "calendar1"


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
