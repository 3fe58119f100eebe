"""
Importing: take over what other tools left on disk, and prove it with one refresh.

What a file holds is read by `oauth.token_file`; here it meets Google and the vault.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailgrant.errors import GrantChanged, GrantRevoked, SettingsError
from mailgrant.given_file import is_open_to_others, read_given
from mailgrant.gmail import calls as gmail_calls
from mailgrant.http import Call, Request, Response
from mailgrant.oauth import calls, id_token
from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.scopes import accepted_for
from mailgrant.oauth.token_file import TokenFile
from mailgrant.settings import say
from mailgrant.vault.audit import Deed
from mailgrant.vault.foresight import LIVING
from mailgrant.vault.grant import Grant, grant_id

from .session import bearing
from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.credentials import TokenAnswer
    from mailgrant.oauth.scopes import Scopes
    from mailgrant.secret import Secret
    from mailgrant.vault.vault import Vault

    from .workplace import AsyncWorkplace

OWNER_ASKED = "gmail.users.getProfile"


async def import_grant(
    workplace: AsyncWorkplace,
    file: str | os.PathLike[str],
    *,
    account: str | None,
    user: str | None,
    client_id: str | None = None,
) -> Grant:
    """Read the file, refresh once, find out whose it is, and keep the grant."""
    path = Path(file)
    held = await in_thread(read_token_file, path, workplace)
    client = await client_of(workplace, held, where=str(path), client_id=client_id)
    try:
        answer = await workplace.line.ask(calls.refresh(client, held.refresh_token, account=account))
    except GrantRevoked as error:
        raise GrantRevoked(f"{path} cannot be imported: {error.message}", hint="Ask the person again.") from error
    scopes = answer.scopes if answer.scopes is not None else held.scopes
    address, sub = await whose(workplace, client, answer, scopes)
    owner = checked_owner(str(path), address, account or held.account, named=account is not None)
    vault = await workplace.vault(create=True)
    if client.client_id not in {one.client_id for one in await in_thread(vault.clients)}:
        await in_thread(vault.add_client, client)
    grant = imported(
        held,
        client,
        answer,
        owner=owner,
        verified=address is not None,
        sub=sub,
        user=user,
        now=workplace.clock(),
    )
    kept = await in_thread(keep_imported, vault, grant, where=str(path))
    workplace.forget_session(kept.id)
    if address is not None and sub is None:
        # Gmail was asked whose it is, and counts that, before there was a ledger to write it in.
        await (await workplace.paces(kept)).spent(OWNER_ASKED)
    return kept


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


async def client_of(workplace: AsyncWorkplace, held: TokenFile, *, where: str, client_id: str | None) -> ClientSecrets:
    """
    Return the client that a token belongs to: the vault's, else the file's own.

    The vault's wins because a person put it there on purpose, and its secret may be newer. Raises
    SettingsError when another was named, or when nobody says which it is.
    """
    if held.client_id is None or held.client_secret is None:
        return await workplace.client(client_id)
    if client_id not in (None, held.client_id):
        raise SettingsError(
            f"{where} belongs to the OAuth client {held.client_id}, not to {client_id}.", hint="Nothing was imported."
        )
    vault = await workplace.vault(create=True)
    known = {one.client_id: one for one in await in_thread(vault.clients)}
    own = ClientSecrets(held.client_id, client_secret=held.client_secret, kind=ClientKind.INSTALLED)
    return known.get(held.client_id, own)


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


async def whose(
    workplace: AsyncWorkplace, client: ClientSecrets, answer: TokenAnswer, scopes: Scopes
) -> tuple[str | None, str | None]:
    """Return the address and the `sub` of the grant's owner, as far as Google tells with these scopes."""
    if answer.id_token is not None:
        keys = await workplace.line.ask(calls.certificates())
        identity = await in_thread(
            id_token.verify, answer.id_token, keys=keys, client_id=client.client_id, now=datetime.now(UTC)
        )
        return identity.email, identity.sub
    if any(scope in scopes for scope in accepted_for(OWNER_ASKED)):
        return await workplace.line.ask(mailbox_address(answer.access_token)), None
    return None, None


def mailbox_address(token: Secret) -> Call[str | None]:
    """Ask Gmail for the address of the mailbox that a token opens; None when it will not say."""
    asking: Generator[Request, Response, object] = gmail_calls.profile()
    asked = next(asking)
    response = yield asked.led(asked.url, bearing(token))
    asking.close()
    return str(response.json()["emailAddress"]) if response.ok else None


def read_token_file(path: Path, workplace: AsyncWorkplace) -> TokenFile:
    """Read the file; raises SettingsError that says what it is when it holds no person's token."""
    held = TokenFile.from_json(read_given(path), realm=workplace.realm, where=str(path))
    if is_open_to_others(path):
        say(f"others on this machine may read {path}, and with it act for its owner; was it ever copied?")
    return held
