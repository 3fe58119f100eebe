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
    Make the vault and its key, or bring an older vault up to date.

    The first login makes them as well, with the key in a file. A vault in PostgreSQL that an older
    mailgrant made is brought up to date here only, once every host has the newer one.
    """
    settings = invocation.settings
    invocation.announce()
    if settings.has_vault():
        upgrade(invocation, settings)
        return
    with closing(open_vault(settings, create=True, key_source=source)) as vault:
        content = {"vault": settings.vault_place(), "id": vault.id, "realm": settings.realm().name}
    invocation.printer.one(content, f"The vault is {content['vault']}.")


def upgrade(invocation: Invocation, settings: Settings) -> None:
    """Bring the vault that is there up to date, key or no key; raises VaultError when it is already."""
    from mailgrant.errors import VaultError

    place = settings.vault_place()
    if not settings.bring_up_to_date():
        raise VaultError(
            f"There is a vault at {place} already, and it is up to date.",
            hint="Nothing was changed. --vault names another place.",
        )
    invocation.printer.one({"vault": place, "upgraded": True}, f"The vault {place} is up to date now.")


def open_vault(settings: Settings, **options: Any) -> Vault:
    """Open the vault that the settings name."""
    return settings.open_vault(clock=lambda: datetime.now(UTC), entropy=os.urandom, **options)
