"""Proxies: by whom the way to a host leads, as the environment says (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from mailgrant.errors import SettingsError

SOCKS = frozenset({"socks5", "socks5h"})
SCHEMES = SOCKS | {"http", "https"}


@dataclass(frozen=True, slots=True)
class Proxy:
    """
    Somebody through whom requests go: `http://proxy.example:3128`, or the address of a SOCKS one.

    `user` and `password` are what stood in the address, percent-decoded; they are in no repr.
    """

    url: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, address: str) -> Proxy:
        """
        Read an address; one without a scheme is an HTTP proxy's.

        Raises SettingsError, which does not repeat the address, for one that is none, or is SOCKS without
        the package that speaks it.
        """
        parts = urlsplit(address if "://" in address else f"http://{address}")
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme not in SCHEMES or not host:
            raise SettingsError(
                "The proxy that the environment names is no address of one.",
                hint="It looks like HTTPS_PROXY=http://proxy.example:3128; unset it to go without.",
            )
        if parts.scheme in SOCKS and find_spec("socksio") is None:
            raise SettingsError(
                "The proxy that the environment names speaks SOCKS, and the package for that is not installed.",
                hint="Install socksio, or name an HTTP proxy.",
            )
        place = f"[{host}]" if ":" in host else host
        return cls(
            f"{parts.scheme}://{place}" + (f":{port}" if port else ""),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


def proxy_for(scheme: str, host: str) -> Proxy | None:
    """Return the proxy by which the environment leads to `host`, None for the straight way."""
    named = getproxies()
    address = named.get(scheme) or named.get("all")
    return Proxy.parse(address) if address and not proxy_bypass(host) else None
