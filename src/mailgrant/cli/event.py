"""`mailgrant event`: what happens when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from .invocation import Invocation
from .moments import as_time, in_zone, parse_length, parse_moment
from .output import Columns, local
from .tree import Noun, Verb

if TYPE_CHECKING:
    from mailgrant import Account, Event

NEXT = 10

which_calendar = click.option("--calendar", metavar="ID", default="primary", help="Another calendar than the primary.")
which_zone = click.option("--zone", metavar="NAME", help="Where times are meant, such as Europe/London. [local]")
how_many = click.option("--count", type=click.IntRange(1), default=NEXT, show_default=True, help="At most so many.")


@click.group(cls=Noun)
def event() -> None:
    """See and change what is in the calendar."""


@event.command(name="list", example="mailgrant event list --from 2026-03-01 --until 2026-04-01 --count 100")
@click.option("--upcoming", is_flag=True, help="From now on; so it is unless --from says otherwise.")
@click.option("--from", "start", metavar="WHEN", type=parse_moment, help="From this day or time on.")
@click.option("--until", metavar="WHEN", type=parse_moment, help="Up to this day or time.")
@click.option("--search", metavar="WORDS", default="", help="Only events with these words.")
@how_many
@which_calendar
@which_zone
@click.pass_obj
def list_(
    invocation: Invocation,
    upcoming: bool,
    start: date | None,
    until: date | None,
    search: str,
    count: int,
    calendar: str,
    zone: str | None,
) -> None:
    """List events, soonest first."""
    if upcoming and start is not None:
        raise click.UsageError("--upcoming and --from say different things.")
    begin = as_time(start, zone) if start is not None else datetime.now(UTC)
    end = as_time(until, zone) if until is not None else None

    def found(account: Account) -> Iterable[Event]:
        return islice(account.calendar.events(begin, end, query=search, calendar=calendar), count)

    print_events(invocation, found)


@click.command(cls=Verb, example="mailgrant agenda --count 5")
@how_many
@which_calendar
@click.pass_obj
def agenda(invocation: Invocation, count: int, calendar: str) -> None:
    """List the next events. Short for `event list --upcoming`."""
    print_events(invocation, lambda account: account.calendar.upcoming(count, calendar=calendar))


@event.command(example="mailgrant event add Lunch --start 2026-03-05T12:00 --length 1h --attendee grace@example.com")
@click.argument("summary")
@click.option("--start", metavar="WHEN", type=parse_moment, required=True, help="A time; a day makes it all-day.")
@click.option("--end", metavar="WHEN", type=parse_moment, help="A time, or the last day.")
@click.option("--length", metavar="LENGTH", type=parse_length, help="Instead of --end: 45m, 1h30m, 2d.")
@click.option("--location", help="Where.")
@click.option("--description", help="What else there is to say.")
@click.option("--attendee", "attendees", metavar="A", multiple=True, help="Who comes; again for more.")
@click.option("--invite", is_flag=True, help="Let Google mail the attendees.")
@which_calendar
@which_zone
@click.pass_obj
def add(
    invocation: Invocation,
    /,
    summary: str,
    start: date,
    end: date | None,
    length: timedelta | None,
    invite: bool,
    calendar: str,
    zone: str | None,
    **details: Any,
) -> None:
    """Put an event into the calendar."""
    from mailgrant import Event

    if end is not None and length is not None:
        raise click.UsageError("Say --end or --length, not both.")
    when = {"start": in_zone(start, zone), "end": in_zone(end, zone), "duration": length}
    given = {name: value for name, value in {**when, **details}.items() if value}
    new = Event(summary, **given)
    with invocation.open() as mailgrant:
        options = {"send_updates": "all"} if invite else {}
        kept = invocation.account(mailgrant).calendar.add(new, calendar=calendar, **options)
    invocation.printer.one(kept, f"Added {kept.summary} on {local(kept.start)} as {kept.id}.")


@event.command(example="mailgrant event delete 6kq3ic9o6oqj0bb36osj6b9k70")
@click.argument("event_id", metavar="ID")
@which_calendar
@click.pass_obj
def delete(invocation: Invocation, event_id: str, calendar: str) -> None:
    """Delete an event; a series goes whole, one of its instances alone."""
    with invocation.open() as mailgrant:
        invocation.account(mailgrant).calendar.delete(event_id, calendar=calendar)
    invocation.printer.one({"id": event_id}, f"Deleted event {event_id}.")


def print_events(invocation: Invocation, find: Callable[[Account], Iterable[Event]]) -> None:
    """Print the events that `find` finds."""
    columns: Columns[Event] = {
        "start": lambda found: found.start,
        "end": lambda found: found.end,
        "summary": lambda found: found.summary,
        "location": lambda found: found.location,
        "id": lambda found: found.id,
    }
    with invocation.open() as mailgrant:
        invocation.printer.many(find(invocation.account(mailgrant)), columns, empty="no events.")
