"""
Fast transport: the same port by pyreqwest, for programs that read for many accounts at once.

It costs half of the processor time that httpcore2 does; and since programs that want it have many
accounts to wait for, messages are read several to a request, which saves as much again. It is used where
it is given: `AsyncMailgrant(transport=AsyncFastTransport())`; proxies, certificates and waits are
pyreqwest's then.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailgrant.errors import MissingExtra
from mailgrant.http import Outcome, Request, Response, Unanswered
from mailgrant.wire import USER_AGENT

from .transport import CONNECT_TIMEOUT, READ_TIMEOUT, AsyncHttpTransport

if TYPE_CHECKING:
    from pyreqwest.exceptions import DetailedPyreqwestError
    from pyreqwest.request import RequestBuilder

# What is longer goes out by httpcore2, whose clock stands still while bytes are on their way.
LONGEST_BODY = 256 * 1024
# The only cause that proves that nothing was sent. pyreqwest's ConnectError does not: it is raised as well
# for a connection that broke after the request was on it.
NOT_CONNECTED = "client error (Connect)"


class AsyncFastTransport:
    """
    The transport for fleets, by pyreqwest.

    Where many messages are read, one request asks for as many as may be under way (`in_flight`), unless
    `batch` in the settings says otherwise: a quarter of the usual processor time, but each waits for the
    slowest of its batch (https://developers.google.com/workspace/gmail/api/guides/batch). Mail that is
    streamed to or from disk, where the bytes are what costs, goes by httpcore2 as ever.
    `trusts_environment` says whether proxies named in the environment are used; give False on the way to
    a sandbox. Raises MissingExtra without the `fast` extra.
    """

    def __init__(self, *, trusts_environment: bool = True) -> None:
        try:
            import pyreqwest.client
        except ImportError as error:
            raise MissingExtra("fast", "AsyncFastTransport") from error
        self._builder = pyreqwest.client.ClientBuilder
        self._trusts_environment = trusts_environment
        self._for_long = AsyncHttpTransport(trusts_environment=trusts_environment)
        self._opening = threading.Lock()
        self._client: Any = None

    async def send(self, request: Request, *, timeout: float = READ_TIMEOUT) -> Outcome:
        """Carry `request` there, once; a `timeout` other than the usual bounds the whole of it."""
        from pyreqwest import exceptions

        if request.drain is not None or request.stream is not None or len(request.body) > LONGEST_BODY:
            return await self._for_long.send(request, timeout=timeout)
        try:
            answer = await self._asked(request, timeout).build().send()
            body = (await answer.bytes()).to_bytes()
        except exceptions.BuilderError as error:
            return Unanswered(said(error)[-1], reached=False)
        except exceptions.RequestError as error:
            timed_out = isinstance(error, exceptions.RequestTimeoutError)
            return Unanswered(said(error)[-1], reached=NOT_CONNECTED not in said(error), timed_out=timed_out)
        return Response(answer.status, headers=dict(answer.headers), body=body)

    async def aclose(self) -> None:
        """Let go of the connections; the next `send` makes new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()
        await self._for_long.aclose()

    def _asked(self, request: Request, timeout: float) -> RequestBuilder:
        asked: RequestBuilder = self._open().request(request.method, request.url).headers(request.headers)
        if request.body:
            asked = asked.body_bytes(request.body)
        return asked if timeout == READ_TIMEOUT else asked.timeout(timedelta(seconds=timeout))

    def _open(self) -> Any:
        with self._opening:
            if self._client is None:
                builder = (
                    self._builder()
                    .user_agent(USER_AGENT)
                    .connect_timeout(timedelta(seconds=CONNECT_TIMEOUT))
                    .read_timeout(timedelta(seconds=READ_TIMEOUT))
                    .follow_redirects(False)
                    .referer(False)
                    .gzip(True)
                    # With HTTP/2 a refused request is sent again without asking us.
                    .http1_only()
                )
                self._client = (builder if self._trusts_environment else builder.no_proxy()).build()
            return self._client


def said(error: DetailedPyreqwestError) -> list[str]:
    """Return what an error says, and what it says of its causes."""
    causes = (cause["message"] for cause in error.details["causes"] or ())
    return [each.rstrip(".") for each in (error.message, *causes)]
