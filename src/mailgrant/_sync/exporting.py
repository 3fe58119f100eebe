# Written by scripts/unasync.py from src/mailgrant/_async/exporting.py.
# Do not edit: change that file and run `make sync`.
"""Exporting: write a grant down for a program that knows Google's own libraries only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mailgrant.errors import SettingsError
from mailgrant.given_file import write_secret
from mailgrant.oauth.token_file import authorized_user
from mailgrant.vault.audit import Deed

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.vault.grant import Grant

    from .workplace import Workplace


def export_grant(workplace: Workplace, grant: Grant, file: str | os.PathLike[str]) -> Grant:
    """Write the grant to a new file for its owner alone, and note it in the audit."""
    refresh_token = grant.credentials.refresh_token
    if refresh_token is None:
        raise SettingsError(
            f"The grant of {grant.account} has no refresh token to hand out.",
            hint="A service account's grant works with its key: give the other program that.",
        )
    if not grant.is_active:
        raise SettingsError(
            f"The grant of {grant.account} does not work ({grant.status.value}), so it was not exported.",
            hint=f"Ask first: `mailgrant login {grant.account}`.",
        )
    vault = workplace.vault()
    client = in_thread(vault.client, grant.client_id)
    text = authorized_user(
        client_id=client.client_id,
        client_secret=client.client_secret,
        refresh_token=refresh_token,
        scopes=grant.scopes,
    )
    # Noted first: an export that nobody wrote down would be worse than one that did not happen.
    in_thread(vault.audit.note_grant, Deed.EXPORTED, grant, detail=f"to {Path(file).name}")
    in_thread(write_secret, Path(file), text)
    return grant
