"""`mailgrant event`: what happens when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .event_view import described, print_events
from .invocation import Invocation
from .moments import as_time, in_zone, parse_length, parse_moment
from .output import local
from .tree import Noun, Verb

if TYPE_CHECKING:
    from mailgrant import Account, Event

F = TypeVar("F", bound=Callable[..., Any])

NEXT = 10
WHICH = ("this", "following", "all")
ANSWERS = {"yes": "accepted", "no": "declined", "maybe": "tentative"}

which_calendar = click.option("--calendar", metavar="ID", default="primary", help="Another calendar than the primary.")
which_zone = click.option("--zone", metavar="NAME", help="Where times are meant, such as Europe/London. [local]")
shown_zone = click.option(
    "--zone", metavar="NAME", help="Where times are meant, and shown, such as Europe/London. [local]"
)
how_many = click.option("--count", type=click.IntRange(1), default=NEXT, show_default=True, help="At most so many.")
which_ones = click.option(
    "--which", type=click.Choice(WHICH), default="this", help="Of a series: this one, it and the following, or all."
)
tell_them = click.option("--invite", is_flag=True, help="Let Google mail the attendees.")


def details(command: F) -> F:
    """Give a command the flags of what an event says besides its name and its time."""
    for flag in (
        click.option("--color", "color_id", metavar="N", help="One of Google's colours, 1 to 11."),
        click.option("--private/--public", default=None, help="Whether others who see the calendar see what it is."),
        click.option("--free/--busy", default=None, help="Whether its time stays free for others."),
        click.option("--meet", is_flag=True, help="With a Meet link."),
        click.option(
            "--remind", metavar="LENGTH", multiple=True, type=parse_length, help="So long before: 10m; again for more."
        ),
        click.option(
            "--repeat", metavar="RULE", multiple=True, help="How it repeats: RRULE:FREQ=WEEKLY;COUNT=4; needs --zone."
        ),
        click.option("--attendee", "attendees", metavar="A", multiple=True, help="Who comes; again for more."),
        click.option("--description", help="What else there is to say."),
        click.option("--location", help="Where."),
    ):
        command = flag(command)
    return command


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
@shown_zone
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

    print_events(invocation, found, zone=zone)


@click.command(cls=Verb, example="mailgrant agenda --count 5 --zone Asia/Tokyo")
@how_many
@which_calendar
@click.option("--zone", metavar="NAME", help="Where times are shown, such as Europe/London. [local]")
@click.pass_obj
def agenda(invocation: Invocation, count: int, calendar: str, zone: str | None) -> None:
    """List the next events. Short for `event list --upcoming`."""
    print_events(invocation, lambda account: account.calendar.upcoming(count, calendar=calendar), zone=zone)


@event.command(example="mailgrant event instances 6kq3ic9o6oqj0bb36osj6b9k70 --from 2026-03-01")
@click.argument("event_id", metavar="ID")
@click.option("--from", "start", metavar="WHEN", type=parse_moment, help="From this day or time on. [the first]")
@click.option("--until", metavar="WHEN", type=parse_moment, help="Up to this day or time.")
@how_many
@which_calendar
@shown_zone
@click.pass_obj
def instances(
    invocation: Invocation,
    event_id: str,
    start: date | None,
    until: date | None,
    count: int,
    calendar: str,
    zone: str | None,
) -> None:
    """List the occurrences of a series, as they are now; ID is the series' own."""
    begin = as_time(start, zone) if start is not None else None
    end = as_time(until, zone) if until is not None else None

    def found(account: Account) -> Iterable[Event]:
        return islice(account.calendar.instances(event_id, begin, end, calendar=calendar), count)

    print_events(invocation, found, zone=zone)


@event.command(example="mailgrant event show 6kq3ic9o6oqj0bb36osj6b9k70")
@click.argument("event_id", metavar="ID")
@which_calendar
@click.pass_obj
def show(invocation: Invocation, event_id: str, calendar: str) -> None:
    """Show one event, with who comes and what they answered."""
    with invocation.open() as mailgrant:
        found = invocation.account(mailgrant).calendar.get(event_id, calendar=calendar)
    invocation.printer.one(found, "\n".join(described(found)))


@event.command(example="mailgrant event add Lunch --start 2026-03-05T12:00 --length 1h --attendee grace@example.com")
@click.argument("summary")
@click.option("--start", metavar="WHEN", type=parse_moment, required=True, help="A time; a day makes it all-day.")
@click.option("--end", metavar="WHEN", type=parse_moment, help="A time, or the last day.")
@click.option("--length", metavar="LENGTH", type=parse_length, help="Instead of --end: 45m, 1h30m, 2d.")
@details
@tell_them
@which_calendar
@which_zone
@click.pass_obj
def add(invocation: Invocation, /, summary: str, invite: bool, meet: bool, calendar: str, **given: Any) -> None:
    """Put an event into the calendar."""
    from mailgrant import Event

    new = Event(summary, **fields_of(**given))
    with invocation.open() as mailgrant:
        kept = invocation.account(mailgrant).calendar.add(
            new, calendar=calendar, send_updates=updates(invite), meet=meet
        )
    invocation.printer.one(kept, f"Added {kept.summary} on {local(kept.start)} as {kept.id}.")


@event.command(example="mailgrant event quick 'Lunch with Grace tomorrow at noon'")
@click.argument("text")
@tell_them
@which_calendar
@click.pass_obj
def quick(invocation: Invocation, text: str, invite: bool, calendar: str) -> None:
    """Let Google make an event of a sentence; if its answer is lost, look before you say it again."""
    with invocation.open() as mailgrant:
        verbs = invocation.account(mailgrant).calendar
        kept = verbs.quick_add(text, calendar=calendar, send_updates=updates(invite))
    invocation.printer.one(kept, f"Added {kept.summary} on {local(kept.start)} as {kept.id}.")


