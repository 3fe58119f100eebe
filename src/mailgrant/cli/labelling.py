"""Labelling: the flags that put labels on mail and take them off, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .invocation import Invocation

F = TypeVar("F", bound=Callable[..., Any])


def label_flags(command: F) -> F:
    """Give a command the flags of a change of labels."""
    for flag in (
        click.option("--create", is_flag=True, help="Make the labels that are not there yet."),
        click.option("--remove", metavar="LABEL", multiple=True, help="Take this label off; again for more."),
        click.option("--add", metavar="LABEL", multiple=True, help="Put this label on; again for more."),
    ):
        command = flag(command)
    return command


def relabel(
    invocation: Invocation,
    ids: tuple[str, ...],
    items: Any,
    what: str,
    *,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    create: bool,
) -> None:
    """Change the labels of `items`, whose ids were typed; `what` says how many of which they are."""
    if not add and not remove:
        raise click.UsageError("Say which label: --add or --remove.")
    with invocation.open() as mailgrant:
        invocation.account(mailgrant).gmail.modify(items, add=set(add), remove=set(remove), create=create)
    invocation.printer.one({"ids": ids, "add": add, "remove": remove}, f"Labelled {what}.")
