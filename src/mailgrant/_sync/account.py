# Written by scripts/unasync.py from src/mailgrant/_async/account.py.
# Do not edit: change that file and run `make sync`.
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

    from .calendar import BlockingCalendar
    from .gmail import Gmail
    from .pacing import Cost
    from .workplace import Workplace

T = TypeVar("T")


class Account:
    """
    One person's Gmail and Calendar, as far as they allow.

    Made by `connect` or `Mailgrant.account`; naming an account travels nowhere, the first verb
    looks its grant up. Closing an account that `connect` made closes what `connect` opened.
    """

    def __init__(
        self,
        workplace: Workplace,
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
    def gmail(self) -> Gmail:
        """The verbs of the mailbox."""
        from .attempt_log import AttemptLog
        from .gmail import Gmail
        from .reading import Reading
        from .sending import Sending

        place = self._workplace
        log = AttemptLog(self.grant, place.vault, entropy=place.entropy)
        sending = Sending(self._run, log, place.patience)
        reading = Reading(
            self._run, self._run_together, in_flight=place.settings.in_flight, batch=place.batch, shelf=self._shelf
        )
        most = place.settings.recipients
        return Gmail(self._run, sending=sending, reading=reading, cost=self._gmail_cost, most_recipients=most)

    @cached_property
    def calendar(self) -> BlockingCalendar:
        """The verbs of the calendars."""
        from .calendar import BlockingCalendar

        return BlockingCalendar(self._run, self._workplace.entropy, self._workplace.clock)

    @property
    def address(self) -> str | None:
        """The mail address, or None while the account is known by `user` only."""
        return self._address

    @property
    def missing(self) -> Scopes:
        """What was asked and not granted, as of the consent or the last look-up."""
        return self._found.missing if self._found else Scopes()

    def grant(self) -> Grant:
        """
        Return the grant as the vault has it now.

        Raises GrantNotFound when there is none, SettingsError when it is not clear which is meant.
        """
        from mailgrant.vault.choosing import the_one

        vault = self._workplace.vault()
        found = in_thread(vault.find, account=self._address, user=self._user, client_id=self._client_id)
        self._found = the_one(found, self._address, self._user, self._found)
        self._address = self._found.account
        return self._found

    def token(self, scopes: str | Iterable[str] = ()) -> Secret:
        """
        Return an access token, good for at least four minutes: of the whole grant, or of `scopes` only.

        A token of the whole grant opens everything it allows. With any token the whole grant can be
        revoked: hand it to nobody who may not do that. Raises ConsentNeeded when the grant is dead, or
        when a scope of `scopes` was not granted; ClientBroken and AdminRefused when Google refuses.
        """
        tokens = self._workplace.tokens(self._found or self.grant())
        part = named_part(scopes)
        token = tokens.fresh() if part is None else (tokens.parts.fresh(part)).access_token
        tokens.note_handed_out(part)
        return token

    def refresh(self) -> Grant:
        """
        Refresh the grant now, whatever time its token has left, and return it as it is then.

        Proves that it still works. Raises ConsentNeeded when it is dead, AdminRefused and
        ClientBroken when Google does not allow it, or did not a moment ago.
        """
        return (self._workplace.tokens(self.grant())).renew()

    def token_expiry(self, scopes: str | Iterable[str] = ()) -> datetime | None:
        """Return when the access token held now ends, of the grant or of a part, or None when there is none."""
        grant, part = self.grant(), named_part(scopes)
        if part is None:
            return grant.credentials.expires_at
        tokens = self._workplace.tokens(grant)
        return (tokens.parts.fresh(part)).expires_at

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

    def close(self) -> None:
        """Close the connections and the vault, if this account is what opened them."""
        if self._owns_workplace:
            self._workplace.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._address or self._user}>"

    def _gmail_cost(self) -> Cost:
        paces = self._workplace.paces(self._found or self.grant())
        return paces.gmail.cost()

    def _shelf(self) -> Shelf | None:
        """What this account has in the cache on disk, None where there is no such cache."""
        if not self._workplace.settings.cache_bytes:
            return None
        grant = self._found or self.grant()
        cache = self._workplace.cache()
        return cache.shelf(grant.id) if cache is not None else None

    def _run(self, call: Call[T]) -> T:
        session = self._workplace.session(self._found or self.grant())
        return session.run(call)

    def _run_together(self, calls: Sequence[Call[T]], url: str) -> list[T]:
        session = self._workplace.session(self._found or self.grant())
        return session.run_together(calls, url)

    def _token_for_google(self, refused: Secret | None) -> tuple[Secret, datetime | None]:
        tokens = self._workplace.tokens(self._found or self.grant())
        # google-auth does not use a token in its last minutes.
        token = tokens.fresh(refused=refused, or_working=False)
        tokens.note_handed_out()
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
