"""
AuthorizationRequest: what a program asks for when it sends a person to Google, read and checked.

What concerns the client or the redirect URI is told to the person on a page of Google's own, never
to the address in the request: nobody has vouched for it yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from urllib.parse import urlsplit

from mailgrant.sandbox.oauth import scopes as scope_names
from mailgrant.sandbox.oauth.clients import (
    OUT_OF_BAND,
    ClientKind,
    Clients,
    ClientState,
    OAuthClient,
    Publishing,
    RedirectProblem,
)
from mailgrant.sandbox.people import Person

HELP = "https://developers.google.com/identity/protocols/oauth2/"
PROMPTS = frozenset({"none", "consent", "select_account"})
SINGLE = ("client_id", "redirect_uri", "response_type", "scope", "state", "prompt", "access_type", "login_hint")
FOREIGN = ("client_secret", "grant_type", "code", "refresh_token", "username", "password", "action")
CHALLENGE_METHODS = ("plain", "S256")
# What asks for tokens straight in the redirect, from the JavaScript of a registered page.
IMPLICIT = frozenset({"code", "token", "id_token"})
# How browsers inside other applications name themselves: Android's says `wv`, the iPhone's no Safari.
EMBEDDED = re.compile(r"; wv\)|(?:iPhone|iPad|iPod)(?!.*Safari/)")


class ResponseMode(Enum):
    """Where the answer stands in the redirect, or that it is posted."""

    QUERY = "query"
    FRAGMENT = "fragment"
    FORM_POST = "form_post"


class PageError(Exception):
    """A refusal that Google shows on its own page; `status` is only printed there."""

    def __init__(self, status: int, code: str, message: str, help_link: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.help_link = help_link


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A well-formed request of a known client, to be sent back to one of its own addresses."""

    client: OAuthClient
    redirect_uri: str = field(kw_only=True)
    scopes: frozenset[str] = field(kw_only=True)
    state: str | None = field(kw_only=True, default=None)
    offline: bool = field(kw_only=True, default=False)
    prompt: frozenset[str] = field(kw_only=True, default=frozenset())
    login_hint: str | None = field(kw_only=True, default=None)
    include_granted: bool = field(kw_only=True, default=False)
    nonce: str | None = field(kw_only=True, default=None)
    challenge: str | None = field(kw_only=True, default=None, repr=False)
    challenge_method: str = field(kw_only=True, default="plain")
    mode: ResponseMode = field(kw_only=True, default=ResponseMode.QUERY)

    @property
    def asks_identity(self) -> bool:
        """True if the request asks who the person is, not only for access."""
        return bool(self.scopes & scope_names.IDENTITY)


def read_request(pairs: Sequence[tuple[str, str]], clients: Clients) -> AuthorizationRequest:
    """Return the request that a query makes; raises `PageError` in the order in which Google looks."""
    given = dict(pairs)
    client = _client(given, clients)
    for name in SINGLE:
        if [key for key, _ in pairs].count(name) > 1:
            raise _malformed(f"OAuth 2 parameters can only have a single value: {name}")
    redirect_uri = _redirect_uri(given, client)
    _check_names(given, client)
    method = given.get("code_challenge_method", "plain")
    return AuthorizationRequest(
        client,
        redirect_uri=redirect_uri,
        scopes=_scopes(given),
        state=given.get("state"),
        offline=given.get("access_type") == "offline",
        prompt=_prompt(given),
        login_hint=given.get("login_hint") or None,
        include_granted=given.get("include_granted_scopes") == "true",
        nonce=given.get("nonce"),
        challenge=_challenge(given, method),
        challenge_method=method,
        mode=ResponseMode(given.get("response_mode", "query")),
    )


def _client(given: dict[str, str], clients: Clients) -> OAuthClient:
    client_id = given.get("client_id")
    if not client_id:
        raise _malformed("Missing required parameter: client_id")
    client = clients.find(client_id)
    if client is None:
        raise PageError(401, "invalid_client", "The OAuth client was not found.")
    if client.state is ClientState.DELETED:
        raise PageError(401, "deleted_client", "The OAuth client was deleted.")
    if client.state is ClientState.DISABLED:
        raise PageError(401, "invalid_client", "The OAuth client was disabled.")
    return client


def _redirect_uri(given: dict[str, str], client: OAuthClient) -> str:
    uri = given.get("redirect_uri")
    if not uri:
        raise _malformed("Missing required parameter: redirect_uri")
    problem = client.redirect_problem(uri)
    if problem is RedirectProblem.POLICY:
        raise PageError(400, "invalid_request", _policy_text(uri), f"{HELP}policies#secure-response-handling")
    if problem is RedirectProblem.MISMATCH:
        text = (
            "This app sent a redirect address that is not registered for it. Its developer can register "
            f"this address in the Google Cloud console: {uri}"
        )
        raise PageError(
            400, "redirect_uri_mismatch", text, f"{HELP}web-server#authorization-errors-redirect-uri-mismatch"
        )
    return uri


