"""`mailgrant draft`: mail that is not sent yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .invocation import Invocation
from .output import Columns
from .settling import print_sent
from .tree import Noun
from .writing import changes, draft_flags, drafted

if TYPE_CHECKING:
    from mailgrant import Draft


@click.group(cls=Noun)
def draft() -> None:
    """Keep mail in the mailbox before it is sent."""


@draft.command(
    example='mailgrant draft create --to grace@example.com --subject Minutes --text "Dear Grace," --attach minutes.pdf'
)
@draft_flags
@click.pass_obj
def create(invocation: Invocation, /, **written: Any) -> None:
    """Put a draft into the mailbox."""
    new = drafted(**written)
    with invocation.open() as mailgrant:
        kept = invocation.account(mailgrant).gmail.create_draft(new)
    invocation.printer.one(kept, f"Kept as draft {kept.id}.")


@draft.command(name="list", example="mailgrant draft list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the drafts in the mailbox."""
    columns: Columns[Draft] = {
        "id": lambda found: found.id,
        "to": lambda found: found.to,
        "subject": lambda found: found.subject,
    }
    with invocation.open() as mailgrant:
        drafts = invocation.account(mailgrant).gmail.drafts()
        invocation.printer.many(drafts, columns, empty="there are no drafts.")


@draft.command(example='mailgrant draft edit r-4171892713 --subject "Minutes of March" --attach minutes.pdf')
@click.argument("draft_id", metavar="ID")
@draft_flags
@click.pass_obj
def edit(invocation: Invocation, /, draft_id: str, **written: Any) -> None:
    """Change what is named of a draft; the rest stays, and files are added to those it has."""
    with invocation.open() as mailgrant:
        gmail = invocation.account(mailgrant).gmail
        kept = gmail.read_draft(draft_id)
        edited = gmail.edit_draft(kept, **changes(kept, **written))
    invocation.printer.one(edited, f"Edited draft {edited.id}.")


@draft.command(example="mailgrant draft send r-4171892713")
@click.argument("draft_id", metavar="ID")
@click.pass_obj
def send(invocation: Invocation, draft_id: str) -> None:
    """Send a draft as it is in the mailbox; it is gone from there afterwards."""
    from mailgrant import Draft

    with invocation.open() as mailgrant:
        print_sent(invocation, invocation.account(mailgrant).gmail.send(Draft(id=draft_id)))


@draft.command(example="mailgrant draft delete r-4171892713")
@click.argument("draft_id", metavar="ID")
@click.pass_obj
def delete(invocation: Invocation, draft_id: str) -> None:
    """Delete a draft for ever."""
    with invocation.open() as mailgrant:
        invocation.account(mailgrant).gmail.delete_draft(draft_id)
    invocation.printer.one({"id": draft_id}, f"Deleted draft {draft_id}.")
