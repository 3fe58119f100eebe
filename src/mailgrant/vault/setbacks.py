"""
Setbacks: what is written down when Google refuses a token, and who may try again.

A refusal of the client is the client's, never its grants'; a refusal of one grant leaves the others
alone. Whoever tries a client in trouble first writes down that he does, by compare-and-set: of all
who race, one gets to ask, and one that dies while asking stands in nobody's way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mailgrant.errors import AdminRefused, ClientBroken, GrantChanged
from mailgrant.oauth.answers import NEW_KEY
from mailgrant.oauth.service_account import ServiceAccountKey

from .audit import Deed
from .client import KnownClient, Trouble
from .grant import Grant, GrantStatus
from .schedule import may_be_tried, next_probe

if TYPE_CHECKING:
    from mailgrant.oauth.scopes import Scopes

    from .vault import Vault


def check_worth_asking(vault: Vault, grant: Grant) -> KnownClient:
    """
    Return the client of `grant`, or raise what Google said last while it is too early to ask again.

    That is ClientBroken or AdminRefused, from the vault: nothing travels.
    """
    client = vault.known_client(grant.client_id)
    trouble = client.trouble
    if trouble is not None and vault.clock() < next_probe(trouble):
        raise still_broken(client, trouble)
    if not may_be_tried(grant, vault.clock()):
        raise AdminRefused(grant.reason, hint="The grant is kept, and tried again from time to time.")
    return client


def begin_asking(vault: Vault, grant: Grant) -> KnownClient:
    """Return the client to ask with, as `check_worth_asking`; for one in trouble, whoever comes first tries."""
    client = check_worth_asking(vault, grant)
    if client.trouble is None:
        return client
    try:
        return vault.keep_client(replace(client, trouble=replace(client.trouble, tried_at=vault.clock())))
    except GrantChanged:
        raise still_broken(client, client.trouble) from None


def still_broken(client: KnownClient, trouble: Trouble) -> ClientBroken:
    """The error for a client that Google did not accept when somebody last tried."""
    return ClientBroken(
        f"{trouble.reason} That is so since {trouble.since:%Y-%m-%d %H:%M} UTC at the latest.",
        hint=f"{NEW_KEY}; no grant was lost." if isinstance(client.secrets, ServiceAccountKey) else "",
    )


def client_refused(vault: Vault, client: KnownClient, reason: str) -> None:
    """Write down that Google does not accept `client`; no grant is touched."""
    now = vault.clock()
    since = client.trouble.since if client.trouble else now
    try:
        vault.keep_client(replace(client, trouble=Trouble(reason, since=since, tried_at=now)))
    except GrantChanged:
        # Somebody else wrote the same, or brought a new secret: then it is not this client any more.
        return
    if client.trouble is None:
        vault.audit.note(Deed.CLIENT_BROKEN, client_id=client.client_id, detail=reason)


def client_accepted(vault: Vault, client: KnownClient) -> None:
    """Write down that Google accepts `client` again, if it did not before."""
    if client.trouble is None:
        return
    try:
        vault.keep_client(replace(client, trouble=None))
    except GrantChanged:
        return
    vault.audit.note(Deed.CLIENT_MENDED, client_id=client.client_id)


def bury(vault: Vault, grant: Grant, reason: str) -> Grant:
    """Write down that Google has ended `grant`; raises GrantChanged when it was changed meanwhile."""
    dead = vault.mark(grant, GrantStatus.NEEDS_CONSENT, reason)
    _note(vault, Deed.GRANT_DIED, dead, reason)
    return dead


def pause(vault: Vault, grant: Grant, reason: str) -> Grant:
    """Write down that `grant` is refused for now; one that was changed meanwhile stays as it is."""
    paused = GrantStatus.PAUSED
    if grant.status not in (GrantStatus.ACTIVE, paused):
        return grant
    now = vault.clock()
    since = grant.status_since if grant.status is paused else now
    try:
        kept = vault.keep(replace(grant, status=paused, reason=reason, status_since=since, tried_at=now))
    except GrantChanged:
        return vault.grant(grant.id)
    if grant.status is not paused:
        _note(vault, Deed.GRANT_PAUSED, kept, reason)
    return kept


def resumed(vault: Vault, before: Grant, after: Grant) -> None:
    """Note in the audit that a paused grant works again, if that is what happened."""
    if before.status is GrantStatus.PAUSED and after.is_active:
        _note(vault, Deed.GRANT_RESUMED, after, "")


def handed_out(vault: Vault, grant: Grant, scopes: Scopes | None) -> None:
    """Note in the audit that a token of `grant`, or of a part of it, was handed out."""
    vault.audit.note_grant(Deed.TOKEN_HANDED_OUT, grant, scopes=scopes)


def _note(vault: Vault, deed: Deed, grant: Grant, detail: str) -> None:
    vault.audit.note(deed, account=grant.account, user=grant.user, client_id=grant.client_id, detail=detail)
