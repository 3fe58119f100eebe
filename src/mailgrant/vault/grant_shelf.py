"""
GrantShelf: what people have granted.

Every write compares and sets the row's version. What is stored in the clear to find a row by is
repeated inside the seal and compared when the row is read.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from mailgrant.errors import (
    DamagedGrantWarning,
    GrantNotFound,
    SettingsError,
    VaultDamaged,
    VaultLocked,
)

from . import part_token, records
from .grant import TRANSITIONS, Grant, GrantStatus
from .lease import Lease
from .schedule import next_look
from .sealer import Sealer
from .store import Row
from .unreadable import Unreadable

GRANTS = "grants"
PAGE = 500


class GrantShelf:
    """The grants of a vault: found, kept, marked, and let go."""

    def __init__(self, sealer: Sealer, clock: Callable[[], datetime]) -> None:
        self.sealer = sealer
        self.clock = clock
        self._store = sealer.store

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
