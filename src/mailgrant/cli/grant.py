"""`mailgrant grant`: what people allow us, from asking to forgetting."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from .invocation import Invocation
from .output import Columns, local, say, to_json
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant import Grant

Way = Literal["auto", "browser", "link"]

whose = click.argument("email", required=False)
of_client = click.option("--client", "client_id", metavar="ID", help="The OAuth client, where the vault has several.")


@click.group(cls=Noun)
def grant() -> None:
    """Ask people for their consent, see what they allow, and give it back."""


@grant.command(example="mailgrant login ada@example.com --scope gmail.send --scope calendar.readonly")
@whose
@click.option(
    "--scope", "scopes", metavar="S", multiple=True, required=True, help="What to ask for: gmail.send; again for more."
)
@click.option("--browser", "way", flag_value="browser", default=None, help="Ask in the browser of this machine.")
@click.option("--link", "way", flag_value="link", help="Print a link for any browser; its answer is pasted back.")
@click.pass_obj
def ask(invocation: Invocation, email: str | None, scopes: tuple[str, ...], way: Way | None) -> None:
    """Ask a person for their consent, unless they have given it. `login` for short."""
    with invocation.open() as mailgrant:
        account = mailgrant.connect(
            *split(scopes), account=email or invocation.settings.account, ask=way or likely_way()
        )
        print_grant(invocation, account.grant())


@grant.command(name="list", example="mailgrant status")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List who allows what, and whether it still holds. `status` for short."""
    columns: Columns[Grant] = {
        "account": lambda held: held.account,
        "status": lambda held: held.status,
        "scopes": short_scopes,
        "consented": lambda held: held.consented_at,
        "refreshed": lambda held: held.refreshed_at,
        "note": note,
    }
    with invocation.open() as mailgrant:
        grants = mailgrant.grants()
        if invocation.settings.account:
            grants = tuple(held for held in grants if same_address(held.account, invocation.settings.account))
        if invocation.printer.json:
            invocation.printer.many((shown(held) for held in grants), {}, empty="")
        else:
            invocation.printer.many(grants, columns, empty="nobody has granted anything yet; `mailgrant login` asks.")


@grant.command(example="mailgrant grant show ada@example.com")
@whose
@click.pass_obj
def show(invocation: Invocation, email: str | None) -> None:
    """Show one grant."""
    with invocation.open() as mailgrant:
        print_grant(invocation, invocation.account(mailgrant, email).grant())


@grant.command(example="mailgrant grant revoke ada@example.com")
@whose
@click.pass_obj
def revoke(invocation: Invocation, email: str | None) -> None:
    """Revoke a grant at Google; what this person ever granted to the project ends with it."""
    with invocation.open() as mailgrant:
        gone = mailgrant.revoke(email or invocation.settings.account)
    invocation.printer.one(shown(gone), f"Revoked the grant of {gone.account} at Google.")


@grant.command(example="mailgrant grant forget ada@example.com")
@whose
@click.option("--keep-at-google", is_flag=True, help="Only delete it here; it stays good at Google.")
@click.pass_obj
def forget(invocation: Invocation, email: str | None, keep_at_google: bool) -> None:
    """Revoke a grant at Google, then delete it here."""
    with invocation.open() as mailgrant:
        gone = mailgrant.forget(email or invocation.settings.account, keep_at_google=keep_at_google)
    if keep_at_google:
        say("Google still honours this grant, and backups of the vault still hold it.")
    invocation.printer.one(shown(gone), f"Forgot the grant of {gone.account}.")


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
    print_grant(invocation, held)


def likely_way() -> Way:
    """
    Choose how to ask again when the person at the keyboard did not say.

    A login always puts the question, where `ask="auto"` takes an earlier answer for an answer.
    """
    from mailgrant.browser import graphical_browser

    if graphical_browser(os.environ) is not None:
        return "browser"
    return "link" if sys.stdin.isatty() and sys.stderr.isatty() else "auto"


def split(scopes: tuple[str, ...]) -> list[str]:
    """Take scopes as people type them: a flag for each, or several in one, by commas or spaces."""
    return [scope for words in scopes for scope in words.replace(",", " ").split()]


def print_grant(invocation: Invocation, held: Grant) -> None:
    """Print one grant in full."""
    lines = {
        "Account": held.account,
        "Status": held.status.value,
        "Scopes": ", ".join(short_scopes(held)),
        "Missing": ", ".join(scope.short for scope in held.missing),
        "Consented": local(held.consented_at),
        "Refreshed": local(held.refreshed_at),
        "Client": held.client_id,
        "Note": note(held),
    }
    text = "\n".join(f"{name + ':':11}{value}" for name, value in lines.items() if value)
    invocation.printer.one(shown(held), text)


def shown(held: Grant) -> dict[str, Any]:
    """Return a grant as JSON, without its credentials."""
    content: dict[str, Any] = to_json(held)
    del content["credentials"]
    return {**content, "missing": to_json(held.missing)}


def short_scopes(held: Grant) -> list[str]:
    """Return the short names of what is granted, without who the person is."""
    return [scope.short for scope in held.scopes.api]


def note(held: Grant) -> str:
    """Say what is remarkable about a grant."""
    remarks = [
        held.reason,
        "not verified whose it is" if not held.verified else "",
        f"not granted: {', '.join(scope.short for scope in held.missing)}" if held.missing else "",
    ]
    return "; ".join(remark for remark in remarks if remark)


def same_address(one: str, other: str) -> bool:
    """Compare addresses as the vault does."""
    return one.casefold() == other.casefold()
