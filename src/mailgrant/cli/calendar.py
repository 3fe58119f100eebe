"""`mailgrant calendar`: the calendars of the account, what changed in one, and when people are free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeAlias

import click

from .calendar_cursor import Bookmark
from .event_view import event_columns
from .invocation import Invocation
from .moments import as_time, parse_hours, parse_length, parse_moment
from .output import Columns, say
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant import Account, Calendar, Event, WorkingHours
    from mailgrant.calendar.free_busy import Interval
    from mailgrant.changes import Changes

AHEAD = timedelta(days=14)
# From when to when, and in which zone.
Hours: TypeAlias = tuple[time, time, str | None]


@dataclass(frozen=True, slots=True)
class Busy:
    """When somebody is busy."""

    person: str
    start: datetime
    end: datetime


@click.group(cls=Noun)
def calendar() -> None:
    """See the calendars of the account, what changed in them, and when people are free."""


@calendar.command(name="list", example="mailgrant calendar list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the calendars the account has on its list; the id is what --calendar takes."""
    columns: Columns[Calendar] = {
        "id": lambda found: found.id,
        "summary": lambda found: found.summary,
        "time zone": lambda found: found.time_zone,
        "access": lambda found: found.access_role,
    }
    with invocation.open() as mailgrant:
        calendars = invocation.account(mailgrant).calendar.calendars()
        invocation.printer.many(calendars, columns, empty="there are no calendars.")


@calendar.command(example="mailgrant calendar changes --since work.cursor --json")
@click.option(
    "--since",
    metavar="FILE|CURSOR",
    help="Only what changed since: a file that keeps how far you are, made the first time, or the cursor itself.",
)
@click.option("--calendar", "calendar_id", metavar="ID", default="primary", help="Another calendar than the primary.")
@click.pass_obj
def changes(invocation: Invocation, since: str | None, calendar_id: str) -> None:
    """
    List what changed in a calendar; without --since, all that is in it.

    Series come as themselves, deleted events as cancelled. A line `gap` says that the cursor was too
    old: throw away what you kept, for the whole calendar follows. The cursor for the next time is put
    back into the file, or told on stderr; with --json it is the last line.
    """
    kept = Bookmark.of(since)
    with invocation.open() as mailgrant:
        found = invocation.account(mailgrant).calendar.changes(kept.cursor, calendar=calendar_id)
    print_changes(invocation, found)
    kept.store(found.cursor)
    if kept.file is None and not invocation.printer.json:
        say(f"next time: --since {found.cursor}")


def print_changes(invocation: Invocation, found: Changes[Event]) -> None:
    """Print what changed; as JSON with the gap before it, and the next cursor after it."""
    printer = invocation.printer
    if found.gap is not None:
        printer.one({"gap": found.gap.reason}, f"gap\t{found.gap.reason}")
    columns: Columns[Event] = {"status": lambda each: each.status, **event_columns(printer)}
    printer.many(found.events, columns, empty="nothing has changed.")
    if printer.json:
        printer.one({"cursor": found.cursor}, "")


@calendar.command(example="mailgrant calendar free ada@example.com grace@example.com --length 1h")
@click.argument("people", metavar="EMAIL...", nargs=-1, required=True)
@click.option("--length", metavar="LENGTH", type=parse_length, help="Find the first time so long that suits all: 1h.")
@click.option("--from", "start", metavar="WHEN", type=parse_moment, help="From this day or time on. [now]")
@click.option("--until", metavar="WHEN", type=parse_moment, help="Up to this day or time. [two weeks later]")
@click.option(
    "--hours",
    metavar="FROM-TO[@ZONE]",
    multiple=True,
    type=parse_hours,
    help="Within these hours, such as 9-17 or 8:30-16@America/New_York; again for more, all of which must suit.",
)
@click.option("--day", "days", metavar="DAY", multiple=True, help="With --hours: on such days. [Monday to Friday]")
@click.option("--zone", metavar="NAME", help="Where times and hours are meant, such as Europe/London. [local; UTC]")
@click.pass_obj
def free(
    invocation: Invocation,
    people: tuple[str, ...],
    length: timedelta | None,
    start: date | None,
    until: date | None,
    hours: tuple[Hours, ...],
    days: tuple[str, ...],
    zone: str | None,
) -> None:
    """Say when people are busy, or with --length, when all of them are first free."""
    if length is None and hours:
        raise click.UsageError("--hours goes with --length.")
    begin = as_time(start, zone) if start is not None else datetime.now(UTC)
    end = as_time(until, zone) if until is not None else begin + AHEAD
    with invocation.open() as mailgrant:
        account = invocation.account(mailgrant)
        if length is None:
            print_busy(invocation, account, people, begin, end)
            return
        found = account.calendar.first_free(people, length, (begin, end), hours=working(hours, days, zone))
    columns: Columns[Interval] = {"start": lambda each: each.start, "end": lambda each: each.end}
    invocation.printer.many([found] if found else [], columns, empty="nobody is free together then.")


def working(hours: tuple[Hours, ...], days: tuple[str, ...], zone: str | None) -> list[WorkingHours]:
    """Make working hours of the flags, on the clock of their own zone or of `zone`."""
    from mailgrant import WorkingHours

    if days and not hours:
        raise click.UsageError("--day goes with --hours.")
    found = []
    for opens, closes, place in hours:
        name = place or zone
        if name is None:
            raise click.UsageError("--hours needs --zone, such as Europe/London: it says whose hours they are.")
        found.append(WorkingHours(opens, closes, zone=name, **({"days": days} if days else {})))
    return found


def print_busy(
    invocation: Invocation, account: Account, people: tuple[str, ...], begin: datetime, end: datetime
) -> None:
    """Print when each of the people is busy."""
    busy = account.calendar.free_busy(people, begin, end)
    columns: Columns[Busy] = {
        "who": lambda each: each.person,
        "start": lambda each: each.start,
        "end": lambda each: each.end,
    }
    found = [Busy(person, each.start, each.end) for person, times in busy.items() for each in times]
    invocation.printer.many(found, columns, empty="nobody is busy then.")
