"""
Audit: who did what to which grant, when; sealed rows that are only ever added.

Somebody who may write the database can delete entries; he cannot forge or change one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from mailgrant.errors import VaultDamaged
from mailgrant.oauth.scopes import Scopes

from .grant import Grant
from .sealer import Sealer
from .store import Row

TABLE = "audit"
PAGE = 200


class Deed(Enum):
    """What was done."""

    CONSENT_BEGUN = "consent begun"
    CONSENT_COMPLETED = "consent completed"
    CONSENT_REFUSED = "consent refused"
    KEY_USED = "service account's key used"
    TOKEN_HANDED_OUT = "token handed out"  # noqa: S105 (the name of a deed)
    GRANT_DIED = "grant died"
    GRANT_PAUSED = "grant paused"
    GRANT_RESUMED = "grant resumed"
    REVOKED = "revoked"
    FORGOTTEN = "forgotten"
    IMPORTED = "imported"
    EXPORTED = "exported"
    CLIENT_ADDED = "client added"
    CLIENT_REMOVED = "client removed"
    CLIENT_BROKEN = "client broken"
    CLIENT_MENDED = "client mended"
    ROTATED = "key rotated"
    BACKED_UP = "backed up"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    One line of the audit.

    `actor` is who did it: the user, the host, the process and its program. `account`, `user` and
    `client_id` are empty where the deed was not about one.
    """

    at: datetime
    deed: Deed
    actor: str = field(kw_only=True)
    account: str = field(kw_only=True, default="")
    user: str = field(kw_only=True, default="")
    client_id: str = field(kw_only=True, default="")
    scopes: Scopes = field(kw_only=True, default_factory=Scopes)
    detail: str = field(kw_only=True, default="")


class Audit:
    """The audit of one vault."""

    def __init__(self, sealer: Sealer, *, clock: Callable[[], datetime], actor: str) -> None:
        self._sealer = sealer
        self._clock = clock
        self._actor = actor

    def note(
        self,
        deed: Deed,
        *,
        account: str = "",
        user: str | None = None,
        client_id: str = "",
        scopes: Scopes | None = None,
        detail: str = "",
    ) -> None:
        """Add an entry, dated now."""
        entry = AuditEntry(
            self._clock().astimezone(UTC),
            deed,
            actor=self._actor,
            account=account,
            user=user or "",
            client_id=client_id,
            scopes=scopes if scopes is not None else Scopes(),
            detail=detail,
        )
        # The time first, so that the keys' order is the order of the deeds.
        key = f"{_key_of(entry.at)}-{self._sealer.entropy(6).hex()}"
        row = Row(key, version=1, sealed=b"", account=account.casefold(), user=entry.user, client=client_id)
        self._sealer.put(TABLE, row, _to_bytes(entry), expect=0)

    def note_grant(self, deed: Deed, grant: Grant, *, scopes: Scopes | None = None, detail: str = "") -> None:
        """Add an entry about a grant: about `scopes` of it, or all that it allows."""
        self.note(
            deed,
            account=grant.account,
            user=grant.user,
            client_id=grant.client_id,
            scopes=grant.scopes if scopes is None else scopes,
            detail=detail,
        )

    def entries(self, *, account: str | None = None) -> Iterator[AuditEntry]:
        """Give the entries, the newest first; those about one account if it is named."""
        rows = self._sealer.store.audit
        if account is not None:
            found = rows.find(account=account.casefold())
            yield from (self.entry(row) for row in sorted(found, key=lambda row: str(row.key), reverse=True))
            return
        after = ""
        while page := rows.page(after=after, limit=PAGE, backwards=True):
            yield from map(self.entry, page)
            after = page[-1].key

    def since(self, moment: datetime) -> Iterator[AuditEntry]:
        """Give the entries from `moment` on, the oldest first."""
        after = _key_of(moment)
        while page := self._sealer.store.audit.page(after=after, limit=PAGE):
            yield from map(self.entry, page)
            after = page[-1].key

    def entry(self, row: Row) -> AuditEntry:
        """Read one entry; raises VaultDamaged when its row was put on somebody else."""
        entry = _from_bytes(self._sealer.open(TABLE, row))
        if (entry.account.casefold(), entry.user, entry.client_id) != (row.account, row.user, row.client):
            raise VaultDamaged("A row of the audit was relabelled.")
        return entry


def _key_of(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%f}"


def _to_bytes(entry: AuditEntry) -> bytes:
    values = {
        "at": entry.at.isoformat(),
        "deed": entry.deed.value,
        "actor": entry.actor,
        "account": entry.account,
        "user": entry.user,
        "client_id": entry.client_id,
        "scopes": str(entry.scopes),
        "detail": entry.detail,
    }
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode()


def _from_bytes(record: bytes) -> AuditEntry:
    values = json.loads(record)
    return AuditEntry(
        datetime.fromisoformat(values["at"]),
        Deed(values["deed"]),
        actor=values["actor"],
        account=values["account"],
        user=values["user"],
        client_id=values["client_id"],
        scopes=Scopes.granted(values["scopes"]),
        detail=values["detail"],
    )
