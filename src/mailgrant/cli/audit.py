"""`mailgrant audit`: who did what to which grant, when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .invocation import Invocation
from .output import Columns, to_json
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant.vault.audit import AuditEntry

NEWEST = 50


@click.group(cls=Noun)
def audit() -> None:
    """See who did what to which grant."""


@audit.command(name="list", example="mailgrant audit list --account ada@example.com")
@click.option("--limit", type=click.IntRange(0), default=NEWEST, show_default=True, help="At most so many; 0 for all.")
@click.pass_obj
def list_(invocation: Invocation, limit: int) -> None:
    """List what was done, the newest first; with --account, to one account."""
    columns: Columns[AuditEntry] = {
        "at": lambda entry: entry.at,
        "deed": lambda entry: entry.deed,
        "account": lambda entry: entry.account,
        "scopes": lambda entry: [scope.short for scope in entry.scopes.api],
        "detail": lambda entry: entry.detail,
        "by": lambda entry: entry.actor,
    }
    with invocation.open() as mailgrant:
        entries = mailgrant.vault.audit(invocation.settings.account, limit=limit or None)
    if invocation.printer.json:
        shown = ({name: value for name, value in to_json(entry).items() if value} for entry in entries)
        invocation.printer.many(shown, {}, empty="")
    else:
        invocation.printer.many(entries, columns, empty="nothing was done yet.")
