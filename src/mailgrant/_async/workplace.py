"""
Workplace: what everything in this shell shares, opened when it is first needed.

The settings, the vault, the line to Google, the clock and the source of chance. Opening late keeps
`import mailgrant` quick and lets an account be named before anything exists.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailgrant.client_file import ClientFile, client_in_folder, no_client, read_client, read_client_or_key
from mailgrant.errors import SandboxWarning, SettingsError
from mailgrant.settings import MEMORY, Settings, say

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.content_cache import ContentCache
    from mailgrant.gmail.attempt import Patience
    from mailgrant.oauth.client_secrets import ClientSecrets
    from mailgrant.vault.client import KnownClient
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.vault import Vault

    from .line import AsyncLine
    from .pacing import AsyncPaces
    from .session import AsyncSession
    from .tokens import AsyncTokens
    from .transport import AsyncTransport


@dataclass(frozen=True, slots=True)
class Means:
    """What serves one grant: shared by all who use it, so that they share its tokens and its pace."""

    session: AsyncSession
    tokens: AsyncTokens
    paces: AsyncPaces


class AsyncWorkplace:
    """The shared means of one `AsyncMailgrant`."""

    def __init__(
        self,
        settings: Settings,
        *,
        client_secrets: ClientFile | None,
        clock: Callable[[], datetime] | None,
        transport: AsyncTransport | None,
        patience: Patience | None = None,
    ) -> None:
        self.settings = settings
        self.patience = patience or settings.patience
        self.clock: Callable[[], datetime] = clock or (lambda: datetime.now(UTC))
        self.entropy: Callable[[int], bytes] = os.urandom
        self.realm = settings.realm()
        self._client_secrets = client_secrets
        self._transport = transport
        self._line: AsyncLine | None = None
        self._vault: Vault | None = None
        self._cache: ContentCache | None = None
        self._opening = threading.Lock()
        self._means: dict[str, Means] = {}
        if self.realm.origin is not None:
            warnings.warn(
                f"mailgrant talks to a sandbox at {self.realm.origin}, not to Google.", SandboxWarning, stacklevel=4
            )

    @property
    def line(self) -> AsyncLine:
        """The line to Google."""
        from .line import AsyncLine
        from .transport import AsyncHttpTransport

        with self._opening:
            if self._line is None:
                in_sandbox = self.realm.origin is not None
                transport = self._transport or AsyncHttpTransport(trusts_environment=not in_sandbox)
                self._line = AsyncLine(transport, self.realm)
            return self._line

    @property
    def batch(self) -> int:
        """How many reads one request carries: what was set, else with the transport for fleets all there may be."""
        if self.settings.batch is not None:
            return self.settings.batch
        if self._transport is None:
            return 1
        from .fast_transport import AsyncFastTransport

        return self.settings.in_flight if isinstance(self._transport, AsyncFastTransport) else 1

    async def vault(self, *, create: bool = False) -> Vault:
        """
        Return the vault, opening it the first time.

        Only what is about to put something in may `create` it: a mistyped place must not look like
        a vault with nothing in it. Raises VaultError when there is none.
        """
        vault = self._vault
        return vault if vault is not None else await in_thread(self._open_vault, create)

    async def cache(self) -> ContentCache | None:
        """Return the vault's cache on disk, None where there can be none."""
        vault = await self.vault()
        if self._cache is None:
            self._cache = self.settings.content_cache(vault)
        return self._cache

    def is_new(self) -> bool:
        """
        Tell whether nothing was ever kept here: no vault was named, and the default one is not made yet.

        A vault that was named and is not there is a mistake, and opening it says so.
        """
        return self._vault is None and self.settings.vault is None and not self.settings.has_vault()

    async def session(self, grant: Grant) -> AsyncSession:
        """Return the session of a grant; one for all who use it, so that they share its tokens."""
        return (await self._means_of(grant)).session

    async def tokens(self, grant: Grant) -> AsyncTokens:
        """Return the tokens of a grant."""
        return (await self._means_of(grant)).tokens

    async def paces(self, grant: Grant) -> AsyncPaces:
        """Return the paces of a grant."""
        return (await self._means_of(grant)).paces

    async def client(self, client_id: str | None = None) -> ClientSecrets:
        """
        Return the application's own identity at Google.

        The one named, else the file this object was given, else the only one in the vault, else a
        file in the working directory.
        """
        vault = await self.vault(create=True)
        if client_id is not None:
            return await in_thread(vault.client, client_id)
        if self._client_secrets is not None:
            return await self._keep(await in_thread(read_client, self._client_secrets, self.realm))
        known = await in_thread(vault.clients)
        if len(known) > 1:
            names = ", ".join(client.client_id for client in known)
            raise SettingsError(
                f"Several OAuth clients are in the vault: {names}.", hint="Say which: --client ID, or client_id=…"
            )
        if known:
            return known[0]
        found = await in_thread(client_in_folder, Path.cwd(), self.realm, say=say)
        if found is None:
            raise await self._nobody_to_ask()
        return await self._keep(found)

    async def add_client(self, given: ClientFile, *, testing: bool | None = None) -> KnownClient:
        """Read a client secrets file or a service account's key (or its content) into the vault."""
        from mailgrant.vault.audit import Deed

        secrets = await in_thread(read_client_or_key, given, self.realm)
        vault = await self.vault(create=True)
        known = await in_thread(vault.add_client, secrets, testing=testing)
        await in_thread(vault.audit.note, Deed.CLIENT_ADDED, client_id=known.client_id)
        return known

    def forget_session(self, grant_id: str) -> None:
        """Drop what is cached for a grant that was changed or forgotten."""
        self._means.pop(grant_id, None)

    async def aclose(self) -> None:
        """Close the connections and the vault; both open again when needed."""
        line, self._line = self._line, None
        if line is not None:
            await line.transport.aclose()
        for means in self._means.values():
            await means.paces.release()
        self._means.clear()
        if self.settings.vault != MEMORY:
            vault, self._vault, self._cache = self._vault, None, None
            if vault is not None:
                await in_thread(vault.close)

    async def _means_of(self, grant: Grant) -> Means:
        return self._means.get(grant.id) or await self._new_means_of(grant)

    async def _new_means_of(self, grant: Grant) -> Means:
        from mailgrant.gmail.quota import QuotaProfile
        from mailgrant.vault.budget import Budgets

        from .pacing import AsyncPaces
        from .session import AsyncSession
        from .tokens import AsyncTokens

        vault = await self.vault()
        tokens = AsyncTokens(vault, self.line, grant, self.clock)
        paces = AsyncPaces(
            Budgets(vault.sealer),
            grant.id,
            profile=QuotaProfile(self.settings.quota),
            in_flight=self.settings.in_flight,
            entropy=self.entropy,
        )
        return self._means.setdefault(grant.id, Means(AsyncSession(self.line, tokens, paces), tokens, paces))

    async def _keep(self, client: ClientSecrets) -> ClientSecrets:
        vault = await self.vault(create=True)
        # Written anew it would look mended, and be tried by everybody, where Google does not accept it.
        if client not in await in_thread(vault.clients):
            await in_thread(vault.add_client, client)
        return client

    async def _nobody_to_ask(self) -> SettingsError:
        """The error for when there is no OAuth client; a service account is one only when it is named."""
        vault = await self.vault()
        robots = [known.client_id for known in await in_thread(vault.known_clients)]
        if not robots:
            return no_client()
        return SettingsError(
            f"There is no OAuth client in the vault, only service accounts: {', '.join(robots)}.",
            hint="Name one with --client ID, or `mailgrant client add` an OAuth client that asks people.",
        )

    def _open_vault(self, create: bool) -> Vault:
        with self._opening:
            if self._vault is None:
                create = create or self.settings.vault == MEMORY
                self._vault = self.settings.open_vault(clock=self.clock, entropy=self.entropy, create=create)
            return self._vault


def settings_for(
    settings: Settings | None,
    *,
    vault: str | os.PathLike[str] | None,
    key: str | None,
    google: str | None,
    quota: str | None = None,
) -> Settings:
    """Combine what was passed as arguments with what was set elsewhere; an argument wins."""
    place = os.fspath(vault) if vault is not None else None
    if settings is None:
        return Settings.load(vault=place, key=key, google=google, quota=quota)
    return replace(
        settings,
        vault=place if place is not None else settings.vault,
        key=key if key is not None else settings.key,
        google=google if google is not None else settings.google,
        quota=quota if quota is not None else settings.quota,
    )
