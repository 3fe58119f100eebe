"""
Vault: grants, pending consents and clients, sealed, and the rules of who may change what.

Every write compares and sets the row's version. What is stored in the clear to find a row by is
repeated inside the seal and compared when the row is read.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mailgrant.errors import ConsentExpired, GrantChanged, GrantNotFound, SettingsError, VaultDamaged, VaultLocked
from mailgrant.oauth.client_secrets import ClientSecrets
from mailgrant.oauth.consent import Consent
from mailgrant.oauth.credentials import TokenAnswer
from mailgrant.oauth.realm import Realm, RealmName
from mailgrant.secret import Secret

from . import records
from .grant import TRANSITIONS, Grant, GrantStatus
from .lease import Lease
from .sealing import FORMAT, Keyring, Place, seal, unseal
from .store import Row, VaultStore

GRANTS, CONSENTS, CLIENTS, HEADER = "grants", "consents", "clients", "header"
VERSION_OF_HEADER = 1
SWEEP_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Header:
    """What a vault says about itself in the clear: its id, its realm, and where its key comes from."""

    vault_id: str
    realm: RealmName
    key_source: str
    sealed: bytes
    details: str = ""

    def to_bytes(self) -> bytes:
        """Write the header down."""
        values = {
            "format": FORMAT,
            "id": self.vault_id,
            "realm": self.realm.value,
            "key_source": self.key_source,
            "details": self.details,
            "sealed": b64encode(self.sealed).decode(),
        }
        return json.dumps(values, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, header: bytes, place: str) -> Header:
        """Read a header; raises SettingsError for a vault newer than this mailgrant, VaultDamaged for none."""
        try:
            values: dict[str, Any] = json.loads(header)
            if values["format"] > FORMAT:
                raise SettingsError(
                    f"The vault {place} was made by a newer mailgrant; it was not touched.", hint="Update mailgrant."
                )
            # The id names the key's file: it must not lead elsewhere.
            if not (values["id"].isascii() and values["id"].isalnum()):
                raise ValueError("an id of letters and digits is wanted")
            realm, sealed = RealmName(values["realm"]), b64decode(values["sealed"])
            return cls(values["id"], realm, values["key_source"], sealed, values["details"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise VaultDamaged(f"The header of the vault {place} cannot be read.") from error


class Vault:
    """
    An open vault. Everything here is synchronous and touches the store only.

    `clock` returns the time, aware; `entropy` returns random bytes.
    """

    def __init__(
        self,
        store: VaultStore,
        *,
        keyring: Keyring,
        header: Header,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._header = header
        self._clock = clock
        self._entropy = entropy
        self._swept_at: datetime | None = None

    @classmethod
    def create(
        cls,
        store: VaultStore,
        *,
        vault_id: str,
        keyring: Keyring,
        key_source: str,
        details: str = "",
        realm: Realm,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> Vault | None:
        """Make a vault in an empty store; None when somebody else has made one there meanwhile."""
        place = Place(vault_id, HEADER, vault_id, "header", VERSION_OF_HEADER)
        facts = json.dumps({"realm": realm.name.value, "key_source": key_source}).encode()
        header = Header(vault_id, realm.name, key_source, seal(facts, place, keyring, entropy), details)
        if not store.write_header(header.to_bytes()):
            return None
        return cls(store, keyring=keyring, header=header, clock=clock, entropy=entropy)

    @classmethod
    def open(
        cls,
        store: VaultStore,
        *,
        header: Header,
        keyring: Keyring,
        realm: Realm,
        place: str,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> Vault:
        """
        Open a vault that is there.

        Raises SettingsError when it belongs to the other realm, VaultLocked when the key is another,
        VaultDamaged when its header was changed.
        """
        check_realm(header, realm, place)
        where = Place(header.vault_id, HEADER, header.vault_id, "header", VERSION_OF_HEADER)
        facts = json.loads(unseal(header.sealed, where, keyring))
        if (facts["realm"], facts["key_source"]) != (header.realm.value, header.key_source):
            raise VaultDamaged(f"The header of the vault {place} was changed.")
        return cls(store, keyring=keyring, header=header, clock=clock, entropy=entropy)

    @property
    def id(self) -> str:
        """The vault's own name, made when it was."""
        return self._header.vault_id

    @property
    def key_source(self) -> str:
        """Where its key comes from: "environment", "file", "keyring" or "passphrase"."""
        return self._header.key_source

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    # Clients

    def add_client(self, client: ClientSecrets) -> None:
        """Keep a client, in place of the one with the same id."""
        row = self._store.clients.get(client.client_id)
        version = row.version if row else 0
        sealed = self._seal(CLIENTS, client.client_id, version + 1, records.client_to_bytes(client))
        self._store.clients.put(Row(client.client_id, version=version + 1, sealed=sealed), expect=version)

    def clients(self) -> tuple[ClientSecrets, ...]:
        """Return every client."""
        return tuple(self._client(row) for row in self._store.clients.find())

    def client(self, client_id: str) -> ClientSecrets:
        """Return one client; raises SettingsError when it is not here."""
        row = self._store.clients.get(client_id)
        if row is None:
            raise SettingsError(
                f"The OAuth client {client_id} is not in the vault.", hint="Add its file with `mailgrant client add`."
            )
        return self._client(row)

    # Pending consents

    def remember(self, consent: Consent) -> None:
        """Keep a question until it is answered, and sweep out those that nobody answered in time."""
        self._sweep()
        sealed = self._seal(CONSENTS, consent.id, 1, records.consent_to_bytes(consent))
        self._store.consents.put(Row(consent.id, version=1, sealed=sealed), expect=0)

    def take_consent(self, consent_id: str) -> Consent:
        """
        Take a pending consent out, in one step: whoever races for it, one gets it.

        Raises ConsentExpired when it is not there (any more), or is too old.
        """
        row = self._store.consents.take(consent_id)
        if row is None:
            raise ConsentExpired("This consent was answered already, was never asked here, or has expired.")
        consent = records.consent_from_bytes(self._unseal(CONSENTS, row), key=row.key)
        if self._clock() > consent.expires_at:
            raise ConsentExpired("The answer came too late: a link is good for ten minutes.")
        return consent

    def pending_consents(self) -> tuple[Consent, ...]:
        """Return the questions that are open."""
        rows = self._store.consents.find()
        pending = (records.consent_from_bytes(self._unseal(CONSENTS, row), key=row.key) for row in rows)
        return tuple(consent for consent in pending if consent.expires_at >= self._clock())

    # Grants

    def grants(self) -> tuple[Grant, ...]:
        """Return every grant."""
        return self.find()

    def find(
        self, *, account: str | None = None, user: str | None = None, client_id: str | None = None
    ) -> tuple[Grant, ...]:
        """Return the grants that are of this address, this user of the application and this client."""
        if user == "":
            # In the clear columns it stands for nobody in particular: it would find grants of no user.
            raise SettingsError("The id of the user is empty.", hint="Give user= an id, or leave it out.")
        rows = self._store.grants.find(
            account=account.casefold() if account is not None else None, user=user, client=client_id
        )
        return tuple(self._grant(row) for row in rows)

    def grant(self, grant_id: str) -> Grant:
        """Return one grant; raises GrantNotFound."""
        row = self._store.grants.get(grant_id)
        if row is None:
            raise GrantNotFound("That grant is not in the vault any more.")
        return self._grant(row)

    def keep(self, grant: Grant, *, lease: Lease | None = None) -> Grant:
        """
        Write a grant and return it with its new version.

        Raises GrantChanged when the vault holds another version than `grant.version` (0: none), or
        when `lease` has passed to somebody else; then nothing was written.
        """
        kept = replace(grant, version=grant.version + 1)
        row = Row(
            kept.id,
            version=kept.version,
            sealed=self._seal(GRANTS, kept.id, kept.version, records.grant_to_bytes(kept)),
            account=kept.account.casefold(),
            user=kept.user or "",
            client=kept.client_id,
        )
        self._store.grants.put(row, expect=grant.version, lease=lease)
        return kept

    def mark(self, grant: Grant, status: GrantStatus, reason: str) -> Grant:
        """
        Write down that a grant is dead or revoked, and why.

        A grant that may not become that stays as it is: a refusal that comes late does not bring
        back what was revoked. Raises GrantChanged when it was changed meanwhile.
        """
        if status not in TRANSITIONS[grant.status]:
            return grant
        return self.keep(replace(grant, status=status, reason=reason))

    def drop(self, grant: Grant) -> None:
        """Delete a grant; raises GrantChanged when it was changed meanwhile."""
        self._store.grants.delete(grant.id, expect=grant.version)

    # Refreshing

    def lease(self, grant_id: str) -> Lease:
        """Return the lease on a grant as it stands."""
        return self._store.leases.read(grant_id)

    def take_lease(self, lease: Lease) -> Lease | None:
        """Take the lease that was read, unless somebody was faster."""
        return self._store.leases.take(lease)

    def release(self, lease: Lease) -> None:
        """Give the lease back, if it is still ours."""
        self._store.leases.release(lease)

    def keep_refreshed(self, lease: Lease, *, used: Secret, answer: TokenAnswer) -> Grant:
        """
        Store what a refresh gave, and return the grant as it stands afterwards.

        By compare-and-set on the fence. An answer that comes too late is dropped, unless the refresh
        token in the vault is still the one it used: then only a new refresh token in it is stored,
        because the old one may have ended with it. What was revoked meanwhile stays as it is.
        """
        while True:
            grant = self.grant(lease.grant_id)
            if grant.credentials.refresh_token != used or grant.status is GrantStatus.REVOKED:
                return grant
            on_time = self.lease(lease.grant_id).fence == lease.fence
            if not on_time and answer.refresh_token is None:
                return grant
            try:
                if on_time:
                    return self.keep(_refreshed(grant, answer, self._clock()), lease=lease)
                return self.keep(_with_refresh_token(grant, answer.refresh_token))
            except GrantChanged:
                # Somebody else wrote between our look and our write, so look again: each turn of this
                # loop is one write of theirs.
                continue

    # Sealing

    def _sweep(self) -> None:
        now = self._clock()
        # To see how old they are each must be opened, which is not worth doing for each new question.
        if self._swept_at is not None and timedelta(0) <= now - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = now
        for row in self._store.consents.find():
            if self._is_over(row, now):
                self._store.consents.take(row.key)

    def _is_over(self, row: Row, now: datetime) -> bool:
        try:
            return records.consent_from_bytes(self._unseal(CONSENTS, row), key=row.key).expires_at < now
        except VaultDamaged:
            # Nobody can answer it any more, and it must not stand in the way of those who can.
            return True

    def _client(self, row: Row) -> ClientSecrets:
        client = records.client_from_bytes(self._unseal(CLIENTS, row))
        if client.client_id != row.key:
            raise VaultDamaged("A row of clients was relabelled.")
        return client

    def _grant(self, row: Row) -> Grant:
        grant = records.grant_from_bytes(self._unseal(GRANTS, row), key=row.key, version=row.version)
        if (grant.account.casefold(), grant.user or "", grant.client_id) != (row.account, row.user, row.client):
            raise VaultDamaged("A row of grants was relabelled.")
        return grant

    def _seal(self, table: str, row: str, version: int, plain: bytes) -> bytes:
        return seal(plain, Place(self.id, table, row, "sealed", version), self._keyring, self._entropy)

    def _unseal(self, table: str, row: Row) -> bytes:
        return unseal(row.sealed, Place(self.id, table, row.key, "sealed", row.version), self._keyring)


