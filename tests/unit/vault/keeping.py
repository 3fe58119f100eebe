"""A person's vault for the tests of keeping it: its folders, its keys, and something in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from mailgrant.key_drawer import KeyDrawer
from mailgrant.keys import KeyCabinet, KeySource
from mailgrant.locksmith import Locksmith
from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.realm import Realm
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret
from mailgrant.settings import Settings
from mailgrant.storage import open_store
from mailgrant.vault.audit import Deed
from mailgrant.vault.grant import Grant, grant_id
from mailgrant.vault.store import VaultStore
from mailgrant.vault.vault import Vault

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
SANDBOX = Realm.at("http://127.0.0.1:8025")
CLIENT = ClientSecrets("17-a.apps.googleusercontent.com", client_secret=Secret("GOCSPX-a"), kind=ClientKind.INSTALLED)
ADA = "ada@example.com"
GRACE = "grace@example.com"


class Household:
    """One person's folders, and the passphrases they would type."""

    def __init__(self, folder: Path, source: KeySource = KeySource.FILE) -> None:
        self.config = folder / "config"
        self.place = str(folder / "data" / "vault.db")
        self.source = source
        self.environ: dict[str, str] = {}
        self.given: str | None = None
        self.passphrases: list[str] = []

    def cabinet(self) -> KeyCabinet:
        return KeyCabinet(
            given=self.given,
            environ=self.environ,
            config_folder=self.config,
            entropy=os.urandom,
            ask=lambda prompt: self.passphrases.pop(0),
        )

    def settings(self, place: str | None = None) -> Settings:
        return Settings(
            vault=place or self.place,
            google=SANDBOX.origin,
            key=self.given,
            environ=self.environ,
            config_folder=self.config,
            data_folder=Path(self.place).parent,
        )

    def drawer(self, to: KeySource | None = None) -> KeyDrawer:
        return KeyDrawer(self.cabinet(), self.place, to=to)

    def open(self, store: VaultStore | None = None, *, clock: Callable[[], datetime] = lambda: NOW) -> Vault:
        at = store or open_store(self.place)
        locksmith = Locksmith(store=at, place=self.place, realm=SANDBOX, cabinet=self.cabinet(), clock=clock)
        return locksmith.open_or_create(self.source)

    def key_file(self) -> Path:
        (found,) = self.config.rglob("*.key")
        return found


def furnish(vault: Vault) -> None:
    """Put a client, two grants and what was done with them into a vault."""
    vault.add_client(CLIENT)
    for account in (ADA, GRACE):
        vault.keep(a_grant(account))
        vault.audit.note(Deed.CONSENT_COMPLETED, account=account)


def a_grant(account: str = ADA, *, refresh_token: str = "1//0-old") -> Grant:
    sub = f"sub of {account}"
    return Grant(
        account,
        id=grant_id(client_id=CLIENT.client_id, sub=sub, account=account, user=None),
        sub=sub,
        user=None,
        client_id=CLIENT.client_id,
        verified=True,
        asked=Scopes("gmail.send"),
        scopes=Scopes("gmail.send"),
        credentials=Credentials(
            Secret("sandbox access"), refresh_token=Secret(refresh_token), expires_at=NOW, scopes=Scopes("gmail.send")
        ),
        consented_at=NOW,
    )


def contents(vault: Vault) -> tuple[object, ...]:
    """Everything that a vault holds, as its owner sees it, without what was noted about keys."""
    deeds = [entry.deed for entry in vault.audit.entries() if entry.deed.value.startswith("consent")]
    return vault.grants(), vault.known_clients(), deeds
