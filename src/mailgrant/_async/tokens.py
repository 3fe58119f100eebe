"""
Tokens: a fresh access token for one grant, with one refresh however many ask at once.

Tasks and threads of this process take turns at a lock; processes and hosts take turns at the
vault's lease. Whoever holds the lease asks Google; the others watch the vault until the new token
is there, or until the lease has run out on their own clock (`vault.lease`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailgrant.errors import ConsentNeeded, GrantRevoked, MailgrantError
from mailgrant.oauth import calls
from mailgrant.oauth.credentials import TokenState
from mailgrant.vault.grant import GrantStatus

from .waiting import AsyncLock, in_thread, sleep

if TYPE_CHECKING:
    from mailgrant.secret import Secret
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.lease import Lease
    from mailgrant.vault.vault import Vault

    from .line import AsyncLine

# A revoke by another process is seen at the latest after this long.
RECHECK = timedelta(seconds=30)


class AsyncTokens:
    """The access tokens of one grant."""

    def __init__(self, vault: Vault, line: AsyncLine, grant: Grant, clock: Callable[[], datetime]) -> None:
        self._vault = vault
        self._line = line
        self._clock = clock
        self._grant = grant
        self._read_at = time.monotonic()
        self._turn = AsyncLock()

    async def grant(self) -> Grant:
        """Return the grant, at most half a minute old; raises ConsentNeeded when it is dead."""
        if time.monotonic() - self._read_at > RECHECK.total_seconds():
            await self._reread()
        return alive(self._grant)

    async def fresh(self, *, refused: Secret | None = None) -> Secret:
        """
        Return an access token that is good for some minutes yet, refreshing if need be.

        `refused` is a token that Google has just turned down: another one is wanted, whatever its
        expiry says. Raises ConsentNeeded when only a person can mend the grant.
        """
        await self.grant()
        token = self._usable(refused)
        if token is not None:
            return token
        async with self._turn:
            token = self._usable(refused)
            if token is not None:
                return token
            try:
                return await self._refreshed(refused)
            except MailgrantError as error:
                stale = self._stale(refused)
                if error.retryable and stale is not None:
                    return stale
                raise

    def expires_at(self) -> datetime | None:
        """Return when the access token last handed out ends."""
        return self._grant.credentials.expires_at

    async def _refreshed(self, refused: Secret | None) -> Secret:
        from mailgrant.vault.lease import POLL, LeaseWatch

        watch = LeaseWatch()
        while True:
            lease = await in_thread(self._vault.lease, self._grant.id)
            if watch.may_take(lease, time.monotonic()):
                taken = await in_thread(self._vault.take_lease, lease)
                if taken is not None:
                    return await self._refresh_holding(taken, refused)
            await sleep(POLL)
            await self._reread()
            token = self._usable(refused)
            if token is not None:
                return token

    async def _refresh_holding(self, lease: Lease, refused: Secret | None) -> Secret:
        try:
            # Somebody may have refreshed between our last look and our lease.
            await self._reread()
            return self._usable(refused) or await self._refresh(lease, refused)
        finally:
            await in_thread(self._vault.release, lease)

    async def _refresh(self, lease: Lease, refused: Secret | None) -> Secret:
        grant = alive(self._grant)
        used = grant.credentials.refresh_token
        if used is None:
            raise needs_consent(grant, "There is no refresh token for this grant.")
        client = await in_thread(self._vault.client, grant.client_id)
        try:
            answer = await self._line.ask(calls.refresh(client, used, account=grant.account))
        except GrantRevoked as error:
            await self._bury(grant, used, error)
            # Still alive: a newer consent came meanwhile, and its token is the one to use.
            return self._usable(refused) or await self._refresh(lease, refused)
        self._keep(await in_thread(self._vault.keep_refreshed, lease, used=used, answer=answer))
        return answer.access_token

    async def _bury(self, grant: Grant, used: Secret, error: GrantRevoked) -> None:
        """Mark the grant dead, unless a newer consent has replaced the token that was refused."""
        await self._reread()
        if self._grant.credentials.refresh_token == used:
            self._keep(await in_thread(self._vault.mark, self._grant, GrantStatus.NEEDS_CONSENT, error.message))
            raise needs_consent(grant, error.message) from error

    async def _reread(self) -> None:
        self._keep(await in_thread(self._vault.grant, self._grant.id))

    def _keep(self, grant: Grant) -> None:
        self._grant = grant
        self._read_at = time.monotonic()

    def _usable(self, refused: Secret | None) -> Secret | None:
        credentials = alive(self._grant).credentials
        token = credentials.access_token
        if token is None or token == refused or credentials.state(self._clock()) is not TokenState.FRESH:
            return None
        return token

    def _stale(self, refused: Secret | None) -> Secret | None:
        """Return the token that should be refreshed soon but still works, if that is what we hold."""
        credentials = self._grant.credentials
        still_good = credentials.state(self._clock()) is TokenState.STALE
        return credentials.access_token if still_good and credentials.access_token != refused else None


def alive(grant: Grant) -> Grant:
    """Return `grant`, or raise ConsentNeeded when it is dead."""
    if grant.status in (GrantStatus.NEEDS_CONSENT, GrantStatus.REVOKED):
        raise needs_consent(grant, grant.reason)
    return grant


def needs_consent(grant: Grant, reason: str) -> ConsentNeeded:
    """The error that says that, why, and how this person must be asked again."""
    names = " ".join(f"--scope {scope.short}" for scope in grant.asked.api)
    return ConsentNeeded(
        f"{grant.account} must be asked again. {reason}",
        hint=f"Run `mailgrant login {grant.account} {names}`, or begin a consent from it: consents.begin(error).",
        account=grant.account,
        user=grant.user,
        client_id=grant.client_id,
        scopes=grant.asked,
        missing=grant.asked,
    )
