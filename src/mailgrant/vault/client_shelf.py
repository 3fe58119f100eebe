"""ClientShelf: the OAuth clients and service accounts that a vault keeps."""

from __future__ import annotations

from dataclasses import replace

from mailgrant.errors import GrantChanged, SettingsError, VaultDamaged
from mailgrant.oauth.client_secrets import ClientSecrets
from mailgrant.oauth.service_account import ServiceAccountKey

from . import records
from .client import KnownClient
from .sealer import Sealer
from .store import Row

CLIENTS = "clients"


class ClientShelf:
    """The clients of a vault; each write compares and sets its version."""

    def __init__(self, sealer: Sealer) -> None:
        self.sealer = sealer
        self._store = sealer.store

    def add_client(self, client: ClientSecrets | ServiceAccountKey, *, testing: bool | None = None) -> KnownClient:
        """
        Keep a client, in place of the one with the same id; what was wrong with that one is forgotten.

        `testing` says whether its project's publishing status is Testing; None leaves it as it was.
        """
        while True:
            known = self._known_client(client.client_id)
            was_testing = known.testing if known else False
            version = known.version if known else 0
            as_told = was_testing if testing is None else testing
            try:
                return self.keep_client(KnownClient(client, testing=as_told, version=version))
            except GrantChanged:
                # Somebody wrote down how Google took the one before; this one takes its place all the same.
                continue

    def keep_client(self, client: KnownClient) -> KnownClient:
        """Write a client; raises GrantChanged when the vault holds another version than `client.version`."""
        kept = replace(client, version=client.version + 1)
        row = Row(kept.client_id, version=kept.version, sealed=b"")
        self.sealer.put(CLIENTS, row, records.client_to_bytes(kept), expect=client.version)
        return kept

    def remove_client(self, client_id: str) -> None:
        """Delete a client; raises SettingsError when it is not here."""
        self._store.clients.delete(client_id, expect=self.known_client(client_id).version)

    def known_clients(self) -> tuple[KnownClient, ...]:
        """Return every client, with what is known about each."""
        return tuple(self._client(row) for row in self._store.clients.find())

    def known_client(self, client_id: str) -> KnownClient:
        """Return one client, with what is known about it; raises SettingsError when it is not here."""
        known = self._known_client(client_id)
        if known is None:
            raise SettingsError(
                f"The OAuth client {client_id} is not in the vault.", hint="Add its file with `mailgrant client add`."
            )
        return known

    def clients(self) -> tuple[ClientSecrets, ...]:
        """Return every client that asks people, which a service account does not."""
        return tuple(known.secrets for known in self.known_clients() if isinstance(known.secrets, ClientSecrets))

    def client(self, client_id: str) -> ClientSecrets:
        """Return one client that asks people; raises SettingsError when it is not here, or does not."""
        secrets = self.known_client(client_id).secrets
        if isinstance(secrets, ServiceAccountKey):
            raise SettingsError(
                f"{client_id} is a service account: it asks nobody, an administrator lets it act for people.",
                hint=f"`mailgrant grant ask EMAIL --client {client_id} --scope S`, or delegate(), acts for EMAIL.",
            )
        return secrets

    def _known_client(self, client_id: str) -> KnownClient | None:
        row = self._store.clients.get(client_id)
        return self._client(row) if row is not None else None

    def _client(self, row: Row) -> KnownClient:
        client = records.client_from_bytes(self.sealer.open(CLIENTS, row), version=row.version)
        if client.client_id != row.key:
            raise VaultDamaged("A row of clients was relabelled.")
        return client
