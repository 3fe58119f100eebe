"""
Realm: where Google is, for this run: at its own addresses, or a sandbox that stands in for it.

Requests always carry Google's own addresses. `Realm.address` says where they are really sent, and
is the only place that may lead a request anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import SplitResult, urlsplit

from mailgrant.errors import SettingsError

AUTH_URI = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address, not a password
REVOKE_URI = "https://oauth2.googleapis.com/revoke"
CERTS_URI = "https://www.googleapis.com/oauth2/v3/certs"
ISSUER = "https://accounts.google.com"
# Followed by a service account's address in its key file.
CERTIFICATES_OF_ROBOTS = "https://www.googleapis.com/robot/v1/metadata/x509/"

# Every host that a request of ours may name.
HOSTS = frozenset(
    {
        "accounts.google.com",
        "oauth2.googleapis.com",
        "www.googleapis.com",
        "gmail.googleapis.com",
    }
)

# A request's address: nothing hides before the host, and what follows is printable and has no fragment.
REQUESTED = re.compile(r"https://(?P<host>[a-z0-9.]+)(?P<rest>/[!-~]*)?")

# Google's addresses as files name them: today's, and those of old downloads that still go round.
KNOWN_ADDRESSES = frozenset(
    {
        AUTH_URI,
        "https://accounts.google.com/o/oauth2/auth",
        TOKEN_URI,
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v3/token",
        "https://www.googleapis.com/oauth2/v4/token",
        CERTS_URI,
        "https://www.googleapis.com/oauth2/v1/certs",
        REVOKE_URI,
        "https://accounts.google.com/o/oauth2/revoke",
        "https://oauth2.googleapis.com/tokeninfo",
        "https://www.googleapis.com/oauth2/v3/tokeninfo",
    }
)


class RealmName(Enum):
    """Google itself, or somebody who plays it. A vault belongs to one of them."""

    GOOGLE = "google"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Realm:
    """Who answers, and where: `origin` is None for Google, else a sandbox's `http://127.0.0.1:8025`."""

    name: RealmName
    origin: str | None = field(kw_only=True)

    def __post_init__(self) -> None:
        if (self.origin is None) != (self.name is RealmName.GOOGLE):
            raise ValueError("a sandbox has an origin, and Google has none")

    @classmethod
    def google(cls) -> Realm:
        """Return the realm of Google itself."""
        return cls(RealmName.GOOGLE, origin=None)

    @classmethod
    def at(cls, origin: str, *, allowed: Collection[str] = ()) -> Realm:
        """
        Return the realm of a sandbox at `origin`.

        Raises SettingsError unless it is on this machine, or is https and listed in `allowed` (the
        settings file's `allow_google`): a variable alone must not lead people's tokens elsewhere.
        """
        parts = _split(origin)
        if parts is None or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise SettingsError(
                f"{origin!r} is not where a sandbox can be.",
                hint="It looks like MAILGRANT_GOOGLE=http://127.0.0.1:8025",
            )
        plain = _origin(parts)
        if not _on_loopback(parts) and not (parts.scheme == "https" and plain in {one.rstrip("/") for one in allowed}):
            raise SettingsError(
                f"Google may be played by this machine only, not by {plain}.",
                hint='To allow another: https, and allow_google = ["https://host"] in settings.toml.',
            )
        return cls(RealmName.SANDBOX, origin=plain)

    def address(self, url: str) -> str:
        """
        Return where a request for Google's `url` is sent.

        Raises SettingsError for an address that is not Google's: no request of ours goes there.
        """
        asked = REQUESTED.fullmatch(url)
        if asked is None or asked["host"] not in HOSTS or "#" in url or "\\" in url:
            raise SettingsError("A request was meant for a host that is not Google's. It was not sent.")
        return url if self.origin is None else f"{self.origin}{asked['rest'] or ''}"

    def check_address(self, url: str, *, where: str, field: str) -> None:
        """
        Look at an address that stands in a file; it is never followed, only found fitting or not.

        Google's own are always fitting, in a sandbox also those on this machine and the sandbox's.
        Raises SettingsError, naming the file and the field, for anything else.
        """
        if url in KNOWN_ADDRESSES:
            return
        parts = _split(url)
        local = parts is not None and _on_loopback(parts)
        if self.origin is not None and parts is not None and (local or _origin(parts) == self.origin):
            return
        if local and parts is not None:
            raise SettingsError(
                f"{where} was made by a sandbox, and no sandbox is set ({field} is on this machine).",
                hint=f"Set MAILGRANT_GOOGLE={_origin(parts)}, or use a file from Google's console.",
            )
        raise SettingsError(
            f"{where} is refused: its {field} leads to {_named(parts)}, which is not Google's.",
            hint="Download the file again from the Google Cloud console; do not use one that came by mail or chat.",
        )


def _split(url: str) -> SplitResult | None:
    """Take an http address apart; None when it is not one, or hides a name before its host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or port == 0:
        return None
    return parts if url.isascii() and url.isprintable() and " " not in url and "\\" not in url else None


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}".lower()


def _on_loopback(parts: SplitResult) -> bool:
    from ipaddress import ip_address

    if parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _named(parts: SplitResult | None) -> str:
    return "no web address" if parts is None else parts.netloc
