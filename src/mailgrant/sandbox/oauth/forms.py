"""
Forms: what the OAuth endpoints read and write.

The token endpoint takes its parameters as a form, as JSON or from the query, and the client's
credentials from the body or from HTTP Basic.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from mailgrant.sandbox.frame.api import dump
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.oauth.clients import Clients, ClientState, OAuthClient

JSON = "application/json; charset=utf-8"
# What a real answer of the token endpoint carries: nothing of it may be kept.
SEALED_HEADERS = [
    ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Expires", "Mon, 01 Jan 1990 00:00:00 GMT"),
    ("Vary", "X-Origin"),
    ("Vary", "Referer"),
    ("Vary", "Origin,Accept-Encoding"),
    ("Server", "scaffolding on HTTPServer2"),
    ("X-XSS-Protection", "0"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-Content-Type-Options", "nosniff"),
]


class OAuthError(Exception):
    """A refusal in OAuth's own shape (RFC 6749 §5.2)."""

    def __init__(self, status: int, error: str, description: str, **extras: str) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": description, **extras}

    def answer(self) -> Answer:
        """Return the answer that carries the refusal."""
        return sealed(self.body, status=self.status)


def live_client(clients: Clients, client_id: str) -> OAuthClient:
    """Return the client of that id; raises OAuthError when there is none, or it was disabled or deleted."""
    client = clients.find(client_id)
    if client is None:
        raise OAuthError(401, "invalid_client", "The OAuth client was not found.")
    if client.state is not ClientState.LIVE:
        raise OAuthError(401, f"{client.state.value}_client", f"The OAuth client was {client.state.value}.")
    return client


class UnreadableJson(Exception):
    """A body labelled JSON that is none: the API's envelope answers, not OAuth's."""

    def answer(self) -> Answer:
        """Return the answer that Google's front end gives."""
        message = "Invalid JSON payload received. Unexpected token."
        return sealed({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}, status=400)


def sealed(body: Mapping[str, Any], *, status: int = 200) -> Answer:
    """Return a JSON answer that may not be stored."""
    return Answer(status, headers=[("Content-Type", JSON), *SEALED_HEADERS], body=dump(body))


def read_form(request: HttpRequest) -> dict[str, str]:
    """Return the parameters of a request from wherever they are; the body wins over the query."""
    fields = dict(request.query)
    if request.media_type == "application/json" and request.body:
        fields |= _read_json(request.body)
    elif request.body:
        fields |= dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
    return fields


def _read_json(body: bytes) -> dict[str, str]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise UnreadableJson from error
    if not isinstance(value, dict):
        raise UnreadableJson
    return {name: text if isinstance(text, str) else json.dumps(text) for name, text in value.items()}


def basic_credentials(request: HttpRequest) -> tuple[str, str] | None:
    """Return client id and secret from an HTTP Basic header, None if there is none."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return None
    # RFC 6749 §2.3.1 wants the two percent-encoded, most clients do not bother; both are read.
    return (unquote(user), unquote(password)) if colon else None


def redirect(url: str, *, status: int = 302) -> Answer:
    """Return a redirect that nothing remembers and that tells the next page nothing."""
    headers = [("Location", url), ("Referrer-Policy", "no-referrer"), ("Content-Type", "text/html; charset=UTF-8")]
    return Answer(status, headers=[*headers, *SEALED_HEADERS[:3]])


def with_parameters(url: str, parameters: Mapping[str, str | None], *, fragment: bool = False) -> str:
    """Add parameters to an address, in order, spaces as %20; absent ones are left out."""
    present = {name: value for name, value in parameters.items() if value is not None}
    text = urlencode(present, quote_via=quote, safe="")
    if fragment:
        return f"{url}#{text}"
    return f"{url}{'&' if '?' in url else '?'}{text}"
