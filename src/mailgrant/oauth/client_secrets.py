"""ClientSecrets: the application's identity at Google, from its client_secret_*.json, read and checked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from mailgrant.errors import SettingsError
from mailgrant.secret import Secret

from .realm import AUTH_URI, TOKEN_URI, Realm, is_loopback

DOWNLOAD = "Download the OAuth client's JSON from the Google Cloud console (APIs & Services, Credentials)."
ADDRESSES = ("auth_uri", "token_uri", "auth_provider_x509_cert_url")
# Nothing can listen there, so nobody catches the code on its way into the address bar.
PASTED = "http://127.0.0.1:1/"


class ClientKind(Enum):
    """The two types of OAuth client that Google's console offers for people's mail."""

    INSTALLED = "installed"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class ClientSecrets:
    """An OAuth client: its id, its secret, and where people may be sent back to."""

    client_id: str
    client_secret: Secret = field(kw_only=True)
    kind: ClientKind = field(kw_only=True)
    redirect_uris: tuple[str, ...] = field(kw_only=True, default=())
    project_id: str | None = field(kw_only=True, default=None)

    @classmethod
    def from_json(cls, text: str | bytes, *, realm: Realm, where: str) -> ClientSecrets:
        """
        Read Google's JSON.

        The addresses in it are never followed; foreign ones refuse the file. Raises SettingsError
        that says what `where` holds when it is not client secrets.
        """
        kind, values = _section(_object(text, where), where)
        for name in ("client_id", "client_secret"):
            if not isinstance(values.get(name), str) or not values[name]:
                raise SettingsError(f"{where} has no {name}.", hint=DOWNLOAD)
        for name in ADDRESSES:
            if name in values:
                realm.check_address(str(values[name]), where=where, field=name)
        redirects = values.get("redirect_uris", ())
        return cls(
            values["client_id"],
            client_secret=Secret(values["client_secret"]),
            kind=kind,
            redirect_uris=tuple(str(one) for one in redirects) if isinstance(redirects, list) else (),
            project_id=values.get("project_id") if isinstance(values.get("project_id"), str) else None,
        )

    def to_json(self) -> str:
        """Return Google's JSON again, with Google's addresses; it holds the client secret in the clear."""
        values = {
            "client_id": self.client_id,
            "project_id": self.project_id,
            "auth_uri": AUTH_URI,
            "token_uri": TOKEN_URI,
            "client_secret": self.client_secret.reveal(),
            "redirect_uris": list(self.redirect_uris),
        }
        return json.dumps({self.kind.value: {name: value for name, value in values.items() if value is not None}})

    def loopback_redirect(self) -> str:
        """
        Return the http address on this machine that a web client has registered.

        Raises SettingsError that names the address to register when there is none.
        """
        for address in self.redirect_uris:
            parts = urlsplit(address)
            if parts.scheme == "http" and is_loopback(parts.hostname or ""):
                return address
        raise SettingsError(
            f"The OAuth client {self.client_id} is of type Web and has no http address on this machine registered.",
            hint="Register http://localhost:8080/ for it, use a client of type Desktop, or ask by link (--link).",
        )

    def pasted_redirect(self) -> str:
        """Return an address for a link whose answer is pasted back: it need not be served."""
        if self.kind is ClientKind.INSTALLED:
            return PASTED
        if self.redirect_uris:
            return self.redirect_uris[0]
        raise SettingsError(
            f"The OAuth client {self.client_id} is of type Web and has no redirect address registered.",
            hint="Register one in the Google Cloud console, or use a client of type Desktop.",
        )


def _object(text: str | bytes, where: str) -> dict[str, Any]:
    if not text.strip():
        raise SettingsError(f"{where} is empty.", hint=DOWNLOAD)
    try:
        values = json.loads(text)
    except ValueError:
        raise SettingsError(f"{where} is not JSON.", hint=DOWNLOAD) from None
    if not isinstance(values, dict):
        raise SettingsError(f"{where} is JSON, but not client secrets.", hint=DOWNLOAD)
    return values


def _section(values: dict[str, Any], where: str) -> tuple[ClientKind, dict[str, Any]]:
    for kind in ClientKind:
        section = values.get(kind.value)
        if isinstance(section, dict):
            return kind, section
    raise SettingsError(f"{where} {_what_instead(values)}, not client secrets.", hint=DOWNLOAD)


def _what_instead(values: dict[str, Any]) -> str:
    if values.get("type") == "service_account":
        return "is a service account's key"
    if "refresh_token" in values or values.get("type") == "authorized_user":
        return "is a token file (one person's consent)"
    return "has neither an 'installed' nor a 'web' section: it is some other JSON"
