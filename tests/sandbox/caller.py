"""
Caller: somebody who calls a sandbox, and what its answers say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.oauth.clients import ClientKind, OAuthClient

if TYPE_CHECKING:
    from mailgrant.sandbox import Sandbox

FORM = "application/x-www-form-urlencoded"
REDIRECT = "http://127.0.0.1:5000/"
LOOPBACK = {"host": "127.0.0.1:8025"}


class Caller:
    """Calls a sandbox as a program, a browser or a test would, without a network."""

    def __init__(self, world: Sandbox) -> None:
        self.world = world
        self.token: str | None = None

    @property
    def client(self) -> OAuthClient:
        """The default desktop client."""
        return self.world.clients.default(ClientKind.INSTALLED)

    @property
    def web(self) -> OAuthClient:
        """The default web client."""
        return self.world.clients.default(ClientKind.WEB)

    def sign_in(self, *scopes: str, email: str = "ada@example.com") -> Caller:
        """Hold a token of these scopes from now on."""
        self.token = self.world.authorize(email, scopes=scopes)["token"]
        return self

    def request(self, verb: str, target: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request, with the token if one is held."""
        bearer = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return self.world.handle(HttpRequest(verb, target, headers={**bearer, **(headers or {})}, body=body))

    def get(self, target: str, **headers: str) -> Answer:
        """Read."""
        return self.request("GET", target, headers=headers)

    def post(self, target: str, value: Any = None) -> Answer:
        """Send JSON."""
        body = b"" if value is None else json.dumps(value).encode()
        return self.request("POST", target, body=body, headers={"content-type": "application/json"})

    def form(self, target: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Send a form."""
        return self.request("POST", target, body=urlencode(fields).encode(), headers={"content-type": FORM, **headers})

    def control(self, verb: str, path: str, value: Any = None, **headers: str) -> Answer:
        """Use the control API."""
        body = b"" if value is None else json.dumps(value).encode()
        sent = {**LOOPBACK, "content-type": "application/json", **headers}
        return self.world.handle(HttpRequest(verb, f"/_sandbox/{path}", headers=sent, body=body))

    def authorize(self, *scopes: str, **parameters: str) -> Answer:
        """Ask for consent, offline and with a state unless told otherwise; an empty parameter is left out."""
        asked = {
            "client_id": self.client.id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": " ".join(scopes),
            "access_type": "offline",
            "state": "a/state=1",
        }
        sent = {name: value for name, value in (asked | parameters).items() if value}
        return self.get(f"/o/oauth2/v2/auth?{urlencode(sent)}")

    def code(self, *scopes: str, **parameters: str) -> str:
        """Ask for consent and return the code that comes back."""
        return callback(self.authorize(*scopes, **parameters))["code"]

    def redeem(self, code: str, **fields: str) -> Answer:
        """Exchange a code; an empty field is left out."""
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "client_id": self.client.id,
            "client_secret": self.client.secret,
        }
        return self.form("/token", {name: value for name, value in (sent | fields).items() if value})

    def refresh(self, refresh_token: str, **fields: str) -> Answer:
        """Ask for a new access token; an empty field is left out."""
        sent = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self.client.id,
            "client_secret": self.client.secret,
        }
        return self.form("/token", {name: value for name, value in (sent | fields).items() if value})


def body(answer: Answer) -> Any:
    """Return an answer's JSON."""
    return json.loads(answer.body)


def error(answer: Answer) -> tuple[int, str, str]:
    """Return status, word and sentence of an OAuth refusal."""
    said = body(answer)
    return answer.status, said["error"], said["error_description"]


def location(answer: Answer) -> str:
    """Return where a redirect leads."""
    found = answer.header("Location")
    assert found is not None, answer
    return found


def callback(answer: Answer) -> dict[str, str]:
    """Return the parameters with which a person was sent back, in order."""
    return dict(parse_qsl(urlsplit(location(answer)).query))


def flow(answer: Answer) -> str:
    """Return the id of the sign-in that a redirect to a page carries."""
    return parse_qs(urlsplit(location(answer)).query)["flow"][0]
