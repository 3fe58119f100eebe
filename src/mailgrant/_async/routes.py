"""
Routes: the connections to one origin, made when they are first needed and kept for the next request.

The connections are httpcore2's: the core of httpx2, without the client on top of it, which costs as
much again for what is not wanted here (cookies, redirects, authentication).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailgrant.proxies import Proxy, proxy_for

if TYPE_CHECKING:
    import ssl

    import httpcore2

# As many as a worker has under way for all its accounts; who finds none free waits for one.
MOST_CONNECTIONS = 100
# What has been idle for so many seconds may have been let go at the other end.
KEPT_FOR = 5.0


@dataclass(frozen=True, slots=True)
class AsyncRoute:
    """The way to one origin, `https://gmail.googleapis.com`."""

    scheme: bytes
    host: bytes
    port: int | None
    pool: httpcore2.AsyncConnectionPool

    @classmethod
    def to(cls, origin: str, *, tls: ssl.SSLContext | None, trusts_environment: bool) -> AsyncRoute:
        """
        Return the way to `origin`, by the proxy that the environment names if it is trusted.

        Raises SettingsError for a proxy that is none.
        """
        import httpcore2

        parts = urlsplit(origin)
        host = parts.hostname or ""
        proxy = proxy_for(parts.scheme, host) if trusts_environment else None
        pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            proxy=None if proxy is None else through(proxy),
            max_connections=MOST_CONNECTIONS,
            keepalive_expiry=KEPT_FOR,
        )
        return cls(parts.scheme.encode(), host=host.encode("idna"), port=parts.port, pool=pool)

    def url(self, target: str) -> httpcore2.URL:
        """Return the address of what is at this origin."""
        import httpcore2

        return httpcore2.URL(scheme=self.scheme, host=self.host, port=self.port, target=target)


def through(proxy: Proxy) -> httpcore2.Proxy:
    """Return a proxy as httpcore2 wants it."""
    import httpcore2

    known = (proxy.user.encode(), proxy.password.encode()) if proxy.user or proxy.password else None
    return httpcore2.Proxy(proxy.url, auth=known)


def parted(url: str) -> tuple[str, str]:
    """Cut an address into its origin and what is asked of it."""
    end = url.find("/", url.find("://") + 3)
    return (url, "/") if end < 0 else (url[:end], url[end:])
