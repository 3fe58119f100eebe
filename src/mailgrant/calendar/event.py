"""Event, Calendar: what is in a calendar, and when it happens."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import Enum
from typing import Any

from mailgrant.errors import InvalidRequest

from .attendee import Attendee, Attendees, answered, as_attendees
from .fields import as_choice, choice_of, list_of, text_of
from .moment import Moment, as_utc, checked_end, moment_from_json, moment_to_json
from .recurrence import as_lines, as_recurrence
from .reminder import Reminder, Reminders, as_reminders, reminders_from_json, reminders_to_json

CHANGEABLE = frozenset(
    {
        "summary", "start", "end", "duration", "description", "location", "attendees",
        "recurrence", "reminders", "status", "busy", "visibility", "color_id",
    }
)  # fmt: skip
TRANSPARENT = "transparent"
# What other programs, and people, call the fields.
MEANT = {
    "title": "summary", "subject": "summary", "text": "description", "notes": "description",
    "where": "location", "place": "location", "begin": "start", "when": "start", "until": "end",
    "length": "duration", "guests": "attendees", "repeat": "recurrence", "rrule": "recurrence",
    "free": "busy", "transparency": "busy", "private": "visibility", "colorId": "color_id",
}  # fmt: skip


class EventStatus(Enum):
    """Whether an event takes place; a cancelled one is how Google reports a deleted one."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


class Visibility(Enum):
    """Who sees more of an event than that its time is taken; DEFAULT is whoever the calendar shows its events."""

    DEFAULT = "default"
    PUBLIC = "public"
    PRIVATE = "private"
    CONFIDENTIAL = "confidential"


