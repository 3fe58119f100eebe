"""
Identity: who somebody is, as id_tokens, userinfo and tokeninfo tell it, in all their shapes.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from mailgrant.sandbox.frame import errors
from mailgrant.sandbox.frame.api import SHARED_HEADERS, bearer, dump
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.journal import Entry
from mailgrant.sandbox.oauth.forms import OAuthError, UnreadableJson, read_form, sealed
from mailgrant.sandbox.oauth.scopes import EMAIL, IDENTITY, OPENID, PROFILE, in_token_order
from mailgrant.sandbox.oauth.service_accounts import CERTIFICATES
from mailgrant.sandbox.oauth.tokens import AccessToken
from mailgrant.sandbox.people import Person

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

TokenInfoShape: TypeAlias = Callable[[AccessToken, Person, int], dict[str, Any]]

ISSUER = "https://accounts.google.com"
ID_TOKEN_SECONDS = 3600
METADATA_ADDRESSES = {
    "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
    "device_authorization_endpoint": "https://oauth2.googleapis.com/device/code",
    "token_endpoint": "https://oauth2.googleapis.com/token",
    "userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo",
    "revocation_endpoint": "https://oauth2.googleapis.com/revoke",
    "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
}
METADATA = {
    "authorization_response_iss_parameter_supported": True,
    "response_types_supported": [
        *("code", "token", "id_token", "code token", "code id_token", "token id_token", "code token id_token", "none")
    ],
    "response_modes_supported": ["query", "fragment", "form_post"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "scopes_supported": ["openid", "email", "profile"],
    "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    "claims_supported": [
        *("aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "picture", "sub")
    ],
    "code_challenge_methods_supported": ["plain", "S256"],
    "grant_types_supported": [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ],
}


def id_token(
    person: Person, client_id: str, scopes: frozenset[str], *, access_token: str, nonce: str | None
) -> dict[str, Any]:
    """Return the claims of an id_token; its times are real ones, since verifiers look at their own watch."""
    now = int(time.time())
    digest = sha256(access_token.encode()).digest()
    claims: dict[str, Any] = {"iss": ISSUER, "azp": client_id, "aud": client_id, "sub": person.sub}
    if person.hosted_domain:
        claims["hd"] = person.hosted_domain
    if EMAIL in scopes:
        claims |= {"email": person.email, "email_verified": True}
    claims["at_hash"] = urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
    if nonce is not None:
        claims["nonce"] = nonce
    if PROFILE in scopes:
        claims |= _profile(person)
    return claims | {"iat": now, "exp": now + ID_TOKEN_SECONDS}


def _profile(person: Person) -> dict[str, str]:
    family = {"family_name": person.family_name} if person.family_name else {}
    return {"name": person.name, "picture": person.picture, "given_name": person.given_name, **family}


class IdentityDesk:
    """Answers tokeninfo, userinfo, the certificates and the OpenID metadata for one sandbox."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world

    def describe(self, request: HttpRequest, entry: Entry) -> None:
        """Note whose token a request carries."""
        token = self._world.tokens.access_seen(bearer(request) or "")
        if token is not None:
            entry.account, entry.client_id = token.email, token.client_id

    def userinfo_v2(self, request: HttpRequest, _: Entry) -> Answer:
        """Answer the older shape: `id` and `verified_email`."""
        return self._userinfo(request, {"sub": "id", "email_verified": "verified_email"})

    def userinfo_v3(self, request: HttpRequest, _: Entry) -> Answer:
        """Answer OpenID Connect's shape: `sub` and `email_verified`."""
        return self._userinfo(request, {})

    def _userinfo(self, request: HttpRequest, renamed: Mapping[str, str]) -> Answer:
        token = self._world.tokens.access(bearer(request) or "")
        person = self._world.people.find(token.email) if token else None
        if token is None or person is None or not token.scopes & IDENTITY:
            return _unauthenticated()
        facts: dict[str, Any] = {"sub": person.sub}
        if EMAIL in token.scopes:
            facts |= {"email": person.email, "email_verified": True}
        if PROFILE in token.scopes:
            facts |= _profile(person)
        if person.hosted_domain:
            facts["hd"] = person.hosted_domain
        return sealed({renamed.get(name, name): value for name, value in facts.items()})

    def tokeninfo_v2(self, request: HttpRequest, entry: Entry) -> Answer:
        """Answer the older shape: `issued_to`, `audience`, numbers as numbers."""
        return self._tokeninfo(request, entry, _old_tokeninfo)

    def tokeninfo_v3(self, request: HttpRequest, entry: Entry) -> Answer:
        """Answer the newer shape: `azp`, `aud`, numbers as text."""
        return self._tokeninfo(request, entry, _new_tokeninfo)

    def _tokeninfo(self, request: HttpRequest, entry: Entry, shape: TokenInfoShape) -> Answer:
        try:
            form = read_form(request)
        except UnreadableJson as refused:
            return refused.answer()
        if "id_token" in form:
            claims = self._world.key.read(form["id_token"])
            return _invalid_token() if claims is None else sealed(_as_text(claims))
        tokens = self._world.tokens
        token = tokens.access(form.get("access_token") or bearer(request) or "")
        person = self._world.people.find(token.email) if token else None
        if token is None or person is None:
            return _invalid_token()
        entry.account, entry.client_id = token.email, token.client_id
        return sealed(shape(token, person, tokens.seconds_left(token)))

    def jwks(self, _request: HttpRequest, _entry: Entry) -> Answer:
        """Answer the public keys as a JWK set."""
        return _public(self._world.key.as_jwks())

    def pem(self, _request: HttpRequest, _entry: Entry) -> Answer:
        """Answer the public keys as certificates."""
        return _public(self._world.key.as_pem())

    def robot_pem(self, request: HttpRequest, _: Entry) -> Answer:
        """Answer a service account's public key as a certificate."""
        account = self._world.service_accounts.find(request.path.removeprefix(CERTIFICATES))
        if account is None:
            return errors.not_found_page(request.path)
        return _public(account.key.as_pem() if account.key_live else {})

    def metadata(self, request: HttpRequest, _: Entry) -> Answer:
        """Answer OpenID Connect's discovery document; its addresses lead back to a sandbox on loopback."""
        base = self._world.origin(request)
        addresses = {name: _moved(address, base) for name, address in METADATA_ADDRESSES.items()}
        return _public({"issuer": ISSUER, **addresses, **METADATA})


