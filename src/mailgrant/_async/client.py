"""
Mailgrant: where everything begins; and `connect`, the two-line way in.

`Mailgrant` holds a vault and a line to Google and hands out accounts; `connect` is the same objects
for a script that acts for one person.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from mailgrant.errors import MissingScopesWarning, SettingsError
from mailgrant.oauth.consent import LIFE
from mailgrant.oauth.scopes import Scopes
from mailgrant.oauth.service_account import delegation_line
from mailgrant.settings import Settings

from .account import AsyncAccount
from .waiting import in_thread
from .workplace import AsyncWorkplace, settings_for

if TYPE_CHECKING:
    from mailgrant.client_file import ClientFile
    from mailgrant.gmail.attempt import Patience
    from mailgrant.vault.client import KnownClient
    from mailgrant.vault.foresight import Countdown
    from mailgrant.vault.grant import Grant

    from .consents import AsyncConsents
    from .transport import AsyncTransport
    from .vault_keeping import AsyncVaultKeeping

Ask = Literal["auto", "browser", "link", "never"]


class AsyncMailgrant:
    """
    A vault of grants and a line to Google.

    `vault` is a path, a `sqlite:///` URL or `":memory:"`; `google` a sandbox's origin;
    `client_secrets` the file Google's console gave you, or its content. What is not given comes
    from the environment (`MAILGRANT_VAULT`, `MAILGRANT_GOOGLE`, `MAILGRANT_KEY`), then from
    `settings.toml`, then from the defaults. `clock` returns the time, aware; tests move it. `patience`
    says how long a send whose answer was lost is waited for; `quota` which of Google's tables holds:
    "2026" (the default), "legacy", or "off" for a sandbox that does not count. Nothing is opened
    before it is needed; closing, or leaving a `with` block, closes it.

    Raises SettingsError when something that was set is not usable.
    """

    def __init__(
        self,
        *,
        vault: str | os.PathLike[str] | None = None,
        key: str | None = None,
        google: str | None = None,
        client_secrets: ClientFile | None = None,
        settings: Settings | None = None,
        clock: Callable[[], datetime] | None = None,
        transport: AsyncTransport | None = None,
        patience: Patience | None = None,
        quota: str | None = None,
    ) -> None:
        combined = settings_for(settings, vault=vault, key=key, google=google, quota=quota)
        self._workplace = AsyncWorkplace(
            combined, client_secrets=client_secrets, clock=clock, transport=transport, patience=patience
        )

    @cached_property
    def consents(self) -> AsyncConsents:
        """The questions that are open, and how they are answered."""
        from .consents import AsyncConsents

        return AsyncConsents(self._workplace)

    @cached_property
    def vault(self) -> AsyncVaultKeeping:
        """The vault itself: its state, its key, its backups and its audit."""
        from .vault_keeping import AsyncVaultKeeping

        return AsyncVaultKeeping(self._workplace)

    def account(
        self, address: str | None = None, *, user: str | None = None, client_id: str | None = None
    ) -> AsyncAccount:
        """
        Name an account, by its address, by your own id of the user, or not at all: the only one.

        `client_id` says which is meant where several clients hold a grant of the same person. Travels
        nowhere; the first verb looks the grant up and raises GrantNotFound if there is none.
        """
        if address == "":
            # Most likely a variable that was not set; it does not mean whoever there is.
            raise SettingsError("The address of the account is empty.", hint="Name one, or leave it out.")
        address = address or self._workplace.settings.account
        return AsyncAccount(self._workplace, address, user=user, client_id=client_id)

    async def grants(self) -> tuple[Grant, ...]:
        """Return every grant in the vault; none before the first consent."""
        if self._workplace.is_new():
            return ()
        vault = await self._workplace.vault()
        return await in_thread(vault.grants)

    async def countdown(self, grant: Grant) -> Countdown | None:
        """
        Return when a living grant will end by itself, why, and what helps; None when no rule ends it.

        Seven days after the consent in a project in Testing, half a year after the last refresh, or
        where its owner set it an end.
        """
        from mailgrant.vault.foresight import countdown

        testing = {client.client_id for client in await self.clients() if client.testing}
        return countdown(grant, testing=grant.client_id in testing)

    async def clients(self) -> tuple[KnownClient, ...]:
        """Return every client in the vault, service accounts too; none before the first was added."""
        if self._workplace.is_new():
            return ()
        vault = await self._workplace.vault()
        return await in_thread(vault.known_clients)

    async def add_client(self, client_secrets: ClientFile, *, testing: bool | None = None) -> KnownClient:
        """
        Keep a client, sealed, from the file that Google's console gave you.

        An OAuth client, or a service account's key. `testing` says that the project's publishing
        status is Testing, so that grants end after seven days; None leaves it as it was. Raises
        SettingsError that says what is wrong when the file is something else, or a key that others
        may read.
        """
        return await self._workplace.add_client(client_secrets, testing=testing)

    async def remove_client(self, client_id: str) -> None:
        """
        Delete a client from the vault.

        Raises SettingsError when it is not there, or when grants of it are: without their client they
        could not be used, nor revoked. Forget those first.
        """
        vault = await self._workplace.vault()
        await in_thread(vault.remove_unused_client, client_id)

    async def forget(
        self,
        account: str | None = None,
        *,
        user: str | None = None,
        client_id: str | None = None,
        keep_at_google: bool = False,
    ) -> Grant:
        """
        Revoke a grant at Google, then delete it here; return what was forgotten.

        Revoking ends everything this person ever granted to the project. `keep_at_google` only
        deletes it here. Raises GrantNotFound; when Google cannot be reached the grant stays, marked,
        and `forget` can be called again.
        """
        from .departure import forget

        grant = await self.account(account, user=user, client_id=client_id).grant()
        return await forget(self._workplace, grant, at_google=not keep_at_google, here=True)

    async def revoke(
        self, account: str | None = None, *, user: str | None = None, client_id: str | None = None
    ) -> Grant:
        """Revoke a grant at Google and keep what is known about it, marked as revoked."""
        from .departure import forget

        grant = await self.account(account, user=user, client_id=client_id).grant()
        return await forget(self._workplace, grant, at_google=True, here=False)

    async def export_grant(
        self,
        file: str | os.PathLike[str],
        account: str | None = None,
        *,
        user: str | None = None,
        client_id: str | None = None,
    ) -> Grant:
        """
        Write a grant as Google's own libraries read it (`authorized_user`), and return it.

        The file is for you alone (0600) and holds the refresh token and the client's secret in the
        clear: whoever reads it can act for this person until the grant is revoked. One that is there
        already is not overwritten. Raises SettingsError for that, and for a service account's grant,
        which has nothing to hand out.
        """
        from .exporting import export_grant

        grant = await self.account(account, user=user, client_id=client_id).grant()
        return await export_grant(self._workplace, grant, file)

    async def connect(
        self,
        *scopes: str,
        account: str | None = None,
        user: str | None = None,
        client_id: str | None = None,
        ask: Ask = "auto",
        import_file: str | os.PathLike[str] | None = None,
        timeout: timedelta = LIFE,
    ) -> AsyncAccount:
        """
        Return the account, asking the person first if need be; see `mailgrant.connect`.

        `client_id` says which client asks, where the vault has several.
        """
        from .way_in import WayIn

        account = account or self._workplace.settings.account
        way = WayIn(self._workplace, Scopes(scopes), account=account, user=user, client_id=client_id)
        grant = await way.held(ask)
        if grant is None and import_file is not None:
            grant = await way.imported(import_file)
        if grant is None:
            grant = await way.asked(self.consents, ask=ask, timeout=timeout)
        return AsyncAccount(self._workplace, grant.account, user=user, grant=grant)

    async def import_grant(
        self,
        file: str | os.PathLike[str],
        *,
        account: str | None = None,
        user: str | None = None,
        client_id: str | None = None,
    ) -> Grant:
        """
        Take over what another tool wrote into the vault.

        A `token.json` of Google's Python or Node libraries, gcloud's application default
        credentials, or oauth2client's store. It is proved by one refresh. `client_id` names the OAuth
        client in the vault where the file does not. Delete the file afterwards: it holds the refresh
        token in the clear. Raises SettingsError when the file is something else, when neither Google
        nor `account` says whose it is, or when the vault's own grant allows more.
        """
        from .importing import import_grant

        return await import_grant(self._workplace, file, account=account, user=user, client_id=client_id)

    async def delegate(self, account: str, *scopes: str, client_id: str, user: str | None = None) -> Grant:
        """
        Let a service account act for `account`, whose administrator has allowed it.

        Nobody is asked; every scope is tried by itself, and the grant holds those that are allowed
        (`grant.missing` lists the others, for which a warning names the line to paste in the Admin
        console). From then on `account(…)` works as with a person's consent. Raises AdminRefused when
        nothing is allowed, NotFound when Google does not know the account, SettingsError when the
        client is no service account.
        """
        from .delegation import delegate, service_account_of

        key = await service_account_of(self._workplace, client_id)
        grant = await delegate(self._workplace, key, Scopes(scopes), account=account, user=user)
        if grant.missing:
            warnings.warn(
                f"The organisation of {account} does not allow: {', '.join(one.short for one in grant.missing)}. "
                "In the Admin console, under Security, API controls, Domain-wide delegation, it takes this line: "
                f"{delegation_line(client_id, grant.asked)}",
                MissingScopesWarning,
                stacklevel=2,
            )
        return grant

    async def aclose(self) -> None:
        """Close the listeners, the connections and the vault."""
        if "consents" in vars(self):
            await self.consents.aclose()
        await self._workplace.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


async def connect_async(
    *scopes: str,
    account: str | None = None,
    user: str | None = None,
    client_secrets: ClientFile | None = None,
    ask: Ask = "auto",
    vault: str | os.PathLike[str] | None = None,
    key: str | None = None,
    google: str | None = None,
    import_file: str | os.PathLike[str] | None = None,
    timeout: timedelta = LIFE,
) -> AsyncAccount:
    """
    Return an account that may do what `scopes` name, asking its owner the first time only.

    Scopes are short names (`"gmail.send"`) or full URLs. The first run asks in a browser (or, on a
    terminal without one, by a link to paste back); later runs are silent, for years. `ask` says how
    it may ask: `"auto"`, `"browser"`, `"link"` or `"never"`; the last raises ConsentNeeded instead.
    `account` says whose mailbox is meant when there are several; `import_file` takes over a
    `token.json` once. The client, the vault and its key are found, or made and said so on stderr.

    The account is a context manager; closing it closes the vault and the connections. Raises
    ConsentNeeded, ConsentRefused, ConsentExpired, WrongAccount, SettingsError, VaultLocked.
    """
    mailgrant = AsyncMailgrant(vault=vault, key=key, google=google, client_secrets=client_secrets)
    try:
        account_ = await mailgrant.connect(
            *scopes, account=account, user=user, ask=ask, import_file=import_file, timeout=timeout
        )
    except BaseException:
        await mailgrant.aclose()
        raise
    return account_.owning_workplace()