def _policy_text(uri: str) -> str:
    if uri.startswith(OUT_OF_BAND):
        return "The out-of-band (OOB) flow has been blocked in order to keep users secure. Use a loopback address."
    if _is_private_address(uri):
        return f"device_id and device_name are required for private IP: {uri}"
    return f"This app doesn't comply with Google's OAuth 2.0 policy: the redirect address {uri} is not allowed."


def _is_private_address(uri: str) -> bool:
    try:
        return ip_address(urlsplit(uri).hostname or "").is_private
    except ValueError:
        return False


def _check_names(given: dict[str, str], client: OAuthClient) -> None:
    response_type = given.get("response_type")
    if not response_type:
        raise _malformed("Required parameter is missing: response_type")
    if response_type != "code":
        raise _implicit(response_type, client)
    if given.get("response_mode", "query") not in {mode.value for mode in ResponseMode}:
        raise _malformed(f"Invalid response_mode: {given['response_mode']}")
    if "prompt" in given and "approval_prompt" in given:
        raise _malformed("Conflict params: approval_prompt and prompt")
    for name in FOREIGN:
        if name in given:
            raise _malformed(f"Parameter not allowed for this message type: {name}")


def _implicit(response_type: str, client: OAuthClient) -> PageError:
    """Return the refusal of tokens in the redirect: no client here has a page of its own registered."""
    if not IMPLICIT.issuperset(response_type.split()):
        return _malformed(f"Invalid response_type: {response_type}")
    if client.kind is ClientKind.INSTALLED:
        return PageError(401, "unauthorized_client", f"This client may not ask for response_type {response_type}.")
    text = "This app's JavaScript origin is not registered for it. Its developer can register it in the console."
    return PageError(400, "origin_mismatch", text)


def check_browser(user_agent: str) -> None:
    """Refuse browsers inside other applications, which could read what people type; raises `PageError`."""
    if EMBEDDED.search(user_agent):
        text = "This browser or app may not be secure: Google sign-in is not allowed in embedded views. Open a browser."
        raise PageError(403, "disallowed_useragent", text, f"{HELP}policies#browsers")


def _scopes(given: dict[str, str]) -> frozenset[str]:
    names = given.get("scope", "").split()
    if not names:
        raise _malformed("Missing required parameter: scope")
    complaint = scope_names.complaint(names)
    if complaint is not None:
        raise PageError(400, "invalid_scope", complaint)
    hidden = sorted(scope_names.ADMINISTRATORS_ONLY & set(names))
    if hidden:
        raise PageError(400, "invalid_scope", f"Some requested scopes cannot be shown: [{', '.join(hidden)}]")
    return scope_names.normal(names)


def _prompt(given: dict[str, str]) -> frozenset[str]:
    words = frozenset(given.get("prompt", "").split())
    if given.get("approval_prompt") == "force":
        words |= {"consent"}
    strange = words - PROMPTS
    if strange or ("none" in words and len(words) > 1):
        raise _malformed(f"Invalid parameter value for prompt: '{given['prompt']}'")
    return words


def _challenge(given: dict[str, str], method: str) -> str | None:
    if method not in CHALLENGE_METHODS:
        raise _malformed(
            f"Invalid parameter value for code_challenge_method: '{method}' is not a valid CodeChallengeMethod"
        )
    challenge = given.get("code_challenge")
    if challenge is not None and not 43 <= len(challenge) <= 128:
        raise PageError(400, "invalid_grant", "code_challenge must be between 43 and 128 characters long.")
    return challenge


def _malformed(message: str) -> PageError:
    return PageError(400, "invalid_request", message)


def check_person(client: OAuthClient, person: Person) -> None:
    """Refuse people whom the application is not open to; raises `PageError`."""
    if client.publishing is Publishing.INTERNAL and not person.workspace:
        text = f"{client.name} is only for people of its own organization, and {person.email} is not one of them."
        raise PageError(403, "org_internal", text)
    if client.publishing is Publishing.TESTING and not person.test_user:
        text = (
            f"{client.name} has not completed the Google verification process. It is being tested, and its "
            f"developer has not given access to {person.email}. The developer can add test users in the console."
        )
        raise PageError(403, "access_denied", text, "https://support.google.com/accounts/answer/3466521")
