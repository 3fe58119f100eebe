"""
Imported: the grant that another tool's file holds, beside those the vault has of the same person.

What a file holds is read by `oauth.token_file`; `_async/importing.py` proves it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mailgrant.errors import GrantChanged, SettingsError
from mailgrant.oauth import id_token
from mailgrant.oauth.client_secrets import ClientSecrets
from mailgrant.oauth.credentials import Credentials, TokenAnswer
from mailgrant.oauth.token_file import TokenFile

from .audit import Deed
from .foresight import LIVING
from .grant import Grant, grant_id

if TYPE_CHECKING:
    from .vault import Vault


def imported(
    held: TokenFile,
    client: ClientSecrets,
    answer: TokenAnswer,
    *,
    owner: str,
    verified: bool,
    sub: str | None,
    user: str | None,
    now: datetime,
) -> Grant:
    """Return the grant that a file holds, as the refresh that has just proved it leaves it."""
    lasting = Credentials(None, refresh_token=held.refresh_token, expires_at=None, scopes=held.scopes)
    credentials = lasting.refreshed(answer, now)
    return Grant(
        owner,
        id=grant_id(client_id=client.client_id, sub=sub, account=owner, user=user),
        sub=sub,
        user=user,
        client_id=client.client_id,
        verified=verified,
        asked=credentials.scopes,
        scopes=credentials.scopes,
        credentials=credentials,
        consented_at=now,
        refreshed_at=now,
    )


def checked_owner(where: str, address: str | None, expected: str | None, *, named: bool) -> str:
    """
    Return whose the grant is: as Google says, else as the person or the file does.

    Raises SettingsError when the person named somebody else, or nobody knows.
    """
    if address is not None and expected is not None and named and not id_token.same_address(address, expected):
        raise SettingsError(f"{where} belongs to {address}, not to {expected}.", hint="Nothing was imported.")
    owner = address or expected
    if owner is None:
        raise SettingsError(
            f"{where} does not say whose grant it is.", hint="Say it: --account ADDRESS, or account= in Python."
        )
    return owner


def keep_imported(vault: Vault, grant: Grant, *, where: str) -> Grant:
    """
    Keep the grant, in place of one of the same person that it covers.

    Raises SettingsError when the vault's own grant allows more: an old file must not narrow it.
    """
    while True:
        before = own_grants(vault, grant)
        if any(one.status in LIVING and not grant.scopes.covers(one.scopes) for one in before):
            raise SettingsError(
                f"The vault's own grant of {grant.account} allows more than {where}.",
                hint="Nothing was imported. `mailgrant grant forget` first, if the file is the better one.",
            )
        grant = named(grant, before, where=where)
        try:
            kept = vault.keep(replace(grant, version=vault.version_of(grant.id)))
            for twin in before:
                if twin.id != kept.id:
                    vault.drop(twin)
        except GrantChanged:
            # A refresh wrote between our look and our write; each turn of this loop is one of theirs.
            continue
        vault.audit.note_grant(Deed.IMPORTED, kept)
        return kept


def own_grants(vault: Vault, grant: Grant) -> tuple[Grant, ...]:
    """Return what the vault has of the same person, client and user, by the name or by the address alone."""
    found = vault.find(account=grant.account, user=grant.user, client_id=grant.client_id)
    same = (None, grant.sub) if grant.sub is not None else {one.sub for one in found}
    return tuple(one for one in found if one.user == grant.user and one.sub in same)


def named(grant: Grant, before: tuple[Grant, ...], *, where: str) -> Grant:
    """
    Give an imported grant the name of the only person known by its address; two of one person would part.

    Raises SettingsError when nobody but the one who imports says whose the file is.
    """
    people = {one.sub: one for one in before if one.sub is not None}
    if grant.sub is not None or len(people) != 1:
        return grant
    if not grant.verified:
        raise SettingsError(
            f"The vault has a grant of {grant.account}, and nothing in {where} proves whose it is.",
            hint="Nothing was imported. `mailgrant grant forget` first, if you are sure of it.",
        )
    ((sub, known),) = people.items()
    return replace(grant, id=known.id, sub=sub)
