# Written by scripts/unasync.py from src/mailgrant/_async/transport.py.
# Do not edit: change that file and run `make sync`.
"""
Transport: carry one request to Google and bring back the answer, or say that none came.

The port is one method, so that another HTTP library can stand behind it. Nothing here repeats a
request, follows a redirect or looks at what an answer means.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from mailgrant._version import __version__
from mailgrant.http import Outcome, Request, Response, Stream, Unanswered

from .waiting import in_thread

if TYPE_CHECKING:
    import httpx2

# Gmail compresses only for a User-Agent that says "gzip" besides accepting it.
USER_AGENT = f"mailgrant/{__version__} (gzip)"
READ_TIMEOUT = 60.0
CONNECT_TIMEOUT = 10.0


class Transport(Protocol):
    """Whatever carries a request."""

    def send(self, request: Request, *, timeout: float = READ_TIMEOUT) -> Outcome:
        """Carry `request` to the address it names; `timeout` in seconds bounds every wait for bytes."""

    def close(self) -> None:
        """Let go of the connections."""


class HttpTransport:
    """
    The transport of every day, by httpx2.

    `trusts_environment` says whether proxies named in the environment are used: never on the way
    to a sandbox, which is on this machine.
    """

    def __init__(self, *, trusts_environment: bool = True) -> None:
        self._trusts_environment = trusts_environment
        self._opening = threading.Lock()
        self._client: httpx2.Client | None = None

    def send(self, request: Request, *, timeout: float = READ_TIMEOUT) -> Outcome:
        """Carry `request` there, once."""
        import httpx2

        limits = httpx2.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT))
        try:
            return self._carry(request, limits)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as error:
            timed_out = isinstance(error, httpx2.TimeoutException)
            return Unanswered(_say(error), reached=False, timed_out=timed_out)
        except httpx2.RequestError as error:
            return Unanswered(_say(error), reached=True, timed_out=isinstance(error, httpx2.TimeoutException))

    def _carry(self, request: Request, limits: httpx2.Timeout) -> Response:
        asked: dict[str, Any] = {"headers": dict(request.headers), "content": content_of(request), "timeout": limits}
        if request.drain is None:
            answer = self._open().request(request.method, request.url, **asked)
            return Response(answer.status_code, headers=lowered(answer.headers), body=answer.content)
        with self._open().stream(request.method, request.url, **asked) as answer:
            if not answer.is_success:
                return Response(answer.status_code, headers=lowered(answer.headers), body=answer.read())
            in_thread(request.drain.begin)
            for piece in answer.iter_bytes():
                in_thread(request.drain.write, piece)
            return Response(answer.status_code, headers=lowered(answer.headers))

    def close(self) -> None:
        """Let go of the connections; the next `send` makes new ones."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> httpx2.Client:
        import httpx2

        with self._opening:
            if self._client is None:
                self._client = httpx2.Client(
                    headers={"User-Agent": USER_AGENT}, follow_redirects=False, trust_env=self._trusts_environment
                )
            return self._client


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as a Response has them."""
    return {name.lower(): value for name, value in headers.items()}


def content_of(request: Request) -> bytes | Iterator[bytes]:
    """Return what goes out as the body: all of it, or piece by piece."""
    return request.body if request.stream is None else pieces_of(request.stream)


def pieces_of(stream: Stream) -> Iterator[bytes]:
    """Yield a body piece by piece; what reads files does not hold up the event loop."""
    pieces = stream.read_from(0)
    while piece := in_thread(next_of, pieces):
        yield piece


def next_of(pieces: Iterator[bytes]) -> bytes:
    """Return the next piece that is not empty; nothing after the last."""
    return next((piece for piece in pieces if piece), b"")


def _say(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
