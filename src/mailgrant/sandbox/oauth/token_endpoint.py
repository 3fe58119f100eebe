"""
The token endpoint and the end of tokens: redeeming codes, refreshing, revoking.

Each refusal has the status, the word and the sentence that Google uses, and they come in its order:
the form, the client, and only then the code or token.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.journal import Entry
from mailgrant.sandbox.oauth import scopes as scope_names
from mailgrant.sandbox.oauth.assertions import JWT_BEARER, AssertionDesk
from mailgrant.sandbox.oauth.clients import OAuthClient
from mailgrant.sandbox.oauth.device import DEVICE_CODE, DeviceDesk
from mailgrant.sandbox.oauth.forms import OAuthError, UnreadableJson, basic_credentials, live_client, read_form, sealed
from mailgrant.sandbox.oauth.identity import id_token
from mailgrant.sandbox.oauth.tokens import CodeTerms, RefreshToken, Verdict
from mailgrant.sandbox.people import Person

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the standard's word for a grant type
# Parameters of the authorization request that programs send here by mistake, and Google refuses.
MISPLACED = ("access_type", "approval_prompt", "prompt", "include_granted_scopes")

Form = Mapping[str, str]


class TokenDesk:
    """Answers `/token` and `/revoke` for one sandbox."""

    def __init__(self, world: Sandbox, devices: DeviceDesk) -> None:
        self._world = world
        self._devices = devices
        self._assertions = AssertionDesk(world)
        self._grant_types: dict[str, Callable[[OAuthClient, Form, Entry], dict[str, Any]]] = {
            AUTHORIZATION_CODE: self._redeem,
            REFRESH_TOKEN: self._refresh,
            DEVICE_CODE: self._let_device_in,
        }

    def describe(self, request: HttpRequest, entry: Entry) -> None:
        """Note whose request this is before it is carried out, for faults and the log."""
        try:
            form = read_form(request)
        except UnreadableJson:
            return
        entry.grant_type = form.get("grant_type")
        if entry.grant_type == JWT_BEARER:
            self._assertions.describe(form, entry)
            return
        entry.client_id = _client_id(request, form)
        refresh = self._world.tokens.refresh(form.get("refresh_token", ""))
        terms = self._world.tokens.code_terms(form.get("code", ""))
        device = self._devices.find(form.get("device_code", ""))
        entry.account = next((known.email or None for known in (refresh, terms, device) if known), None)

    def token(self, request: HttpRequest, entry: Entry) -> Answer:
        """Answer the token endpoint."""
        try:
            form = read_form(request)
            if form.get("grant_type") == JWT_BEARER:
                return sealed(self._assertions.redeem(request, form))
            grant = self._grant(form)
            client = self._client(request, form)
            return sealed(grant(client, form, entry))
        except (OAuthError, UnreadableJson) as refused:
            return refused.answer()

    def _grant(self, form: Form) -> Callable[[OAuthClient, Form, Entry], dict[str, Any]]:
        for name in MISPLACED:
            if name in form:
                raise OAuthError(400, "invalid_request", f"Parameter not allowed for this message type: {name}")
        name = form.get("grant_type", "")
        if not name:
            raise OAuthError(400, "invalid_request", "Required parameter is missing: grant_type")
        if name not in self._grant_types:
            raise OAuthError(400, "unsupported_grant_type", f"Invalid grant_type: {name}")
        return self._grant_types[name]

    def _client(self, request: HttpRequest, form: Form) -> OAuthClient:
        """Return the client that proves itself, by Basic or in the body."""
        client_id = _client_id(request, form)
        if not client_id:
            raise OAuthError(400, "invalid_request", "Could not determine client ID from request.")
        client = live_client(self._world.clients, client_id)
        secret = (basic_credentials(request) or (None, form.get("client_secret")))[1]
        if not secret:
            raise OAuthError(400, "invalid_request", "client_secret is missing.")
        if not hmac.compare_digest(secret.encode(), client.secret.encode()):
            raise OAuthError(401, "invalid_client", "The provided client secret is invalid.")
        return client

    def _redeem(self, client: OAuthClient, form: Form, entry: Entry) -> dict[str, Any]:
        """Exchange a code for tokens (RFC 6749 §4.1.3)."""
        terms, person = self._terms(client, form)
        _check_verifier(terms, form.get("code_verifier"))
        self._world.tokens.spend_code(form["code"])
        entry.account = person.email
        return self._issue(client, person, terms)

    def _let_device_in(self, client: OAuthClient, form: Form, entry: Entry) -> dict[str, Any]:
        """Give a device its tokens once its person has allowed it."""
        email, scopes = self._devices.redeem(client, form)
        person = self._world.people.find(email)
        if person is None:
            raise OAuthError(400, "invalid_grant", self._deleted(email))
        entry.account = email
        return self._issue(client, person, CodeTerms(client.id, email, scopes, "", offline=True, consented=True))

    def _issue(self, client: OAuthClient, person: Person, terms: CodeTerms) -> dict[str, Any]:
        """Return the first tokens of what a person agreed to."""
        tokens = self._world.tokens
        access = tokens.issue_access(client, person.email, terms.scopes, offline=terms.offline)
        answer: dict[str, Any] = {"access_token": access.text, "expires_in": tokens.seconds_left(access)}
        if terms.offline and terms.consented:
            refresh = tokens.issue_refresh(client, person.email, terms.scopes)
            answer["refresh_token"] = refresh.text
            if refresh.life is not None:
                answer["refresh_token_expires_in"] = int(refresh.life.total_seconds()) - 1
        answer |= {"scope": scope_names.in_token_order(terms.scopes), "token_type": "Bearer"}
        return answer | self._identity(client, person, terms.scopes, access.text, terms.nonce)

    def _terms(self, client: OAuthClient, form: Form) -> tuple[CodeTerms, Person]:
        code = form.get("code", "")
        if not code:
            raise OAuthError(400, "invalid_request", "Missing required parameter: code")
        if "redirect_uri" not in form:
            raise OAuthError(400, "invalid_request", "Missing parameter: redirect_uri")
        if not code.startswith("4/"):
            raise OAuthError(400, "invalid_grant", "Malformed auth code.")
        terms = self._world.tokens.code_terms(code)
        person = self._world.people.find(terms.email) if terms else None
        if terms is None or person is None or terms.client_id != client.id:
            raise OAuthError(400, "invalid_grant", "Bad Request")
        if terms.redirect_uri != form["redirect_uri"]:
            raise OAuthError(400, "redirect_uri_mismatch", "Bad Request")
        return terms, person

    def _refresh(self, client: OAuthClient, form: Form, entry: Entry) -> dict[str, Any]:
        """Issue an access token for a refresh token (RFC 6749 §6), for fewer scopes if asked."""
        token, person = self._refresh_token(client, form)
        entry.account = person.email
        granted = self._wanted(token, form)
        tokens = self._world.tokens
        tokens.touch(token)
        access = tokens.issue_access(client, person.email, granted, offline=True)
        answer = {
            "access_token": access.text,
            "expires_in": tokens.seconds_left(access),
            "scope": scope_names.in_token_order(granted),
            "token_type": "Bearer",
        }
        return answer | self._identity(client, person, granted, access.text)

    def _refresh_token(self, client: OAuthClient, form: Form) -> tuple[RefreshToken, Person]:
        text = form.get("refresh_token", "")
        if not text:
            raise OAuthError(400, "invalid_request", "Missing required parameter: refresh_token")
        token = self._world.tokens.refresh(text)
        if token is None:
            raise OAuthError(400, "invalid_grant", "Bad Request")
        if token.client_id != client.id:
            raise OAuthError(401, "unauthorized_client", "Unauthorized")
        verdict = self._world.tokens.verdict(token)
        if verdict is not Verdict.LIVE:
            raise OAuthError(400, "invalid_grant", verdict.value)
        person = self._world.people.find(token.email)
        if person is None:
            raise OAuthError(400, "invalid_grant", self._deleted(token.email))
        self._check_policy(token)
        return token, person

    def _deleted(self, email: str) -> str:
        """Return which of Google's two sentences is said of a deleted account: another once nobody can restore it."""
        return "The account has been deleted" if self._world.people.is_long_gone(email) else "Account has been deleted"

    def _check_policy(self, token: RefreshToken) -> None:
        """Refuse what a person's administrator has forbidden since, or wants a new sign-in for."""
        policies, tokens = self._world.policies, self._world.tokens
        complaint = policies.complaint(token.client_id, token.email, token.scopes)
        if complaint is not None:
            raise OAuthError(400, "admin_policy_enforced", complaint)
        policy = policies.of(token.email)
        if policy.session is not None and tokens.age(token) >= policy.session:
            word = policy.reauth
            raise OAuthError(400, "invalid_grant", f"reauth related error ({word})", error_subtype=word)

    def _wanted(self, token: RefreshToken, form: Form) -> frozenset[str]:
        names = form.get("scope", "").split()
        if not names:
            return token.scopes
        complaint = scope_names.complaint(names)
        if complaint is not None:
            where = "https://developers.google.com/identity/protocols/oauth2"
            raise OAuthError(400, "invalid_scope", complaint, error_uri=where)
        wanted = frozenset(scope_names.split(form["scope"]))
        if not wanted <= token.scopes:
            raise OAuthError(400, "invalid_scope", "Bad Request")
        return wanted

    def _identity(
        self, client: OAuthClient, person: Person, scopes: frozenset[str], access: str, nonce: str | None = None
    ) -> dict[str, Any]:
        if not scopes & scope_names.IDENTITY:
            return {}
        claims = id_token(person, client.id, scopes, access_token=access, nonce=nonce)
        return {"id_token": self._world.key.sign(claims)}

    def revoke(self, request: HttpRequest, entry: Entry) -> Answer:
        """End the grant of an access or refresh token (RFC 7009); no client proves itself here."""
        try:
            text = read_form(request).get("token", "")
        except UnreadableJson as refused:
            return refused.answer()
        if not text:
            return OAuthError(400, "invalid_request", "Missing required parameter: token").answer()
        tokens = self._world.tokens
        token = tokens.access_seen(text) or tokens.refresh(text)
        if token is not None:
            entry.account, entry.client_id = token.email, token.client_id
        if not tokens.revoke(text):
            return OAuthError(400, "invalid_token", "Token expired or revoked").answer()
        return sealed({})


def _client_id(request: HttpRequest, form: Form) -> str | None:
    basic = basic_credentials(request)
    return basic[0] if basic else form.get("client_id")


def _check_verifier(terms: CodeTerms, verifier: str | None) -> None:
    """Refuse a code whose challenge the verifier does not meet (RFC 7636 §4.6)."""
    if terms.challenge is None:
        return
    if not verifier:
        raise OAuthError(400, "invalid_grant", "Missing code verifier.")
    shown = verifier.encode()
    if terms.challenge_method == "S256":
        shown = urlsafe_b64encode(sha256(shown).digest()).rstrip(b"=")
    if not hmac.compare_digest(shown, terms.challenge.encode()):
        raise OAuthError(400, "invalid_grant", "Invalid code verifier.")
