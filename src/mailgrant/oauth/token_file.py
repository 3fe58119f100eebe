"""
TokenFile: a person's consent as some other tool wrote it to disk.

Google's own libraries for Python and Node, gcloud, google-oauthlib-tool, and the old oauth2client.
Addresses in such a file are looked at and never followed: it must not choose where a refresh token
is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailgrant.errors import SettingsError
from mailgrant.secret import Secret

from .realm import Realm
from .scopes import Scopes

UNIVERSE = "googleapis.com"
ADDRESS_FIELDS = ("token_uri", "revoke_uri", "token_info_uri")
SCOPE_FIELDS = ("granted_scopes", "scopes", "scope")
PICKLE, JAVA = b"\x80", b"\xac\xed"
NO_REFRESH = "It was saved without a refresh token. Ask the person again with `mailgrant login`."
WANTED = "A token.json is wanted, as Google's libraries write it."
TO_JSON = """\
Where it was written, run these two lines and import token.json:
    import pathlib, pickle
    pathlib.Path("token.json").write_text(pickle.loads(pathlib.Path("token.pickle").read_bytes()).to_json())"""

# The files of Google's that hold no person's consent, by their `type`, and what to do with each.
OTHER_TYPES = {
    "service_account": ("a service account's key", "Keep it with `mailgrant client add FILE`."),
    "external_account": ("a workload's federation", "It acts for no person. Ask the person with `mailgrant login`."),
    "external_account_authorized_user": ("a workforce's federation", "Ask the person with `mailgrant login`."),
    "impersonated_service_account": ("a service account by way of another", "Ask the person with `mailgrant login`."),
    "gdch_service_account": ("a service account of another cloud", "Ask the person with `mailgrant login`."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile:
    """
    What such a file holds: the refresh token, and as far as it says the client, the scopes and the address.

    `client_id` is None where the tool keeps the client elsewhere, as Node's programs do.
    """

    refresh_token: Secret
    client_id: str | None = None
    client_secret: Secret | None = None
    scopes: Scopes = field(default_factory=Scopes)
    account: str | None = None

    @classmethod
    def from_json(cls, text: str | bytes, *, realm: Realm, where: str) -> TokenFile:
        """Read the file, whichever tool wrote it; raises SettingsError that says what `where` holds instead."""
        values = _unwrapped(_object(text, where))
        _check_kind(values, where)
        _check_addresses(values, realm, where)
        client_id, client_secret = (_plain(values.get(name)) for name in ("client_id", "client_secret"))
        refresh_token = _plain(values.get("refresh_token"))
        lacking = _lacking(values, client_id, client_secret, refresh_token)
        if lacking or refresh_token is None:
            raise SettingsError(f"{where} has no {', '.join(lacking)}, so it cannot be refreshed.", hint=NO_REFRESH)
        return cls(
            refresh_token=Secret(refresh_token),
            client_id=client_id,
            client_secret=Secret(client_secret) if client_secret else None,
            scopes=_scopes(values, where),
            account=_address(values.get("account")),
        )


def authorized_user(*, client_id: str, client_secret: Secret, refresh_token: Secret, scopes: Scopes) -> str:
    """
    Write what Google's own libraries read: `type: authorized_user`, refresh token in the clear.

    No access token is written, so whoever reads the file asks Google first, as with an old one.
    """
    values = {
        "type": "authorized_user",
        "client_id": client_id,
        "client_secret": client_secret.reveal(),
        "refresh_token": refresh_token.reveal(),
        "scopes": list(scopes),
        "universe_domain": UNIVERSE,
    }
    return json.dumps(values, indent=2) + "\n"


def _object(text: str | bytes, where: str) -> dict[str, Any]:
    if isinstance(text, bytes):
        _check_bytes(text, where)
    if not text.strip():
        raise SettingsError(f"{where} is empty.", hint=WANTED)
    try:
        values = json.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except (ValueError, RecursionError):
        raise SettingsError(f"{where} is not JSON.", hint=WANTED) from None
    if not isinstance(values, dict):
        raise SettingsError(f"{where} is JSON, but not a token.json.", hint=WANTED)
    return values


def _check_bytes(text: bytes, where: str) -> None:
    """Refuse what can only be read by running it."""
    if text.startswith(PICKLE):
        raise SettingsError(
            f"{where} is a Python pickle, which is not opened: reading one runs whatever is in it.", hint=TO_JSON
        )
    if text.startswith(JAVA):
        raise SettingsError(
            f"{where} is a store of Google's Java library, which is not opened.",
            hint="Ask the person again with `mailgrant login`.",
        )


def _unwrapped(values: dict[str, Any]) -> dict[str, Any]:
    """
    Return the one credential that an oauth2client store holds.

    Its `Storage` is the credential itself, whose scopes Google's last answer knows better; its
    multistore is a list, and one with several in it is no single person's.
    """
    listed = values.get("data")
    if isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], dict):
        credential = listed[0].get("credential")
        values = credential if isinstance(credential, dict) else values
    answered = values.get("token_response")
    granted = answered.get("scope") if isinstance(answered, dict) else None
    return {**values, "granted_scopes": granted} if granted else values


def _check_kind(values: Mapping[str, Any], where: str) -> None:
    """Say what a file of Google's is when it is another than a person's token."""
    if "installed" in values or "web" in values:
        raise SettingsError(
            f"{where} holds client secrets, not a token.", hint="Keep it with `mailgrant client add FILE`."
        )
    kind = values.get("type")
    if isinstance(kind, str) and kind in OTHER_TYPES:
        what, hint = OTHER_TYPES[kind]
        raise SettingsError(f"{where} is {what}, not a person's token.", hint=hint)
    if isinstance(values.get("data"), list):
        raise SettingsError(
            f"{where} holds several people's tokens or none.", hint="Ask each person with `mailgrant login`."
        )
    if values.get("universe_domain", UNIVERSE) != UNIVERSE:
        raise SettingsError(f"{where} is refused: its universe_domain is not {UNIVERSE}.")


def _check_addresses(values: Mapping[str, Any], realm: Realm, where: str) -> None:
    for name in ADDRESS_FIELDS:
        address = values.get(name)
        if address:
            realm.check_address(address if isinstance(address, str) else "", where=where, field=name)


def _lacking(
    values: Mapping[str, Any], client_id: str | None, client_secret: str | None, refresh_token: str | None
) -> list[str]:
    """Name what is not there; a file that says nothing of a client at all gets it from elsewhere."""
    found = {"refresh_token": refresh_token}
    if "client_id" in values or "client_secret" in values:
        found |= {"client_id": client_id, "client_secret": client_secret}
    return [name for name, value in found.items() if value is None]


def _scopes(values: Mapping[str, Any], where: str) -> Scopes:
    """Read the scopes, which some tools write as a list and some as text; none at all is allowed."""
    listed: Any = next((values[name] for name in SCOPE_FIELDS if values.get(name)), [])
    names = listed.split() if isinstance(listed, str) else listed
    if not isinstance(names, list) or None in map(_plain, names):
        raise SettingsError(f"{where}: its scopes are not a list of scopes.")
    return Scopes.granted(" ".join(names))


def _address(value: object) -> str | None:
    text = _plain(value)
    return text if text and "@" in text else None


def _plain(value: object) -> str | None:
    """Return text that may stand in a request; None for anything else."""
    return value if isinstance(value, str) and value and value.isascii() and value.isprintable() else None
