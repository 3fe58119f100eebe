"""
Calendars as such (`calendars.*`) and on a person's list (`calendarList.*`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mailgrant.sandbox.calendar.access import PRIMARY, Access, check_modified, check_unmodified, enter
from mailgrant.sandbox.calendar.cursor import Collection, Page
from mailgrant.sandbox.calendar.palette import CALENDAR_COLOURS
from mailgrant.sandbox.calendar.scope_reach import reach
from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.diary import Diary, ListEntry, find_calendar
from mailgrant.sandbox.diary.event_body import patched, read_reminders
from mailgrant.sandbox.diary.moment import milliseconds, zone
from mailgrant.sandbox.diary.sharing import ROLES, Role
from mailgrant.sandbox.frame.wire import ApiCall

USUAL_PAGE = 100
LARGEST_PAGE = 250
MEET_ONLY = {"allowedConferenceSolutionTypes": ["hangoutsMeet"]}
TEXTS = ("summary", "description", "location")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
MOST_LABELS = 200


def get(call: ApiCall) -> dict[str, Any]:
    """`calendars.get`."""
    access = enter(call, Role.FREE_BUSY_READER)
    check_modified(call.headers, access.calendar.etag)
    return _calendar_json(access.calendar)


def insert(call: ApiCall) -> dict[str, Any]:
    """`calendars.insert`: a secondary calendar."""
    diary = call.person.diary
    details = _details(call.body)
    if "summary" not in details:
        raise refusals.required("Missing summary.")
    zone_name = _zone(call.body) or diary.primary.zone
    return _calendar_json(diary.open_secondary(details, zone=zone_name, made_by=call.project))


def update(call: ApiCall) -> dict[str, Any]:
    """`calendars.update`: the body is the whole calendar."""
    access = _owned(call)
    return _rewrite(call, access.calendar, call.body)


def patch(call: ApiCall) -> dict[str, Any]:
    """`calendars.patch`: the body is what changes."""
    access = _owned(call)
    calendar = access.calendar
    return _rewrite(call, calendar, patched({**calendar.details, "timeZone": calendar.zone}, call.body))


def delete(call: ApiCall) -> None:
    """`calendars.delete`: secondary calendars only, and for everybody."""
    access = _owned(call)
    calendar = access.calendar
    if calendar.primary:
        raise refusals.restricted("cannotDeletePrimaryCalendar", "The primary calendar cannot be deleted.")
    for person in call.world.people.everybody():
        entry = person.diary.entries.get(calendar.id)
        if entry is not None and not entry.deleted:
            person.diary.unlist(calendar.id)
    owner = call.world.people.find(calendar.owner)
    if owner is not None:
        del owner.diary.calendars[calendar.id]


def clear(call: ApiCall) -> None:
    """`calendars.clear`: removes all events of the primary calendar."""
    access = _owned(call)
    if not access.calendar.primary:
        raise refusals.restricted("cannotClearSecondaryCalendar", "Only the primary calendar can be cleared.")
    access.calendar.clear(call.now)


def transfer_ownership(call: ApiCall) -> None:
    """`calendars.transferOwnership`: for administrators, and nobody in a sandbox is one."""
    enter(call, Role.FREE_BUSY_READER)
    raise refusals.forbidden()


def list_entries(call: ApiCall) -> dict[str, Any]:
    """`calendarList.list`."""
    diary, params = call.person.diary, call.params
    if "syncToken" in params and "minAccessRole" in params:
        raise refusals.not_with_sync_token("minAccessRole")
    collection = Collection("calendarList", change=diary.change, made=diary.primary.created)
    since, _ = collection.since(params.get("syncToken"), {}, call.now)
    etag = f'"{diary.primary.created.timestamp():.0f}{diary.change:04d}"'
    check_modified(call.headers, etag)
    lowest = ROLES[params.get("minAccessRole", "freeBusyReader")]
    entries = [entry for entry in diary.entries.values() if since is None or entry.change > since]
    shown = [
        _entry_json(call, entry)
        for entry in entries
        if _is_shown(call, entry, everything=since is not None)
        and _role(call, entry) >= (lowest if since is None else 0)
    ]
    head = {"kind": "calendar#calendarList", "etag": etag}
    return head | page_of(call, shown, collection, {})


def get_entry(call: ApiCall) -> dict[str, Any]:
    """`calendarList.get`."""
    entry = _entry(call)
    check_modified(call.headers, entry.etag)
    return _entry_json(call, entry)


def insert_entry(call: ApiCall) -> dict[str, Any]:
    """`calendarList.insert`: puts a calendar that the person may see on their list."""
    wanted = call.body.get("id")
    if not wanted:
        raise refusals.required("Missing calendar id.")
    access = enter(call, Role.FREE_BUSY_READER, wanted)
    looks = {"colorId": "14", "selected": True, "defaultReminders": []} | _looks(call, call.body)
    return _entry_json(call, call.person.diary.list_entry(access.calendar.id, looks))


def update_entry(call: ApiCall) -> dict[str, Any]:
    """`calendarList.update`: the body is the whole entry."""
    entry = _entry(call)
    check_unmodified(call.headers, entry.etag)
    looks = {"colorId": entry.looks.get("colorId", "14"), "defaultReminders": []} | _looks(call, call.body)
    return _entry_json(call, call.person.diary.list_entry(entry.calendar_id, looks))


def patch_entry(call: ApiCall) -> dict[str, Any]:
    """`calendarList.patch`: the body is what changes."""
    entry = _entry(call)
    check_unmodified(call.headers, entry.etag)
    changes = {"defaultReminders": []} | _looks(call, patched(entry.looks, call.body))
    looks = {"colorId": entry.looks.get("colorId", "14")} | changes
    return _entry_json(call, call.person.diary.list_entry(entry.calendar_id, looks))


def delete_entry(call: ApiCall) -> None:
    """`calendarList.delete`: takes a calendar off the list."""
    entry = _entry(call)
    calendar = call.person.diary.calendars.get(entry.calendar_id)
    if calendar is not None:
        raise refusals.restricted("cannotRemoveOwnedCalendar", "A calendar cannot be taken off its owner's list.")
    call.person.diary.unlist(entry.calendar_id)


def page_of(
    call: ApiCall, items: list[dict[str, Any]], collection: Collection, bound: Mapping[str, Any]
) -> dict[str, Any]:
    """Return one page of a short list, with the token of the next page or of the next sync."""
    size = call.params.get("maxResults", USUAL_PAGE)
    if size < 1:
        raise refusals.invalid(parameter="maxResults")
    page: Page = collection.page(call.params.get("pageToken"))
    start = int(page.key[0]) if page.key else 0
    end = start + min(size, LARGEST_PAGE)
    shown: dict[str, Any] = {"items": items[start:end]}
    if end < len(items):
        return {"nextPageToken": page.next([end])} | shown
    return {"nextSyncToken": collection.sync_token(page, bound, call.now)} | shown


def _owned(call: ApiCall) -> Access:
    access = enter(call, Role.OWNER)
    check_unmodified(call.headers, access.calendar.etag)
    return access


def _zone(body: Mapping[str, Any]) -> str | None:
    name: str | None = body.get("timeZone")
    if name is not None and zone(name) is None:
        raise refusals.invalid("Invalid time zone definition.")
    return name


def _details(body: Mapping[str, Any]) -> dict[str, Any]:
    details = {name: body[name] for name in TEXTS if body.get(name)}
    labels = (body.get("labelProperties") or {}).get("eventLabels") or []
    if len(labels) > MOST_LABELS:
        raise refusals.invalid("Too many event labels.")
    if labels:
        details["labelProperties"] = {"eventLabels": labels}
    return details


def _rewrite(call: ApiCall, calendar: Calendar, body: Mapping[str, Any]) -> dict[str, Any]:
    details = _details(body)
    if "summary" not in details:
        raise refusals.required("Missing summary.")
    kept = {name: calendar.details[name] for name in ("labelProperties",) if name in calendar.details}
    calendar.details = kept | details
    calendar.zone = _zone(body) or calendar.zone
    calendar.next_change()
    calendar.updated = milliseconds(call.now)
    return _calendar_json(calendar)


def _calendar_json(calendar: Calendar) -> dict[str, Any]:
    owned = {} if calendar.primary else {"dataOwner": calendar.owner}
    return {
        "kind": "calendar#calendar",
        "etag": calendar.etag,
        "id": calendar.id,
        **calendar.details,
        "timeZone": calendar.zone,
        "conferenceProperties": MEET_ONLY,
        **owned,
    }


def _entry(call: ApiCall) -> ListEntry:
    diary: Diary = call.person.diary
    named = call.params["calendarId"]
    calendar = diary.primary if named == PRIMARY else find_calendar(call.world.people, named)
    entry = diary.entries.get(calendar.id if calendar else named)
    if entry is None or entry.deleted or calendar is None or _role(call, entry) == Role.NONE:
        raise refusals.not_found()
    reach(call, calendar, _role(call, entry))
    return entry


def _role(call: ApiCall, entry: ListEntry) -> Role:
    calendar = find_calendar(call.world.people, entry.calendar_id)
    return calendar.role_of(call.person.email) if calendar else Role.NONE


def _is_shown(call: ApiCall, entry: ListEntry, *, everything: bool) -> bool:
    if entry.deleted:
        return everything or call.params.get("showDeleted", False)
    if _role(call, entry) == Role.NONE:
        return False
    return everything or call.params.get("showHidden", False) or not entry.looks.get("hidden")


def _entry_json(call: ApiCall, entry: ListEntry) -> dict[str, Any]:
    head = {"kind": "calendar#calendarListEntry", "etag": entry.etag, "id": entry.calendar_id}
    calendar = find_calendar(call.world.people, entry.calendar_id)
    if entry.deleted or calendar is None:
        return head | {"deleted": True}
    details = {name: calendar.details[name] for name in TEXTS if name in calendar.details}
    own = calendar.id == call.person.diary.primary.id
    return {
        **head,
        **details,
        "timeZone": calendar.zone,
        **_colours(entry.looks),
        **{name: value for name, value in entry.looks.items() if name not in {"colorId", "hidden", "selected"}},
        **{name: True for name in ("hidden", "selected") if entry.looks.get(name)},
        "accessRole": calendar.role_of(call.person.email).google,
        **({"primary": True} if own else {}),
        "conferenceProperties": MEET_ONLY,
        **({} if calendar.primary else {"dataOwner": calendar.owner}),
    }


def _colours(looks: Mapping[str, Any]) -> dict[str, Any]:
    colour = looks["colorId"]
    return {"colorId": colour, "backgroundColor": CALENDAR_COLOURS[colour], "foregroundColor": "#000000"}


def _looks(call: ApiCall, body: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a person may decide about a calendar on their list."""
    looks: dict[str, Any] = {name: body[name] for name in ("summaryOverride", "hidden", "selected") if body.get(name)}
    if body.get("colorId"):
        if body["colorId"] not in CALENDAR_COLOURS:
            raise refusals.invalid("Invalid color id.")
        looks["colorId"] = body["colorId"]
    if call.params.get("colorRgbFormat"):
        looks |= _rgb(body)
    if body.get("defaultReminders"):
        looks["defaultReminders"] = read_reminders(body["defaultReminders"])
    if body.get("notificationSettings"):
        looks["notificationSettings"] = body["notificationSettings"]
    return looks


def _rgb(body: Mapping[str, Any]) -> dict[str, str]:
    given = {name: body[name] for name in ("backgroundColor", "foregroundColor") if body.get(name)}
    if not all(COLOUR.fullmatch(colour) for colour in given.values()):
        raise refusals.invalid("Invalid color.")
    return given
