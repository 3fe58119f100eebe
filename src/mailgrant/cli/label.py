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
    """See the labels of the mailbox."""


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
