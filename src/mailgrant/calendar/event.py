"""Event, Attendee, Calendar: what is in a calendar, and when it happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypeAlias, TypeVar

from mailgrant.errors import InvalidRequest
from mailgrant.gmail.address import Address

from .moment import Moment, as_utc, checked_end, moment_from_json, moment_to_json
from .recurrence import as_lines, as_recurrence
from .reminder import Reminder, Reminders, as_reminders, reminders_from_json, reminders_to_json

E = TypeVar("E", bound=Enum)

CHANGEABLE = frozenset(
    {
        "summary", "start", "end", "duration", "description", "location",
        "attendees", "recurrence", "reminders", "status",
    }
)  # fmt: skip


class Response(Enum):
    """What an invited person has answered."""

    NEEDS_ACTION = "needsAction"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


class EventStatus(Enum):
    """Whether an event takes place; a cancelled one is how Google reports a deleted one."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Attendee:
    """A person invited to an event, or its organizer."""

    email: str
    _: KW_ONLY
    name: str | None = None
    response: Response = Response.NEEDS_ACTION
    optional: bool = False
    organizer: bool = False
    resource: bool = False
    comment: str | None = None
    guests: int = 0

    def __post_init__(self) -> None:
        address = Address(self.email, name=self.name)
        object.__setattr__(self, "email", address.email)
        object.__setattr__(self, "name", address.name)

    @classmethod
    def from_json(cls, value: object) -> Attendee | None:
        """Read a person of an event; None when Google does not name an address."""
        if not isinstance(value, Mapping):
            return None
        found = Address.parse_received(_text(value, "email"))
        if len(found) != 1:
            return None
        guests = value.get("additionalGuests")
        return cls(
            found[0].email,
            name=_one_line(_text(value, "displayName")),
            response=_choice(Response, value.get("responseStatus"), Response.NEEDS_ACTION),
            optional=value.get("optional") is True,
            organizer=value.get("organizer") is True,
            resource=value.get("resource") is True,
            comment=_text(value, "comment") or None,
            guests=guests if isinstance(guests, int) and guests > 0 else 0,
        )

    def to_json(self) -> dict[str, Any]:
        """Return Google's form of the person, without what is as usual."""
        present = {
            "email": self.email,
            "displayName": self.name,
            "responseStatus": None if self.response is Response.NEEDS_ACTION else self.response.value,
            "optional": self.optional or None,
            "resource": self.resource or None,
            "comment": self.comment,
            "additionalGuests": self.guests or None,
        }
        return {name: value for name, value in present.items() if value is not None}


Attendees: TypeAlias = str | Address | Attendee | Iterable[str | Address | Attendee]


@dataclass(frozen=True, slots=True, init=False)
class Event:
    """
    Something in a calendar.

    `start` and `end` are aware datetimes, or dates for an event that lasts all day; the end is
    exclusive, so a day's event ends the day after. Give `end` or `duration`, or neither: then it
    lasts an hour, or a day. `start` is None only in what Google reports of a deleted event. A
    series (`recurrence`: RRULE, EXDATE … lines) needs a start in a named time zone. `id` is None
    until Calendar holds the event.

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
    organizer: Attendee | None
    recurring_event_id: str | None
    original_start: Moment | None
    meet_link: str | None = field(repr=False)
    html_link: str | None = field(repr=False)
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
        status: EventStatus = EventStatus.CONFIRMED,
        organizer: Attendee | None = None,
        recurring_event_id: str | None = None,
        original_start: Moment | None = None,
        meet_link: str | None = None,
        html_link: str | None = None,
        etag: str | None = None,
    ) -> None:
        checked = {
            "summary": _checked_text(summary, "summary") or "",
            "start": start,
            "end": _checked_times(start, end, duration, kept=id is not None),
            "description": _checked_text(description, "description"),
            "location": _checked_text(location, "location"),
            "attendees": _attendees(attendees),
            "recurrence": as_lines(recurrence) if id is not None else as_recurrence(recurrence, start),
            "reminders": as_reminders(reminders),
            "id": id,
            "status": status,
            "organizer": organizer,
            "recurring_event_id": recurring_event_id,
            "original_start": original_start,
            "meet_link": meet_link,
            "html_link": html_link,
            "etag": etag,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Event:
        """Read Google's Event resource; nothing in it can make this raise."""
        start, end = _times(value)
        recurrence = tuple(line for line in _list(value, "recurrence") if isinstance(line, str))
        attendees = (Attendee.from_json(each) for each in _list(value, "attendees"))
        return cls(
            _text(value, "summary"),
            start=start,
            end=end,
            description=_text(value, "description") or None,
            location=_text(value, "location") or None,
            attendees=[each for each in attendees if each is not None],
            recurrence=recurrence,
            reminders=reminders_from_json(value.get("reminders")),
            id=_text(value, "id"),
            status=_choice(EventStatus, value.get("status"), EventStatus.CONFIRMED),
            organizer=Attendee.from_json(value.get("organizer")),
            recurring_event_id=_text(value, "recurringEventId") or None,
            original_start=moment_from_json(value.get("originalStartTime")),
            meet_link=_text(value, "hangoutLink") or None,
            html_link=_text(value, "htmlLink") or None,
            etag=_text(value, "etag") or None,
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
        strange = sorted(changes.keys() - CHANGEABLE)
        if strange:
            raise InvalidRequest(
                f"{strange[0]} is no field of an event that can be changed.",
                hint=f"These can: {', '.join(sorted(CHANGEABLE))}.",
            )
        new: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)} | {"end": None} | changes
        start = new["start"]
        if not {"end", "duration"} & changes.keys():
            as_long = isinstance(start, datetime) == isinstance(self.start, datetime)
            new["duration"] = self.duration if as_long else None
        if start is None and "start" in changes:
            raise InvalidRequest("start: an event begins at some time.")
        if "recurrence" in changes:
            new["recurrence"] = as_recurrence(changes["recurrence"] or (), start)
        new["attendees"] = _answered(new["attendees"] or (), self.attendees)
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
            _text(value, "id"),
            summary=_text(value, "summaryOverride") or _text(value, "summary"),
            primary=value.get("primary") is True,
            time_zone=_text(value, "timeZone") or None,
            access_role=_text(value, "accessRole") or None,
        )


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


def _attendees(given: Attendees) -> tuple[Attendee, ...]:
    if isinstance(given, Attendee):
        return (given,)
    if isinstance(given, (str, Address)):
        found = Address.parse_list(given, field="attendees")
        return tuple(Attendee(each.email, name=each.name) for each in found)
    if not isinstance(given, Iterable):
        raise InvalidRequest(f"attendees: {given!r} is not a mail address.")
    return tuple(found for each in given for found in _attendees(each))


def _answered(given: Attendees, before: tuple[Attendee, ...]) -> tuple[Attendee, ...]:
    """Return who is invited now; who is named by an address alone and was invited before keeps what they answered."""
    known = {each.email.casefold(): each for each in before}
    each_given = given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    return tuple(
        found if isinstance(each, Attendee) else known.get(found.email.casefold(), found)
        for each in each_given
        for found in _attendees(each)
    )


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


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _one_line(text: str) -> str | None:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split()) or None


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _choice(kind: type[E], value: object, default: E) -> E:
    """Return the member that Google names; one it has newly invented reads as the usual one."""
    return next((each for each in kind if each.value == value), default)
