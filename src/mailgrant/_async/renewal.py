"""
Renewal: get a new access token for a grant, in the way that its client allows.

An OAuth client has the person's refresh token; a service account signs that it acts for them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailgrant.errors import SettingsError
from mailgrant.oauth import calls
from mailgrant.oauth.scopes import Scopes
from mailgrant.oauth.service_account import ServiceAccountKey
from mailgrant.vault.asking_again import needs_consent
from mailgrant.vault.audit import Deed

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.credentials import TokenAnswer
    from mailgrant.vault.client import KnownClient
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.vault import Vault

    from .line import AsyncLine


async def renew(
    vault: Vault, line: AsyncLine, client: KnownClient, grant: Grant, *, scopes: Scopes | None = None
) -> TokenAnswer:
    """
    Ask Google for a new access token, of the whole grant or, with `scopes`, of a part of it.

    Raises what the token endpoint's answer means (`oauth.answers`); ConsentNeeded when nothing can
    renew the grant; SettingsError for what is not on a service account's list, before Google is asked.
    """
    secrets = client.secrets
    if isinstance(secrets, ServiceAccountKey):
        wanted = grant.scopes if scopes is None else scopes
        check_listed(secrets, grant, wanted)
        return await by_assertion(vault, line, secrets, wanted, account=grant.account, user=grant.user)
    used = grant.credentials.refresh_token
    if used is None:
        raise needs_consent(grant, "There is no refresh token for this grant.")
    return await line.ask(calls.refresh(secrets, used, scopes=scopes, account=grant.account))


def check_listed(key: ServiceAccountKey, grant: Grant, scopes: Scopes) -> None:
    """
    Raise SettingsError for scopes that are not on a service account's list for this person.

    They must be on it letter by letter: an administrator allows a scope, not what a wider one would
    stand in for.
    """
    unlisted = scopes - grant.scopes
    if unlisted or not scopes:
        names = ", ".join(scope.short for scope in unlisted) or "nothing"
        raise SettingsError(
            f"The service account {key.client_email} is not meant to do this for {grant.account}: {names}.",
            hint=f"`mailgrant grant ask {grant.account} --client {key.client_id} --scope S` adds S to its list.",
        )


async def by_assertion(
    vault: Vault, line: AsyncLine, key: ServiceAccountKey, scopes: Scopes, *, account: str, user: str | None
) -> TokenAnswer:
    """Sign that the service account acts for `account`, after the use of its key was written down."""
    await in_thread(vault.audit.note, Deed.KEY_USED, account=account, user=user, client_id=key.client_id, scopes=scopes)
    # Real time, whatever clock this object was given: Google compares it with its own.
    now = datetime.now(UTC)
    answer = await line.ask(calls.exchange_assertion(key, subject=account, scopes=scopes, now=now))
    return replace(answer, scopes=scopes if answer.scopes is None else answer.scopes)
