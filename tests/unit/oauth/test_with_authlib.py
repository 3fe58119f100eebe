"""
The whole question and answer against Authlib, an authorization server that is not ours.

It shares no line with the sandbox: what it refuses, Google would too, as far as the standards go.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request, grants  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]

from mailgrant.errors import ClientBroken, ConsentError, ConsentRefused
from mailgrant.http import Call, Request, Response
from mailgrant.oauth import calls
from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.oauth.consent import Consent, begin, read_answer
from mailgrant.oauth.credentials import TokenAnswer
from mailgrant.oauth.realm import AUTH_URI, Realm
from mailgrant.oauth.scopes import IDENTITY, Scopes
from mailgrant.secret import Secret

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
REDIRECT = "https://localhost:9000/oauth2callback"
ADA = "ada@example.com"


@dataclass
class RegisteredClient:
    """The client as the server has it in its books."""

    client_id: str
    secret: str

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == REDIRECT

    def check_client_secret(self, secret: str) -> bool:
        return secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method, endpoint) == ("client_secret_post", "token")

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind in ("authorization_code", "refresh_token")

    def get_allowed_scope(self, scope: str) -> str:
        return scope


@dataclass
class IssuedCode:
    code: str
    redirect_uri: str
    scope: str
    code_challenge: str | None
    code_challenge_method: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_post",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        said = request.payload.data
        proof = said.get("code_challenge"), said.get("code_challenge_method")
        self.server.codes[code] = IssuedCode(code, said["redirect_uri"], request.scope, *proof)

    def query_authorization_code(self, code: str, client: RegisteredClient) -> IssuedCode | None:
        found: IssuedCode | None = self.server.codes.get(code)
        return found

    def delete_authorization_code(self, code: IssuedCode) -> None:
        del self.server.codes[code.code]

    def authenticate_user(self, code: IssuedCode) -> str:
        return ADA


class HeldRequest(OAuth2Request):  # type: ignore[misc]
    def __init__(self, method: str, url: str, values: dict[str, str]) -> None:
        super().__init__(method, url)
        self.payload = BasicOAuth2Payload(values)
        self._values = values

    @property
    def args(self) -> dict[str, str]:
        return self._values if self.method == "GET" else {}

    @property
    def form(self) -> dict[str, str]:
        return self._values if self.method == "POST" else {}


@dataclass
class Answered:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server, with a memory and without a web framework."""

    def __init__(self, client: RegisteredClient) -> None:
        super().__init__()
        self.codes: dict[str, IssuedCode] = {}
        self._client = client
        self.register_grant(CodeGrant, [CodeChallenge(required=True)])
        self.register_token_generator("default", self._tokens)

    def query_client(self, client_id: str) -> RegisteredClient | None:
        return self._client if client_id == self._client.client_id else None

    def _tokens(self, *, scope: str, **_: Any) -> dict[str, Any]:
        return {
            "token_type": "Bearer",
            "access_token": "access",
            "refresh_token": "refresh",
            "scope": scope,
            "expires_in": 3599,
        }

    def save_token(self, token: Any, request: Any) -> None:
        """Remember nothing: these tests end with the tokens."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Tell nobody."""

    def create_oauth2_request(self, request: HeldRequest) -> HeldRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answered:
        return Answered(status, body, dict(headers))

    def ask(self, url: str, *, person: str | None) -> str:
        """Put the question of a link to a person, and return where their browser is sent."""
        parts = urlsplit(url)
        request = HeldRequest("GET", url, dict(parse_qsl(parts.query, strict_parsing=True)))
        grant = self.get_consent_grant(request, end_user=person)
        answered: Answered = self.create_authorization_response(request, grant_user=person, grant=grant)
        assert answered.status == 302
        return answered.headers["Location"]

    def carry(self, call: Call[TokenAnswer]) -> TokenAnswer:
        """Carry a conversation with the token endpoint to its end."""
        asked: Request = next(call)
        values = dict(parse_qsl(asked.body.decode(), strict_parsing=True))
        answered: Answered = self.create_token_response(HeldRequest(asked.method, asked.url, values))
        try:
            call.send(Response(answered.status, body=json.dumps(answered.body).encode()))
        except StopIteration as end:
            tokens: TokenAnswer = end.value
            return tokens
        raise AssertionError("the conversation has one request")


@pytest.fixture
def web_client() -> ClientSecrets:
    return ClientSecrets(
        "1234-lunch", client_secret=Secret("not-really-secret"), kind=ClientKind.WEB, redirect_uris=(REDIRECT,)
    )


@pytest.fixture
def server() -> Server:
    return Server(RegisteredClient("1234-lunch", "not-really-secret"))


@pytest.fixture
def consent(web_client: ClientSecrets, entropy: Callable[[int], bytes]) -> Consent:
    return begin(
        web_client,
        account=ADA,
        user=None,
        scopes=Scopes("gmail.send calendar.events"),
        redirect_uri=REDIRECT,
        identity=True,
        widens=None,
        realm=Realm.google(),
        now=NOON,
        entropy=entropy,
    )


def redemption(client: ClientSecrets, consent: Consent, code: Secret) -> Call[TokenAnswer]:
    return calls.redeem_code(client, code=code, code_verifier=consent.code_verifier, redirect_uri=consent.redirect_uri)


def test_an_independent_server_takes_the_question_and_gives_tokens_for_the_code(
    server: Server, web_client: ClientSecrets, consent: Consent
) -> None:
    location = server.ask(consent.url, person=ADA)
    tokens = server.carry(redemption(web_client, consent, read_answer(consent, location).code))

    assert consent.url.startswith(AUTH_URI)
    assert location.startswith(f"{REDIRECT}?")
    assert tokens.access_token == Secret("access")
    assert tokens.refresh_token == Secret("refresh")
    assert tokens.expires_in == timedelta(seconds=3599)
    assert tokens.scopes == Scopes("gmail.send calendar.events") | IDENTITY


def test_a_no_of_an_independent_server_is_a_no(server: Server, consent: Consent) -> None:
    with pytest.raises(ConsentRefused):
        read_answer(consent, server.ask(consent.url, person=None))


def test_a_code_works_once(server: Server, web_client: ClientSecrets, consent: Consent) -> None:
    code = read_answer(consent, server.ask(consent.url, person=ADA)).code
    server.carry(redemption(web_client, consent, code))

    with pytest.raises(ConsentError):
        server.carry(redemption(web_client, consent, code))


def test_a_stolen_code_is_worth_nothing_without_the_verifier(
    server: Server, web_client: ClientSecrets, consent: Consent
) -> None:
    code = read_answer(consent, server.ask(consent.url, person=ADA)).code
    thief = replace(consent, code_verifier=Secret("a" * 43))

    with pytest.raises(ConsentError):
        server.carry(redemption(web_client, thief, code))


def test_a_wrong_client_secret_is_the_clients_fault(
    server: Server, web_client: ClientSecrets, consent: Consent
) -> None:
    code = read_answer(consent, server.ask(consent.url, person=ADA)).code

    with pytest.raises(ClientBroken):
        server.carry(redemption(replace(web_client, client_secret=Secret("old")), consent, code))
