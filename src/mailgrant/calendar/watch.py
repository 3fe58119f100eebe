"""Watch: a channel on which Google tells an address of ours that a calendar has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from mailgrant.errors import GoogleError, InvalidRequest
from mailgrant.http import Call, Request

from .calls import CALENDAR, address, read_json

# A new channel takes over before the old one ends: what both tell is asked for once.
RENEWED_BEFORE = timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_TOKEN = 256
LOCAL = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Watch:
    """
    An open channel; keep it, it takes both ids to close it.

    Google does not renew it: open another one by `renew_at`, and close this one. A notification says
    only that something changed; `changes` says what.
    """

    id: str
    resource_id: str
    calendar: str
    expires_at: datetime

    @property
    def renew_at(self) -> datetime:
        """When to open the next one: a day before this one ends."""
        return self.expires_at - RENEWED_BEFORE


def open_watch(
    where: str, *, channel_id: str, token: str | None = None, lasting: timedelta | None = None, calendar_id: str
) -> Call[Watch]:
    """Open a channel to an https address; `token` comes with every notification, to tell them from forgeries."""
    if token is not None and len(token) > LONGEST_TOKEN:
        raise InvalidRequest(f"token: {len(token)} characters are too long.", hint=f"It has {LONGEST_TOKEN} at most.")
    if lasting is not None and lasting < timedelta(seconds=1):
        raise InvalidRequest(f"lasting: {lasting} is no length of time.")
    value: dict[str, Any] = {"id": channel_id, "type": "web_hook", "address": _checked_address(where)}
    if token is not None:
        value["token"] = token
    if lasting is not None:
        value["params"] = {"ttl": str(int(lasting.total_seconds()))}
    url = f"{address(calendar_id)}/watch"
    response = yield Request.json("POST", url, operation="calendar.events.watch", value=value)
    return _read(read_json(response), calendar_id)


def close_watch(watch: Watch) -> Call[None]:
    """Close a channel; only the account that opened it can."""
    value = {"id": watch.id, "resourceId": watch.resource_id}
    yield Request.json("POST", f"{CALENDAR}/channels/stop", operation="calendar.channels.stop", value=value)


def _read(value: Mapping[str, Any], calendar_id: str) -> Watch:
    try:
        expires_at = EPOCH + int(value["expiration"]) * MILLISECOND
        return Watch(str(value["id"]), str(value["resourceId"]), calendar_id, expires_at)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise GoogleError(
            "Google opened a channel and did not say which, or until when.", operation="calendar.events.watch"
        ) from None


def _checked_address(where: str) -> str:
    try:
        parts = urlsplit(where)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL)):
        raise InvalidRequest(
            f"address: {where!r} is no https address.", hint="Google tells only a server with a valid certificate."
        )
    return where
