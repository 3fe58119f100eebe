"""
Free and busy: `freebusy.query`, when calendars are taken and nothing else about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

from mailgrant.sandbox.calendar.access import enter
from mailgrant.sandbox.clock import stamped
from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.attendee import entry_of
from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.event import Occurrence
from mailgrant.sandbox.diary.event_search import Hits, Search
from mailgrant.sandbox.diary.moment import instant, known_zone, written, zone
from mailgrant.sandbox.diary.sharing import Role
from mailgrant.sandbox.frame.wire import ApiCall, ApiError

MOST_CALENDARS = 50
# Google refuses long ranges without saying what is long; three months were reported as too long.
LONGEST_RANGE = timedelta(days=90)


def query(call: ApiCall) -> dict[str, Any]:
    """`freebusy.query`."""
    body = call.body
    after, before = _range(body)
    place = _zone(body.get("timeZone"))
    asked = [str(item["id"]) for item in body.get("items") or () if item and item.get("id")]
    most = min(body.get("calendarExpansionMax") or MOST_CALENDARS, MOST_CALENDARS)
    calendars = {}
    for place_in_list, calendar_id in enumerate(dict.fromkeys(asked)):
        if place_in_list >= most:
            calendars[calendar_id] = _failed("tooManyCalendarsRequested")
        else:
            calendars[calendar_id] = _calendar(call, calendar_id, after, before, place)
    return {
        "kind": "calendar#freeBusy",
        "timeMin": stamped(after),
        "timeMax": stamped(before),
        "calendars": calendars,
    }


def busy_times(calendar: Calendar, after: datetime, before: datetime, now: datetime) -> list[tuple[datetime, datetime]]:
    """Return, in order and without overlaps, when a calendar is taken, cut to the range."""
    search = Search(now, after=after, before=before, expanded=True)
    place = known_zone(calendar.zone)
    taken = (found for _, found in Hits(calendar, search).after(None) if _is_busy(calendar, found))
    spans = ((max(found.start.at(place), after), min(found.end.at(place), before)) for found in taken)
    return list(_joined(spans))


def _range(body: dict[str, Any]) -> tuple[datetime, datetime]:
    for name in ("timeMin", "timeMax"):
        if not body.get(name):
            raise refusals.required(f"Missing {name} parameter.")
    after, before = instant(body["timeMin"]), instant(body["timeMax"])
    if before <= after:
        raise refusals.range_empty()
    if before - after > LONGEST_RANGE:
        raise refusals.restricted("timeRangeTooLong", "The requested time range is too long.")
    return after, before


def _zone(name: str | None) -> tzinfo:
    found = zone(name or "UTC")
    if found is None:
        raise refusals.invalid("Invalid time zone.")
    return found


def _calendar(call: ApiCall, calendar_id: str, after: datetime, before: datetime, place: tzinfo) -> dict[str, Any]:
    try:
        calendar = enter(call, Role.FREE_BUSY_READER, calendar_id).calendar
    except ApiError:
        return _failed("notFound")
    times = busy_times(calendar, after, before, call.now)
    return {"busy": [{"start": written(start, place), "end": written(end, place)} for start, end in times]}


def _failed(reason: str) -> dict[str, Any]:
    return {"errors": [{"domain": "global", "reason": reason}], "busy": []}


def _is_busy(calendar: Calendar, found: Occurrence) -> bool:
    if found.fields.get("transparency") == "transparent":
        return False
    own = entry_of(found.fields.get("attendees", ()), calendar.id)
    return own is None or own.get("responseStatus") != "declined"


def _joined(spans: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    current: tuple[datetime, datetime] | None = None
    for start, end in spans:
        if current is None:
            current = (start, end)
        elif start <= current[1]:
            current = (current[0], max(current[1], end))
        else:
            yield current
            current = (start, end)
    if current is not None:
        yield current
