"""Grant: the lasting answer to a consent, with what was asked beside what was granted."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.scopes import Scopes


class GrantStatus(Enum):
    """Whether a grant can be used."""

    ACTIVE = "active"
    NEEDS_CONSENT = "needs consent"
    REVOKED = "revoked"


# How a grant moves between its states; a new consent makes any of them active again.
TRANSITIONS: Mapping[GrantStatus, frozenset[GrantStatus]] = {
    GrantStatus.ACTIVE: frozenset({GrantStatus.NEEDS_CONSENT, GrantStatus.REVOKED}),
    GrantStatus.NEEDS_CONSENT: frozenset({GrantStatus.NEEDS_CONSENT, GrantStatus.ACTIVE, GrantStatus.REVOKED}),
    GrantStatus.REVOKED: frozenset({GrantStatus.ACTIVE}),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What one person allowed one client, for one user of the application if it has users.

    `sub` is Google's unchanging name for the person, None when nobody verified who it is. `version`
    counts the writes: 0 is a grant that is not in the vault yet.
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
    version: int = field(kw_only=True, default=0)

    def __post_init__(self) -> None:
        if not self.account or self.user == "":
            raise ValueError("a grant is somebody's: its account, and its user if it has one, are not empty")
        if any(moment is not None and moment.tzinfo is None for moment in (self.consented_at, self.refreshed_at)):
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


def grant_id(*, client_id: str, sub: str | None, account: str, user: str | None) -> str:
    """
    Return the id of a grant: it is unique by client, person and user.

    A hash, so that the id of a row says nothing about the person. The address stands for the person
    only where nobody knows their `sub`.
    """
    person = f"sub {sub}" if sub else f"address {account.casefold()}"
    parts = "\0".join(("mailgrant grant", client_id, person, f"user {user}" if user is not None else ""))
    return urlsafe_b64encode(hashlib.sha256(parts.encode()).digest()[:15]).decode("ascii")
