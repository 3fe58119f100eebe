"""
PartTokens: access tokens that open a part of one grant, one refresh for each set of scopes.

For whoever should not be able to do everything: a script, a mail program, another service.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mailgrant.errors import GoogleError, GrantChanged, GrantRevoked, NoAnswer
from mailgrant.oauth.scopes import Scopes
from mailgrant.vault import part_token
from mailgrant.vault.asking_again import alive, require_granted
from mailgrant.vault.lease import Lease
from mailgrant.vault.part_token import PartToken, part_key, renewer

from .refresh import one_at_a_time
from .waiting import AsyncLock, in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.credentials import TokenAnswer
    from mailgrant.secret import Secret
    from mailgrant.vault.grant import Grant

    from .tokens import AsyncTokens


class AsyncPartTokens:
    """The access tokens for parts of one grant."""

    def __init__(self, tokens: AsyncTokens) -> None:
        self._tokens = tokens
        self._vault = tokens.vault
        self._held: dict[Scopes, PartToken] = {}
        self._turns: dict[Scopes, AsyncLock] = {}

    async def fresh(self, scopes: Scopes, *, refused: Secret | None = None) -> PartToken:
        """
        Return a token for exactly `scopes`, good for some minutes yet, refreshing if need be.

        Raises ConsentNeeded, before Google is asked, for a scope that was not granted, and what
        `AsyncTokens.fresh` raises.
        """
        grant = await self._tokens.grant()
        require_granted(grant, scopes)
        part = self._usable(grant, scopes, refused)
        if part is not None:
            return part
        async with self._turns.setdefault(scopes, AsyncLock()):
            part = self._usable(grant, scopes, refused)
            return part if part is not None else await self._awaited(grant, scopes, refused)

    async def _awaited(self, grant: Grant, scopes: Scopes, refused: Secret | None) -> PartToken:
        look, make = partial(self._looked, scopes, refused), partial(self._refresh, scopes)
        try:
            found = await look()
            if found is not None:
                return found
            return await one_at_a_time(self._vault, part_key(grant.id, scopes), look=look, make=make)
        except (GoogleError, NoAnswer):
            held = self._held.get(scopes)
            if held is None or held.access_token == refused or not held.works(grant, self._tokens.clock()):
                raise
            return held

    async def _looked(self, scopes: Scopes, refused: Secret | None) -> PartToken | None:
        grant = alive(await self._tokens.reread())
        found = await in_thread(part_token.find, self._vault.sealer, grant.id, scopes)
        if found is not None:
            self._held[scopes] = found
        return self._usable(grant, scopes, refused)

    async def _refresh(self, scopes: Scopes, lease: Lease) -> PartToken:
        grant = await self._tokens.grant()
        try:
            answer = await self._tokens.ask(scopes)
        except GrantRevoked:
            # A newer consent came meanwhile: its refresh token is the one to use.
            return await self._refresh(scopes, lease)
        if answer.refresh_token is not None:
            grant = await self._keep_refresh_token(grant, answer)
        part = PartToken(
            grant.id,
            scopes=scopes,
            access_token=answer.access_token,
            expires_at=self._tokens.clock() + answer.expires_in,
            renewed_by=renewer(grant),
        )
        self._held[scopes] = await self._kept(part, lease)
        return part

    async def _keep_refresh_token(self, grant: Grant, answer: TokenAnswer) -> Grant:
        """Store the refresh token that came with a part: the one before may have ended with it."""
        # A fence that nobody ever held: of an answer that comes late only the refresh token is stored.
        late = Lease(grant.id, fence=-1, held=False)
        used = grant.credentials.refresh_token
        await in_thread(self._vault.keep_refreshed, late, used=used, answer=answer)
        return await self._tokens.reread()

    async def _kept(self, part: PartToken, lease: Lease) -> PartToken:
        try:
            return await in_thread(part_token.keep, self._vault.sealer, part, lease=lease)
        except GrantChanged:
            # We were slower than the lease: somebody else has stored theirs, and ours works as well.
            return part

    def _usable(self, grant: Grant, scopes: Scopes, refused: Secret | None) -> PartToken | None:
        part = self._held.get(scopes)
        if part is None or part.access_token == refused or not part.is_good(grant, self._tokens.clock()):
            return None
        return part
