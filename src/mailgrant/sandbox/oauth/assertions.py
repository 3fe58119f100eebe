"""
Assertions: how service accounts come by tokens, in their own name or in a person's (RFC 7523).

An assertion is checked in Google's order: whose it is, its signature, its times, what it is for, and only
then whether an administrator lets the account act as somebody. Its times are compared with the real time,
since the libraries that write them look at their own watch.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.frame.wire import HttpRequest
from mailgrant.sandbox.oauth import scopes as scope_names
from mailgrant.sandbox.oauth.clients import GOOGLE_TOKEN_URI, ClientState, Publishing
from mailgrant.sandbox.oauth.forms import OAuthError
from mailgrant.sandbox.oauth.identity import ID_TOKEN_SECONDS, ISSUER
from mailgrant.sandbox.oauth.service_accounts import AccountState, ServiceAccount
from mailgrant.sandbox.people import Person

if TYPE_CHECKING:
    from mailgrant.sandbox.journal import Entry
    from mailgrant.sandbox.sandbox import Sandbox

Claims = dict[str, Any]

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Google's own address and those it had before: libraries sign the first whatever they post to.
AUDIENCES = frozenset(
    {
        GOOGLE_TOKEN_URI,
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v3/token",
        "https://www.googleapis.com/oauth2/v4/token",
    }
)
LONGEST_LIFE = 3600
SKEW = 300
# Addresses that belong to no organisation: nobody can delegate them.
CONSUMER_DOMAINS = frozenset({"gmail.com", "googlemail.com"})

# The same addresses as paths, but for today's.
FORMER_PATHS = frozenset({"/o/oauth2/token", "/oauth2/v3/token", "/oauth2/v4/token"})
BAD_TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)
NO_DELEGATION = (
    "Client is unauthorized to retrieve access tokens using this method, "
    "or client not authorized for any of the scopes requested."
)


class AssertionDesk:
    """Exchanges assertions for one sandbox."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world

    def describe(self, form: Mapping[str, str], entry: Entry) -> None:
        """Note whose assertion this claims to be."""
        claims = unproved(form.get("assertion", ""))
        account = self._world.service_accounts.find(str(claims.get("iss")))
        if account is not None:
            entry.client_id, entry.account = account.client_id, str(claims.get("sub") or account.email)

    def redeem(self, request: HttpRequest, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the token that an assertion is worth; raises `OAuthError`."""
        text = form.get("assertion", "")
        if not text:
            raise OAuthError(400, "invalid_request", "Missing required parameter: assertion")
        account, claims = self._proved(text)
        self._check_claims(request, claims)
        _check_account(account)
        if "target_audience" in claims:
            return {"id_token": self._world.key.sign(_own_identity(account, claims["target_audience"]))}
        scopes = _scopes(claims)
        holder = self._holder(account, claims, scopes, former=request.raw_path in FORMER_PATHS)
        tokens = self._world.tokens
        access = tokens.issue_access(account, holder, scopes, offline=False)
        return {"access_token": access.text, "expires_in": tokens.seconds_left(access), "token_type": "Bearer"}

    def _proved(self, text: str) -> tuple[ServiceAccount, Claims]:
        """Return whose assertion it is, and its claims."""
        account = self._world.service_accounts.find(str(unproved(text).get("iss")))
        if account is None:
            raise _refused("Invalid JWT: No valid verifier found for issuer.")
        claims = account.key.read(text) if account.key_live else None
        if claims is None:
            raise _refused("Invalid JWT Signature.")
        return account, claims

    def _check_claims(self, request: HttpRequest, claims: Claims) -> None:
        issued, ends, now = claims.get("iat"), claims.get("exp"), time.time()
        if not isinstance(issued, (int, float)) or not isinstance(ends, (int, float)):
            raise _refused(BAD_TIMES)
        if not 0 < ends - issued <= LONGEST_LIFE or issued > now + SKEW or ends <= now:
            raise _refused(BAD_TIMES)
        origin = self._world.origin(request)
        own = {f"{base}/token" for base in (origin, self._world.url) if base}
        if str(claims.get("aud")) not in AUDIENCES | own:
            raise _refused("Invalid JWT: Failed audience check.")

    def _holder(self, account: ServiceAccount, claims: Claims, scopes: frozenset[str], *, former: bool) -> str:
        """Return the address of whom the token will act as; refusals at a `former` address have former words."""
        subject = claims.get("sub")
        if not subject or subject == account.email:
            if self._world.people.find(account.email) is None:
                self._world.people.add(account.email, robot_id=account.client_id, gmail=False)
            return account.email
        person = self._subject(str(subject))
        if account.delegated is None and former:
            raise OAuthError(401, "unauthorized_client", "Unauthorized client or scope in request.")
        if account.delegated is None or not scopes & account.delegated or not _has_organization(person):
            raise OAuthError(401, "unauthorized_client", NO_DELEGATION)
        if not scopes <= account.delegated:
            raise OAuthError(401, "access_denied", "Requested client not authorized.")
        self._check_organization(account, person, scopes)
        return person.email

    def _subject(self, subject: str) -> Person:
        person = self._world.people.find(subject)
        if person is not None and not person.robot:
            return person
        if self._world.people.is_long_gone(subject):
            raise OAuthError(400, "invalid_request", 'Invalid impersonation "sub" field.')
        raise _refused("Invalid email or User ID" if "@" in subject or subject.isdigit() else "Not a valid email.")

    def _check_organization(self, account: ServiceAccount, person: Person, scopes: frozenset[str]) -> None:
        clients = self._world.clients
        internal = any(
            client.project == account.project and client.publishing is Publishing.INTERNAL for client in clients
        )
        if internal and not person.workspace:
            raise OAuthError(403, "org_internal", "This client is restricted to users within its organization.")
        complaint = self._world.policies.complaint(account.client_id, person.email, scopes)
        if complaint is not None:
            raise OAuthError(403, "admin_policy_enforced", complaint)


def _check_account(account: ServiceAccount) -> None:
    if account.state is AccountState.DISABLED:
        raise _refused("Robot is disabled.")
    if account.client_state is not ClientState.LIVE:
        word = account.client_state.value
        raise OAuthError(401, f"{word}_client", f"The OAuth client was {word}.")


def _scopes(claims: Claims) -> frozenset[str]:
    names = str(claims.get("scope") or "").split()
    if not names or scope_names.unknown(names):
        raise OAuthError(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return frozenset(scope_names.split(" ".join(names)))


def _own_identity(account: ServiceAccount, audience: object) -> Claims:
    """Return the claims of an id_token about the service account itself."""
    if not isinstance(audience, str) or not audience:
        raise OAuthError(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    now = int(time.time())
    return {
        "iss": ISSUER,
        "azp": account.email,
        "aud": audience,
        "sub": account.client_id,
        "email": account.email,
        "email_verified": True,
        "iat": now,
        "exp": now + ID_TOKEN_SECONDS,
    }


def unproved(text: str) -> Claims:
    """Return what an assertion claims, proved by nothing; empty if it cannot be read."""
    part = [*text.split("."), ""][1]
    try:
        claims = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _has_organization(person: Person) -> bool:
    return person.email.rpartition("@")[2].casefold() not in CONSUMER_DOMAINS


def _refused(description: str) -> OAuthError:
    return OAuthError(400, "invalid_grant", description)
