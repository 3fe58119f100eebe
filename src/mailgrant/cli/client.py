"""`mailgrant client`: the application's own identity at Google."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .invocation import Invocation
from .output import Columns, local, say
from .tree import Noun, refuse_empty

if TYPE_CHECKING:
    from mailgrant import KnownClient


@click.group(cls=Noun)
def client() -> None:
    """Keep the OAuth clients and service accounts from the Google Cloud console."""


@client.command(example="mailgrant client add client_secret.json")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--testing/--production",
    default=None,
    help="The project's publishing status: in Testing, grants end after seven days.",
)
@click.pass_obj
def add(invocation: Invocation, file: Path, testing: bool | None) -> None:
    """
    Keep a client, sealed, from the file that Google's console gave you.

    An OAuth client, or a service account's key; a key that others on the machine may read is refused.
    """
    with invocation.open() as mailgrant:
        known = mailgrant.add_client(file, testing=testing)
    say(f"delete {file} when you need it nowhere else: it holds a secret in the clear.")
    print_client(invocation, known)


@client.command(example="mailgrant client remove 1234567890-abc.apps.googleusercontent.com")
@click.argument("client_id", metavar="ID", callback=refuse_empty)
@click.pass_obj
def remove(invocation: Invocation, client_id: str) -> None:
    """Delete a client from the vault; one that grants still need stays."""
    with invocation.open() as mailgrant:
        mailgrant.remove_client(client_id)
    invocation.printer.one({"client_id": client_id}, f"Removed the client {client_id}.")


@client.command(name="list", example="mailgrant client list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the clients in the vault."""
    columns: Columns[dict[str, Any]] = {
        "client id": lambda known: known["client_id"],
        "kind": lambda known: known["kind"],
        "project": lambda known: known.get("project_id"),
        "note": lambda known: known.get("note"),
    }
    with invocation.open() as mailgrant:
        clients = [shown(known) for known in mailgrant.clients()]
        invocation.printer.many(clients, columns, empty="no client yet; `mailgrant client add FILE` keeps one.")


@client.command(example="mailgrant client show 1234567890-abc.apps.googleusercontent.com")
@click.argument("client_id", metavar="ID", callback=refuse_empty)
@click.pass_obj
def show(invocation: Invocation, client_id: str) -> None:
    """Show a client; its secret is not shown."""
    from mailgrant.errors import SettingsError

    with invocation.open() as mailgrant:
        known = {one.client_id: one for one in mailgrant.clients()}
    if client_id not in known:
        raise SettingsError(f"There is no client {client_id} in the vault.", hint="See `mailgrant client list`.")
    print_client(invocation, known[client_id])


def print_client(invocation: Invocation, known: KnownClient) -> None:
    """Print one client without its secret."""
    lines = {
        "Client": known.client_id,
        "Kind": known.kind,
        "Project": known.project_id or "",
        "Redirects": ", ".join(known.redirect_uris),
        "Note": note(known),
    }
    text = "\n".join(f"{name + ':':11}{value}" for name, value in lines.items() if value)
    invocation.printer.one(shown(known), text)


def shown(known: KnownClient) -> dict[str, Any]:
    """Return a client as JSON, without its secret."""
    content = {
        "client_id": known.client_id,
        "kind": known.kind,
        "project_id": known.project_id,
        "redirect_uris": list(known.redirect_uris),
        "testing": known.testing,
        "note": note(known),
    }
    return {name: value for name, value in content.items() if value not in (None, "", [])}


def note(known: KnownClient) -> str:
    """Say what is remarkable about a client."""
    remarks = [
        "in Testing: grants end after seven days" if known.testing else "",
        f"not accepted by Google since {local(known.trouble.since)}: {known.trouble.reason}" if known.trouble else "",
    ]
    return "; ".join(remark for remark in remarks if remark)
