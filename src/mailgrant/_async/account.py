"""Account: an address that may have granted us something; the verbs hang on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from mailgrant.errors import SettingsError
from mailgrant.http import Call
from mailgrant.oauth.scopes import Scopes

from .waiting import for_blocking_code, in_thread

if TYPE_CHECKING:
    from mailgrant.content_cache import Shelf
    from mailgrant.secret import Secret
    from mailgrant.vault.grant import Grant

    from .calendar import AsyncCalendar
    from .gmail import AsyncGmail
    from .pacing import Cost
    from .workplace import AsyncWorkplace

T = TypeVar("T")


class AsyncAccount:
    """
    One person's Gmail and Calendar, as far as they allow.

    Made by `connect` or `AsyncMailgrant.account`; naming an account travels nowhere, the first verb
    looks its grant up. Closing an account that `connect` made closes what `connect` opened.
    """

    def __init__(
        self,
        workplace: AsyncWorkplace,
        address: str | None,
        *,
        user: str | None = None,
        client_id: str | None = None,
        grant: Grant | None = None,
    ) -> None:
        self._workplace = workplace
        self._address = grant.account if grant else address
        self._user = user
        self._client_id = client_id
        self._found = grant
        self._owns_workplace = False

    @cached_property
    def gmail(self) -> AsyncGmail:
        """The verbs of the mailbox."""
        from .attempt_log import AsyncAttemptLog
        from .gmail import AsyncGmail
        from .reading import AsyncReading
        from .sending import AsyncSending

        place = self._workplace
        log = AsyncAttemptLog(self.grant, place.vault, entropy=place.entropy)
        sending = AsyncSending(self._run, log, place.patience)
        reading = AsyncReading(
            self._run, self._run_together, in_flight=place.settings.in_flight, batch=place.batch, shelf=self._shelf
        )
        most = place.settings.recipients
        return AsyncGmail(self._run, sending=sending, reading=reading, cost=self._gmail_cost, most_recipients=most)

    @cached_property
    def calendar(self) -> AsyncCalendar:
        """The verbs of the calendars."""
        from .calendar import AsyncCalendar

        return AsyncCalendar(self._run, self._workplace.entropy, self._workplace.clock)

    @property
    def address(self) -> str | None:
        """The mail address, or None while the account is known by `user` only."""
        return self._address

    @property
    def missing(self) -> Scopes:
        """What was asked and not granted, as of the consent or the last look-up."""
        return self._found.missing if self._found else Scopes()

    async def grant(self) -> Grant:
        """
        Return the grant as the vault has it now.

        Raises GrantNotFound when there is none, SettingsError when it is not clear which is meant.
        """
        from mailgrant.vault.choosing import the_one

        vault = await self._workplace.vault()
        found = await in_thread(vault.find, account=self._address, user=self._user, client_id=self._client_id)
        self._found = the_one(found, self._address, self._user, self._found)
        self._address = self._found.account
        return self._found

    async def token(self, scopes: str | Iterable[str] = ()) -> Secret:
        """
        Return an access token, good for at least four minutes: of the whole grant, or of `scopes` only.

        A token of the whole grant opens everything it allows. With any token the whole grant can be
        revoked: hand it to nobody who may not do that. Raises ConsentNeeded when the grant is dead, or
        when a scope of `scopes` was not granted; ClientBroken and AdminRefused when Google refuses.
        """
        tokens = await self._workplace.tokens(self._found or await self.grant())
        part = named_part(scopes)
        token = await tokens.fresh() if part is None else (await tokens.parts.fresh(part)).access_token
        await tokens.note_handed_out(part)
        return token

    async def refresh(self) -> Grant:
        """
        Refresh the grant now, whatever time its token has left, and return it as it is then.

        Proves that it still works. Raises ConsentNeeded when it is dead, AdminRefused and
        ClientBroken when Google does not allow it, or did not a moment ago.
        """
        return await (await self._workplace.tokens(await self.grant())).renew()

    async def token_expiry(self, scopes: str | Iterable[str] = ()) -> datetime | None:
        """Return when the access token held now ends, of the grant or of a part, or None when there is none."""
        grant, part = await self.grant(), named_part(scopes)
        if part is None:
            return grant.credentials.expires_at
        tokens = await self._workplace.tokens(grant)
        return (await tokens.parts.fresh(part)).expires_at

    def credentials(self) -> Any:
        """
        Return google-auth credentials that ask us for tokens: `google.oauth2.credentials.Credentials`.

        They carry no refresh token; it stays in the vault. Needs the `google` extra.
        """
        from mailgrant.adapters.google import credentials

        return credentials(for_blocking_code(self._token_for_google))

    def google(self, api: str, version: str, **options: Any) -> Any:
        """
        Return Google's own client (google-api-python-client) for any API, on our credentials.

        A lost answer is repeated for a GET only, a refused token is refreshed once. Our pacing and
        our promise never to send twice do not reach inside it. Needs the `google` extra.
        """
        from mailgrant.adapters.google import build_service

        return build_service(api, version, credentials=self.credentials(), realm=self._workplace.realm, **options)

    def owning_workplace(self) -> Self:
        """Make closing this account close what `connect` opened for it."""
        self._owns_workplace = True
        return self

    async def aclose(self) -> None:
        """Close the connections and the vault, if this account is what opened them."""
        if self._owns_workplace:
            await self._workplace.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._address or self._user}>"

    async def _gmail_cost(self) -> Cost:
        paces = await self._workplace.paces(self._found or await self.grant())
        return await paces.gmail.cost()

    async def _shelf(self) -> Shelf | None:
        """What this account has in the cache on disk, None where there is no such cache."""
        if not self._workplace.settings.cache_bytes:
            return None
        grant = self._found or await self.grant()
        cache = await self._workplace.cache()
        return cache.shelf(grant.id) if cache is not None else None

    async def _run(self, call: Call[T]) -> T:
        session = await self._workplace.session(self._found or await self.grant())
        return await session.run(call)

    async def _run_together(self, calls: Sequence[Call[T]], url: str) -> list[T]:
        session = await self._workplace.session(self._found or await self.grant())
        return await session.run_together(calls, url)

    async def _token_for_google(self, refused: Secret | None) -> tuple[Secret, datetime | None]:
        tokens = await self._workplace.tokens(self._found or await self.grant())
        # google-auth does not use a token in its last minutes.
        token = await tokens.fresh(refused=refused, or_working=False)
        await tokens.note_handed_out()
        return token, tokens.expires_at()


def named_part(scopes: str | Iterable[str]) -> Scopes | None:
    """
    Return the scopes that a token is to be kept to, None for the whole grant.

    Raises SettingsError for an empty text, which is no way to say "everything".
    """
    part = Scopes(scopes)
    if not part and isinstance(scopes, str):
        raise SettingsError("The scopes of the token are empty.", hint="Name some, or leave them out for all.")
    return part or None
