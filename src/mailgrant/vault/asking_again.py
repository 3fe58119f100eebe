"""
Asking again: the errors that say that a person must be asked, for what, and how.

Each carries the grant it is about, so that `consents.begin(error)` asks the same person by the same client.
"""

from __future__ import annotations

from mailgrant.errors import ConsentNeeded
from mailgrant.oauth.scopes import Scopes

from .grant import Grant, GrantStatus


def alive(grant: Grant) -> Grant:
    """Return `grant`, or raise ConsentNeeded when it is dead; one that is paused is not."""
    if grant.status in (GrantStatus.NEEDS_CONSENT, GrantStatus.REVOKED):
        raise needs_consent(grant, grant.reason)
    return grant


def require_granted(grant: Grant, scopes: Scopes) -> None:
    """
    Raise ConsentNeeded when a scope of `scopes` was not granted, letter by letter.

    Google gives tokens for what it was granted only, and not for what a wider scope would stand in for.
    """
    lacking = scopes - grant.scopes
    if not lacking:
        return
    names = ", ".join(scope.short for scope in lacking)
    by_key = grant.credentials.refresh_token is None
    asking = f"grant ask {grant.account} --client {grant.client_id}" if by_key else f"login {grant.account}"
    asked = " ".join((asking, *(f"--scope {scope.short}" for scope in lacking)))
    raise _again(
        grant,
        f"{grant.account} has not granted {names}, so there is no token for just that.",
        hint=f"Name scopes that `mailgrant status` lists, or run `mailgrant {asked}`.",
        scopes=grant.asked | lacking,
        missing=lacking,
    )


def needs_consent(grant: Grant, reason: str) -> ConsentNeeded:
    """The error that says that, why, and how this person must be asked again."""
    names = " ".join(f"--scope {scope.short}" for scope in grant.asked.api)
    return _again(
        grant,
        f"{grant.account} must be asked again. {reason}",
        hint=f"Run `mailgrant login {grant.account} {names}`, or begin a consent from it: consents.begin(error).",
        scopes=grant.asked,
        missing=grant.asked,
    )


def not_folded(grant: Grant, everything: Scopes) -> ConsentNeeded:
    """The error for when Google's token leaves out what `grant` holds: `everything` is to be asked together."""
    return _again(
        grant,
        f"{grant.account} allowed it, but Google's token leaves out what they had allowed before. "
        "It was dropped, and the grant stays as it was.",
        hint="Ask once more: everything is asked together then, and from now on.",
        scopes=everything,
        missing=everything,
    )


def _again(grant: Grant, message: str, *, hint: str, scopes: Scopes, missing: Scopes) -> ConsentNeeded:
    return ConsentNeeded(
        message,
        hint=hint,
        account=grant.account,
        user=grant.user,
        client_id=grant.client_id,
        scopes=scopes,
        missing=missing,
    )
