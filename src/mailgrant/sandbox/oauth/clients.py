"""
OAuth clients: the applications a sandbox's Google knows, and where they may be sent back to.

The two default clients are constants, so that a client file and a vault outlive the sandbox that
made them: a newer sandbox knows the client and answers `invalid_grant` for the old tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
OUT_OF_BAND = ("urn:ietf:wg:oauth:2.0:oob", "oob")
GOOGLE_AUTH_URI = "https://accounts.google.com/o/oauth2/auth"
GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
CERTS_URI = "https://www.googleapis.com/oauth2/v1/certs"


class ClientKind(Enum):
    """What was chosen in the console when the client was made."""

    WEB = "web"
    INSTALLED = "installed"
    LIMITED_INPUT = "limited_input"


class Publishing(Enum):
    """Who may use the client's application, and for how long."""

    TESTING = "testing"
    PRODUCTION = "production"
    INTERNAL = "internal"


class ClientState(Enum):
    """Whether Google still accepts the client."""

    LIVE = "live"
    DELETED = "deleted"
    DISABLED = "disabled"


class RedirectProblem(Enum):
    """Why a redirect URI is refused: by Google's policy, or because it is not this client's."""

    POLICY = "invalid_request"
    MISMATCH = "redirect_uri_mismatch"


@dataclass(slots=True)
class OAuthClient:
    """
    One client.

    `project` is the project number that begins the id; a person's grant covers every client of it.
    `verified` says whether Google has reviewed the application; if not, people meet a warning first.
    """

    id: str
    secret: str = field(kw_only=True, repr=False)
    kind: ClientKind = field(kw_only=True)
    redirect_uris: tuple[str, ...] = field(kw_only=True, default=())
    name: str = field(kw_only=True, default="Mailgrant")
    project: str = field(kw_only=True, default="")
    publishing: Publishing = field(kw_only=True, default=Publishing.PRODUCTION)
    verified: bool = field(kw_only=True, default=True)
    state: ClientState = field(kw_only=True, default=ClientState.LIVE)

    def __post_init__(self) -> None:
        self.project = self.project or self.id.partition("-")[0]

    def redirect_problem(self, uri: str) -> RedirectProblem | None:
        """Say why a redirect URI is refused, None if it is accepted."""
        if uri.startswith(OUT_OF_BAND) or breaks_policy(uri):
            return RedirectProblem.POLICY
        if self.kind is ClientKind.INSTALLED and is_loopback_http(uri):
            return None
        return None if uri in self.redirect_uris else RedirectProblem.MISMATCH

    def file(self, auth_uri: str = GOOGLE_AUTH_URI, token_uri: str = GOOGLE_TOKEN_URI) -> dict[str, Any]:
        """Return the client as the console's download (`client_secret_*.json`)."""
        redirect_uris = list(self.redirect_uris) if self.kind is ClientKind.WEB else ["http://localhost"]
        body = {
            "client_id": self.id,
            "project_id": f"sandbox-{self.project}",
            "auth_uri": auth_uri,
            "token_uri": token_uri,
            "auth_provider_x509_cert_url": CERTS_URI,
            "client_secret": self.secret,
            "redirect_uris": redirect_uris,
        }
        # The console calls the file of a television's client that of an installed one.
        return {ClientKind.WEB.value if self.kind is ClientKind.WEB else ClientKind.INSTALLED.value: body}


def is_loopback_http(uri: str) -> bool:
    """True for `http://localhost:1234/any/path` and the two loopback addresses."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS


def breaks_policy(uri: str) -> bool:
    """True for an address that Google lets no client register: http abroad, raw IPs, fragments, credentials."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return True
    host = parts.hostname or ""
    if parts.fragment or "@" in parts.netloc or ".." in parts.path or "*" in uri:
        return True
    if host in LOOPBACK_HOSTS:
        return parts.scheme not in {"http", "https"}
    is_address = ":" in host or host.replace(".", "").isdigit()
    return parts.scheme != "https" or is_address or "." not in host or host.endswith("googleusercontent.com")


class Clients:
    """The clients of one sandbox, by id."""

    KEPT: ClassVar[tuple[str, ...]] = ("_by_id",)

    def __init__(self) -> None:
        self._by_id: dict[str, OAuthClient] = {}
        for client in default_clients():
            self.add(client)

    def add(self, client: OAuthClient) -> None:
        """Add a client, or replace the one of the same id."""
        self._by_id[client.id] = client

    def find(self, client_id: str) -> OAuthClient | None:
        """Return the client of that id, or None."""
        return self._by_id.get(client_id)

    def default(self, kind: ClientKind) -> OAuthClient:
        """Return the default client of a kind."""
        return next(client for client in self if client.kind is kind)

    def __iter__(self) -> Iterator[OAuthClient]:
        return iter(self._by_id.values())


DEFAULT_PROJECT = "407408718192"
WEB_ID = f"{DEFAULT_PROJECT}-sandboxweb00000000000000000000001.apps.googleusercontent.com"
INSTALLED_ID = f"{DEFAULT_PROJECT}-sandboxdesktop000000000000000002.apps.googleusercontent.com"


def default_clients() -> tuple[OAuthClient, ...]:
    """Return the clients every sandbox starts with; their secrets open nothing but sandboxes."""
    return (
        OAuthClient(
            INSTALLED_ID,
            secret="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",  # noqa: S106 - published on purpose
            kind=ClientKind.INSTALLED,
            redirect_uris=("http://localhost",),
            name="Mailgrant demo",
        ),
        OAuthClient(
            WEB_ID,
            secret="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",  # noqa: S106 - published on purpose
            kind=ClientKind.WEB,
            redirect_uris=("https://localhost:9000/oauth2callback", "http://localhost:8080/"),
            name="Mailgrant demo (web)",
        ),
    )
