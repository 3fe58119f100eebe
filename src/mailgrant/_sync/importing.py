# Written by scripts/unasync.py from src/mailgrant/_async/importing.py.
# Do not edit: change that file and run `make sync`.
"""
Importing: take over what other tools left on disk, and prove it with one refresh.

Google's authorized_user JSON (`token.json`). The addresses inside such a file are never followed:
only the client, the refresh token and the scopes count.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailgrant.errors import GrantRevoked, SettingsError
from mailgrant.gmail import calls as gmail_calls
from mailgrant.http import Call, Request, Response
from mailgrant.oauth import calls, id_token
from mailgrant.oauth.authorized_user import AuthorizedUser
from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.scopes import accepted_for
from mailgrant.vault.grant import Grant, GrantStatus, grant_id

from .session import authorised
from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.credentials import TokenAnswer
    from mailgrant.oauth.scopes import Scopes
    from mailgrant.secret import Secret

    from .workplace import Workplace


def import_grant(workplace: Workplace, file: str | os.PathLike[str], *, account: str | None, user: str | None) -> Grant:
    """Read the file, refresh once, find out whose it is, and keep the grant."""
    held = in_thread(read_authorized_user, Path(file))
    client = ClientSecrets(held.client_id, client_secret=held.client_secret, kind=ClientKind.INSTALLED)
    try:
        answer = workplace.line.ask(calls.refresh(client, held.refresh_token, account=account))
    except GrantRevoked as error:
        raise GrantRevoked(f"{file} cannot be imported: {error.message}", hint="Ask the person again.") from error
    scopes = answer.scopes if answer.scopes is not None else held.scopes
    address, sub = whose(workplace, client, answer, scopes)
    if address is not None and account is not None and address.casefold() != account.casefold():
        raise SettingsError(f"{file} belongs to {address}, not to {account}.", hint="Nothing was imported.")
    owner = address or account
    if owner is None:
        raise SettingsError(f"{file} does not say whose grant it is.", hint="Pass account= with the address.")
    vault = workplace.vault(create=True)
    known = {one.client_id for one in in_thread(vault.clients)}
    if client.client_id not in known:
        in_thread(vault.add_client, client)
    now = workplace.clock()
    grant = Grant(
        owner,
        id=grant_id(client_id=client.client_id, sub=sub, account=owner, user=user),
        sub=sub,
        user=user,
        client_id=client.client_id,
        verified=address is not None,
        asked=scopes,
        scopes=scopes,
        status=GrantStatus.ACTIVE,
        reason="",
        credentials=Credentials(
            answer.access_token,
            refresh_token=answer.refresh_token or held.refresh_token,
            expires_at=now + answer.expires_in,
            scopes=scopes,
        ),
        consented_at=now,
        refreshed_at=now,
        version=0,
    )
    return in_thread(vault.keep, grant)


def whose(
    workplace: Workplace, client: ClientSecrets, answer: TokenAnswer, scopes: Scopes
) -> tuple[str | None, str | None]:
    """Return the address and the `sub` of the grant's owner, as far as Google tells with these scopes."""
    if answer.id_token is not None:
        keys = workplace.line.ask(calls.certificates())
        identity = in_thread(
            id_token.verify, answer.id_token, keys=keys, client_id=client.client_id, now=datetime.now(UTC)
        )
        return identity.email, identity.sub
    if any(scope in scopes for scope in accepted_for("gmail.users.getProfile")):
        return workplace.line.ask(mailbox_address(answer.access_token)), None
    return None, None


def mailbox_address(token: Secret) -> Call[str | None]:
    """Ask Gmail for the address of the mailbox that a token opens; None when it will not say."""
    asking: Generator[Request, Response, object] = gmail_calls.profile()
    response = yield authorised(next(asking), token)
    asking.close()
    return str(response.json()["emailAddress"]) if response.ok else None


def read_authorized_user(path: Path) -> AuthorizedUser:
    """Read the file; raises SettingsError that says what it is when it is not a token.json."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    return AuthorizedUser.from_json(text, where=str(path))
