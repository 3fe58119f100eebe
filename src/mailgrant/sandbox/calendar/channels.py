"""
`*.watch` and `channels.stop`: opening and closing channels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from mailgrant.sandbox.calendar.access import enter
from mailgrant.sandbox.courier import is_here
from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.channels import Channel, Collection, Watched
from mailgrant.sandbox.diary.sharing import Role
from mailgrant.sandbox.frame.wire import ApiCall

CHANNEL_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
LONGEST_TOKEN = 256
TYPES = frozenset({"web_hook", "webhook"})
USUAL_LIFE = timedelta(days=7)
LONGEST_LIFE = timedelta(days=30)
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = re.compile(r"\d{1,16}", re.ASCII)


def watch_acl(call: ApiCall) -> dict[str, Any]:
    """`acl.watch`: for those who may read the list."""
    calendar = enter(call, Role.OWNER).calendar
    return _watch(call, Watched(Collection.ACL, owner=call.person.email, calendar_id=calendar.id))


def watch_calendar_list(call: ApiCall) -> dict[str, Any]:
    """`calendarList.watch`."""
    return _watch(call, Watched(Collection.CALENDAR_LIST, owner=call.person.email))


def watch_events(call: ApiCall) -> dict[str, Any]:
    """`events.watch`: for those who may read the list."""
    calendar = enter(call, Role.FREE_BUSY_READER).calendar
    return _watch(call, Watched(Collection.EVENTS, owner=call.person.email, calendar_id=calendar.id))


def watch_settings(call: ApiCall) -> dict[str, Any]:
    """`settings.watch`."""
    return _watch(call, Watched(Collection.SETTINGS, owner=call.person.email))


def stop(call: ApiCall) -> None:
    """`channels.stop`: both ids have to be right, and the person the one who opened it."""
    channel_id, resource_id = call.body.get("id"), call.body.get("resourceId")
    if not channel_id or not resource_id:
        raise refusals.required("Missing channel id." if not channel_id else "Missing resource id.")
    channel = call.world.channels.find(channel_id)
    if channel is None or (channel.watched.id, channel.watched.owner) != (resource_id, call.person.email):
        raise refusals.channel_not_found(channel_id, call.project)
    call.world.channels.close(channel)


def _watch(call: ApiCall, watched: Watched) -> dict[str, Any]:
    body = call.body
    channel_id = _checked_id(body)
    if body.get("type") not in TYPES:
        raise refusals.invalid("Unknown channel type.") if body.get("type") else refusals.required("Missing type.")
    address, token = _checked_address(body), body.get("token") or ""
    if len(token) > LONGEST_TOKEN:
        raise refusals.invalid("Invalid channel token.")
    if call.world.channels.find(channel_id) is not None:
        raise refusals.channel_not_unique(channel_id)
    channel = Channel(channel_id, watched=watched, address=address, token=token, expires=_expiration(call))
    call.world.channels.open(channel)
    return channel.as_json()


def _checked_id(body: Mapping[str, Any]) -> str:
    channel_id: str = body.get("id") or ""
    if not channel_id:
        raise refusals.required("Missing channel id.")
    if not CHANNEL_ID.fullmatch(channel_id):
        raise refusals.invalid("Invalid channel id.")
    return channel_id


def _checked_address(body: Mapping[str, Any]) -> str:
    """Return the webhook's address: https, or anything that listens on this very machine."""
    address: str = body.get("address") or ""
    if not address:
        raise refusals.required("Missing address.")
    try:
        parts = urlsplit(address)
        here = is_here(address) and parts.port != 0
    except ValueError as error:
        raise refusals.invalid("Invalid address.") from error
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise refusals.webhook_not_https(address)
    if not parts.hostname or not address.isascii() or not address.isprintable() or " " in address:
        raise refusals.invalid("Invalid address.")
    return address


def _expiration(call: ApiCall) -> datetime:
    """Return when the channel ends: as asked for, within limits."""
    life = USUAL_LIFE
    expiration, ttl = call.body.get("expiration"), (call.body.get("params") or {}).get("ttl")
    if ttl is not None:
        life = timedelta(seconds=min(_number(ttl), LONGEST_LIFE.total_seconds()))
    elif expiration is not None:
        life = _number(expiration) * MILLISECOND - (call.now - EPOCH)
    if life <= timedelta():
        raise refusals.invalid("Invalid channel expiration.")
    return (call.now + min(life, LONGEST_LIFE)).replace(microsecond=0)


def _number(text: str) -> int:
    if not DIGITS.fullmatch(text):
        raise refusals.invalid("Invalid channel expiration.")
    return int(text)
