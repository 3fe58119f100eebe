"""`mailgrant init`: a vault and its key."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from .invocation import Invocation
from .output import say
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
    """Make the vault and its key; without it, the first login does, with a key file."""
    invocation.announce()
    vault = make_vault(invocation.settings, source)
    place = invocation.settings.vault_place()
    content = {"id": vault.id, "realm": vault.realm, "vault": place}
    vault.close()
    invocation.printer.one(content, f"The vault is {place}.")


def make_vault(settings: Settings, source: str) -> Vault:
    """Make the vault that the settings name; raises VaultError when it is there already."""
    from mailgrant.errors import VaultError
    from mailgrant.keys import KeyCabinet, KeySource, open_or_create
    from mailgrant.storage import open_store

    place = settings.vault_place()
    store = open_store(place)
    if store.read_header() is not None:
        raise VaultError(
            f"There is a vault at {place} already.", hint="Nothing was changed. --vault names another place."
        )
    cabinet = KeyCabinet(
        given=settings.key, environ=settings.environ, config_folder=settings.config_folder, entropy=os.urandom
    )
    return open_or_create(
        store,
        place=place,
        realm=settings.realm(),
        cabinet=cabinet,
        clock=lambda: datetime.now(UTC),
        entropy=os.urandom,
        source=KeySource(source),
        say=say,
    )
