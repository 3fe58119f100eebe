"""
Importing: take over what other tools left on disk, and prove it with one refresh.

What a file holds is read by `oauth.token_file`; here it meets Google and the vault.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from mailgrant.errors import GrantRevoked, SettingsError
from mailgrant.given_file import is_open_to_others, read_given
from mailgrant.gmail import calls as gmail_calls
from mailgrant.http import Call, Request, Response
from mailgrant.oauth import calls
from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.oauth.scopes import accepted_for
from mailgrant.oauth.token_file import TokenFile
from mailgrant.settings import say
from mailgrant.vault.imported import checked_owner, imported, keep_imported

from .redemption import identified
from .session import bearing
from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.credentials import TokenAnswer
    from mailgrant.oauth.scopes import Scopes
    from mailgrant.secret import Secret
    from mailgrant.vault.grant import Grant

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


async def whose(
    workplace: AsyncWorkplace, client: ClientSecrets, answer: TokenAnswer, scopes: Scopes
) -> tuple[str | None, str | None]:
    """Return the address and the `sub` of the grant's owner, as far as Google tells with these scopes."""
    if answer.id_token is not None:
        identity = await identified(workplace.line, client, answer.id_token)
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
