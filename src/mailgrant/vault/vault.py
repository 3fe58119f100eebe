"""
Vault: grants, pending consents and clients, sealed, and the rules of who may change what.

What is kept of each is on a shelf of its own; here are the vault itself, the leases, and what takes
more than one shelf.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from mailgrant.errors import GrantChanged, SettingsError
from mailgrant.oauth.credentials import TokenAnswer
from mailgrant.oauth.realm import Realm
from mailgrant.secret import Secret

from .attempts import Attempts
from .audit import Audit, Deed
from .client_shelf import ClientShelf
from .consent_shelf import ConsentShelf
from .grant import Grant, GrantStatus
from .grant_shelf import GrantShelf
from .header import Header, check_realm
from .lease import Lease
from .sealer import Sealer
from .sealing import Keyring
from .store import VaultStore


class Vault(ClientShelf, ConsentShelf, GrantShelf):
    """
    An open vault. Everything here is synchronous and touches the store only.

    `clock` returns the time, aware; `entropy` returns random bytes; `actor` says who we are, for the
    audit.
    """

    def __init__(self, sealer: Sealer, *, clock: Callable[[], datetime], actor: str = "") -> None:
        ClientShelf.__init__(self, sealer)
        ConsentShelf.__init__(self, sealer, clock)
        GrantShelf.__init__(self, sealer, clock)
        self.audit = Audit(sealer, clock=clock, actor=actor)
        self.attempts = Attempts(sealer)

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
        find_keys: Callable[[Header], Keyring] | None = None,
        actor: str = "",
    ) -> Vault | None:
        """Make a vault in an empty store; None when somebody else has made one there meanwhile."""
        header = Header(vault_id, realm.name, key_source, b"", details).sealed_by(keyring, entropy)
        if not store.write_header(header.to_bytes()):
            return None
        find = find_keys or (lambda _: keyring)
        return cls(
            Sealer(store, header=header, keyring=keyring, find_keys=find, entropy=entropy), clock=clock, actor=actor
        )

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
        find_keys: Callable[[Header], Keyring] | None = None,
        actor: str = "",
    ) -> Vault:
        """
        Open a vault that is there.

        `find_keys` looks its keys up again when they were rotated. Raises SettingsError when it
        belongs to the other realm, VaultLocked when the key is another, VaultDamaged when its
        header was changed.
        """
        check_realm(header, realm, place)
        header.check(keyring, place)
        find = find_keys or (lambda _: keyring)
        return cls(
            Sealer(store, header=header, keyring=keyring, find_keys=find, entropy=entropy), clock=clock, actor=actor
        )

    @property
    def id(self) -> str:
        """The vault's own name, made when it was."""
        return self.sealer.header.vault_id

    @property
    def key_source(self) -> str:
        """Where its key comes from: "environment", "file", "keyring" or "passphrase"."""
        return self.sealer.header.key_source

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    def remove_unused_client(self, client_id: str) -> None:
        """Delete a client that no grant needs any more; raises SettingsError when one does."""
        self.known_client(client_id)
        needing = self.find(client_id=client_id)
        if needing:
            names = ", ".join(sorted({grant.account for grant in needing}))
            raise SettingsError(
                f"The client {client_id} is still needed by the grants of {names}.",
                hint="Forget them first: `mailgrant grant forget EMAIL`.",
            )
        self.remove_client(client_id)
        self.audit.note(Deed.CLIENT_REMOVED, client_id=client_id)

    @property
    def lease_length(self) -> timedelta:
        """How long a lease lasts."""
        return self._store.leases.length

    def lease(self, grant_id: str) -> Lease:
        """Return the lease on a grant as it stands."""
        return self._store.leases.read(grant_id)

    def take_lease(self, lease: Lease) -> Lease | None:
        """Take the lease that was read, unless somebody was faster."""
        return self._store.leases.take(lease)

    def release(self, lease: Lease) -> None:
        """Give the lease back, if it is still ours."""
        self._store.leases.release(lease)

    def keep_refreshed(self, lease: Lease, *, used: Secret | None, answer: TokenAnswer) -> Grant:
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
                    return self.keep(_refreshed(grant, answer, self.clock()), lease=lease)
                return self.keep(_with_refresh_token(grant, answer.refresh_token))
            except GrantChanged:
                # Somebody else wrote between our look and our write, so look again: each turn of this
                # loop is one write of theirs.
                continue


def _refreshed(grant: Grant, answer: TokenAnswer, now: datetime) -> Grant:
    resumed = grant.status is GrantStatus.PAUSED
    return replace(
        grant,
        credentials=grant.credentials.refreshed(answer, now),
        refreshed_at=now,
        status=GrantStatus.ACTIVE if resumed else grant.status,
        reason="" if resumed else grant.reason,
        status_since=now if resumed else grant.status_since,
    )


def _with_refresh_token(grant: Grant, refresh_token: Secret | None) -> Grant:
    return replace(grant, credentials=replace(grant.credentials, refresh_token=refresh_token))
