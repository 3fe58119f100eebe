"""`mailgrant grant`: what people allow us, from asking to forgetting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .grant_steps import (
    check_flags,
    chosen_way,
    delegated,
    is_service_account,
    likely_way,
    print_link,
    read_answer,
    say_of_delegation,
    split,
    warn_of_missing,
)
from .grant_view import Outlook, print_grant, print_grants, shown
from .invocation import Invocation
from .output import say
from .tree import Noun, refuse_empty

whose = click.argument("email", required=False, callback=refuse_empty)
of_client = click.option(
    "--client",
    "client_id",
    metavar="ID",
    callback=refuse_empty,
    help="The OAuth client, where the vault has several.",
)


@click.group(cls=Noun)
def grant() -> None:
    """Ask people for their consent, see what they allow, and give it back."""


@grant.command(example="mailgrant login ada@example.com --scope gmail.send --scope calendar.readonly")
@whose
@click.option(
    "--scope",
    "scopes",
    metavar="S",
    multiple=True,
    callback=refuse_empty,
    help="What to ask for: gmail.send; again for more.",
)
@click.option("--browser", is_flag=True, help="Ask in the browser of this machine.")
@click.option("--link", is_flag=True, help="Print a link for any browser; its answer is pasted back.")
@click.option("--user", metavar="ID", callback=refuse_empty, help="Your application's own id of the user who is asked.")
@of_client
@click.option("--step", type=click.Choice(["start", "finish"]), help="Print the link only, or take its answer only.")
@click.option("--consent", metavar="ID", help="With --step finish: the question, as --step start named it.")
@click.option("--url", metavar="-", help="With --step finish: read the answer from stdin, an address or its code.")
@click.pass_obj
def ask(
    invocation: Invocation, /, email: str | None, browser: bool, link: bool, step: str | None, **words: Any
) -> None:
    """
    Ask a person for their consent, unless they have given it. `login` for short.

    With a service account's ID nobody is asked: each scope is tried, and what the administrator has not
    allowed is named. In two steps, for scripts: `--step start` prints the link, and `--step finish`,
    in any process that shares the vault, takes the address the person came back to.
    """
    way = chosen_way(browser, link)
    check_flags(email, way, step, **words)
    scopes, user, client_id = split(words["scopes"]), words["user"], words["client_id"]
    email = email or invocation.settings.account
    with invocation.open() as mailgrant:
        if step == "start":
            print_link(invocation, mailgrant, email, scopes, user=user, client_id=client_id)
            return
        if step == "finish":
            held = mailgrant.consents.complete(read_answer(), consent=words["consent"])
            warn_of_missing(held)
        elif is_service_account(mailgrant, client_id):
            held = delegated(mailgrant, email, scopes, user=user, client_id=client_id)
        else:
            asked = {"account": email, "user": user, "client_id": client_id, "ask": way or likely_way()}
            held = mailgrant.connect(*scopes, **asked).grant()
        print_grant(invocation, held, Outlook(mailgrant))


@grant.command(name="list", example="mailgrant status")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List who allows what, whether it still holds, and when it will end. `status` for short."""
    with invocation.open() as mailgrant:
        grants = mailgrant.grants()
        if invocation.settings.account:
            grants = tuple(held for held in grants if same_address(held.account, invocation.settings.account))
        print_grants(invocation, grants, Outlook(mailgrant))


@grant.command(example="mailgrant grant show ada@example.com")
@whose
@of_client
@click.pass_obj
def show(invocation: Invocation, email: str | None, client_id: str | None) -> None:
    """Show one grant: what it allows, when it will end, and what helps where it does not work."""
    with invocation.open() as mailgrant:
        held = mailgrant.account(email or invocation.settings.account, client_id=client_id).grant()
        print_grant(invocation, held, Outlook(mailgrant))


@grant.command(example="mailgrant grant refresh ada@example.com")
@whose
@of_client
@click.pass_obj
def refresh(invocation: Invocation, email: str | None, client_id: str | None) -> None:
    """Refresh a grant now, which proves that it still works."""
    with invocation.open() as mailgrant:
        held = mailgrant.account(email or invocation.settings.account, client_id=client_id).refresh()
        print_grant(invocation, held, Outlook(mailgrant))


@grant.command(example="mailgrant grant revoke ada@example.com")
@whose
@of_client
@click.pass_obj
def revoke(invocation: Invocation, email: str | None, client_id: str | None) -> None:
    """Revoke a grant at Google; what this person ever granted to the project ends with it."""
    with invocation.open() as mailgrant:
        gone = mailgrant.revoke(email or invocation.settings.account, client_id=client_id)
        content = shown(gone, Outlook(mailgrant))
    say_of_delegation(gone)
    invocation.printer.one(content, f"Revoked the grant of {gone.account} at Google.")


@grant.command(example="mailgrant grant forget ada@example.com")
@whose
@of_client
@click.option("--keep-at-google", is_flag=True, help="Only delete it here; it stays good at Google.")
@click.pass_obj
def forget(invocation: Invocation, email: str | None, client_id: str | None, keep_at_google: bool) -> None:
    """Revoke a grant at Google, then delete it here."""
    with invocation.open() as mailgrant:
        whom = email or invocation.settings.account
        gone = mailgrant.forget(whom, client_id=client_id, keep_at_google=keep_at_google)
        content = shown(gone, Outlook(mailgrant))
    if keep_at_google:
        say("Google still honours this grant, and backups of the vault still hold it.")
    say_of_delegation(gone)
    invocation.printer.one(content, f"Forgot the grant of {gone.account}.")


@grant.command(example="mailgrant grant export ada@example.com --to token.json")
@whose
@of_client
@click.option("--to", "file", metavar="FILE", required=True, type=click.Path(path_type=Path), help="A new file.")
@click.pass_obj
def export(invocation: Invocation, email: str | None, client_id: str | None, file: Path) -> None:
    """
    Write a grant for a program that knows Google's own libraries only (authorized_user JSON).

    The file holds the refresh token and the client's secret in the clear. It is never printed.
    """
    if str(file) == "-":
        raise click.UsageError("A grant is exported to a file; stdout would show its refresh token.")
    with invocation.open() as mailgrant:
        held = mailgrant.export_grant(file, email or invocation.settings.account, client_id=client_id)
        content = shown(held, Outlook(mailgrant))
    say(
        f"whoever reads {file} can act for {held.account}, without a trace here, until the grant is revoked: "
        "`mailgrant grant revoke` ends it everywhere. Delete the file when it is needed no more."
    )
    invocation.printer.one(content, f"Exported the grant of {held.account} to {file}.")


@grant.command(name="import", example="mailgrant grant import token.json")
@click.argument("file", type=click.Path(path_type=Path))
@of_client
@click.pass_obj
def import_(invocation: Invocation, file: Path, client_id: str | None) -> None:
    """
    Take over what another tool left on disk; it is proved by one refresh.

    A token.json of Google's libraries for Python or Node, gcloud's application_default_credentials.json,
    or the store of oauth2client. Where the file does not name the OAuth client, the vault's is used.
    """
    with invocation.open() as mailgrant:
        held = mailgrant.import_grant(file, account=invocation.settings.account, client_id=client_id)
        say(f"delete {file} now: it holds the refresh token in the clear.")
        print_grant(invocation, held, Outlook(mailgrant))


def same_address(one: str, other: str) -> bool:
    """Compare addresses as the vault does."""
    return one.casefold() == other.casefold()
