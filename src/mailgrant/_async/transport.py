"""
Transport: carry one request to Google and bring back the answer, or say that none came.

The port is one method, so that another HTTP library can stand behind it. Nothing here repeats a
request, follows a redirect or looks at what an answer means.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from mailgrant.http import Drain, Outcome, Request, Response, Stream, Unanswered
from mailgrant.wire import Damaged, Unzipping, fields_of, headers_of, unzipped

from .routes import AsyncRoute, parted
from .waiting import in_thread

if TYPE_CHECKING:
    import ssl

    import httpcore2

READ_TIMEOUT = 60.0
CONNECT_TIMEOUT = 10.0


class AsyncTransport(Protocol):
    """Whatever carries a request."""

    async def send(self, request: Request, *, timeout: float = READ_TIMEOUT) -> Outcome:
        """Carry `request` to the address it names; `timeout` in seconds bounds every wait for bytes."""

    async def aclose(self) -> None:
        """Let go of the connections."""


class AsyncHttpTransport:
    """
    The transport of every day, by httpcore2.

    `trusts_environment` says whether proxies named in the environment are used: never on the way
    to a sandbox, which is on this machine.
    """

    def __init__(self, *, trusts_environment: bool = True) -> None:
        self._trusts_environment = trusts_environment
        self._opening = threading.Lock()
        self._routes: dict[str, AsyncRoute] = {}

    async def send(self, request: Request, *, timeout: float = READ_TIMEOUT) -> Outcome:
        """Carry `request` there, once."""
        import httpcore2

        try:
            return await self._carry(request, timeout)
        except (
            httpcore2.ConnectError,
            httpcore2.ConnectTimeout,
            httpcore2.ProxyError,
            httpcore2.UnsupportedProtocol,
        ) as error:
            return Unanswered(_say(error), reached=False, timed_out=isinstance(error, httpcore2.TimeoutException))
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, Damaged) as error:
            return Unanswered(_say(error), reached=True, timed_out=isinstance(error, httpcore2.TimeoutException))

    async def aclose(self) -> None:
        """Let go of the connections; the next `send` makes new ones."""
        routes, self._routes = self._routes, {}
        for route in routes.values():
            await route.aclose()

    async def _carry(self, request: Request, timeout: float) -> Response:
        origin, target = parted(request.url)
        route = self._routes.get(origin) or self._open(origin)
        asked: dict[str, Any] = {
            "method": request.method,
            "url": route.url(target),
            "headers": fields_of(request),
            "content": content_of(request),
            "extensions": {"timeout": waits(timeout)},
        }
        async with route.connection() as connection:
            if request.drain is None:
                answer = await connection.request(**asked)
                return whole(answer, answer.content)
            async with connection.stream(**asked) as answer:
                if not 200 <= answer.status < 300:
                    return whole(answer, await answer.aread())
                return await drained(answer, request.drain)

    def _open(self, origin: str) -> AsyncRoute:
        with self._opening:
            route = self._routes.get(origin)
            if route is None:
                # Reading what this machine trusts takes longer than a request to a sandbox does.
                tls = self._tls if origin.startswith("https:") else None
                route = AsyncRoute(origin, tls=tls, trusts_environment=self._trusts_environment)
                self._routes[origin] = route
            return route

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """How to trust the other end: as the operating system does, or as the environment says."""
        import httpcore2

        return httpcore2.default_ssl_context()


async def drained(answer: httpcore2.Response, drain: Drain) -> Response:
    """Hand over the body of an answer as it comes, and return the rest of the answer."""
    headers = headers_of(answer.headers)
    unzipping = Unzipping(headers)
    await in_thread(drain.begin)
    async for zipped in answer.aiter_stream():
        for piece in unzipping.plain(zipped):
            await in_thread(drain.write, piece)
    unzipping.end()
    return Response(answer.status, headers=headers)


def whole(answer: httpcore2.Response, body: bytes) -> Response:
    """Return an answer that was read to its end."""
    headers = headers_of(answer.headers)
    return Response(answer.status, headers=headers, body=unzipped(body, headers))


def waits(timeout: float) -> dict[str, float]:
    """Return how long to wait for what, in seconds."""
    return {"connect": min(timeout, CONNECT_TIMEOUT), "read": timeout, "write": timeout}


def content_of(request: Request) -> bytes | AsyncIterator[bytes] | None:
    """Return what goes out as the body: all of it, or piece by piece; a read has none."""
    if request.stream is not None:
        return pieces_of(request.stream)
    return None if request.safe and not request.body else request.body


async def pieces_of(stream: Stream) -> AsyncIterator[bytes]:
    """Yield a body piece by piece; what reads files does not hold up the event loop."""
    pieces = stream.read_from(0)
    while piece := await in_thread(next_of, pieces):
        yield piece


def next_of(pieces: Iterator[bytes]) -> bytes:
    """Return the next piece that is not empty; nothing after the last."""
    return next((piece for piece in pieces if piece), b"")


def _say(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
