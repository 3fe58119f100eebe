"""Settling: what a lost answer left open, listed and brought to its end; and what is said of a mail that went out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from .invocation import Invocation
from .output import Columns, say
from .tree import Verb

if TYPE_CHECKING:
    from mailgrant import Sent
    from mailgrant.errors import OutcomeUnknown
    from mailgrant.gmail.attempt import Attempt

# How it is known where Gmail's own answer did not come; `Evidence` by value.
SHOWN_BY: Mapping[str, str] = MappingProxyType(
    {
        "answer": "",
        "draft gone": "; its draft is gone, which shows it",
        "sent copy": "; its copy among the sent mail shows it",
    }
)


def print_sent(invocation: Invocation, sent: Sent) -> None:
    """Say that Gmail has accepted a mail, under which id, and how that is known if it did not say so itself."""
    name = f"Sent {sent.id}" if sent.id else "Sent"
    invocation.printer.one(sent, f"{name}{SHOWN_BY[sent.evidence.value]}.")


@click.command(cls=Verb, example="mailgrant message unsettled")
@click.pass_obj
def unsettled(invocation: Invocation) -> None:
    """
    List the sends whose outcome is not known.

    A send that is going on right now is among them.
    """
    columns: Columns[Attempt] = {
        "id": lambda found: found.id,
        "begun": lambda found: found.begun_at,
        "stage": lambda found: found.stage,
        "draft": lambda found: found.draft_id,
    }
    with invocation.open() as mailgrant:
        left = invocation.account(mailgrant).gmail.unsettled()
        invocation.printer.many(left, columns, empty="every send is settled.")


@click.command(cls=Verb, example="mailgrant message settle")
@click.argument("attempt_id", metavar="[ID]", required=False)
@click.option("--give-up", is_flag=True, help="Delete a draft that is still there, instead of sending it.")
@click.pass_obj
def settle(invocation: Invocation, attempt_id: str | None, give_up: bool) -> None:
    """
    Find out what came of a send, and bring it to its end.

    Without an ID all of them, one after another. What still cannot be known stays, and the exit code
    is 6.
    """
    from mailgrant.errors import OutcomeUnknown

    unknown: OutcomeUnknown | None = None
    with invocation.open() as mailgrant:
        gmail = invocation.account(mailgrant).gmail
        names = [attempt_id] if attempt_id else [each.id for each in gmail.unsettled()]
        for name in names:
            try:
                print_settled(invocation, name, gmail.settle(OutcomeUnknown(attempt=name), give_up=give_up))
            except OutcomeUnknown as error:
                unknown = error
    if not names:
        say("every send is settled.")
    if unknown is not None:
        raise unknown


def print_settled(invocation: Invocation, name: str, sent: Sent | None) -> None:
    """Say what came of one send."""
    if sent is None:
        invocation.printer.one({"attempt": name, "sent": False}, f"{name} did not go out.")
    else:
        print_sent(invocation, sent)
