"""`mailgrant sandbox show`, `reset`, `fault`, `clock`, `seed`: hands on a sandbox that is running."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .control_token import with_control_token
from .extras import require_sandbox
from .invocation import Invocation
from .moments import as_time, parse_moment
from .output import Columns, Printer
from .tree import Verb

if TYPE_CHECKING:
    from mailgrant.secret import Secret

    from .remote import Remote

Command = TypeVar("Command", bound=Callable[..., Any])

# What `show` can show beside the world as a whole: noun, columns, and what to say of none.
LISTS: dict[str, tuple[tuple[str, ...], str]] = {
    "requests": (("time", "status", "method", "account", "units", "fault"), "no request yet."),
    "sent": (("time", "sender", "recipients", "method", "id"), "nothing was sent yet."),
    "faults": (("effect", "match", "times"), "no faults wait."),
    "quota": (("account", "api", "units"), "no quota was used in the last minute."),
}


def where(command: Command) -> Command:
    """Add the options that say which sandbox is meant, and open its control API."""
    named = click.option("--url", metavar="URL", help="Where the sandbox is. [MAILGRANT_GOOGLE, else port 8025]")
    return named(with_control_token("Where its token is, if it was started with one.")(command))


@click.command(cls=Verb, example="mailgrant sandbox show requests")
@click.argument("what", type=click.Choice(["world", *LISTS, "transcript"]), default="world")
@where
@click.pass_obj
def show(invocation: Invocation, what: str, url: str | None, control_token: Secret | None) -> None:
    """
    Show what a running sandbox holds, or what was asked of it.

    WHAT is world (people, clients, clock), requests, sent, faults, quota or transcript.
    """
    remote, printer = reach(invocation, url, control_token), printer_of(invocation)
    if what == "world":
        world = remote.get("")
        printer.one(world, describe(world, remote.origin))
    elif what == "transcript":
        found = remote.get("transcript")
        printer.one(found, str(found["transcript"]).rstrip("\n"))
    else:
        names, empty = LISTS[what]
        printer.many(remote.get(what)[what], columns_of(names), empty=empty)


@click.command(cls=Verb, example="mailgrant sandbox reset")
@where
@click.pass_obj
def reset(invocation: Invocation, url: str | None, control_token: Secret | None) -> None:
    """Take a running sandbox back to its seed; all tokens and faults are gone."""
    remote = reach(invocation, url, control_token)
    remote.post("reset", {})
    printer_of(invocation).one({"reset": True}, f"The sandbox at {remote.origin} is back at its seed.")


@click.command(cls=Verb, example="mailgrant sandbox clock --advance 8d")
@click.option("--advance", metavar="LENGTH", help="Let time pass: 45m, 8d, 1h30m.")
@click.option("--set", "to", metavar="WHEN", type=parse_moment, help="Go to a time: 2026-03-05T12:00Z.")
@where
@click.pass_obj
def clock(
    invocation: Invocation, advance: str | None, to: date | None, url: str | None, control_token: Secret | None
) -> None:
    """Move the clock of a running sandbox, or say what time it is there."""
    remote = reach(invocation, url, control_token)
    if advance is None and to is None:
        told = remote.get("clock")
    else:
        moved = {"advance": advance, "set": as_time(to, None).isoformat() if to is not None else None}
        told = remote.post("clock", given(moved))
    now = datetime.fromisoformat(told["now"])
    printer_of(invocation).one({"now": now}, f"It is {now:%Y-%m-%d %H:%M:%S} UTC there.")


def effects(command: Command) -> Command:
    """Add the options that say what goes wrong."""
    options = (
        click.option("--status", type=click.IntRange(400, 599), help="Answer with this error; do nothing."),
        click.option("--reason", help="Google's word for it, with --status: rateLimitExceeded."),
        click.option(
            "--drop", type=click.Choice(["before", "after"]), help="Cut the connection before or after the work."
        ),
        click.option("--late", metavar="LENGTH", help="Cut the connection, do the work that much later."),
        click.option("--delay", metavar="LENGTH", help="Wait that long."),
        click.option("--when", type=click.Choice(["before", "after"]), help="Wait before or after the work."),
        click.option("--hang", is_flag=True, default=None, help="Never answer."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(cls=Verb, example="mailgrant sandbox fault --method gmail.users.messages.send --drop after")
@click.option("--method", metavar="ID", help="Only for this method: gmail.users.messages.send, oauth2.token.")
@click.option("--path", metavar="PATH", help="Only for this path, without the query.")
@click.option("--nth", type=click.IntRange(1), help="Let the first ones pass; 1 is the next request.")
@click.option("--times", type=click.IntRange(1), help="How often. [once]")
@effects
@click.option("--clear", is_flag=True, help="Forget all faults that still wait.")
@where
@click.pass_obj
def fault(
    invocation: Invocation,
    /,
    method: str | None,
    path: str | None,
    nth: int | None,
    times: int | None,
    clear: bool,
    url: str | None,
    control_token: Secret | None,
    **effect: Any,
) -> None:
    """
    Make requests to a running sandbox fail.

    One of --status, --drop, --late, --delay and --hang says how; --account and the rest whose. Without any
    of them it lists the faults that wait.
    """
    remote, printer = reach(invocation, url, control_token), printer_of(invocation)
    match = given({"method": method, "path": path, "account": invocation.flags.get("account"), "nth": nth})
    wanted = given(effect)
    if clear and (wanted or match):
        raise click.UsageError("--clear forgets all faults and goes with nothing else.")
    if clear:
        remote.delete("faults")
    elif wanted:
        remote.post("faults", given({"match": match, "times": times, "effect": wanted}))
    elif match or times:
        raise click.UsageError("Say what goes wrong: --status, --drop, --late, --delay or --hang.")
    names, empty = LISTS["faults"]
    printer.many(remote.get("faults")["faults"], columns_of(names), empty=empty)


@click.command(cls=Verb, example="mailgrant sandbox seed team.json")
@click.argument("file", type=click.Path(path_type=Path))
@where
@click.pass_obj
def seed(invocation: Invocation, file: Path, url: str | None, control_token: Secret | None) -> None:
    """
    Add people, mail and events from a file to a running sandbox: all of it, or nothing.

    FILE is a seed in JSON, or a .mbox or .ics, which is Ada's unless --account says whose.
    """
    require_sandbox()
    from mailgrant.sandbox.seeding.seed_file import read_seed

    read = read_seed(file, account=invocation.flags.get("account"))
    remote = reach(invocation, url, control_token)
    remote.post("seed", read.value)
    counted = read.count()
    numbers = [f"{number} {noun if number > 1 else noun[:-1]}" for noun, number in counted.items() if number]
    printer_of(invocation).one(counted, f"The sandbox at {remote.origin} has got {', '.join(numbers) or 'nothing'}.")


def reach(invocation: Invocation, url: str | None, token: Secret | None) -> Remote:
    """Return the sandbox that is meant: `--url`, else the one that plays Google, else the usual port."""
    from .remote import DEFAULT_ORIGIN, Remote

    return Remote(url or invocation.settings.google or DEFAULT_ORIGIN, token)


def printer_of(invocation: Invocation) -> Printer:
    """Return what prints; whatever comes from here is a sandbox's, whichever way it was named."""
    return Printer(json=invocation.settings.json, sandbox=True, terminal=sys.stdout.isatty())


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Return what was given at all."""
    return {name: value for name, value in values.items() if value is not None and value != {}}


def columns_of(names: tuple[str, ...]) -> Columns[dict[str, Any]]:
    """Return one column per field."""
    return {name: (lambda row, name=name: cell(row.get(name))) for name in names}  # type: ignore[misc]


def cell(value: Any) -> Any:
    """Write a field for a cell: a time as one, an object as its pairs."""
    if isinstance(value, dict):
        return " ".join(f"{name}={content}" for name, content in value.items() if (name, content) != ("nth", 1))
    if isinstance(value, str) and value.endswith("Z") and value[:2].isdigit():
        return datetime.fromisoformat(value)
    return value


def describe(world: dict[str, Any], origin: str) -> str:
    """Say in a few lines what a sandbox is."""
    people = [f"{person['email']} ({person['name']})" for person in world["accounts"]]
    clients = [f"{client['client_id']} ({client['type']})" for client in world["clients"]]
    lines = [
        ("Sandbox", [f"{origin} (mailgrant {world['version']})"]),
        ("Clock", [world["clock"]["now"]]),
        ("Consent", [world["consent"]]),
        ("Quota", [world["quota"]]),
        ("Accounts", people or ["none"]),
        ("Clients", clients or ["none"]),
    ]
    rows = [(f"{name}:" if not number else "", text) for name, texts in lines for number, text in enumerate(texts)]
    return "\n".join(f"{name:10}{text}" for name, text in rows)


COMMANDS = (seed, show, reset, fault, clock)