def check_realm(header: Header, realm: Realm, place: str) -> None:
    """Raise SettingsError when a vault belongs to the other realm: Google and a sandbox never mix."""
    if header.realm is realm.name:
        return
    if header.realm is RealmName.GOOGLE:
        raise SettingsError(
            f"The vault {place} holds grants at Google, and MAILGRANT_GOOGLE names a sandbox.",
            hint="Unset MAILGRANT_GOOGLE, or name another vault (MAILGRANT_VAULT, --vault).",
        )
    raise SettingsError(
        f"The vault {place} belongs to a sandbox, and MAILGRANT_GOOGLE is not set.",
        hint="Set MAILGRANT_GOOGLE to the sandbox, or name another vault (MAILGRANT_VAULT, --vault).",
    )


def _refreshed(grant: Grant, answer: TokenAnswer, now: datetime) -> Grant:
    return replace(grant, credentials=grant.credentials.refreshed(answer, now), refreshed_at=now)


def _with_refresh_token(grant: Grant, refresh_token: Secret | None) -> Grant:
    return replace(grant, credentials=replace(grant.credentials, refresh_token=refresh_token))


def locked(place: str, source: str) -> VaultLocked:
    """The error for a vault whose key is not where its header says it is."""
    return VaultLocked(f"The vault {place} is locked: its key comes from the {source}, and there is none.")
