"""How events are shown: one of them with all its parts, and lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from .invocation import Invocation
from .moments import named_zone
from .output import Columns, Printer, local, rfc3339

if TYPE_CHECKING:
    from mailgrant import Account, Event


def described(found: Event) -> Iterable[str]:
    """Write an event for a person to read."""
    yield found.summary
    if found.status.value != "confirmed":
        yield found.status.value.capitalize()
    yield " - ".join(filter(None, dict.fromkeys(map(local, (found.start, last_of(found.end))))))
    if not found.busy:
        yield "Free for others"
    if found.visibility.value != "default":
        yield found.visibility.value.capitalize()
    texts = {"Where": found.location, "Meet": found.meet_link, "Repeats": " ".join(found.recurrence)}
    yield from (f"{name}: {text}" for name, text in texts.items() if text)
    for guest in found.attendees:
        yield f"{guest.name or guest.email}: {guest.response.value}"
    if found.description:
        yield f"\n{found.description}"


def print_events(
    invocation: Invocation, find: Callable[[Account], Iterable[Event]], *, zone: str | None = None
) -> None:
    """Print the events that `find` finds, their times on the clock of `zone`, if one is named."""
    columns = event_columns(invocation.printer, zone)
    with invocation.open() as mailgrant:
        invocation.printer.many(find(invocation.account(mailgrant)), columns, empty="no events.")


def event_columns(printer: Printer, zone: str | None = None) -> Columns[Event]:
    """Return what a list says of each event."""
    place = named_zone(zone) if zone is not None else None
    return {
        "start": lambda found: there(found.start, place, printer),
        "end": lambda found: there(last_of(found.end), place, printer),
        "summary": lambda found: found.summary,
        "location": lambda found: found.location,
        "id": lambda found: found.id,
    }


def there(moment: date | datetime | None, place: tzinfo | None, printer: Printer) -> date | datetime | str | None:
    """Return a moment to show; in a zone that was named it is written already, for lists write their own."""
    if place is None or not isinstance(moment, datetime):
        return moment
    moment = moment.astimezone(place)
    return f"{moment:%Y-%m-%d %H:%M}" if printer.waits else rfc3339(moment)


def last_of(end: date | datetime | None) -> date | datetime | None:
    """Turn the day after, as Calendar counts, into the last day, as people say it."""
    return end if end is None or isinstance(end, datetime) else end - timedelta(days=1)
