"""Watch: a channel on which Google tells an address of ours that a calendar has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from mailgrant.errors import GoogleError, InvalidRequest, NotFound, OutcomeUnknown
from mailgrant.http import Call, Request

from .calls import CALENDAR, address, read_json
from .settling import SENDINGS, unsettled

# A new channel takes over before the old one ends: what both tell is asked for once.
RENEWED_BEFORE = timedelta(days=1)
# Of a channel that is to last less than some days, the last quarter.
LAST_PART = 4
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_TOKEN = 256
OPENED_TWICE = "Open another one: if the lost one is open too, each change is told twice until it ends."
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
    _: KW_ONLY
    overlap: timedelta = RENEWED_BEFORE

    @property
    def renew_at(self) -> datetime:
        """When to open the next one: a day before this one ends, or when a quarter of a shorter one is left."""
        return self.expires_at - self.overlap


def open_watch(
    where: str, *, channel_id: str, token: str | None = None, lasting: timedelta | None = None, calendar_id: str
) -> Call[Watch]:
    """Open a channel to an https address; `token` comes with every notification, to tell them from forgeries."""
    _check_token(token)
    _check_lasting(lasting)
    value: dict[str, Any] = {"id": channel_id, "type": "web_hook", "address": _checked_address(where)}
    if token is not None:
        value["token"] = token
    if lasting is not None:
        value["params"] = {"ttl": str(int(lasting.total_seconds()))}
    url = f"{address(calendar_id)}/watch"
    try:
        response = yield Request.json("POST", url, operation="calendar.events.watch", value=value)
    except OutcomeUnknown as unknown:
        # Asked for again, Google would say that the channel is there, but not by what id it is closed.
        raise unsettled(unknown, unknown.evidence, OPENED_TWICE) from unknown
    return _read(read_json(response), calendar_id, lasting)


def close_watch(watch: Watch) -> Call[None]:
    """Close a channel; only the account that opened it can. After a lost answer one that is gone is closed."""
    if not isinstance(watch, Watch):
        raise InvalidRequest(f"{watch!r} is no Watch.", hint="Pass what `watch` returned: it takes both of its ids.")
    value = {"id": watch.id, "resourceId": watch.resource_id}
    request = Request.json("POST", f"{CALENDAR}/channels/stop", operation="calendar.channels.stop", value=value)
    lost: OutcomeUnknown | None = None
    for _ in range(SENDINGS):
        try:
            yield request
        except OutcomeUnknown as unknown:
            lost = unknown
        except NotFound:
            if lost is None:
                raise
            return
        else:
            return
    raise unsettled(lost, "the channel may still be open", "Close it again: that can do nothing twice.")


def _check_token(token: object) -> None:
    if token is None:
        return
    if not isinstance(token, str):
        raise InvalidRequest("token: it is no text.")
    if len(token) > LONGEST_TOKEN:
        raise InvalidRequest(f"token: {len(token)} characters are too long.", hint=f"It has {LONGEST_TOKEN} at most.")


def _check_lasting(lasting: object) -> None:
    if lasting is not None and not (isinstance(lasting, timedelta) and lasting >= timedelta(seconds=1)):
        raise InvalidRequest(f"lasting: {lasting} is no length of time.", hint="Pass timedelta(days=3).")


def _read(value: Mapping[str, Any], calendar_id: str, lasting: timedelta | None) -> Watch:
    try:
        expires_at = EPOCH + int(value["expiration"]) * MILLISECOND
        overlap = RENEWED_BEFORE if lasting is None else min(RENEWED_BEFORE, lasting / LAST_PART)
        return Watch(str(value["id"]), str(value["resourceId"]), calendar_id, expires_at, overlap=overlap)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise GoogleError(
            "Google opened a channel and did not say which, or until when.", operation="calendar.events.watch"
        ) from None


def _checked_address(where: str) -> str:
    try:
        parts = urlsplit(str(where))
        host = parts.hostname
    except ValueError:
        host = None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL)):
        raise InvalidRequest(
            f"address: {where!r} is no https address.", hint="Google tells only a server with a valid certificate."
        )
    return where
