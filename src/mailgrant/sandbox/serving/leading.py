"""
Leading: which of Google's host names lead to the sandbox, and the environment that leads a program there.

A program is led, not jailed: its proxy, the certificates it trusts and two start-up hooks are set, and
what would take it elsewhere with a person's own credentials is hidden. Nothing here opens a connection.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HOOKS = Path(__file__).parent / "hooks"

# One star stands for one label, as in a certificate.
LED_HOSTS = ("*.googleapis.com", "googleapis.com", "accounts.google.com")
MAIL_HOSTS = ("smtp.gmail.com", "imap.gmail.com", "smtp-relay.gmail.com", "pop.gmail.com", "gmail-smtp-in.l.google.com")
MTLS_SUFFIX = ".mtls.googleapis.com"
NEVER_PROXIED = "127.0.0.1,localhost,::1"

TRUST_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTPLIB2_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)
PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
# A program that follows one of these is not where it was led.
STRAYING = (
    "SSL_CERT_DIR",
    "GOOGLE_CLOUD_UNIVERSE_DOMAIN",
    "GOOGLE_API_CERTIFICATE_CONFIG",
    "GOOGLE_API_USE_CLIENT_CERTIFICATE",
    "grpc_proxy",
    "no_grpc_proxy",
    "NODE_TLS_REJECT_UNAUTHORIZED",
)
CREDENTIALS = ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG")
# Somebody's own mailgrant; the child gets another, in a temporary folder.
OWN_MAILGRANT = (
    "MAILGRANT_ACCOUNT",
    "MAILGRANT_KEY_FILE",
    "MAILGRANT_SETTINGS",
)


class Verdict(Enum):
    """What becomes of a connection to a host."""

    LED = "led"
    ALLOWED = "allowed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Map:
    """Which hosts lead where; `allowed` are those a person let through to the real network."""

    allowed: frozenset[str] = frozenset()

    def verdict(self, host: str) -> Verdict:
        """Say what becomes of a connection to `host`."""
        name = host.lower().rstrip(".")
        if _is_led(name):
            return Verdict.LED
        return Verdict.ALLOWED if name in self.allowed and not _speaks_otherwise(name) else Verdict.REFUSED

    def refusal(self, host: str) -> str:
        """Return the one line that says why `host` is refused and what to do."""
        name = host.lower().rstrip(".")
        if name in MAIL_HOSTS:
            return f"{name} is refused: the sandbox speaks the Gmail API, not SMTP or IMAP"
        if name.endswith(MTLS_SUFFIX):
            return f"{name} is refused: set GOOGLE_API_USE_MTLS_ENDPOINT=never, the sandbox asks no client certificate"
        return f"{name} is refused: it is not Google's; add --allow {name} to let it through"


@dataclass(frozen=True, slots=True)
class Entrance:
    """
    Where a running sandbox is entered.

    `url` is its own plain-http origin, `proxy` the proxy's, `tls_port` a loopback port that is any of the
    led hosts to whoever connects there, `ca` the file of the certificate to trust.
    """

    url: str
    proxy: str
    tls_port: int
    ca: Path


def _is_led(name: str) -> bool:
    _, _, rest = name.partition(".")
    return name in LED_HOSTS or f"*.{rest}" in LED_HOSTS


def _speaks_otherwise(name: str) -> bool:
    return name in MAIL_HOSTS or name.endswith(MTLS_SUFFIX)


def write_trust(path: Path, authority: bytes, *, with_system: bool, environ: Mapping[str, str]) -> None:
    """Write the file of what a program shall trust: the run's authority, and the system's if it needs them."""
    bundle = authority
    if with_system:
        found = environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or ""
        if Path(found).is_file():
            bundle += b"\n" + Path(found).read_bytes()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(bundle)


def environment(
    entrance: Entrance,
    ready: Mapping[str, Any],
    *,
    vault: Path,
    key: str,
    environ: Mapping[str, str],
    browser: Path | None = None,
    keep_credentials: bool = False,
) -> dict[str, str]:
    """
    Return the environment that leads a child to the sandbox, made from the one it would have had.

    `browser` is the command that opens pages for its person.
    """
    hidden = {*STRAYING, *OWN_MAILGRANT, *(() if keep_credentials else CREDENTIALS)}
    kept = {name: value for name, value in environ.items() if name not in hidden}
    place = urlsplit(entrance.url).netloc
    return {
        **kept,
        **dict.fromkeys(PROXY_VARIABLES, entrance.proxy),
        **dict.fromkeys(TRUST_VARIABLES, str(entrance.ca)),
        "NO_PROXY": NEVER_PROXIED,
        "no_proxy": NEVER_PROXIED,
        "NODE_EXTRA_CA_CERTS": str(entrance.ca),
        "NODE_USE_ENV_PROXY": "1",
        "NODE_OPTIONS": _first(f'--require "{HOOKS / "node.cjs"}"', kept.get("NODE_OPTIONS"), " "),
        "PYTHONPATH": _first(str(HOOKS), kept.get("PYTHONPATH"), ":"),
        # Asking the metadata server takes seconds where there is none; the sandbox says no at once.
        "NO_GCE_CHECK": "true",
        "GCE_METADATA_HOST": place,
        "GCE_METADATA_IP": place,
        "GOOGLE_API_USE_MTLS_ENDPOINT": "never",
        "MAILGRANT_GOOGLE": entrance.url,
        "MAILGRANT_VAULT": str(vault),
        "MAILGRANT_KEY": key,
        "MAILGRANT_SANDBOX": json.dumps(ready),
        "MAILGRANT_SANDBOX_HOOK": _hook(entrance),
        **({"BROWSER": str(browser)} if browser else {}),
    }


def _first(ours: str, theirs: str | None, separator: str) -> str:
    return f"{ours}{separator}{theirs}" if theirs else ours


def _hook(entrance: Entrance) -> str:
    """Return what the start-up hooks need to know; they run in other interpreters and import nothing of ours."""
    return json.dumps(
        {
            "led": LED_HOSTS,
            "refused": [*MAIL_HOSTS, f"*{MTLS_SUFFIX}"],
            "tls": entrance.tls_port,
            "plain": urlsplit(entrance.url).port,
            "ca": str(entrance.ca),
        }
    )


def allowed_hosts(names: Iterable[str]) -> frozenset[str]:
    """Return host names as they are compared: lower case, without a final dot."""
    return frozenset(name.lower().rstrip(".") for name in names)
