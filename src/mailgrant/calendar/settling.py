"""
Settling: what became of a write whose answer was lost.

The event is read back and compared with what it was to become; where that says that nothing was done,
and the request can do nothing twice, it goes again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from mailgrant.errors import MailgrantError, NotFound, OutcomeUnknown
from mailgrant.http import Call, Request
from mailgrant.http import Response as Reply

from .attendee import Attendee
from .calls import get_resource
from .event import Event, EventStatus
from .moment import Moment, as_utc

T = TypeVar("T")

# The first sending and, where that can do nothing twice, two more after lost answers.
SENDINGS = 3
LOOK = "Look in the calendar before repeating it."


def settled(
    request: Request, read: Callable[[Reply], T], look: Callable[[OutcomeUnknown], Call[T | None]], evidence: str
) -> Call[T]:
    """
    Send what may be sent twice, and settle a lost answer by looking.

    `look` returns what the write has come to, None when it has not been done yet, or raises what
    is known. Once an answer was lost no refusal of a later sending tells what the first one did.
    """
    lost: OutcomeUnknown | None = None
    for _ in range(SENDINGS):
        try:
            return read((yield request))
        except MailgrantError as error:
            lost = error if isinstance(error, OutcomeUnknown) else lost
            if lost is None:
                raise
        found = yield from look(lost)
        if found is not None:
            return found
    raise unsettled(lost, evidence)


def unsettled(unknown: OutcomeUnknown | None, evidence: str, hint: str = LOOK) -> OutcomeUnknown:
    """Return the error for what reading back could not settle; `evidence` is what is known."""
    operation = unknown.operation if unknown else ""
    message = f"It is not known whether {operation} was carried out: {evidence}."
    error = OutcomeUnknown(message, hint=hint, operation=operation, evidence=evidence)
    error.__cause__ = unknown
    return error


def found_again(event_id: str, calendar_id: str, error: MailgrantError) -> Call[Event | None]:
    """Read an event back; None when there is none. When even that fails, what we know is `error`."""
    value = yield from looked(get_resource(event_id, calendar_id=calendar_id), error)
    return None if value is None else Event.from_json(value)


def looked(look: Call[dict[str, Any]], error: MailgrantError) -> Call[dict[str, Any] | None]:
    """Read back; None when there is nothing. When even that fails, what we know is `error`."""
    try:
        return (yield from look)
    except NotFound:
        return None
    except MailgrantError as failed:
        if isinstance(error, OutcomeUnknown):
            raise unsettled(error, f"{error.evidence}, and it could not be read back") from failed
        raise


def says_the_same(kept: Event, event: Event) -> bool:
    """Tell whether the event that Google keeps is the one that was to be added."""
    guests = {each.email.casefold() for each in event.attendees}
    return (
        kept.status is not EventStatus.CANCELLED
        and _essence(kept) == _essence(event)
        # Google adds the organizer to those who are invited.
        and guests <= {each.email.casefold() for each in kept.attendees}
    )


def became(kept: Event, event: Event) -> bool:
    """Tell whether an event has become what it was to become, in every part that can be changed."""
    return (
        kept.status is event.status
        and _essence(kept) == _essence(event)
        and kept.reminders == event.reminders
        and kept.color_id == event.color_id
        and _guests(kept) == _guests(event)
    )


def _guests(event: Event) -> frozenset[tuple[object, ...]]:
    return frozenset(
        (each.email.casefold(), each.optional, each.resource, each.guests)
        for each in event.attendees
        if not _organizes(each, event)
    )


def _organizes(guest: Attendee, event: Event) -> bool:
    organizer = event.organizer.email.casefold() if event.organizer else None
    return guest.organizer or guest.email.casefold() == organizer


def _essence(event: Event) -> tuple[object, ...]:
    return (
        event.summary.strip(),
        (event.description or "").strip(),
        (event.location or "").strip(),
        event.all_day,
        event.busy,
        event.visibility,
        _instant(event.start),
        _instant(event.end),
        frozenset(map(_rule, event.recurrence)),
    )


def _rule(line: str) -> object:
    """Return a line so that the same rule is the same, whatever the order of its parts."""
    name, _, value = line.strip().upper().partition(":")
    return name, frozenset(value.split(";")) - {"INTERVAL=1", "WKST=MO", ""}


def _instant(moment: Moment | None) -> object:
    """Google keeps whole seconds."""
    return None if moment is None else as_utc(moment).replace(microsecond=0)
