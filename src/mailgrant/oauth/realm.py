"""
Realm: Google's addresses, or a sandbox's; and which addresses inside files are acceptable.

Google and a sandbox never mix. Requests are written down with Google's addresses throughout; the
realm alone says where they are sent, and a file never does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from urllib.parse import urlsplit

from mailgrant.errors import SettingsError

AUTH_URI = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address, not a token)
REVOKE_URI = "https://oauth2.googleapis.com/revoke"
CERTS_URI = "https://www.googleapis.com/oauth2/v3/certs"
ISSUER = "https://accounts.google.com"

GOOGLE_HOSTS = frozenset(
    {
        "accounts.google.com",
        "calendar.googleapis.com",
        "gmail.googleapis.com",
        "oauth2.googleapis.com",
        "openidconnect.googleapis.com",
        "www.googleapis.com",
    }
)


class RealmName(Enum):
    """Which of the two worlds a vault belongs to; written in its header."""

    GOOGLE = "google"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Realm:
    """Where Google is: `origin` is None for the real one, else the origin of a sandbox."""

    name: RealmName
    origin: str | None = None

    @classmethod
    def google(cls) -> Realm:
        """The real one."""
        return cls(RealmName.GOOGLE)

    @classmethod
    def at(cls, origin: str, *, allowed: Collection[str] = ()) -> Realm:
        """
        A sandbox at `origin`, such as `http://127.0.0.1:8025`.

        Loopback only; any other host must be https and listed in `allowed`, because what is sent
        there are people's grants. Raises SettingsError otherwise.
        """
        cleaned = origin.strip().rstrip("/")
        parts = urlsplit(cleaned)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.username:
            raise SettingsError(
                f"MAILGRANT_GOOGLE={origin!r} is not an origin.", hint="It looks like http://127.0.0.1:8025."
            )
        listed = {one.rstrip("/") for one in allowed}
        if not is_loopback(parts.hostname) and not (parts.scheme == "https" and cleaned in listed):
            raise SettingsError(
                f"MAILGRANT_GOOGLE names {parts.hostname}, which is not this machine.",
                hint=f'To allow it, put allow_google = ["https://{parts.netloc}"] into settings.toml.',
            )
        return cls(RealmName.SANDBOX, cleaned)

    def address(self, url: str) -> str:
        """Return where a request for Google's `url` is sent; raises SettingsError for any other host."""
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.hostname not in GOOGLE_HOSTS or parts.port is not None:
            raise SettingsError(f"{parts.scheme}://{parts.netloc} is not an address of Google's.")
        if self.origin is None:
            return url
        return self.origin + parts._replace(scheme="", netloc="").geturl()

    def check_address(self, url: str, *, where: str, field: str) -> None:
        """
        Accept or refuse an address that stands in a file, which is never followed either way.

        Google's own are always right; a sandbox's are right in a sandbox. Raises SettingsError that
        names the file and the field.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise SettingsError(f"{where}: {field} is not an address.") from None
        if parts.scheme == "https" and port is None and (host in GOOGLE_HOSTS or host == "accounts.google.com"):
            return
        local = is_loopback(host)
        if self.origin is not None and (local or url.startswith(f"{self.origin}/")):
            return
        if local:
            raise SettingsError(
                f"{where} was made for a sandbox ({field} is {parts.scheme}://{parts.netloc}), and none is set.",
                hint=f"Set MAILGRANT_GOOGLE={parts.scheme}://{parts.netloc}, or use Google's own client file.",
            )
        raise SettingsError(
            f"{where} is refused: its {field} leads to {host or 'nowhere'}, which is not Google.",
            hint="Download the client secrets again from the Google Cloud console.",
        )


def is_loopback(host: str) -> bool:
    """True for this machine's own addresses, by name or number."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
