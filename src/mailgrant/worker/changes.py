"""
Changes: which grants died, paused, work again, were revoked or consented to, whoever did it.

Every process that changes a grant writes a line into the audit. The worker reads on from the last
line it knows, and compares the grants named there with what it remembers of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailgrant.errors import VaultDamaged
from mailgrant.vault.audit import Deed
from mailgrant.vault.foresight import remedy
from mailgrant.vault.grant import GrantStatus

if TYPE_CHECKING:
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.vault import Vault

# The clocks of several hosts do not quite agree, so that a line may come before one that is older.
CLOCKS_DIFFER = timedelta(minutes=1)
TELLING = frozenset(
    {
        Deed.CONSENT_COMPLETED,
        Deed.IMPORTED,
        Deed.GRANT_DIED,
        Deed.GRANT_PAUSED,
        Deed.GRANT_RESUMED,
        Deed.REVOKED,
        Deed.FORGOTTEN,
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """
    One grant that came to another status.

    `before` is None for a grant that is new. `remedy` says what somebody can do, and is empty where
    nothing needs doing. `at` is when the worker saw it.
    """

    account: str
    user: str | None = field(kw_only=True)
    status: str = field(kw_only=True)
    before: str | None = field(kw_only=True)
    reason: str = field(kw_only=True)
    remedy: str = field(kw_only=True)
    at: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a grant: enough to see that it changed, and no secret."""

    account: str
    user: str | None
    status: GrantStatus
    consented_at: datetime


class Changes:
    """What is remembered of every grant, to see what became of it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._read_until = vault.clock() - CLOCKS_DIFFER
        self._known = {grant.id: _known(grant) for grant in vault.readable_grants()}

    def look(self) -> tuple[Change, ...]:
        """Return what has changed since the last look."""
        now = self._vault.clock()
        since, self._read_until = self._read_until, now - CLOCKS_DIFFER
        accounts = {entry.account for entry in self._vault.audit.since(since) if entry.deed in TELLING}
        return tuple(change for account in sorted(accounts) for change in self._compared(account, now))

    def _compared(self, account: str, now: datetime) -> Iterator[Change]:
        try:
            found = {grant.id: grant for grant in self._vault.find(account=account)}
        except VaultDamaged:
            # What became of it nobody can tell, and it is not gone; the others' changes are told.
            return
        for grant in found.values():
            before = self._known.get(grant.id)
            if before != _known(grant):
                self._known[grant.id] = _known(grant)
                yield _change(grant, before, now)
        for grant_id in [key for key, known in self._known.items() if known.account == account and key not in found]:
            gone = self._known.pop(grant_id)
            if gone.status is not GrantStatus.REVOKED:
                yield _forgotten(gone, now)


def _known(grant: Grant) -> Known:
    return Known(grant.account, grant.user, grant.status, grant.consented_at)


def _change(grant: Grant, before: Known | None, now: datetime) -> Change:
    return Change(
        grant.account,
        user=grant.user,
        status=grant.status.value,
        before=before.status.value if before else None,
        reason=grant.reason,
        remedy=remedy(grant),
        at=now,
    )


def _forgotten(known: Known, now: datetime) -> Change:
    return Change(
        known.account,
        user=known.user,
        status=GrantStatus.REVOKED.value,
        before=known.status.value,
        reason="The grant was forgotten.",
        remedy=f"Ask again: mailgrant login {known.account}",
        at=now,
    )
