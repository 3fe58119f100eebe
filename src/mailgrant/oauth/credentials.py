"""Credentials, the states they pass through, and the token answer they come from (RFC 6749 §5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from mailgrant.errors import ServerError
from mailgrant.http import Response
from mailgrant.secret import Secret

from .scopes import Scopes

# google-auth refreshes 3 min 45 s before the end; what we hand out lasts a little longer than that.
REFRESH_AHEAD = timedelta(minutes=4)
# What Google means when it leaves `expires_in` out.
USUAL_LIFE = timedelta(seconds=3599)


class TokenState(Enum):
    """What can be done with credentials now."""

    FRESH = "usable"
    STALE = "usable, to be refreshed soon"
    EXPIRED = "a refresh will mend it"
    DEAD = "only a new consent will"


# How credentials move between their states; docs draw it, tests walk it.
TRANSITIONS: Mapping[TokenState, frozenset[TokenState]] = {
    TokenState.FRESH: frozenset({TokenState.STALE, TokenState.EXPIRED, TokenState.DEAD}),
    TokenState.STALE: frozenset({TokenState.FRESH, TokenState.EXPIRED, TokenState.DEAD}),
    TokenState.EXPIRED: frozenset({TokenState.FRESH, TokenState.DEAD}),
    TokenState.DEAD: frozenset({TokenState.FRESH}),
}


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint gave. `scopes` is None when it did not say: then they are unchanged."""

    access_token: Secret
    expires_in: timedelta = USUAL_LIFE
    scopes: Scopes | None = None
    refresh_token: Secret | None = None
    id_token: Secret | None = None

    @classmethod
    def from_response(cls, response: Response) -> TokenAnswer:
        """Read a successful answer; raises ServerError when it is none after all."""
        try:
            values = response.json()
            token = values["access_token"]
            life = timedelta(seconds=int(values.get("expires_in", USUAL_LIFE.total_seconds())))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise ServerError("Google's token answer could not be read.", status=response.status) from error
        if not isinstance(token, str) or not token:
            raise ServerError("Google's token answer holds no access token.", status=response.status)
        scope = values.get("scope")
        return cls(
            Secret(token),
            expires_in=life,
            scopes=Scopes.granted(scope) if isinstance(scope, str) else None,
            refresh_token=_secret(values, "refresh_token"),
            id_token=_secret(values, "id_token"),
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access token with its end, the refresh token that makes more, and what they open."""

    access_token: Secret | None
    refresh_token: Secret | None = None
    expires_at: datetime | None = None
    scopes: Scopes = field(default_factory=Scopes)

    def __post_init__(self) -> None:
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise ValueError("expires_at must be aware")

    def state(self, now: datetime) -> TokenState:
        """Return what can be done with these credentials at `now`."""
        left = self.expires_at - now if self.access_token and self.expires_at else timedelta(0)
        if left > REFRESH_AHEAD:
            return TokenState.FRESH
        if left > timedelta(0):
            return TokenState.STALE
        return TokenState.EXPIRED if self.refresh_token else TokenState.DEAD

    def refreshed(self, answer: TokenAnswer, now: datetime) -> Credentials:
        """Return the credentials after a refresh; a refresh token Google did not replace stays."""
        return replace(
            self,
            access_token=answer.access_token,
            refresh_token=answer.refresh_token or self.refresh_token,
            expires_at=now + answer.expires_in,
            scopes=answer.scopes if answer.scopes is not None else self.scopes,
        )


def _secret(values: Mapping[str, Any], name: str) -> Secret | None:
    value = values.get(name)
    return Secret(value) if isinstance(value, str) and value else None
