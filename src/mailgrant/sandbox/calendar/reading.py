"""
Lists of events: `events.list` and `events.instances`, with their filters, pages and syncs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from mailgrant.sandbox.calendar.access import Access, check_modified, enter
from mailgrant.sandbox.calendar.cursor import Collection, Page
from mailgrant.sandbox.clock import stamped
from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.event import Occurrence
from mailgrant.sandbox.diary.event_search import Hits, Key, Search
from mailgrant.sandbox.diary.event_view import View
from mailgrant.sandbox.diary.moment import instant, read_moment
from mailgrant.sandbox.diary.sharing import Role
from mailgrant.sandbox.frame.wire import ApiCall

USUAL_PAGE = 250
LARGEST_PAGE = 2500
# How far back deletions are remembered for `updatedMin`.
REMEMBERED = timedelta(days=28)
# A sync has its own window and order: these go with a first, full list only.
NOT_WITH_SYNC_TOKEN = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMax",
    "timeMin",
    "updatedMin",
)
# A list with one of these cannot be synced later, and gives no token to do so.
WITHOUT_SYNC_TOKEN = frozenset(
    {"iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "updatedMin"}
)
WINDOW = ("timeMin", "timeMax")


def list_(call: ApiCall) -> dict[str, Any]:
    """`events.list`."""
    access = enter(call, Role.FREE_BUSY_READER)
    calendar, params = access.calendar, call.params
    _check_combination(params)
    window = {name: params[name] for name in WINDOW if name in params}
    bound = {"singleEvents": params.get("singleEvents", False), "eventTypes": sorted(params.get("eventTypes", ()))}
    collection = _collection(access, _kind_of_list(params))
    since, kept = collection.since(params.get("syncToken"), bound, call.now)
    window = {name: kept[name] for name in WINDOW if name in kept} or window
    search = replace(_search(params, window, call.now), since=since)
    _check_updated_min(search, call.now)
    check_modified(call.headers, calendar.etag)
    page = collection.page(params.get("pageToken"))
    view = access.view(call, bare=since is not None and not params.get("showDeleted", False))
    size = _page_size(params)
    hits = list(islice(Hits(calendar, search).after(page.key), size + 1))
    syncable = not WITHOUT_SYNC_TOKEN & params.keys()
    token = collection.sync_token(page, bound | window, call.now) if syncable else None
    return _envelope(access, view) | _items(view, hits, size) | _tokens(hits, size, page, token)


def instances(call: ApiCall) -> dict[str, Any]:
    """`events.instances`: the occurrences of one series."""
    access = enter(call, Role.FREE_BUSY_READER)
    found = access.event(call.params["eventId"])
    if found.slot is not None or (found.series is None and not found.cancelled):
        raise refusals.bad_request()
    params = call.params
    view = access.view(call)
    window = {name: params[name] for name in WINDOW if name in params}
    search = replace(_search(params, window, call.now), expanded=True)
    if search.after is not None:
        # Here the lower bound counts, unlike in `events.list`.
        search = replace(search, after=search.after - timedelta(seconds=1))
    collection = _collection(access, f"instances of {found.id}")
    page = collection.page(params.get("pageToken"))
    alone = replace(access.calendar, events={found.event.id: found.event})
    only = Hits(alone, search)
    size = _page_size(params)
    original = params.get("originalStart")
    hits = list(islice(only.after(page.key), size + 1)) if original is None else _with_original(only, found, original)
    return _envelope(access, view) | _items(view, hits, size) | _tokens(hits, size, page, None)


def _with_original(hits: Hits, series: Occurrence, original: str) -> list[tuple[Key, Occurrence]]:
    """Return the one instance that was to start then, if it is among the hits."""
    name = "dateTime" if "T" in original.upper() else "date"
    wanted = read_moment({name: original}, "original start", hits.calendar.zone)
    found = hits.calendar.find(f"{series.event.id}_{wanted.stamp}")
    return [((), found)] if found is not None and hits.fits(found) else []


def _collection(access: Access, name: str) -> Collection:
    calendar = access.calendar
    return Collection(
        f"{calendar.id}: {name}",
        change=calendar.change,
        valid_since=calendar.sharing_change,
        made=calendar.created,
    )


def _kind_of_list(params: Mapping[str, Any]) -> str:
    """Return what tells apart lists in which a page token means something else."""
    if params.get("orderBy") == "updated":
        return "by update"
    return "by start" if params.get("singleEvents", False) else "as stored"


def _check_combination(params: Mapping[str, Any]) -> None:
    if params.get("orderBy") == "startTime" and not params.get("singleEvents", False):
        raise refusals.ordering_unavailable()
    if "syncToken" not in params:
        return
    for name in NOT_WITH_SYNC_TOKEN:
        if name in params:
            raise refusals.not_with_sync_token(name)
    if params.get("showDeleted") is False:
        raise refusals.not_with_sync_token("showDeleted=false")


def _search(params: Mapping[str, Any], window: Mapping[str, str], now: datetime) -> Search:
    after = instant(window["timeMin"]) if "timeMin" in window else None
    before = instant(window["timeMax"]) if "timeMax" in window else None
    if after is not None and before is not None and before <= after:
        raise refusals.range_empty()
    return Search(
        now,
        after=after,
        before=before,
        expanded=params.get("singleEvents", False),
        deleted=params.get("showDeleted", False),
        by_update=params.get("orderBy") == "updated",
        text=params.get("q", ""),
        uid=params.get("iCalUID"),
        updated_min=instant(params["updatedMin"]) if "updatedMin" in params else None,
        kinds=frozenset(params.get("eventTypes", ())),
        properties={
            "private": tuple(params.get("privateExtendedProperty", ())),
            "shared": tuple(params.get("sharedExtendedProperty", ())),
        },
    )


def _check_updated_min(search: Search, now: datetime) -> None:
    if search.updated_min is not None and search.updated_min < now - REMEMBERED:
        raise refusals.updated_min_too_long_ago()


def _page_size(params: Mapping[str, Any]) -> int:
    asked = params.get("maxResults", USUAL_PAGE)
    if asked < 1:
        raise refusals.invalid(parameter="maxResults")
    return min(int(asked), LARGEST_PAGE)


def _envelope(access: Access, view: View) -> dict[str, Any]:
    calendar = access.calendar
    described = {"description": calendar.details["description"]} if "description" in calendar.details else {}
    return {
        "kind": "calendar#events",
        "etag": calendar.etag,
        "summary": calendar.details.get("summary", ""),
        **described,
        "updated": stamped(calendar.updated),
        "timeZone": str(view.place),
        "accessRole": access.role.google,
        "defaultReminders": list(access.reminders),
    }


def _items(view: View, hits: list[tuple[Key, Occurrence]], size: int) -> dict[str, Any]:
    return {"items": [view.show(found) for _, found in hits[:size]]}


def _tokens(hits: list[tuple[Key, Occurrence]], size: int, page: Page, sync_token: str | None) -> dict[str, Any]:
    """Return the token of the next page, on the last one that of the next sync."""
    if len(hits) > size:
        return {"nextPageToken": page.next(hits[size - 1][0])}
    return {"nextSyncToken": sync_token} if sync_token is not None else {}
