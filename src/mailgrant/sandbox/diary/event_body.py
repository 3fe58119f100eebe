"""
Reading the events that clients write: what Google accepts, in the form in which it is kept.

The body was checked against its schema before; here it is checked for sense. What is a default is
left out, what clients may not set is dropped, and the rest becomes a `Draft`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mailgrant.sandbox.diary import refusals
from mailgrant.sandbox.diary.attendee import read_attendees
from mailgrant.sandbox.diary.conference import read_conference
from mailgrant.sandbox.diary.event import Draft, Occurrence
from mailgrant.sandbox.diary.moment import Moment, read_moment, span
from mailgrant.sandbox.diary.recurrence import Series

MOST_ATTACHMENTS = 25
MOST_REMINDERS = 5
FOUR_WEEKS = 40320
# Instances that outlast their series' period by far cannot be told apart in any window.
LONGEST_INSTANCE = timedelta(days=366)
# Longer keys are dropped without a word, longer values cut.
LONGEST_KEY = 44
LONGEST_VALUE = 1024
MOST_PROPERTIES = 300
MOST_PROPERTY_BYTES = 32 * 1024

# Fields with a few possible values; the first is the default, which is never shown.
CHOICES = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
    "eventType": ("default", "birthday", "focusTime", "fromGmail", "outOfOffice", "workingLocation"),
}
COLOURS = frozenset(str(number) for number in range(1, 12))
FLAGS = {
    "anyoneCanAddSelf": False,
    "guestsCanInviteOthers": True,
    "guestsCanModify": False,
    "guestsCanSeeOtherGuests": True,
    "privateCopy": False,
}
TEXTS = ("summary", "description", "location", "colorId", "eventLabelId")
OBJECTS = (
    "source",
    "gadget",
    "birthdayProperties",
    "focusTimeProperties",
    "outOfOfficeProperties",
    "workingLocationProperties",
)
WORKSPACE_KINDS = frozenset({"focusTime", "outOfOffice", "workingLocation"})


@dataclass(frozen=True, slots=True)
class Writing:
    """
    How a call wants its event written.

    The three switches are parameters of the call: without them the parts they name are left alone.
    """

    zone: str
    workspace: bool = field(kw_only=True, default=False)
    conference: bool = field(kw_only=True, default=False)
    attachments: bool = field(kw_only=True, default=False)
    labels: bool = field(kw_only=True, default=False)
    meeting_code: Callable[[], str] = field(kw_only=True)

    @property
    def left_alone(self) -> tuple[str, ...]:
        """The fields that this call does not touch, whatever its body says."""
        switches = {"conferenceData": self.conference, "attachments": self.attachments, "eventLabelId": self.labels}
        return tuple(name for name, on in switches.items() if not on)


def read_event(body: Mapping[str, Any], writing: Writing, before: Occurrence | None = None) -> Draft:
    """
    Read a whole event; `before` is what it replaces.

    Raises `ApiError` for what Google refuses.
    """
    old: Mapping[str, Any] = before.fields if before else {}
    given = {name: value for name, value in body.items() if value is not None and name not in writing.left_alone}
    start, end = _read_times(given)
    series = _read_series(given, start, end)
    fields = _read_fields(given, old, writing)
    for name in writing.left_alone:
        if name in old:
            fields[name] = old[name]
    if before is None:
        _check_kind(fields, start, series, writing)
    elif fields.get("eventType") != old.get("eventType"):
        raise refusals.restricted("eventTypeRestriction", "The event type of an event cannot be changed.")
    return Draft(start, end=end, series=series, fields=fields)


def patched(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what PATCH makes of a resource: objects merge, arrays are replaced, null clears (RFC 7396)."""
    result = dict(current)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            inner = result.get(name)
            result[name] = patched(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[name] = value
    return result


def _read_times(given: Mapping[str, Any]) -> tuple[Moment, Moment]:
    for which in ("start", "end"):
        if not given.get(which):
            raise refusals.required(f"Missing {which} time.")
    start, end = read_moment(given["start"], "start"), read_moment(given["end"], "end")
    if start.all_day != end.all_day:
        raise refusals.invalid("Start and end times must either both be date or both be dateTime.")
    if span(start, end).total_seconds() <= 0:
        raise refusals.range_empty()
    return start, end


def _read_series(given: Mapping[str, Any], start: Moment, end: Moment) -> Series | None:
    lines = given.get("recurrence")
    if not lines:
        return None
    if span(start, end) > LONGEST_INSTANCE:
        raise refusals.restricted("timeRangeTooLong", "The instances of a recurring event last too long.")
    if not start.all_day:
        for which, moment in (("start", start), ("end", end)):
            if moment.zone is None:
                raise refusals.required(f"Missing time zone definition for {which} time.")
    return Series.read(start, lines, start.zone)


def _read_fields(given: Mapping[str, Any], old: Mapping[str, Any], writing: Writing) -> dict[str, Any]:
    fields = {name: given[name] for name in TEXTS if given.get(name)}
    fields |= {name: given[name] for name in OBJECTS if given.get(name)}
    fields |= {name: given[name] for name, default in FLAGS.items() if given.get(name, default) != default}
    for name, choices in CHOICES.items():
        value = given.get(name, choices[0])
        if value not in choices:
            raise refusals.invalid(f"Invalid {name} value.")
        if value != choices[0]:
            fields[name] = value
    if fields.get("colorId", "1") not in COLOURS:
        raise refusals.invalid("Invalid color id.")
    read = {
        "attendees": read_attendees(given, old.get("attendees", ())),
        "reminders": _read_reminders(given.get("reminders") or {}),
        "extendedProperties": _read_properties(given.get("extendedProperties") or {}),
        "attachments": _read_attachments(given.get("attachments") or []),
        "conferenceData": read_conference(given.get("conferenceData"), old.get("conferenceData"), writing.meeting_code),
    }
    return fields | {name: value for name, value in read.items() if value}


def _read_reminders(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the reminders, None for the calendar's own, which is the default."""
    overrides = given.get("overrides") or []
    if given.get("useDefault", not overrides):
        if overrides:
            raise refusals.restricted(
                "cannotUseDefaultRemindersAndSpecifyOverride",
                "Cannot specify both default reminders and overrides at the same time.",
            )
        return None
    if len(overrides) > MOST_REMINDERS:
        raise refusals.invalid("Too many reminder overrides.")
    return {"useDefault": False} | ({"overrides": [_read_reminder(one) for one in overrides]} if overrides else {})


def _read_reminder(given: Mapping[str, Any] | None) -> dict[str, Any]:
    method, minutes = (given or {}).get("method"), (given or {}).get("minutes")
    if method is None or minutes is None:
        raise refusals.required("Missing reminder method or minutes.")
    if method not in {"email", "popup"} or not 0 <= minutes <= FOUR_WEEKS:
        raise refusals.invalid("Invalid reminder.")
    return {"method": method, "minutes": minutes}


def read_reminders(given: list[Any]) -> list[dict[str, Any]]:
    """Read a calendar's default reminders."""
    if len(given) > MOST_REMINDERS:
        raise refusals.invalid("Too many default reminders.")
    return [_read_reminder(one) for one in given]


def _read_properties(given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    kept = {}
    for kind in ("private", "shared"):
        pairs = (given.get(kind) or {}).items()
        short = {key: value[:LONGEST_VALUE] for key, value in pairs if value is not None and len(key) <= LONGEST_KEY}
        size = sum(len(key.encode()) + len(value.encode()) for key, value in short.items())
        if len(short) > MOST_PROPERTIES or size > MOST_PROPERTY_BYTES:
            raise refusals.invalid("Too many extended properties.")
        if short:
            kept[kind] = short
    return kept


def _read_attachments(given: list[Any]) -> list[dict[str, Any]]:
    if len(given) > MOST_ATTACHMENTS:
        raise refusals.invalid("Too many attachments.")
    if any(not (one or {}).get("fileUrl") for one in given):
        raise refusals.required("Missing attachment file URL.")
    return [{name: value for name, value in one.items() if value is not None} for one in given]


def _check_kind(fields: Mapping[str, Any], start: Moment, series: Series | None, writing: Writing) -> None:
    """Some kinds of events have rules of their own; what breaks them cannot be created."""
    kind = fields.get("eventType", "default")
    if kind == "fromGmail":
        raise refusals.restricted("eventTypeRestriction", "Events from Gmail cannot be created.")
    if kind in WORKSPACE_KINDS and not writing.workspace:
        raise refusals.restricted("eventTypeRestriction", "The event type is not available to this user.")
    if kind == "birthday":
        yearly = series is not None and all("FREQ=YEARLY" in line.upper() for line in series.lines)
        if not (start.all_day and yearly):
            raise refusals.restricted("malformedBirthdayEvent", "A birthday is all-day and repeats every year.")
