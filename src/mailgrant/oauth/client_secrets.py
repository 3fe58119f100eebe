"""
ClientSecrets: the application's identity at Google, from its client_secret_*.json.

Addresses in such a file are looked at and never followed: a file that names foreign ones is
refused, because it would send people's codes and our secret there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from mailgrant.errors import SettingsError
from mailgrant.secret import Secret

from .realm import Realm

UNIVERSE = "googleapis.com"
ADDRESS_FIELDS = ("auth_uri", "token_uri", "auth_provider_x509_cert_url")
# A port that browsers refuse to open, so that no program on this machine is sent the code.
NOBODY_LISTENS = "http://127.0.0.1:1/"
DOWNLOAD = "In the Google Cloud console, under Clients, make an OAuth client of type Desktop and download its JSON."


class ClientKind(Enum):
    """How Google knows the application; the word is the top key of its file."""

    INSTALLED = "installed"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class ClientSecrets:
    """The application's identity at Google: what it is called, its secret, and where it may be answered."""

    client_id: str
    client_secret: Secret = field(kw_only=True)
    kind: ClientKind = field(kw_only=True)
    redirect_uris: tuple[str, ...] = field(kw_only=True, default=())
    project_id: str | None = field(kw_only=True, default=None)

    def __post_init__(self) -> None:
        if not self.client_id or not self.client_secret:
            raise ValueError("a client has an id and a secret")

    @classmethod
    def from_json(cls, text: str | bytes, *, realm: Realm, where: str) -> ClientSecrets:
        """
        Read a client secrets file as Google's console hands it out.

        Raises SettingsError that says what `where` is instead, or which of its addresses is not
        Google's, and what to do.
        """
        kind, values = _client_part(_read_object(text, where), where)
        _check_universe(values, where)
        for name in ADDRESS_FIELDS:
            if name in values:
                realm.check_address(_text(values, name, where), where=where, field=name)
        return cls(
            _text(values, "client_id", where),
            client_secret=Secret(_text(values, "client_secret", where)),
            kind=kind,
            redirect_uris=_redirect_uris(values, where),
            project_id=_text(values, "project_id", where) if "project_id" in values else None,
        )

    def to_json(self) -> str:
        """Return it in Google's format, secret included, for the vault to seal; `from_json` reads it."""
        values: dict[str, Any] = {
            "client_id": self.client_id,
            "client_secret": self.client_secret.reveal(),
            "redirect_uris": list(self.redirect_uris),
        }
        if self.project_id is not None:
            values["project_id"] = self.project_id
        return json.dumps({self.kind.value: values})

    def registered_redirect(self, redirect_uri: str) -> str:
        """Return the address, compared exactly with those a web client has registered (RFC 6749 §3.1.2.3)."""
        if self.kind is ClientKind.WEB and redirect_uri not in self.redirect_uris:
            registered = ", ".join(self.redirect_uris) or "none"
            raise SettingsError(
                f"{redirect_uri} is not registered for this OAuth client (registered: {registered}).",
                hint="Register exactly this address in the Google Cloud console; it takes some minutes to work.",
            )
        return redirect_uri

    def loopback_redirect(self) -> str:
        """
        Return the http address on this machine where a web client may be answered.

        Google compares it letter by letter with those registered; a desktop client needs none, it is
        answered at any port (RFC 8252 §7.3). Raises SettingsError when none is registered.
        """
        found = next((uri for uri in self.redirect_uris if _is_loopback_http(uri)), None)
        if found is None:
            raise SettingsError(
                f"The OAuth client {self.client_id} is of type web and has no http address on this machine registered.",
                hint="Register http://127.0.0.1:8080/ for it, use a client of type Desktop, or ask by link (--link).",
            )
        return found

    def pasted_redirect(self) -> str:
        """
        Return where the browser is sent when nobody listens and the person pastes the address back.

        Any address Google accepts will do, as only the address bar matters. Raises SettingsError for
        a web client without one.
        """
        if self.kind is ClientKind.INSTALLED:
            return NOBODY_LISTENS
        if not self.redirect_uris:
            raise SettingsError(
                f"The OAuth client {self.client_id} is of type web and has no redirect address registered.",
                hint="Register http://127.0.0.1:8080/ for it, and download its file again.",
            )
        return next((uri for uri in self.redirect_uris if _is_loopback_http(uri)), self.redirect_uris[0])


def _read_object(text: str | bytes, where: str) -> dict[str, Any]:
    if not text.strip():
        raise SettingsError(f"{where} is empty.", hint=DOWNLOAD)
    try:
        value = json.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except (ValueError, RecursionError):
        raise SettingsError(f"{where} is not JSON, so it is not a client secrets file.", hint=DOWNLOAD) from None
    if not isinstance(value, dict):
        raise SettingsError(f"{where} is JSON, but not a client secrets file.", hint=DOWNLOAD)
    return value


def _client_part(values: Mapping[str, Any], where: str) -> tuple[ClientKind, dict[str, Any]]:
    found = [kind for kind in ClientKind if kind.value in values]
    if len(found) != 1 or not isinstance(values[found[0].value], dict):
        raise _not_a_client(values, where)
    return found[0], values[found[0].value]


def _not_a_client(values: Mapping[str, Any], where: str) -> SettingsError:
    """Say what the file is instead, by the marks that Google's other files carry."""
    if values.get("type") == "service_account":
        return SettingsError(f"{where} is a service account's key, not an OAuth client.", hint=DOWNLOAD)
    if "refresh_token" in values or values.get("type") == "authorized_user":
        return SettingsError(
            f"{where} holds a person's token, not an OAuth client.",
            hint="Take it over with connect(import_file=…), or use the client_secret.json beside it.",
        )
    if "client_id" in values:
        return SettingsError(
            f"{where} has a client_id, but not under 'installed' or 'web' as in Google's file.", hint=DOWNLOAD
        )
    if all(kind.value in values for kind in ClientKind):
        return SettingsError(f"{where} holds two clients, 'installed' and 'web'.", hint="Keep one of them.")
    return SettingsError(f"{where} is not a client secrets file: it has no 'installed' or 'web' part.", hint=DOWNLOAD)


def _check_universe(values: Mapping[str, Any], where: str) -> None:
    if values.get("universe_domain", UNIVERSE) != UNIVERSE:
        raise SettingsError(
            f"{where} is refused: its universe_domain is not {UNIVERSE}.", hint="It belongs to another cloud."
        )


def _text(values: Mapping[str, Any], name: str, where: str) -> str:
    value = values.get(name)
    if isinstance(value, str) and value and value.isascii() and value.isprintable():
        return value
    if name == "client_secret" and value is None:
        raise SettingsError(
            f"{where} has no client_secret.",
            hint="Google shows it only when the client is made: add a new secret in the console and download it.",
        )
    raise SettingsError(
        f"{where} has no {name}." if value is None else f"{where}: {name} is not usable.", hint=DOWNLOAD
    )


def _redirect_uris(values: Mapping[str, Any], where: str) -> tuple[str, ...]:
    listed = values.get("redirect_uris", [])
    if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
        raise SettingsError(f"{where}: redirect_uris is not a list of addresses.", hint=DOWNLOAD)
    return tuple(listed)


def _is_loopback_http(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
