"""
Connection: HTTP/1.1 on one TCP connection (RFC 9112), read by httptools.

Of a general server it needs little: answers are whole before they are written, and most are there at
once, so that no task is made for them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from http.client import responses
from typing import Any, TypeAlias, cast

import httptools

from mailgrant.sandbox.frame.wire import Answer, HttpRequest

# Requests that wait on one connection; a client that sends more ahead of the answers is not read meanwhile.
MOST_WAITING = 32
BODILESS = frozenset({204, 304})
TEXT = ("Content-Type", "text/plain; charset=utf-8")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# Answers at once, or with what has to be waited for; None means that the connection was cut.
Answering: TypeAlias = "Callable[[HttpRequest, Connection], Answer | Coroutine[Any, Any, Answer | None]]"

log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """
    One connection; its requests are answered one by one, in the order in which they came.

    `open_ones` is where it is found as long as it is open; `quiet_since` is when its last answer was written.
    """

    def __init__(self, answering: Answering, open_ones: set[Connection]) -> None:
        self._answering = answering
        self._open_ones = open_ones
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[HttpRequest, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._owed = 0
        self._lost = asyncio.Event()
        self._begin()
        self.quiet_since = time.monotonic()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._open_ones.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """End; what is under way goes on without its client."""
        self._open_ones.discard(self)
        self._waiting.clear()
        self._lost.set()

    def data_received(self, data: bytes) -> None:
        """Read on; what is no HTTP ends the connection."""
        if self._owed:
            data = self._take_owed(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            # Nothing is upgraded to: the request stands as it is (RFC 9110 7.8), and what follows is HTTP again.
            self.data_received(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._write(_plain(HTTPStatus.BAD_REQUEST), keep_alive=False)

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._begin()

    def on_url(self, url: bytes) -> None:
        """Take in a piece of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header."""
        self._headers[_name(name)] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Ask for the body where the client waits to be asked."""
        if self._headers.get("expect", "").lower() == "100-continue" and not self._waiting and self._task is None:
            self._transport.write(CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Take in a piece of the body."""
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Answer a request; one that offers an upgrade comes without its body, which is read here."""
        self._owed = int(self._headers.get("content-length", 0)) if self._parser.should_upgrade() else 0
        if not self._owed:
            self._take_request()

    def _take_owed(self, data: bytes) -> bytes:
        """Take what the body still lacks, and return the rest."""
        piece, rest = data[: self._owed], data[self._owed :]
        self._pieces.append(piece)
        self._owed -= len(piece)
        if not self._owed:
            self._take_request()
        return rest

    def _take_request(self) -> None:
        """Answer a request, or let it wait for those before it."""
        request = HttpRequest(
            self._parser.get_method().decode("ascii"),
            self._target.decode("latin-1"),
            headers=self._headers,
            body=b"".join(self._pieces),
        )
        keep_alive = self._parser.should_keep_alive()
        if self._task is None:
            self._answer(request, keep_alive)
            return
        self._waiting.append((request, keep_alive))
        if len(self._waiting) >= MOST_WAITING:
            self._transport.pause_reading()

    # What the app may do.

    def cut(self) -> None:
        """Close the connection at once, without a word."""
        self._closing = True
        self._transport.abort()

    def send_half(self, answer: Answer) -> None:
        """Announce a whole answer, send half of it and hang up."""
        self._closing = True
        if not self._lost.is_set():
            self._transport.write(_head(answer, keep_alive=True) + answer.body[: len(answer.body) // 2])
            self._transport.close()

    async def gone(self) -> None:
        """Wait until the connection is closed."""
        await self._lost.wait()

    # What the server may do.

    @property
    def is_quiet(self) -> bool:
        """True while nothing is being answered."""
        return self._task is None

    def finish(self) -> None:
        """Close the connection, as soon as what is under way is answered."""
        self._closing = True
        if self._task is None:
            self._transport.close()

    def give_up(self) -> None:
        """Close the connection and stop what is under way."""
        if self._task is not None:
            self._task.cancel()
        self.cut()

    # Answering.

    def _begin(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._pieces: list[bytes] = []

    def _answer(self, request: HttpRequest, keep_alive: bool) -> None:
        """Answer at once, or begin a task that will."""
        if self._closing:
            return
        try:
            answer = self._answering(request, self)
        except Exception:
            log.exception("a request failed: verb=%s path=%s", request.verb, request.raw_path)
            answer = _plain(HTTPStatus.INTERNAL_SERVER_ERROR)
        if isinstance(answer, Answer):
            self._write(answer, keep_alive=keep_alive, bare=request.verb == "HEAD")
        else:
            self._task = self._loop.create_task(self._answer_later(request, keep_alive, answer))

    async def _answer_later(
        self, request: HttpRequest, keep_alive: bool, coming: Coroutine[Any, Any, Answer | None]
    ) -> None:
        try:
            answer = await coming
        except Exception:
            log.exception("a request failed: verb=%s path=%s", request.verb, request.raw_path)
            answer = _plain(HTTPStatus.INTERNAL_SERVER_ERROR)
        self._task = None
        if answer is not None and not self._lost.is_set():
            self._write(answer, keep_alive=keep_alive, bare=request.verb == "HEAD")
        self._go_on()

    def _go_on(self) -> None:
        """Answer what came meanwhile."""
        while self._waiting and self._task is None:
            self._answer(*self._waiting.popleft())
        if self._task is None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _write(self, answer: Answer, *, keep_alive: bool, bare: bool = False) -> None:
        keep_alive = keep_alive and not self._closing
        body = b"" if bare else answer.body
        self._transport.write(_head(answer, keep_alive=keep_alive) + body)
        self.quiet_since = time.monotonic()
        if not keep_alive:
            self._closing = True
            self._transport.close()


def _head(answer: Answer, *, keep_alive: bool) -> bytes:
    length = b"" if answer.status in BODILESS else b"Content-Length: %d\r\n" % len(answer.body)
    end = b"\r\n" if keep_alive else b"Connection: close\r\n\r\n"
    return _opening(answer.status, int(time.time())) + _header_lines(tuple(answer.headers)) + length + end


@lru_cache(maxsize=256)
def _header_lines(headers: tuple[tuple[str, str], ...]) -> bytes:
    """Return headers as they are sent; nearly all answers of an API have the same."""
    text = "".join(f"{name}: {value}\r\n" for name, value in headers)
    if text.count("\n") > len(headers) or text.count("\r") > len(headers):
        raise ValueError("a header of an answer has more than one line")
    return text.encode("latin-1", "replace")


@lru_cache(maxsize=64)
def _opening(status: int, seconds: int) -> bytes:
    """Return the status line and the date, for a status at a time in whole seconds."""
    phrase = responses.get(status, "")
    return f"HTTP/1.1 {status} {phrase}\r\nDate: {formatdate(seconds, usegmt=True)}\r\n".encode("ascii")


@lru_cache(maxsize=1024)
def _name(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _plain(status: HTTPStatus) -> Answer:
    return Answer(status.value, headers=[TEXT], body=f"{status.phrase}\n".encode())