@dataclass(frozen=True, slots=True, init=False)
class Event:
    """
    Something in a calendar.

    `start` and `end` are aware datetimes, or dates for an event that lasts all day; the end is
    exclusive, so a day's event ends the day after. Give `end` or `duration`, or neither: then it
    lasts an hour, or a day. `start` is None only in what Google reports of a deleted event. A
    series (`recurrence`: RRULE, EXDATE … lines) needs a start in a named time zone. `id` is None
    until Calendar holds the event.

    Of an event that is not `busy` its time stays free for others (Google's `transparency`).
    `visibility` is "default", "public" or "private"; `color_id` is one of Google's, "1" to "11", and None
    the calendar's. `ical_uid`, which Google gives it, is the same in every guest's calendar.

    `reminders` are None for those of the calendar, else so long before it begins. A series'
    occurrence has the series' id as `recurring_event_id`; `original_start` is when the rule has it,
    wherever it was moved to.
    """

    summary: str
    start: Moment | None
    end: Moment | None
    description: str | None = field(repr=False)
    location: str | None
    attendees: tuple[Attendee, ...]
    recurrence: tuple[str, ...]
    reminders: tuple[Reminder, ...] | None
    id: str | None
    status: EventStatus
    busy: bool
    visibility: Visibility
    color_id: str | None
    organizer: Attendee | None
    recurring_event_id: str | None
    original_start: Moment | None
    meet_link: str | None = field(repr=False)
    html_link: str | None = field(repr=False)
    ical_uid: str | None = field(repr=False)
    etag: str | None = field(repr=False)

    def __init__(
        self,
        summary: str = "",
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        duration: timedelta | None = None,
        description: str | None = None,
        location: str | None = None,
        attendees: Attendees = (),
        recurrence: str | Iterable[str] = (),
        reminders: Reminders = None,
        id: str | None = None,
        status: EventStatus | str | None = EventStatus.CONFIRMED,
        busy: bool | None = True,
        visibility: Visibility | str | None = Visibility.DEFAULT,
        color_id: str | None = None,
        organizer: Attendee | None = None,
        recurring_event_id: str | None = None,
        original_start: Moment | None = None,
        meet_link: str | None = None,
        html_link: str | None = None,
        ical_uid: str | None = None,
        etag: str | None = None,
    ) -> None:
        checked = {
            "summary": _checked_text(summary, "summary") or "",
            "start": start,
            "end": _checked_times(start, end, duration, kept=id is not None),
            "description": _checked_text(description, "description"),
            "location": _checked_text(location, "location"),
            "attendees": as_attendees(attendees),
            "recurrence": as_lines(recurrence) if id is not None else as_recurrence(recurrence, start),
            "reminders": as_reminders(reminders),
            "id": id,
            "status": as_choice(EventStatus, status, "status", EventStatus.CONFIRMED),
            "busy": _checked_busy(busy),
            "visibility": as_choice(Visibility, visibility, "visibility", Visibility.DEFAULT),
            "color_id": _checked_text(color_id, "color_id") or None,
            "organizer": organizer,
            "recurring_event_id": recurring_event_id,
            "original_start": original_start,
            "meet_link": meet_link,
            "html_link": html_link,
            "ical_uid": ical_uid,
            "etag": etag,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Event:
        """Read Google's Event resource; nothing in it can make this raise."""
        start, end = _times(value)
        recurrence = tuple(line for line in list_of(value, "recurrence") if isinstance(line, str))
        attendees = (Attendee.from_json(each) for each in list_of(value, "attendees"))
        return cls(
            text_of(value, "summary"),
            start=start,
            end=end,
            description=text_of(value, "description") or None,
            location=text_of(value, "location") or None,
            attendees=[each for each in attendees if each is not None],
            recurrence=recurrence,
            reminders=reminders_from_json(value.get("reminders")),
            id=text_of(value, "id"),
            status=choice_of(EventStatus, value.get("status"), EventStatus.CONFIRMED),
            busy=value.get("transparency") != TRANSPARENT,
            visibility=choice_of(Visibility, value.get("visibility"), Visibility.DEFAULT),
            color_id=text_of(value, "colorId") or None,
            organizer=Attendee.from_json(value.get("organizer")),
            recurring_event_id=text_of(value, "recurringEventId") or None,
            original_start=moment_from_json(value.get("originalStartTime")),
            meet_link=text_of(value, "hangoutLink") or None,
            html_link=text_of(value, "htmlLink") or None,
            ical_uid=text_of(value, "iCalUID") or None,
            etag=text_of(value, "etag") or None,
        )

    @property
    def all_day(self) -> bool:
        """True when it lasts whole days and has no time of day."""
        return self.start is not None and not isinstance(self.start, datetime)

    @property
    def duration(self) -> timedelta | None:
        """How long it takes, clock changes reckoned in; None when a deleted one has no times."""
        if self.start is None or self.end is None:
            return None
        return as_utc(self.end) - as_utc(self.start)

    def changed(self, **changes: Any) -> Event:
        """
        Return it with some fields changed, checked as a new event's are; None clears a field.

        A new start keeps the length, unless `end` or `duration` says otherwise; a guest named by an
        address keeps the answer they gave. Nothing travels: give the changes to `calendar.edit` instead
        to write them.
        """
        check_names(changes, CHANGEABLE)
        new: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)} | {"end": None} | changes
        start = new["start"]
        if not {"end", "duration"} & changes.keys():
            as_long = isinstance(start, datetime) == isinstance(self.start, datetime)
            new["duration"] = self.duration if as_long else None
        if start is None and "start" in changes:
            raise InvalidRequest("start: an event begins at some time.")
        if "recurrence" in changes:
            new["recurrence"] = as_recurrence(changes["recurrence"] or (), start)
        new["attendees"] = answered(new["attendees"] or (), self.attendees)
        return Event(**new)

    def to_json(self) -> dict[str, Any]:
        """Return the writable part of Google's Event resource; what is absent is left out."""
        present = {
            "summary": self.summary or None,
            "description": self.description,
            "location": self.location,
            "start": moment_to_json(self.start),
            "end": moment_to_json(self.end),
            "attendees": [each.to_json() for each in self.attendees] or None,
            "recurrence": list(self.recurrence) or None,
            "reminders": None if self.reminders is None else reminders_to_json(self.reminders),
            "status": None if self.status is EventStatus.CONFIRMED else self.status.value,
            "transparency": None if self.busy else TRANSPARENT,
            "visibility": None if self.visibility is Visibility.DEFAULT else self.visibility.value,
            "colorId": self.color_id,
        }
        return {name: value for name, value in present.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Calendar:
    """
    A calendar on the account's list.

    `access_role` is Google's own word for what the account may do there (`owner`, `writer`,
    `reader`, `freeBusyReader` …; Google adds to them).
    """

    id: str
    _: KW_ONLY
    summary: str = ""
    primary: bool = False
    time_zone: str | None = None
    access_role: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Calendar:
        """Read Google's CalendarListEntry resource; the name the account gave it comes first."""
        return cls(
            text_of(value, "id"),
            summary=text_of(value, "summaryOverride") or text_of(value, "summary"),
            primary=value.get("primary") is True,
            time_zone=text_of(value, "timeZone") or None,
            access_role=text_of(value, "accessRole") or None,
        )


def made_of(given: Mapping[str, Any]) -> Event:
    """Make an event of its fields; raises InvalidRequest for a name that is none."""
    check_names(given, CHANGEABLE | {each.name for each in fields(Event)})
    return Event(**given)


def check_names(given: Iterable[str], known: Collection[str]) -> None:
    """Refuse, before anything is sent, a field that there is not, and say which may be meant."""
    for name in sorted(set(given) - set(known)):
        near = [MEANT[name]] if name in MEANT else get_close_matches(name, sorted(CHANGEABLE), n=2, cutoff=0.6)
        told = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(sorted(CHANGEABLE))}."
        raise InvalidRequest(f"{name} is no field of an event that can be given.", hint=told)


def _checked_times(
    start: Moment | None, end: Moment | None, duration: timedelta | None, *, kept: bool
) -> Moment | None:
    if start is not None:
        return checked_end(start, end, duration)
    if not kept:
        raise InvalidRequest("The event has no start.", hint="Pass start=, an aware datetime or a date.")
    if end is not None or duration is not None:
        raise InvalidRequest("The event has an end but no start.")
    return None


def _checked_text(text: object, name: str) -> str | None:
    if text is not None and not isinstance(text, str):
        raise InvalidRequest(f"{name}: {text!r} is no text.")
    return text


def _checked_busy(busy: object) -> bool:
    if busy is not None and not isinstance(busy, bool):
        raise InvalidRequest(f"busy: {busy!r} is neither True nor False.")
    return busy is not False


def _times(value: Mapping[str, Any]) -> tuple[Moment | None, Moment | None]:
    """Return start and end; an end that cannot be, which Google never sends, is taken from the start."""
    start = moment_from_json(value.get("start")) or moment_from_json(value.get("originalStartTime"))
    if start is None:
        return None, None
    for end in (moment_from_json(value.get("end")), None):
        try:
            return start, checked_end(start, end, None)
        except InvalidRequest:
            continue
    return None, None
