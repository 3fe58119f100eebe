"""
Credentials: an access token and what renews it; TokenAnswer: what the token endpoint hands out.

Whether a token is good is never asked of Google: `Credentials.state` looks at the clock, and an
answer of 401 or of the token endpoint says the rest (`verdict`, `oauth.answers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any

from mailgrant.errors import ServerError
from mailgrant.http import Response
from mailgrant.secret import Secret

from .scopes import Scopes

# Refreshed this long before the end, so that a token handed out now survives a slow upload.
STALE_BEFORE = timedelta(minutes=4)
# Longer than any life that Google gives; a bigger number is not a life but a mistake.
LONGEST_LIFE = timedelta(days=3650)


class TokenState(Enum):
    """How good an access token is."""

    FRESH = "usable"
    STALE = "usable, refresh soon"
    EXPIRED = "a refresh will mend it"
    DEAD = "only a new consent will"


# What may become of a token: time takes it down the list, a refresh brings it back to the top, and
# without a refresh token its end is final.
TRANSITIONS: Mapping[TokenState, frozenset[TokenState]] = MappingProxyType(
    {
        TokenState.FRESH: frozenset({TokenState.FRESH, TokenState.STALE, TokenState.EXPIRED, TokenState.DEAD}),
        TokenState.STALE: frozenset({TokenState.STALE, TokenState.FRESH, TokenState.EXPIRED, TokenState.DEAD}),
        TokenState.EXPIRED: frozenset({TokenState.EXPIRED, TokenState.FRESH, TokenState.STALE}),
        TokenState.DEAD: frozenset({TokenState.DEAD}),
    }
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    An access token, until when and for which scopes it is good, and the refresh token behind it.

    `access_token` is None until the first refresh. `refresh_token` is None when Google gave none:
    then nothing can be renewed. `scopes` are the access token's.
    """

    access_token: Secret | None
    refresh_token: Secret | None = field(kw_only=True)
    expires_at: datetime | None = field(kw_only=True)
    scopes: Scopes = field(kw_only=True)

    def __post_init__(self) -> None:
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise ValueError("expires_at needs a time zone")

    def state(self, now: datetime) -> TokenState:
        """Tell how good the access token is at `now`; one whose end is not known counts as expired."""
        if self.access_token is not None and self.expires_at is not None and now < self.expires_at:
            return TokenState.FRESH if self.expires_at - now > STALE_BEFORE else TokenState.STALE
        return TokenState.DEAD if self.refresh_token is None else TokenState.EXPIRED

    def refreshed(self, answer: TokenAnswer, now: datetime) -> Credentials:
        """Return what follows from the answer to a refresh; Google seldom replaces the refresh token."""
        return Credentials(
            answer.access_token,
            refresh_token=answer.refresh_token or self.refresh_token,
            expires_at=now + answer.expires_in,
            scopes=self.scopes if answer.scopes is None else answer.scopes,
        )


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """
    A token endpoint's yes (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).

    `scopes` is None when Google did not repeat them: they are those that were asked.
    `refresh_token_expires_in` is there when the person limited the grant in time.
    """

    access_token: Secret
    expires_in: timedelta = field(kw_only=True)
    scopes: Scopes | None = field(kw_only=True, default=None)
    refresh_token: Secret | None = field(kw_only=True, default=None)
    id_token: Secret | None = field(kw_only=True, default=None)
    refresh_token_expires_in: timedelta | None = field(kw_only=True, default=None)

    def __post_init__(self) -> None:
        if not timedelta(0) < self.expires_in <= LONGEST_LIFE:
            raise ValueError("an access token lives longer than nothing and shorter than ten years")

    @classmethod
    def from_response(cls, response: Response) -> TokenAnswer:
        """
        Read a 2xx answer of the token endpoint.

        Raises ServerError when it is anything else than tokens, such as the page of a hotel's
        network. What it said instead is not repeated: it might be a token.
        """
        try:
            values = response.json()
            _check_bearer(values)
            return cls(
                _token(values["access_token"]),
                expires_in=_duration(values["expires_in"]),
                scopes=Scopes.granted(values["scope"]) if "scope" in values else None,
                refresh_token=_token_if_any(values, "refresh_token"),
                id_token=_token_if_any(values, "id_token"),
                refresh_token_expires_in=_lasting(values),
            )
        except (ValueError, KeyError, AttributeError, RecursionError):
            raise ServerError(
                "The token endpoint answered with something that is not tokens.",
                hint="Try again in a moment; a proxy or a network's sign-in page may be in the way.",
                status=response.status,
                operation="oauth2.token",
            ) from None


def _check_bearer(values: Mapping[str, Any]) -> None:
    # RFC 6749 §7.1: a token of a kind that is not understood must not be used.
    if str(values.get("token_type", "Bearer")).lower() != "bearer":
        raise ValueError("not a bearer token")


def _token(value: object) -> Secret:
    # It will stand in a header: one with a line break in it would be two headers.
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise ValueError("not a token")
    return Secret(value)


def _token_if_any(values: Mapping[str, Any], name: str) -> Secret | None:
    return _token(values[name]) if name in values else None


def _lasting(values: Mapping[str, Any]) -> timedelta | None:
    name = "refresh_token_expires_in"
    return _duration(values[name]) if name in values else None


def _duration(value: object) -> timedelta:
    """Read seconds, which some servers write as text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value > LONGEST_LIFE.total_seconds():
        raise ValueError("not a number of seconds")
    return timedelta(seconds=max(value, 0))
