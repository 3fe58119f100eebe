"""`mailgrant client`: the application's own identity at Google."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .invocation import Invocation
from .output import Columns
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant import ClientSecrets


@click.group(cls=Noun)
def client() -> None:
    """Keep the OAuth clients from the Google Cloud console."""


@client.command(example="mailgrant client add client_secret.json")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def add(invocation: Invocation, file: Path) -> None:
    """Keep an OAuth client, sealed, from the file that Google's console gave you."""
    with invocation.open() as mailgrant:
        print_client(invocation, mailgrant.add_client(file))


@client.command(name="list", example="mailgrant client list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the OAuth clients in the vault."""
    columns: Columns[ClientSecrets] = {
        "client id": lambda known: known.client_id,
        "kind": lambda known: known.kind,
        "project": lambda known: known.project_id,
    }
    with invocation.open() as mailgrant:
        clients = mailgrant.clients()
        invocation.printer.many(clients, columns, empty="no OAuth client yet; `mailgrant client add FILE` keeps one.")


@client.command(example="mailgrant client show 1234567890-abc.apps.googleusercontent.com")
@click.argument("client_id", metavar="ID")
@click.pass_obj
def show(invocation: Invocation, client_id: str) -> None:
    """Show an OAuth client; its secret is not shown."""
    from mailgrant.errors import SettingsError

    with invocation.open() as mailgrant:
        known = {one.client_id: one for one in mailgrant.clients()}
    if client_id not in known:
        raise SettingsError(f"There is no OAuth client {client_id} in the vault.", hint="See `mailgrant client list`.")
    print_client(invocation, known[client_id])


def print_client(invocation: Invocation, known: ClientSecrets) -> None:
    """Print one client without its secret."""
    lines = {
        "Client": known.client_id,
        "Kind": known.kind.value,
        "Project": known.project_id or "",
        "Redirects": ", ".join(known.redirect_uris),
    }
    invocation.printer.one(known, "\n".join(f"{name + ':':11}{value}" for name, value in lines.items() if value))
