"""
Tokens: codes, access tokens, refresh tokens, and the grants they come from.

A grant is what one person has allowed one project. It covers all of the project's clients; revoking
any token of it ends all of it. Ages are counted by `Clock.lived`, which no setting of the clock
turns back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import ClassVar, Protocol

from mailgrant.sandbox import entropy
from mailgrant.sandbox.clock import Clock
from mailgrant.sandbox.oauth.clients import OAuthClient, Publishing
from mailgrant.sandbox.oauth.scopes import IDENTITY, gmail_scopes

CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = timedelta(seconds=3599)
TESTING_LIFE = timedelta(days=7)
IDLE_LIFE = timedelta(days=183)
# For so long Google says why a refresh token died; later only that the request is bad.
MEMORY_OF_DEATH = timedelta(hours=12)
REFRESH_TOKENS_PER_CLIENT = 100


class Holder(Protocol):
    """Whom a token is issued to: a client, or a service account."""

    @property
    def id(self) -> str: ...

    @property
    def project(self) -> str: ...


class Verdict(Enum):
    """What can be said of a refresh token."""

    LIVE = "live"
    ENDED = "Token has been expired or revoked."
    FORGOTTEN = "Bad Request"


@dataclass(frozen=True, slots=True)
class CodeTerms:
    """What a person agreed to on the consent page, and what the client must show to redeem it."""

    client_id: str
    email: str
    scopes: frozenset[str]
    redirect_uri: str
    offline: bool
    consented: bool
    nonce: str | None = None
    challenge: str | None = field(default=None, repr=False)
    challenge_method: str = "plain"


@dataclass(slots=True)
class AccessToken:
    """A bearer token and what it opens."""

    text: str = field(repr=False)
    client_id: str
    project: str
    email: str
    scopes: frozenset[str]
    born: timedelta
    offline: bool
    over: bool = False


@dataclass(slots=True)
class RefreshToken:
    """What new access tokens are asked for with; `life` is None where no end is set."""

    text: str = field(repr=False)
    client_id: str
    project: str
    email: str
    scopes: frozenset[str]
    born: timedelta
    used: timedelta
    life: timedelta | None
    ended: timedelta | None = None


class TokenBook:
    """Everything a sandbox has issued."""

    # A code outlives nothing: it is redeemed at once or asked for again.
    KEPT: ClassVar[tuple[str, ...]] = ("_access", "_refresh", "_grants")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, tuple[CodeTerms, timedelta]] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, RefreshToken] = {}
        self._grants: dict[tuple[str, str], frozenset[str]] = {}

    def granted(self, project: str, email: str) -> frozenset[str]:
        """Return the scopes a person has allowed a project so far."""
        return self._grants.get((project, email), frozenset())

    def grant(self, project: str, email: str, scopes: frozenset[str]) -> None:
        """Note that a person allows a project these scopes too."""
        self._grants[project, email] = self.granted(project, email) | scopes

    def issue_code(self, terms: CodeTerms) -> str:
        """Return a code for an agreement; it works once, for ten minutes."""
        code = entropy.authorization_code()
        self._codes[code] = (terms, self._clock.lived)
        return code

    def code_terms(self, code: str) -> CodeTerms | None:
        """Return what a live code stands for, None if it is unknown, old or used."""
        terms, born = self._codes.get(code, (None, timedelta()))
        return terms if self._clock.lived - born < CODE_LIFE else None

    def spend_code(self, code: str) -> None:
        """Make a code useless."""
        del self._codes[code]

    def issue_access(self, client: Holder, email: str, scopes: frozenset[str], *, offline: bool) -> AccessToken:
        """Issue an access token."""
        token = AccessToken(
            entropy.access_token(), client.id, client.project, email, scopes, self._clock.lived, offline=offline
        )
        self._access[token.text] = token
        return token

    def adopt(self, text: str, holder: Holder, email: str, scopes: frozenset[str]) -> None:
        """Take a text that somebody else made as an access token."""
        born = self._clock.lived
        self._access[text] = AccessToken(text, holder.id, holder.project, email, scopes, born, offline=False)

    def issue_refresh(self, client: OAuthClient, email: str, scopes: frozenset[str]) -> RefreshToken:
        """Issue a refresh token; the hundred-and-first of a person and client silently ends the oldest."""
        now = self._clock.lived
        testing = client.publishing is Publishing.TESTING and not scopes <= IDENTITY
        token = RefreshToken(
            entropy.refresh_token(),
            client.id,
            client.project,
            email,
            scopes,
            now,
            now,
            TESTING_LIFE if testing else None,
        )
        self._refresh[token.text] = token
        kin = [known for known in self._live_refresh() if (known.email, known.client_id) == (email, client.id)]
        for oldest in kin[:-REFRESH_TOKENS_PER_CLIENT]:
            oldest.ended = now
        return token

    def _live_refresh(self) -> Iterator[RefreshToken]:
        return (token for token in self._refresh.values() if self.verdict(token) is Verdict.LIVE)

    def access(self, text: str) -> AccessToken | None:
        """Return a live access token, None if it is unknown, expired or revoked."""
        token = self._access.get(text)
        return None if token is None or token.over or self._clock.lived - token.born >= ACCESS_LIFE else token

    def access_seen(self, text: str) -> AccessToken | None:
        """Return an access token, dead or alive, for the request log."""
        return self._access.get(text)

    def seconds_left(self, token: AccessToken) -> int:
        """Return how long an access token still works."""
        return int((ACCESS_LIFE - (self._clock.lived - token.born)).total_seconds() + 0.999)

    def refresh(self, text: str) -> RefreshToken | None:
        """Return a refresh token, dead or alive, None if it was never issued."""
        return self._refresh.get(text)

    def verdict(self, token: RefreshToken) -> Verdict:
        """Say whether a refresh token lives, and if not what Google still says about it."""
        died = token.ended
        if died is None and token.life is not None and self._clock.lived - token.born >= token.life:
            died = token.born + token.life
        if died is None:
            return Verdict.FORGOTTEN if self._clock.lived - token.used >= IDLE_LIFE else Verdict.LIVE
        return Verdict.ENDED if self._clock.lived - died < MEMORY_OF_DEATH else Verdict.FORGOTTEN

    def age(self, token: RefreshToken) -> timedelta:
        """Return how long ago the person signed in for a refresh token."""
        return self._clock.lived - token.born

    def touch(self, token: RefreshToken) -> None:
        """Note that a refresh token was used: six idle months end it."""
        token.used = self._clock.lived

    def revoke(self, text: str) -> bool:
        """End the whole grant that a live token belongs to; False if it is no live token."""
        access, refresh = self.access(text), self._refresh.get(text)
        token = access or (refresh if refresh and self.verdict(refresh) is Verdict.LIVE else None)
        if token is None:
            return False
        self.revoke_grant(token.project, token.email)
        return True

    def revoke_grant(self, project: str, email: str) -> bool:
        """End all that a person has allowed a project; False if that was nothing."""
        for refresh in self._refresh.values():
            if (refresh.project, refresh.email) == (project, email) and refresh.ended is None:
                refresh.ended = self._clock.lived
        for access in self._access.values():
            if (access.project, access.email) == (project, email):
                access.over = True
        return self._grants.pop((project, email), None) is not None

    def end_gmail(self, email: str) -> None:
        """End a person's refresh tokens that open Gmail, as a new password does."""
        for token in self._live_refresh():
            if token.email == email and token.scopes & gmail_scopes():
                token.ended = self._clock.lived

    def expire_access(self, email: str | None = None) -> int:
        """End every access token now, or one person's, as an hour's wait would; return how many."""
        live = [token for token in self._access.values() if self.access(token.text) and email in {None, token.email}]
        for token in live:
            token.over = True
        return len(live)
