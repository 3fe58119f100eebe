"""AuthorizedUser: Google's authorized_user JSON, the `token.json` that quickstarts leave on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mailgrant.errors import SettingsError
from mailgrant.secret import Secret

from .scopes import Scopes

NEEDED = ("refresh_token", "client_id", "client_secret")
GOOGLE_UNIVERSE = "googleapis.com"


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
        lacking = [name for name in NEEDED if not isinstance(values.get(name), str) or not values[name]]
        if lacking:
            raise SettingsError(
                f"{where} has no {', '.join(lacking)}, so it cannot be refreshed.",
                hint="It was saved without a refresh token. Ask the person again with `mailgrant login`.",
            )
        if values.get("universe_domain", GOOGLE_UNIVERSE) != GOOGLE_UNIVERSE:
            raise SettingsError(f"{where} belongs to another cloud than Google's.")
        return cls(
            client_id=values["client_id"],
            client_secret=Secret(values["client_secret"]),
            refresh_token=Secret(values["refresh_token"]),
            scopes=Scopes(values.get("scopes") or ()),
        )


def _object(text: str | bytes, where: str) -> dict[str, Any]:
    if text[:1] == b"\x80":
        raise SettingsError(
            f"{where} is a Python pickle, which is not opened: it could run anything.",
            hint="Where it was written, save it as JSON: Path('token.json').write_text(credentials.to_json())",
        )
    try:
        values = json.loads(text)
    except ValueError:
        raise SettingsError(f"{where} is not JSON.", hint="A token.json is wanted, as google-auth writes it.") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{where} is JSON, but not a token.json.")
    return values
