"""
Routes: the connections to one origin, made when they are first needed and kept for the next request.

The connections are httpcore2's: the core of httpx2, without the client on top of it, which costs as
much again for what is not wanted here (cookies, redirects, authentication). Its pool makes them; which
one is free is kept here, since the pool asks the system after every idle one at every request, and each
such question is a moment in which another thread takes over.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailgrant.proxies import Proxy, proxy_for

from .waiting import AsyncPlaces

if TYPE_CHECKING:
    import ssl

    import httpcore2

# As many as a worker has under way for all its accounts; who finds none free waits for one.
MOST_CONNECTIONS = 100
# What has been idle for so many seconds may have been let go at the other end.
KEPT_FOR = 5.0


class AsyncRoute:
    """
    The way to one origin, `https://gmail.googleapis.com`, by the proxy that the environment names if it is trusted.

    Raises SettingsError for a proxy that is none.
    """

    def __init__(self, origin: str, *, tls: ssl.SSLContext | None, trusts_environment: bool) -> None:
        import httpcore2

        parts = urlsplit(origin)
        host = parts.hostname or ""
        proxy = proxy_for(parts.scheme, host) if trusts_environment else None
        self._scheme = parts.scheme.encode()
        self._host = host.encode("idna")
        self._port = parts.port
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls, proxy=None if proxy is None else through(proxy), keepalive_expiry=KEPT_FOR
        )
        self._places = AsyncPlaces(MOST_CONNECTIONS)
        # Those that are free, and since when; the one that was used last is used next.
        self._free: deque[tuple[float, httpcore2.AsyncConnectionInterface]] = deque()
        self._turn = threading.Lock()
        self._closed = False

    def url(self, target: str) -> httpcore2.URL:
        """Return the address of what is at this origin."""
        import httpcore2

        return httpcore2.URL(scheme=self._scheme, host=self._host, port=self._port, target=target)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[httpcore2.AsyncConnectionInterface]:
        """Lend a connection for one request: one that is free, else a new one."""
        await self._places.take()
        try:
            connection = await self._free_one() or self._pool.create_connection(self.url("/").origin)
            try:
                yield connection
            finally:
                await self._take_back(connection)
        finally:
            self._places.give_back()

    async def aclose(self) -> None:
        """Let go of the connections that are free; the others go when they are given back."""
        with self._turn:
            self._closed = True
        while (free := self._pop()) is not None:
            await free.aclose()

    async def _free_one(self) -> httpcore2.AsyncConnectionInterface | None:
        while (free := self._pop()) is not None:
            # The other end may have let it go meanwhile.
            if not free.has_expired():
                return free
            await free.aclose()
        return None

    async def _take_back(self, connection: httpcore2.AsyncConnectionInterface) -> None:
        at = time.monotonic()
        with self._turn:
            kept = connection.is_available() and not self._closed
            if kept:
                self._free.append((at, connection))
        if not kept:
            await connection.aclose()
        while (old := self._pop_older_than(at - KEPT_FOR)) is not None:
            await old.aclose()

    def _pop(self) -> httpcore2.AsyncConnectionInterface | None:
        with self._turn:
            return self._free.pop()[1] if self._free else None

    def _pop_older_than(self, moment: float) -> httpcore2.AsyncConnectionInterface | None:
        with self._turn:
            return self._free.popleft()[1] if self._free and self._free[0][0] < moment else None


def through(proxy: Proxy) -> httpcore2.Proxy:
    """Return a proxy as httpcore2 wants it."""
    import httpcore2

    known = (proxy.user.encode(), proxy.password.encode()) if proxy.user or proxy.password else None
    return httpcore2.Proxy(proxy.url, auth=known)


def parted(url: str) -> tuple[str, str]:
    """Cut an address into its origin and what is asked of it."""
    end = url.find("/", url.find("://") + 3)
    return (url, "/") if end < 0 else (url[:end], url[end:])
