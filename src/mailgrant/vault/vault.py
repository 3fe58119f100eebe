"""
Vault: grants, pending consents and clients, sealed, and the rules of who may change what.

Every write compares and sets the row's version. What is stored in the clear to find a row by is
repeated inside the seal and compared when the row is read.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailgrant.errors import (
    DamagedGrantWarning,
    GrantChanged,
    GrantNotFound,
    SettingsError,
    VaultDamaged,
    VaultLocked,
)
from mailgrant.oauth.credentials import TokenAnswer
from mailgrant.oauth.realm import Realm
from mailgrant.secret import Secret

from . import part_token, records
from .attempts import Attempts
from .audit import Audit
from .client_shelf import ClientShelf
from .consent_shelf import ConsentShelf
from .grant import TRANSITIONS, Grant, GrantStatus
from .header import Header, check_realm
from .lease import Lease
from .schedule import next_look
from .sealer import Sealer
from .sealing import Keyring
from .store import Row, VaultStore
from .unreadable import Unreadable

GRANTS = "grants"
PAGE = 500


class Vault(ClientShelf, ConsentShelf):
    """
    An open vault. Everything here is synchronous and touches the store only.

    `clock` returns the time, aware; `entropy` returns random bytes; `actor` says who we are, for the
    audit.
    """

    def __init__(self, sealer: Sealer, *, clock: Callable[[], datetime], actor: str = "") -> None:
        ClientShelf.__init__(self, sealer)
        ConsentShelf.__init__(self, sealer, clock)
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

    def grants(self) -> tuple[Grant, ...]:
        """
        Return every grant that can be read; a DamagedGrantWarning names each of the others.

        Raises VaultDamaged when there are some, and none can be read: that is no empty vault; VaultLocked
        when a key is missing.
        """
        unreadable = Unreadable()
        held = tuple(g for row in self._store.grants.find() for g in unreadable.read(self._held, row) or ())
        if unreadable.errors and not held:
            raise unreadable.errors[0]
        for error in unreadable.errors:
            warnings.warn(f"{error.message} {error.hint}", DamagedGrantWarning, stacklevel=2)
        return held

    def find(
        self, *, account: str | None = None, user: str | None = None, client_id: str | None = None
    ) -> tuple[Grant, ...]:
        """
        Return the grants that are of this address, this user of the application and this client.

        Raises VaultDamaged when one of them cannot be read: without it another could be taken for the
        only one, or its owner asked again for what is there. Whom it does not concern it does not stop.
        """
        if user == "":
            # In the clear columns it stands for nobody in particular: it would find grants of no user.
            raise SettingsError("The id of the user is empty.", hint="Give user= an id, or leave it out.")
        rows = self._store.grants.find(
            account=account.casefold() if account is not None else None, user=user, client=client_id
        )
        try:
            return tuple(grant for row in rows for grant in self._held(row))
        except VaultDamaged as error:
            if account is None:
                raise VaultDamaged(
                    error.message, hint=f"Name an account to go on with another. {error.hint}"
                ) from error
            raise

    def nameless_twins(self, grant: Grant) -> tuple[Grant, ...]:
        """Return what is kept of the same person, client and user under the address alone, besides `grant`."""
        found = self.find(account=grant.account, user=grant.user, client_id=grant.client_id)
        return tuple(one for one in found if (one.sub, one.user) == (None, grant.user) and one.id != grant.id)

    def readable_grants(self) -> Iterator[Grant]:
        """Give every grant whose row opens, a page of them at a time; `vault check` names the others."""
        after, unreadable = "", Unreadable()
        while page := self._store.grants.page(after=after, limit=PAGE):
            for row in page:
                yield from unreadable.read(self._held, row) or ()
            after = page[-1].key

    def grant(self, grant_id: str) -> Grant:
        """Return one grant; raises GrantNotFound."""
        row = self._store.grants.get(grant_id)
        if row is None:
            raise GrantNotFound("That grant is not in the vault any more.")
        return self._grant(row)

    def due(self, *, limit: int) -> tuple[Grant, ...]:
        """
        Return up to `limit` grants that the worker should look at by now, the longest due first.

        A row that does not open is passed over, so that it stands in nobody's way; `vault check` names it.
        """
        until = int(self.clock().timestamp())
        passed_over = 0
        while True:
            rows = self._store.grants.due(until=until, limit=limit + passed_over)
            unreadable = Unreadable()
            grants = tuple(grant for row in rows for grant in unreadable.read(self._held, row) or ())
            if len(rows) - len(grants) <= passed_over:
                return grants
            passed_over = len(rows) - len(grants)

    def next_due(self) -> datetime | None:
        """Return when the worker should look at the first grant, None when at none."""
        first = self._store.grants.next_due()
        return datetime.fromtimestamp(first, UTC) if first is not None else None

    def version_of(self, grant_id: str) -> int:
        """Return the version under which a grant is kept, or was forgotten; 0 when it never was here."""
        row = self._store.grants.get(grant_id)
        return row.version if row else 0

    def keep(self, grant: Grant, *, lease: Lease | None = None) -> Grant:
        """
        Write a grant and return it with its new version.

        Raises GrantChanged when the vault holds another version than `grant.version` (0: none), or
        when `lease` has passed to somebody else; then nothing was written.
        """
        kept = replace(grant, version=grant.version + 1)
        look = next_look(kept, self.clock())
        row = Row(
            kept.id,
            version=kept.version,
            sealed=b"",
            account=kept.account.casefold(),
            user=kept.user or "",
            client=kept.client_id,
            due=int(look.timestamp()) if look else None,
        )
        self.sealer.put(GRANTS, row, records.grant_to_bytes(kept), expect=grant.version, lease=lease)
        return kept

    def mark(self, grant: Grant, status: GrantStatus, reason: str) -> Grant:
        """
        Write down that a grant is dead, paused or revoked, why, and since when.

        A grant that may not become that stays as it is: a refusal that comes late does not bring
        back what was revoked. Raises GrantChanged when it was changed meanwhile.
        """
        if status not in TRANSITIONS[grant.status]:
            return grant
        since = grant.status_since if status is grant.status else self.clock()
        return self.keep(replace(grant, status=status, reason=reason, status_since=since))

    def note_use(self, grant: Grant) -> Grant:
        """Write down that somebody wants tokens of this grant, so that the worker keeps one ready."""
        return self.keep(replace(grant, used_at=self.clock()))

    def drop(self, grant: Grant) -> None:
        """
        Delete a grant, with its tokens; raises GrantChanged when it was changed meanwhile.

        Its version stays in the row, so that an older row put back in its place is found out
        (`vault check --against`).
        """
        part_token.drop_all(self._store, grant.id)
        row = Row(grant.id, version=grant.version + 1, sealed=b"")
        self.sealer.put(GRANTS, row, records.tombstone_to_bytes(self.clock()), expect=grant.version)

    # Refreshing

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

    def _held(self, row: Row) -> tuple[Grant, ...]:
        """Read a grant, none where one was forgotten; the error says whose it is, as far as the row tells."""
        try:
            return (self._grant(row),)
        except GrantNotFound:
            return ()
        except (VaultDamaged, VaultLocked) as error:
            # Anybody who may write the database has chosen these words.
            told = str(row.account)
            whose = told if told and told.isprintable() else f"row {row.key!r}"
            what = "is damaged" if isinstance(error, VaultDamaged) else "cannot be read"
            raise type(error)(f"The grant of {whose} {what}. {error.message}", hint=error.hint) from error

    def _grant(self, row: Row) -> Grant:
        record = self.sealer.open(GRANTS, row)
        if records.is_tombstone(record):
            if row.account or row.user or row.client:
                raise VaultDamaged("A row of grants was relabelled.")
            raise GrantNotFound("That grant was forgotten.")
        grant = records.grant_from_bytes(record, key=row.key, version=row.version)
        if (grant.account.casefold(), grant.user or "", grant.client_id) != (row.account, row.user, row.client):
            raise VaultDamaged("A row of grants was relabelled.")
        return replace(grant, proved=self._is_proved(grant))

    def _is_proved(self, grant: Grant) -> bool:
        """A grant out of a backup may have been replaced or revoked since the backup was made."""
        restored_at = self.sealer.header.restored_at
        return restored_at is None or max(grant.consented_at, grant.refreshed_at or grant.consented_at) > restored_at


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
