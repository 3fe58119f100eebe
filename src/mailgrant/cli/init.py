"""`mailgrant init`: a vault and its key."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from .invocation import Invocation
from .tree import Verb

if TYPE_CHECKING:
    from mailgrant import Settings
    from mailgrant.vault.vault import Vault


@click.command(cls=Verb, example="mailgrant init --key passphrase")
@click.option(
    "--key",
    "source",
    type=click.Choice(["file", "keyring", "passphrase"]),
    default="file",
    show_default=True,
    help="Where the key is kept: a file of yours, the system's keyring, or your head.",
)
@click.pass_obj
def init(invocation: Invocation, source: str) -> None:
    """
    Make the vault and its key.

    The first login makes them as well, with the key in a file.
    """
    settings = invocation.settings
    invocation.announce()
    refuse_second(settings)
    with closing(open_vault(settings, create=True, key_source=source)) as vault:
        content = {"vault": settings.vault_place(), "id": vault.id, "realm": settings.realm().name}
    invocation.printer.one(content, f"The vault is {content['vault']}.")


def refuse_second(settings: Settings) -> None:
    """Raise VaultError when the vault is there already, whether or not its key is."""
    from mailgrant.errors import VaultError

    if settings.has_vault():
        raise VaultError(
            f"There is a vault at {settings.vault_place()} already.",
            hint="Nothing was changed. --vault names another place.",
        )


def open_vault(settings: Settings, **options: Any) -> Vault:
    """Open the vault that the settings name."""
    return settings.open_vault(clock=lambda: datetime.now(UTC), entropy=os.urandom, **options)
