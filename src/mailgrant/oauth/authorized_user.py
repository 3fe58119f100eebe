"""AuthorizedUser: Google's authorized_user JSON, the `token.json` that quickstarts leave on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailgrant.errors import SettingsError
from mailgrant.secret import Secret

from .scopes import Scopes

NEEDED = ("refresh_token", "client_id", "client_secret")
UNIVERSE = "googleapis.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedUser:
    """
    A person's consent as google-auth writes it: client, refresh token, scopes.

    The `token_uri` in the file is ignored, as google-auth ignores it: a file must not choose where
    a refresh token is sent.
    """

    client_id: str
    client_secret: Secret
    refresh_token: Secret
    scopes: Scopes

    @classmethod
    def from_json(cls, text: str | bytes, *, where: str) -> AuthorizedUser:
        """Read the JSON; raises SettingsError that says what `where` holds instead."""
        values = _object(text, where)
        if "installed" in values or "web" in values:
            raise SettingsError(f"{where} holds client secrets, not a token.", hint="Pass it as client_secrets.")
        if values.get("type") == "service_account":
            raise SettingsError(f"{where} is a service account's key, not a token.")
        lacking = [name for name in NEEDED if not _is_plain(values.get(name))]
        if lacking:
            raise SettingsError(
                f"{where} has no {', '.join(lacking)}, so it cannot be refreshed.",
                hint="It was saved without a refresh token. Ask the person again with `mailgrant login`.",
            )
        if values.get("universe_domain", UNIVERSE) != UNIVERSE:
            raise SettingsError(f"{where} belongs to another cloud than Google's.")
        return cls(
            client_id=values["client_id"],
            client_secret=Secret(values["client_secret"]),
            refresh_token=Secret(values["refresh_token"]),
            scopes=_scopes(values, where),
        )


def _object(text: str | bytes, where: str) -> dict[str, Any]:
    if text[:1] == b"\x80":
        raise SettingsError(
            f"{where} is a Python pickle, which is not opened: it could run anything.",
            hint="Where it was written, save it as JSON: Path('token.json').write_text(credentials.to_json())",
        )
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise SettingsError(f"{where} is not JSON.", hint="A token.json is wanted, as google-auth writes it.") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{where} is JSON, but not a token.json.")
    return values


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()


def _scopes(values: Mapping[str, Any], where: str) -> Scopes:
    """Read the scopes, which google-auth writes as a list or as text; none at all is allowed."""
    listed = values.get("scopes") or []
    names = listed.split() if isinstance(listed, str) else listed
    if not isinstance(names, list) or not all(_is_plain(name) for name in names):
        raise SettingsError(f"{where}: scopes is not a list of scopes.")
    return Scopes.granted(" ".join(names))
