"""
`settings.*`: a person's choices in Calendar's page, which programs may only read.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from mailgrant.sandbox.calendar.access import check_modified
from mailgrant.sandbox.calendar.cursor import Collection
from mailgrant.sandbox.calendar.lists import page_of
from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.diary import Diary
from mailgrant.sandbox.frame.wire import ApiCall

USUAL = {
    "autoAddHangouts": "true",
    "dateFieldOrder": "MDY",
    "defaultEventLength": "60",
    "format24HourTime": "false",
    "hideInvitations": "false",
    "hideWeekends": "false",
    "locale": "en",
    "remindOnRespondedEventsOnly": "false",
    "showDeclinedEvents": "true",
    "timezone": "",
    "useKeyboardShortcuts": "true",
    "weekStart": "0",
}


def list_(call: ApiCall) -> dict[str, Any]:
    """`settings.list`."""
    diary = call.person.diary
    collection = Collection("settings", change=0, made=diary.primary.created)
    since, _ = collection.since(call.params.get("syncToken"), {}, call.now)
    shown = [] if since is not None else [_setting(name, value) for name, value in _values(diary).items()]
    etag = _etag(repr(sorted(_values(diary).items())))
    check_modified(call.headers, etag)
    return {"kind": "calendar#settings", "etag": etag} | page_of(call, shown, collection, {})


def get(call: ApiCall) -> dict[str, Any]:
    """`settings.get`."""
    name = call.params["setting"]
    values = _values(call.person.diary)
    if name not in values:
        raise refusals.not_found()
    setting = _setting(name, values[name])
    check_modified(call.headers, setting["etag"])
    return setting


def _values(diary: Diary) -> dict[str, str]:
    return USUAL | {"timezone": diary.primary.zone} | diary.settings


def _setting(name: str, value: str) -> dict[str, Any]:
    return {"kind": "calendar#setting", "etag": _etag(name + value), "id": name, "value": value}


def _etag(text: str) -> str:
    return f'"{blake2b(text.encode(), digest_size=8).hexdigest()}"'
