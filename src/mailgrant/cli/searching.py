"""Searching: the argument and flags of a search, of mail or of conversations, and the list of what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .invocation import Invocation
from .output import Columns, say
from .progress import progress_shown

if TYPE_CHECKING:
    from mailgrant import Account

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

NEWEST = 20


def search_flags(command: F) -> F:
    """Give a command what a search takes."""
    most = click.IntRange(0)
    for flag in (
        click.option("--spam-and-trash", is_flag=True, help="Look there too."),
        click.option("--limit", type=most, default=NEWEST, show_default=True, help="At most so many; 0 for all."),
        click.argument("query", default=""),
    ):
        command = flag(command)
    return command


def list_found(
    invocation: Invocation,
    verb: Callable[[Account], Callable[..., Iterator[T]]],
    columns: Columns[T],
    *,
    noun: str,
    query: str,
    limit: int,
    spam_and_trash: bool,
) -> None:
    """Print what a verb of an account's Gmail finds; `noun` is what one of it is called."""
    printer = invocation.printer
    with invocation.open() as mailgrant:
        find = verb(invocation.account(mailgrant))
        with progress_shown() as show:
            found = find(
                query,
                limit=limit or None,
                spam_and_trash=spam_and_trash,
                # A line for a person has nothing of the text.
                bodies=printer.json,
                on_progress=(lambda read, listed: show(f"{read} of {listed} {noun}s")) if printer.waits else None,
            )
            shown = printer.many(found, columns, empty=f"no {noun} matches.")
    if limit and shown == limit:
        say(f"these are the newest {limit}; --limit shows more.")
