"""`mailgrant thread`: whole conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .invocation import Invocation
from .labelling import label_flags, relabel
from .message import as_text
from .output import Columns, to_json
from .searching import list_found, search_flags
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant import Thread


@click.group(cls=Noun)
def thread() -> None:
    """Find, read and file whole conversations."""


@thread.command(name="list", example='mailgrant thread list "from:grace newer_than:7d"')
@search_flags
@click.pass_obj
def list_(invocation: Invocation, /, **asked: Any) -> None:
    """
    List the conversations that have a message that matches, newest first.

    QUERY is what you would type into Gmail.
    """
    columns: Columns[Thread] = {
        "id": lambda found: found.id,
        "date": lambda found: found.messages[-1].date if found.messages else None,
        "messages": lambda found: len(found.messages),
        "from": lambda found: found.messages[0].from_ if found.messages else None,
        "subject": lambda found: found.messages[0].subject if found.messages else "",
    }
    list_found(invocation, lambda account: account.gmail.threads, columns, noun="conversation", **asked)


@thread.command(example="mailgrant thread read 19a3f0c2d4e5b697")
@click.argument("thread_id", metavar="ID")
@click.pass_obj
def read(invocation: Invocation, thread_id: str) -> None:
    """Show a conversation, its oldest message first."""
    with invocation.open() as mailgrant:
        found = invocation.account(mailgrant).gmail.thread(thread_id)
    invocation.printer.one(to_json(found), "\n\n".join(as_text(message) for message in found.messages))


@thread.command(example="mailgrant thread label 19a3f0c2d4e5b697 --add Lunch --remove UNREAD")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@label_flags
@click.pass_obj
def label(invocation: Invocation, /, ids: tuple[str, ...], **labels: Any) -> None:
    """Put labels on every message of conversations, and take labels off."""
    relabel(invocation, ids, threads(ids), count(ids), **labels)


@thread.command(example="mailgrant thread trash 19a3f0c2d4e5b697")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def trash(invocation: Invocation, ids: tuple[str, ...]) -> None:
    """Move whole conversations to the trash, where they stay for thirty days."""
    with invocation.open() as mailgrant:
        invocation.account(mailgrant).gmail.trash(threads(ids))
    invocation.printer.one({"ids": ids}, f"Trashed {count(ids)}.")


def threads(ids: tuple[str, ...]) -> list[Thread]:
    """Name conversations by their ids; a bare id would be a message's."""
    from mailgrant import Thread

    return [Thread(thread_id) for thread_id in ids]


def count(ids: tuple[str, ...]) -> str:
    """Say how many conversations."""
    return "1 conversation" if len(ids) == 1 else f"{len(ids)} conversations"