def _moved(address: str, base: str | None) -> str:
    return address if base is None else base + "/" + address.split("/", 3)[3]


def _old_tokeninfo(token: AccessToken, person: Person, left: int) -> dict[str, Any]:
    info: dict[str, Any] = {"issued_to": token.client_id, "audience": token.client_id}
    if OPENID in token.scopes:
        info["user_id"] = person.sub
    info |= {"scope": in_token_order(token.scopes), "expires_in": left}
    if EMAIL in token.scopes:
        info |= {"email": person.email, "verified_email": True}
    return info | {"access_type": "offline" if token.offline else "online"}


def _new_tokeninfo(token: AccessToken, person: Person, left: int) -> dict[str, Any]:
    info: dict[str, Any] = {"azp": token.client_id, "aud": token.client_id}
    if OPENID in token.scopes:
        info["sub"] = person.sub
    info |= {"scope": in_token_order(token.scopes), "exp": str(int(time.time()) + left), "expires_in": str(left)}
    if EMAIL in token.scopes:
        info |= {"email": person.email, "email_verified": "true"}
    return info | {"access_type": "offline" if token.offline else "online"}


def _as_text(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return claims with every value as text, and what the header says."""
    words = {True: "true", False: "false"}
    told = {name: words[value] if isinstance(value, bool) else str(value) for name, value in claims.items()}
    return told | {"alg": "RS256", "typ": "JWT"}


def _invalid_token() -> Answer:
    return OAuthError(400, "invalid_token", "Invalid Value").answer()


def _unauthenticated() -> Answer:
    message = f"Request is missing required authentication credential. {errors.CREDENTIAL_TAIL}"
    answer = sealed({"error": {"code": 401, "message": message, "status": "UNAUTHENTICATED"}}, status=401)
    answer.headers.append(("WWW-Authenticate", errors.REALM))
    return answer


def _public(body: Mapping[str, Any]) -> Answer:
    """Return JSON that may be kept for a while, as Google's keys may."""
    headers = [("Content-Type", "application/json; charset=UTF-8"), *SHARED_HEADERS]
    headers = [(name, "public, max-age=3600" if name == "Cache-Control" else value) for name, value in headers]
    return Answer(200, headers=headers, body=dump(body))
