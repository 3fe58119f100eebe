"""
Loopback: the listener on this machine that catches the browser's way back (RFC 8252 §7.3).

It answers everything and listens for one thing: a GET of its own path that carries the right
`state`. Favicons, preconnects, link scanners and other people's redirects get a page and are
ignored. The page for the one that counts is written after the consent has been completed, so that
it tells the truth.
"""

from __future__ import annotations

import html
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mailgrant.errors import MailgrantError

# A browser may open a connection and say nothing; it must not hold a thread for ever.
SILENCE = 10.0
# How long the browser's last request is kept waiting for the code to be exchanged.
PATIENCE = 60.0


class Ending(Enum):
    """How a consent ended, as far as the person in front of the browser is concerned."""

    GRANTED = "Thank you"
    PARTLY = "Thank you, with less than was asked"
    REFUSED = "Nothing was granted"
    FAILED = "That did not work"
    STRAY = "Nothing to see here"


@dataclass(frozen=True, slots=True)
class Farewell:
    """What the last page says."""

    ending: Ending
    text: str


class Visit:
    """The redirect we were waiting for: its address, and the browser still waiting for a page."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._farewell: queue.SimpleQueue[Farewell] = queue.SimpleQueue()

    def answer(self, farewell: Farewell) -> None:
        """Show the person how it ended."""
        self._farewell.put(farewell)

    def wait(self) -> Farewell:
        """Wait until `answer` was called."""
        try:
            return self._farewell.get(timeout=PATIENCE)
        except queue.Empty:
            return Farewell(Ending.FAILED, "The program did not finish in time. Look at where you started it.")


class Loopback:
    """
    A listener for one consent, on 127.0.0.1 or at a web client's registered loopback address.

    Binds exclusively, and reserves the same port of [::1] where there is IPv6, so that no other
    program on the machine can catch the code. Raises MailgrantError when the port is taken.
    """

    def __init__(self, address: str | None = None) -> None:
        parts = urlsplit(address or "http://127.0.0.1/")
        self._path = parts.path or "/"
        self._sockets = _bind((parts.port or 80) if address else None)
        self.port: int = self._sockets[0].getsockname()[1]
        self.redirect_uri = address or f"http://127.0.0.1:{self.port}/"
        self._visits: queue.SimpleQueue[Visit] = queue.SimpleQueue()
        self._expects: Callable[[str], bool] = lambda state: False
        self._servers: list[ThreadingHTTPServer] = []

    def listen(self, expects: Callable[[str], bool]) -> None:
        """Begin to answer; a visit counts when `expects` says yes to its `state`."""
        self._expects = expects
        for bound in self._sockets:
            server = _server(bound, self._handle)
            self._servers.append(server)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True, name="mailgrant-loopback").start()

    def next(self, within: timedelta) -> Visit | None:
        """Return the redirect if it comes `within` that time, else None."""
        try:
            return self._visits.get(timeout=max(within.total_seconds(), 0.0))
        except queue.Empty:
            return None

    def close(self) -> None:
        """Let go of the port; a page that is being written is finished first."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.shutdown()
            server.server_close()
        for bound in self._sockets:
            bound.close()

    def __enter__(self) -> Loopback:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _handle(self, target: str) -> Farewell | None:
        """Wait for the farewell when `target` is the redirect; None for everything else."""
        parts = urlsplit(target)
        states = parse_qs(parts.query).get("state", [])
        if parts.path != self._path or len(states) != 1 or not self._expects(states[0]):
            return None
        visit = Visit(target)
        self._visits.put(visit)
        return visit.wait()


def _bind(port: int | None) -> list[socket.socket]:
    for _ in range(20):
        first = _listening(socket.AF_INET, "127.0.0.1", port or 0)
        if first is None:
            break
        second = _listening(socket.AF_INET6, "::1", first.getsockname()[1]) if _has_ipv6() else None
        if second is not None or not _has_ipv6():
            return [first, *([second] if second else [])]
        first.close()
        if port:
            break
    raise MailgrantError(
        f"Port {port} on this machine is taken." if port else "No free port was found on this machine.",
        hint="Close the program that listens there, or register another loopback address for this client.",
    )


def _listening(family: socket.AddressFamily, host: str, port: int) -> socket.socket | None:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            # On Windows another program could otherwise bind the same port and receive the code.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
        bound.listen(16)
    except OSError:
        bound.close()
        return None
    return bound


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    with suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def _server(bound: socket.socket, handle: Callable[[str], Farewell | None]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = SILENCE

        def do_GET(self) -> None:
            farewell = handle(self.path)
            body = _page(farewell).encode()
            self.send_response(200 if farewell else 404)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the request line holds the code."""

    server = ThreadingHTTPServer(bound.getsockname()[:2], Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = bound
    # Not daemons: the browser gets its page even when the program ends right after the consent.
    server.daemon_threads = False
    return server


_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
    "Connection": "close",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 16vh auto 0; padding: 0 1.5rem; }}
h1 {{ font-size: 1.6rem; line-height: 1.25; margin-bottom: .5rem; }}
p {{ margin: .6rem 0; }}
small {{ opacity: .7; }}
</style>
<script>history.replaceState(null, "", "/");</script></head>
<body><main><h1>{title}</h1>{paragraphs}
<p><small>mailgrant · you may close this window.</small></p></main></body></html>
"""


def _page(farewell: Farewell | None) -> str:
    if farewell is None:
        farewell = Farewell(Ending.STRAY, "This address waits for an answer from Google, once.")
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in farewell.text.splitlines() if line)
    return _PAGE.format(title=html.escape(farewell.ending.value), paragraphs=paragraphs)
