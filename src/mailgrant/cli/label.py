"""`mailgrant label`: the labels of the mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .invocation import Invocation
from .output import Columns
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant import Label


@click.group(cls=Noun)
def label() -> None:
    """See, make, rename and delete the labels of the mailbox."""


@label.command(name="list", example="mailgrant label list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the labels, Gmail's own and the account's."""
    columns: Columns[Label] = {
        "name": lambda found: found.name,
        "kind": lambda found: found.kind,
        "id": lambda found: found.id,
    }
    with invocation.open() as mailgrant:
        labels = invocation.account(mailgrant).gmail.labels()
        invocation.printer.many(labels, columns, empty="there are no labels.")


@label.command(example="mailgrant label create Work/Lunch")
@click.argument("name")
@click.pass_obj
def create(invocation: Invocation, name: str) -> None:
    """Make a label; `/` in its name nests it."""
    with invocation.open() as mailgrant:
        made = invocation.account(mailgrant).gmail.create_label(name)
    invocation.printer.one(made, f"Created the label {made.name}.")


@label.command(example="mailgrant label rename Lunch Dinner")
@click.argument("name")
@click.argument("to", metavar="NEW")
@click.pass_obj
def rename(invocation: Invocation, name: str, to: str) -> None:
    """Give a label another name; it stays on its messages."""
    with invocation.open() as mailgrant:
        renamed = invocation.account(mailgrant).gmail.rename_label(name, to)
    invocation.printer.one(renamed, f"Renamed {name} to {renamed.name}.")


@label.command(example="mailgrant label delete Lunch")
@click.argument("name")
@click.pass_obj
def delete(invocation: Invocation, name: str) -> None:
    """Delete a label for ever; its messages stay."""
    with invocation.open() as mailgrant:
        invocation.account(mailgrant).gmail.delete_label(name)
    invocation.printer.one({"name": name}, f"Deleted the label {name}.")
