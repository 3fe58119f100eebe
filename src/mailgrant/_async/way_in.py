"""The way in: how `connect` comes to a grant. One that is held, a file of another tool's, or the person's own word."""

from __future__ import annotations

import os
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING

from mailgrant.errors import ConsentNeeded, MissingScopesWarning
from mailgrant.vault.choosing import the_one
from mailgrant.vault.foresight import LIVING

from .asking import ask_person
from .consents import spoken
from .importing import import_grant
from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.scopes import Scopes
    from mailgrant.vault.grant import Grant

    from .consents import AsyncConsents
    from .workplace import AsyncWorkplace


class WayIn:
    """The ways to a grant of `wanted`, of one account, one user and one client, as far as they are named."""

    def __init__(
        self, workplace: AsyncWorkplace, wanted: Scopes, *, account: str | None, user: str | None, client_id: str | None
    ) -> None:
        self._workplace = workplace
        self._wanted = wanted
        self._account = account
        self._user = user
        self._client_id = client_id

    async def held(self, ask: str) -> Grant | None:
        """
        Find a grant that makes asking unnecessary.

        Compared with what was asked, not with what was granted: a box that a person left unticked is
        an answer, and only `ask="browser"` or `"link"` puts the question again. One that is paused
        needs an administrator, not another consent.
        """
        vault = await self._workplace.vault(create=True)
        found = await in_thread(vault.find, account=self._account, user=self._user, client_id=self._client_id)
        # Without a user another user's grant is nobody's here.
        own = (grant for grant in found if grant.user == self._user)
        living = tuple(grant for grant in own if grant.status in LIVING)
        if not living:
            return None
        grant = the_one(living, self._account, self._user)
        known = grant.scopes if ask in ("browser", "link") else grant.asked
        return grant if known.covers(self._wanted) else None

    async def imported(self, file: str | os.PathLike[str]) -> Grant | None:
        """Take over another tool's file; None where it does not allow all that is wanted."""
        grant = await import_grant(
            self._workplace, file, account=self._account, user=self._user, client_id=self._client_id
        )
        return grant if grant.scopes.covers(self._wanted) else None

    async def asked(self, consents: AsyncConsents, *, ask: str, timeout: timedelta) -> Grant:
        """Ask the person, in the way that `ask` allows; raises ConsentNeeded where nobody can be asked."""
        grant = await ask_person(consents, await self._needed(), ask=ask, timeout=timeout)
        lacking = grant.scopes.missing(self._wanted)
        if lacking:
            warnings.warn(
                f"{grant.account} did not allow: {spoken(lacking)}. What needs it will raise ConsentNeeded.",
                MissingScopesWarning,
                stacklevel=3,
            )
        return grant

    async def _needed(self) -> ConsentNeeded:
        """Say what is to be asked of whom; the error that is raised where nobody can be."""
        account = self._account if self._account is not None else await self._only_address()
        return ConsentNeeded(
            f"{account or 'A person'} must be asked for: {', '.join(scope.short for scope in self._wanted)}.",
            account=account,
            user=self._user,
            client_id=self._client_id,
            scopes=self._wanted,
            missing=self._wanted,
        )

    async def _only_address(self) -> str | None:
        """Return the address of the only grant there is, so that it is widened and not doubled."""
        vault = await self._workplace.vault()
        own = [grant for grant in await in_thread(vault.find, user=self._user) if grant.user == self._user]
        return own[0].account if len(own) == 1 else None