@event.command(example="mailgrant event edit 6kq3ic9o6oqj0bb36osj6b9k70 --summary Brunch --start 2026-03-05T11:00")
@click.argument("event_id", metavar="ID")
@click.option("--summary", help="What it is called.")
@click.option("--start", metavar="WHEN", type=parse_moment, help="When it begins; it lasts as long as before.")
@click.option("--end", metavar="WHEN", type=parse_moment, help="A time, or the last day.")
@click.option("--length", metavar="LENGTH", type=parse_length, help="Instead of --end: 45m, 1h30m, 2d.")
@details
@which_ones
@tell_them
@which_calendar
@which_zone
@click.pass_obj
def edit(
    invocation: Invocation, /, event_id: str, which: str, invite: bool, meet: bool, calendar: str, **given: Any
) -> None:
    """Change an event; an empty text clears it, and --attendee says anew who comes."""
    changes = fields_of(**given)
    if not changes and not meet:
        raise click.UsageError("Nothing is to change: say --summary, --start or another of its fields.")
    with invocation.open() as mailgrant:
        kept = invocation.account(mailgrant).calendar.edit(
            event_id, which=which, calendar=calendar, send_updates=updates(invite), meet=meet, **changes
        )
    invocation.printer.one(kept, f"Changed {kept.summary} on {local(kept.start)}, {kept.id}.")


@event.command(example="mailgrant event move 6kq3ic9o6oqj0bb36osj6b9k70 --start 2026-03-06T12:00")
@click.argument("event_id", metavar="ID")
@click.option("--start", metavar="WHEN", type=parse_moment, help="To another time; it lasts as long as before.")
@click.option("--to", metavar="ID", help="To another calendar.")
@which_ones
@tell_them
@which_calendar
@which_zone
@click.pass_obj
def move(
    invocation: Invocation,
    event_id: str,
    start: date | None,
    to: str | None,
    which: str,
    invite: bool,
    calendar: str,
    zone: str | None,
) -> None:
    """Move an event to another time, or to another calendar."""
    if (start is None) == (to is None):
        raise click.UsageError("Say where it goes: --start, or --to another calendar; one of them.")
    with invocation.open() as mailgrant:
        verbs = invocation.account(mailgrant).calendar
        mailing = updates(invite)
        if to is not None:
            kept = verbs.move(event_id, to, calendar=calendar, send_updates=mailing)
        else:
            begins = in_zone(start, zone)
            kept = verbs.edit(event_id, which=which, calendar=calendar, send_updates=mailing, start=begins)
    invocation.printer.one(kept, f"Moved {kept.summary} to {to or local(kept.start)}, {kept.id}.")


@event.command(example="mailgrant event respond 6kq3ic9o6oqj0bb36osj6b9k70 yes --comment 'With pleasure'")
@click.argument("event_id", metavar="ID")
@click.argument("answer", type=click.Choice(tuple(ANSWERS)))
@click.option("--comment", help="What you say to it.")
@click.option("--which", type=click.Choice(("this", "all")), default="this", help="Of a series: this one, or all.")
@tell_them
@which_calendar
@click.pass_obj
def respond(
    invocation: Invocation, event_id: str, answer: str, comment: str | None, which: str, invite: bool, calendar: str
) -> None:
    """Answer an invitation."""
    with invocation.open() as mailgrant:
        kept = invocation.account(mailgrant).calendar.respond(
            event_id, ANSWERS[answer], comment=comment, which=which, calendar=calendar, send_updates=updates(invite)
        )
    invocation.printer.one(kept, f"Said {answer} to {kept.summary} on {local(kept.start)}.")


@event.command(example="mailgrant event delete 6kq3ic9o6oqj0bb36osj6b9k70")
@click.argument("event_id", metavar="ID")
@which_ones
@tell_them
@which_calendar
@click.pass_obj
def delete(invocation: Invocation, event_id: str, which: str, invite: bool, calendar: str) -> None:
    """Delete an event; a series by its own id goes whole, one of its instances alone."""
    with invocation.open() as mailgrant:
        verbs = invocation.account(mailgrant).calendar
        verbs.delete(event_id, which=which, calendar=calendar, send_updates=updates(invite))
    invocation.printer.one({"id": event_id}, f"Deleted event {event_id}.")


def fields_of(
    *,
    start: date | None,
    end: date | None,
    length: timedelta | None,
    zone: str | None,
    repeat: tuple[str, ...],
    remind: tuple[timedelta, ...],
    attendees: tuple[str, ...],
    free: bool | None,
    private: bool | None,
    **texts: str | None,
) -> dict[str, Any]:
    """Return the fields of an event that the flags name."""
    if end is not None and length is not None:
        raise click.UsageError("Say --end or --length, not both.")
    if repeat and isinstance(start, datetime) and zone is None and start.tzinfo is None:
        raise click.UsageError("--repeat needs --zone, such as Europe/London: on its clock the times stay the same.")
    given = {
        "start": in_zone(start, zone),
        "end": after_last(in_zone(end, zone)),
        "duration": length,
        "recurrence": repeat or None,
        "reminders": remind or None,
        "attendees": attendees or None,
        "busy": None if free is None else not free,
        "visibility": None if private is None else "private" if private else "public",
        **texts,
    }
    return {name: value for name, value in given.items() if value is not None}


def after_last(end: date | datetime | None) -> date | datetime | None:
    """Turn the last day, as people say it, into the day after, as Calendar counts."""
    return end if end is None or isinstance(end, datetime) else end + timedelta(days=1)


def updates(invite: bool) -> str | None:
    """Say whom Google mails."""
    return "all" if invite else None
