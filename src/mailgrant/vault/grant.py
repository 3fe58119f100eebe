"""Grant: the lasting answer to a consent, with what was asked beside what was granted."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.scopes import Scopes


class GrantStatus(Enum):
    """
    Whether a grant can be used.

    PAUSED is a grant that an administrator or Google's policy refuses for now: it is kept, and tried
    again from time to time.
    """

    ACTIVE = "active"
    PAUSED = "paused"
    NEEDS_CONSENT = "needs consent"
    REVOKED = "revoked"


_OUT_OF_PAUSE = (GrantStatus.ACTIVE, GrantStatus.NEEDS_CONSENT, GrantStatus.REVOKED)
# How a grant moves between its states; a new consent makes any of them active again.
TRANSITIONS: Mapping[GrantStatus, frozenset[GrantStatus]] = {
    GrantStatus.ACTIVE: frozenset({GrantStatus.PAUSED, GrantStatus.NEEDS_CONSENT, GrantStatus.REVOKED}),
    GrantStatus.PAUSED: frozenset({GrantStatus.PAUSED, *_OUT_OF_PAUSE}),
    GrantStatus.NEEDS_CONSENT: frozenset({GrantStatus.NEEDS_CONSENT, GrantStatus.ACTIVE, GrantStatus.REVOKED}),
    GrantStatus.REVOKED: frozenset({GrantStatus.ACTIVE}),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What one person allowed one client, for one user of the application if it has users.

    `sub` is Google's unchanging name for the person, None when nobody verified who it is.
    `status_since` is when it came to its status, None while it has been active from the start.
    `tried_at` is when Google last refused a paused one. `used_at` is when somebody last wanted a
    token, to the half hour; `ends_at` when it ends by itself, where the person set it an end. `proved`
    is False for a grant out of a backup that Google has not confirmed since. `version` counts the
    writes: 0 is a grant that is not in the vault yet.
    """

    account: str
    id: str = field(kw_only=True)
    sub: str | None = field(kw_only=True)
    user: str | None = field(kw_only=True)
    client_id: str = field(kw_only=True)
    verified: bool = field(kw_only=True)
    asked: Scopes = field(kw_only=True)
    scopes: Scopes = field(kw_only=True)
    status: GrantStatus = field(kw_only=True, default=GrantStatus.ACTIVE)
    reason: str = field(kw_only=True, default="")
    credentials: Credentials = field(kw_only=True)
    consented_at: datetime = field(kw_only=True)
    refreshed_at: datetime | None = field(kw_only=True, default=None)
    status_since: datetime | None = field(kw_only=True, default=None)
    tried_at: datetime | None = field(kw_only=True, default=None)
    used_at: datetime | None = field(kw_only=True, default=None)
    ends_at: datetime | None = field(kw_only=True, default=None)
    proved: bool = field(kw_only=True, default=True)
    version: int = field(kw_only=True, default=0)

    def __post_init__(self) -> None:
        if not self.account or self.user == "":
            raise ValueError("a grant is somebody's: its account, and its user if it has one, are not empty")
        moments = (
            *(self.consented_at, self.refreshed_at, self.status_since),
            *(self.tried_at, self.used_at, self.ends_at),
        )
        if any(moment is not None and moment.tzinfo is None for moment in moments):
            raise ValueError("the times of a grant need a time zone")

    @property
    def missing(self) -> Scopes:
        """What was asked and not granted."""
        return self.scopes.missing(self.asked)

    @property
    def is_active(self) -> bool:
        """True when it can be used."""
        return self.status is GrantStatus.ACTIVE

    def __repr__(self) -> str:
        unverified = "" if self.verified else ", unverified"
        return f"Grant(account={self.account!r}, status={self.status.name}, scopes={self.scopes!r}{unverified})"


def without_nameless_twins(found: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """
    Leave out grants that know only the address of a person whose named grant is there too.

    A process that dies while an import gets its owner's name leaves both; the named one is newer.
    """
    named = {(grant.client_id, grant.account.casefold(), grant.user) for grant in found if grant.sub is not None}
    return tuple(
        grant
        for grant in found
        if grant.sub is not None or (grant.client_id, grant.account.casefold(), grant.user) not in named
    )


def grant_id(*, client_id: str, sub: str | None, account: str, user: str | None) -> str:
    """
    Return the id of a grant: it is unique by client, person and user.

    A hash, so that the id of a row says nothing about the person. The address stands for the person
    only where nobody knows their `sub`.
    """
    # Not at the top: it loads OpenSSL, and this is called when a grant is made.
    import hashlib

    person = f"sub {sub}" if sub else f"address {account.casefold()}"
    parts = "\0".join(("mailgrant grant", client_id, person, f"user {user}" if user is not None else ""))
    return urlsafe_b64encode(hashlib.sha256(parts.encode()).digest()[:15]).decode("ascii")
