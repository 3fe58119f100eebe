"""ClientFile: the file in which Google says which application asks, as a person hands it to us."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailgrant.errors import SettingsError
from mailgrant.given_file import is_open_to_others, read_given
from mailgrant.oauth.client_secrets import ClientSecrets
from mailgrant.oauth.realm import Realm
from mailgrant.oauth.service_account import ServiceAccountKey, is_service_account

# A path, or what stands in the file.
ClientFile = str | os.PathLike[str] | dict[str, Any]

NAMES = ("client_secret*.json", "client_credentials.json", "credentials.json")
# What a content that comes without a file is called in errors.
AS_ARGUMENT = "client_secrets"

DOWNLOAD = (
    "Download the OAuth client (type Desktop) from the Google Cloud console, then `mailgrant client add FILE`, "
    "or try everything without Google: `mailgrant sandbox run`."
)


def read_client(given: ClientFile, realm: Realm) -> ClientSecrets:
    """Read Google's client_secret_*.json; raises SettingsError that says what is wrong with it."""
    content, where = _content_of(given)
    return ClientSecrets.from_json(content, realm=realm, where=where)


def read_client_or_key(given: ClientFile, realm: Realm) -> ClientSecrets | ServiceAccountKey:
    """
    Read a client secrets file, or a service account's key; raises SettingsError that says what is wrong.

    A key that others may read is refused: whoever has it acts for everybody an administrator allows.
    """
    content, where = _content_of(given)
    if not is_service_account(content):
        return ClientSecrets.from_json(content, realm=realm, where=where)
    if not isinstance(given, dict) and is_open_to_others(Path(given)):
        raise SettingsError(
            f"{given} is refused: it is a service account's key, and others on this machine may read it.",
            hint=f"If nobody did, `chmod 600 {given}` and add it again; else make a new key and delete this one.",
        )
    return ServiceAccountKey.from_json(content, realm=realm, where=where)


def client_in_folder(folder: Path, realm: Realm, *, say: Callable[[str], None]) -> ClientSecrets | None:
    """
    Find the client secrets file that people keep beside their script.

    Only a file of the user's own that nobody else may write is used: a folder that others can
    write to must not choose whom the person consents to. The one chosen is told to `say`.
    """
    found = [path for pattern in NAMES for path in sorted(folder.glob(pattern)) if path.is_file()]
    for path in found:
        if not _is_private(path):
            say(f"{path.name} is left alone: others may write it, or it belongs to somebody else.")
            continue
        client = read_client(path, realm)
        say(f"using the client secrets in {path.name}; from now on they are in the vault.")
        return client
    return None


def no_client() -> SettingsError:
    """The error for when nobody has told us which application we are."""
    return SettingsError("No OAuth client is known: Google wants to know which application asks.", hint=DOWNLOAD)


def _content_of(given: ClientFile) -> tuple[str | bytes, str]:
    """Return what stands in the file, and what the file is called in errors."""
    if isinstance(given, dict):
        return json.dumps(given), AS_ARGUMENT
    return read_given(Path(given), hint=DOWNLOAD), str(given)


def _is_private(path: Path) -> bool:
    status = path.stat()
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & 0o022
