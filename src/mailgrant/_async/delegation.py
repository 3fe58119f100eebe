"""
Delegation: let a service account act for a person whose administrator has allowed it.

Nobody is asked. Every scope is tried by an assertion of its own, so that what the administrator has
not allowed is known by name; what he has becomes a grant like any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mailgrant.errors import AdminRefused, GrantChanged, GrantNotFound, SettingsError
from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.scopes import Scopes
from mailgrant.oauth.service_account import ServiceAccountKey
from mailgrant.vault.audit import Deed
from mailgrant.vault.foresight import LIVING
from mailgrant.vault.grant import Grant, grant_id

from .renewal import by_assertion
from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.vault.vault import Vault

    from .workplace import AsyncWorkplace

# What an assertion is told when it is the administrator who has not allowed it.
NOT_DELEGATED = frozenset({"unauthorized_client", "access_denied"})


async def delegate(
    workplace: AsyncWorkplace, key: ServiceAccountKey, wanted: Scopes, *, account: str, user: str | None
) -> Grant:
    """
    Try every scope for `account`, and keep a grant of what is allowed.

    Raises AdminRefused, with the line for the Admin console, when none is; NotFound when Google does
    not know the account; ClientBroken when the key is no longer good.
    """
    if not wanted:
        raise SettingsError("No scope was named, so there is nothing to try.", hint="For example: gmail.send.")
    vault = await workplace.vault(create=True)
    row = grant_id(client_id=key.client_id, sub=None, account=account, user=user)
    before = await in_thread(listed, vault, row)
    allowed = await allowed_scopes(workplace, key, wanted, account=account, user=user)
    # What was allowed before and was not tried now stays on the list.
    held = (before.scopes - wanted) | allowed if before else allowed
    answer = await by_assertion(vault, workplace.line, key, held or wanted, account=account, user=user)
    now = workplace.clock()
    grant = Grant(
        account,
        id=row,
        sub=None,
        user=user,
        client_id=key.client_id,
        # Google has just taken this address for that of a mailbox.
        verified=True,
        asked=wanted | (before.asked if before else Scopes()),
        scopes=held,
        credentials=Credentials(
            answer.access_token, refresh_token=None, expires_at=now + answer.expires_in, scopes=held
        ),
        consented_at=now,
        refreshed_at=now,
    )
    kept = await in_thread(keep_delegated, vault, grant)
    workplace.forget_session(kept.id)
    return kept


def listed(vault: Vault, row: str) -> Grant | None:
    """Return what the service account may do for this person already, if anything."""
    try:
        before = vault.grant(row)
    except GrantNotFound:
        return None
    return before if before.status in LIVING else None


async def service_account_of(workplace: AsyncWorkplace, client_id: str) -> ServiceAccountKey:
    """Return the key of a service account; raises SettingsError when the client is none, or not here."""
    vault = await workplace.vault(create=True)
    known = await in_thread(vault.known_client, client_id)
    if not isinstance(known.secrets, ServiceAccountKey):
        raise SettingsError(f"{client_id} is an OAuth client, not a service account: it asks people.")
    return known.secrets


async def allowed_scopes(
    workplace: AsyncWorkplace, key: ServiceAccountKey, wanted: Scopes, *, account: str, user: str | None
) -> Scopes:
    """Return those of `wanted` that the administrator has allowed this service account."""
    vault = await workplace.vault()
    allowed = Scopes()
    for scope in wanted:
        try:
            await by_assertion(vault, workplace.line, key, Scopes((scope,)), account=account, user=user)
        except AdminRefused as error:
            if error.reason not in NOT_DELEGATED:
                raise
        else:
            allowed |= scope
    return allowed


def keep_delegated(vault: Vault, grant: Grant) -> Grant:
    """Write the grant, which is the list of what the key may be used for, and note the use of the key."""
    while True:
        try:
            kept = vault.keep(replace(grant, version=vault.version_of(grant.id)))
        except GrantChanged:
            # Somebody else wrote between our look and our write; each turn of this loop is one of theirs.
            continue
        vault.audit.note_grant(Deed.CONSENT_COMPLETED, kept, detail="by delegation to a service account")
        return kept
