"""
Foresight: when a grant will end by itself, and what can be done about it or about one that has ended.

Google says none of it beforehand; these are its rules, applied to what the vault knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailgrant.oauth.scopes import IDENTITY, Scope, Scopes

from .grant import Grant, GrantStatus

# In a project whose publishing status is Testing, after the consent, however often it is used.
TESTING_LIFE = timedelta(days=7)
# Google says six months without a refresh; the shortest six months there are.
IDLE_LIFE = timedelta(days=181)
SOON = timedelta(days=30)
# Consents to these alone outlive the seven days.
LASTING_IN_TESTING = IDENTITY | Scopes((Scope.PROFILE,))
LIVING = (GrantStatus.ACTIVE, GrantStatus.PAUSED)


@dataclass(frozen=True, slots=True)
class Countdown:
    """When a grant ends unless somebody does something, why, and what that is."""

    ends_at: datetime
    why: str = field(kw_only=True)
    remedy: str = field(kw_only=True)

    def is_soon(self, now: datetime) -> bool:
        """True within the last month."""
        return self.ends_at - now <= SOON


def countdown(grant: Grant, *, testing: bool) -> Countdown | None:
    """
    Return the first end that is known of a living grant; None for one that no rule ends.

    `testing` says that its client's project is in Testing. A service account's grant has no end.
    """
    if grant.status not in LIVING or grant.credentials.refresh_token is None:
        return None
    return min(_ends(grant, testing), key=lambda end: end.ends_at)


def remedy(grant: Grant) -> str:
    """Say what mends a grant that does not work, or does not allow all that was asked; nothing for a good one."""
    again = f"mailgrant login {grant.account} " + " ".join(f"--scope {scope.short}" for scope in grant.asked.api)
    if grant.status is GrantStatus.PAUSED:
        return "It is tried again by itself."
    if grant.status not in LIVING:
        return f"Ask again: {again.strip()}"
    if not grant.missing:
        return ""
    if grant.credentials.refresh_token is None:
        return "An administrator can allow the rest in the Admin console."
    return f"Ask for the rest: {again.strip()}"


def _ends(grant: Grant, testing: bool) -> list[Countdown]:
    ends = [
        Countdown(
            (grant.refreshed_at or grant.consented_at) + IDLE_LIFE,
            why="nobody uses it until then",
            remedy="Use it once, or run the worker, which does.",
        )
    ]
    if testing and (grant.scopes - LASTING_IN_TESTING):
        ends.append(
            Countdown(
                grant.consented_at + TESTING_LIFE,
                why="the project is in Testing",
                remedy="Publish it in the Google Cloud console, under Audience, and ask again.",
            )
        )
    if grant.ends_at is not None:
        ends.append(Countdown(grant.ends_at, why="its owner set it an end", remedy="Ask again when it is over."))
    return ends
