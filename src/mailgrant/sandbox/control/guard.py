"""
Guard: who may use the control API.

Whoever reaches it can read all mail and become anybody. Without a token it answers this machine alone;
with one, whoever knows it, from wherever it can be reached. No foreign page ever: a browser that wanders
must not be able to read mail here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from mailgrant.sandbox.control.fields import ControlError
from mailgrant.sandbox.frame.wire import HttpRequest
from mailgrant.sandbox.oauth.clients import LOOPBACK_HOSTS
from mailgrant.sandbox.oauth.forms import basic_credentials
from mailgrant.secret import Secret

RFC822 = "message/rfc822"
READABLE = frozenset({"application/json", RFC822})
# A browser asks for a password then: any name, and the token.
CHALLENGE = ("WWW-Authenticate", 'Basic realm="sandbox", charset="UTF-8"')


def check_caller(request: HttpRequest, token: Secret | None) -> None:
    """Refuse a request to the control API that nobody allowed may have made; raises `ControlError`."""
    host = request.headers.get("host")
    if token is None:
        _check_host(host)
    elif _shown(request) != token:
        hint = "Send Authorization: Bearer with the token of --control-token-file."
        raise ControlError(401, "The control API of this sandbox wants its token.", hint)
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        raise ControlError(403, f"The control API does not answer to pages of {origin}.", "Use a program of your own.")
    if request.verb == "POST" and request.media_type not in READABLE:
        hint = "Send Content-Type: application/json (for mail also message/rfc822)."
        raise ControlError(415, "The control API reads JSON and mails only.", hint)


def _check_host(host: str | None) -> None:
    if host is not None and urlsplit(f"//{host}").hostname not in LOOPBACK_HOSTS:
        hint = "Use http://127.0.0.1:<port>/, or start the sandbox with --control-token-file."
        raise ControlError(403, f"The control API does not answer for the host {host}.", hint)


def _shown(request: HttpRequest) -> Secret | None:
    """Return the token a request brings, as a bearer's or as a browser's password."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Secret(text.strip())
    basic = basic_credentials(request)
    return Secret(basic[1]) if basic else None
