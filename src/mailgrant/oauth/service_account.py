"""
ServiceAccountKey: a program's own account at Google, which administrators may let act for their people.

Its key signs an assertion (RFC 7523), and Google answers with a token: nobody is asked, because an
administrator of the organisation was. Addresses in the file are looked at and never followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailgrant.errors import SettingsError
from mailgrant.secret import Secret

from .realm import CERTIFICATES_OF_ROBOTS, TOKEN_URI, Realm
from .scopes import Scopes

TYPE = "service_account"
UNIVERSE = "googleapis.com"
ADDRESS_FIELDS = ("auth_uri", "token_uri", "auth_provider_x509_cert_url")
# Google takes no assertion that is good for longer than an hour.
LIFE = timedelta(hours=1)
LONGEST_NUMBER = 30
DOWNLOAD = (
    "In the Google Cloud console, under IAM, Service accounts, Keys, add a key of type JSON and keep what it downloads."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountKey:
    """
    A service account and the key that proves it.

    `client_id` is the number that an administrator enters for domain-wide delegation; `client_email`
    is the account's own address.
    """

    client_id: str
    client_email: str
    private_key: Secret
    private_key_id: str | None = None
    project_id: str | None = None

    def __post_init__(self) -> None:
        if not _is_number(self.client_id) or not self.client_email or not self.private_key:
            raise ValueError("a service account has a numeric client id, an address and a key")

    @classmethod
    def from_json(cls, text: str | bytes, *, realm: Realm, where: str) -> ServiceAccountKey:
        """
        Read a key file as Google's console hands it out.

        Raises SettingsError that says what `where` holds instead, or which of its addresses is not
        Google's, and what to do.
        """
        values = _object(text, where)
        if values.get("type") != TYPE:
            raise SettingsError(f"{where} is not a service account's key.", hint=DOWNLOAD)
        _check_addresses(values, realm, where)
        client_id = _text(values, "client_id", where)
        if not _is_number(client_id):
            raise SettingsError(f"{where}: client_id is not the number of a service account.", hint=DOWNLOAD)
        return cls(
            client_id=client_id,
            client_email=_text(values, "client_email", where),
            private_key=_private_key(values, where),
            private_key_id=_text(values, "private_key_id", where) if values.get("private_key_id") else None,
            project_id=_text(values, "project_id", where) if values.get("project_id") else None,
        )


def is_service_account(text: str | bytes) -> bool:
    """Tell whether a file is a service account's key, whole or not; anything else is not."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(values, dict) and values.get("type") == TYPE


def assertion(
    key: ServiceAccountKey, *, subject: str, scopes: Scopes, now: datetime, audience: str = TOKEN_URI
) -> Secret:
    """
    Sign that this account wants a token for `subject` and `scopes` (RFC 7523 §3).

    `now` must be real time, whatever clock the rest goes by: Google compares it with its own. The
    audience is Google's own address, wherever the assertion is sent.
    """
    import jwt

    issued = int(now.timestamp())
    claims = {
        "iss": key.client_email,
        "sub": subject,
        "scope": str(scopes),
        "aud": audience,
        "iat": issued,
        "exp": issued + int(LIFE.total_seconds()),
    }
    headers = {"kid": key.private_key_id} if key.private_key_id else None
    return Secret(jwt.encode(claims, key.private_key.reveal(), algorithm="RS256", headers=headers))


def delegation_line(client_id: str, scopes: Scopes) -> str:
    """
    Return what an administrator pastes so that this account may act for people: number, then scopes.

    The console has a field for each of the two; scopes are separated by commas there.
    """
    return f"{client_id} {','.join(scopes)}"


def _object(text: str | bytes, where: str) -> dict[str, Any]:
    if not text.strip():
        raise SettingsError(f"{where} is empty.", hint=DOWNLOAD)
    try:
        values = json.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except (ValueError, RecursionError):
        raise SettingsError(f"{where} is not JSON, so it is not a service account's key.", hint=DOWNLOAD) from None
    if not isinstance(values, dict):
        raise SettingsError(f"{where} is JSON, but not a service account's key.", hint=DOWNLOAD)
    return values


def _check_addresses(values: Mapping[str, Any], realm: Realm, where: str) -> None:
    if values.get("universe_domain", UNIVERSE) != UNIVERSE:
        raise SettingsError(
            f"{where} is refused: its universe_domain is not {UNIVERSE}.", hint="It belongs to another cloud."
        )
    for name in ADDRESS_FIELDS:
        if name in values:
            realm.check_address(_text(values, name, where), where=where, field=name)
    certificates = values.get("client_x509_cert_url", CERTIFICATES_OF_ROBOTS)
    if not isinstance(certificates, str) or not certificates.startswith(CERTIFICATES_OF_ROBOTS):
        realm.check_address(_text(values, "client_x509_cert_url", where), where=where, field="client_x509_cert_url")


def _private_key(values: Mapping[str, Any], where: str) -> Secret:
    """Return the key, once it has proved to be one; what is wrong with it is not repeated."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = values.get("private_key")
    if not isinstance(text, str) or not text:
        raise SettingsError(f"{where} has no private_key.", hint=DOWNLOAD)
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SettingsError(f"{where}: private_key is not a whole key.", hint=DOWNLOAD) from None
    if not isinstance(key, RSAPrivateKey):
        raise SettingsError(f"{where}: private_key is not an RSA key, as Google's are.", hint=DOWNLOAD)
    return Secret(text)


def _text(values: Mapping[str, Any], name: str, where: str) -> str:
    value = values.get(name)
    if isinstance(value, str) and value and value.isascii() and value.isprintable():
        return value
    raise SettingsError(
        f"{where} has no {name}." if value is None else f"{where}: {name} is not usable.", hint=DOWNLOAD
    )


def _is_number(client_id: str) -> bool:
    return client_id.isascii() and client_id.isdecimal() and len(client_id) <= LONGEST_NUMBER
