"""`mailgrant calendar`: the calendars of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .invocation import Invocation
from .output import Columns
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant import Calendar


@click.group(cls=Noun)
def calendar() -> None:
    """See the calendars of the account."""


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
