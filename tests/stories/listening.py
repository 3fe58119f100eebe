"""Servers for what lies below requests: one that keeps connections and counts them, and a proxy that tunnels."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BODY = b"0123456789abcdef" * 65_536


class Listener(ThreadingHTTPServer):
    """
    Answers everything, over TLS if it has a context for it, and counts who comes and goes.

    `/last` is the last answer on its connection, without a word about that; `/together` is answered when
    three ask for it, `/held` when `held` is set; `/long` has a long body, and `/cut` half of it.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.tls = tls
        self.came = 0
        self.heard: list[bytes] = []
        self.came_at_once = threading.Barrier(3)
        self.held = threading.Event()
        self.ended = threading.Semaphore(0)

    @property
    def url(self) -> str:
        """Where it listens."""
        scheme, host = ("http", "127.0.0.1") if self.tls is None else ("https", "localhost")
        return f"{scheme}://{host}:{self.server_port}"

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection to its end."""
        self.came += 1
        try:
            served = request if self.tls is None else self.tls.wrap_socket(request, server_side=True)
        except OSError:
            # Whoever came does not trust the certificate.
            self.shutdown_request(request)
        else:
            super().process_request_thread(served, client_address)
        self.ended.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of those who go while they are answered."""


class Answering(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def do_GET(self) -> None:
        """Answer."""
        if self.path == "/together":
            self.server.came_at_once.wait(5)
        if self.path == "/held":
            self.server.held.wait(5)
        body = BODY if self.path in ("/long", "/cut") else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.path != "/cut" else body[: len(body) // 2])
        self.close_connection = self.path in ("/last", "/cut")

    def do_POST(self) -> None:
        """Take what is sent."""
        self.server.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """Run a listener."""
    with Listener(tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.held.set()
            server.shutdown()
            thread.join()


@contextmanager
def tunnelling(tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Run a proxy that connects whoever asks (RFC 9110 §9.3.6), itself over TLS if it has a context for it."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    came, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=tunnel, args=(came, tls, asked), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"{'http' if tls is None else 'https'}://localhost:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def tunnel(came: socket.socket, tls: ssl.SSLContext | None, asked: list[bytes]) -> None:
    """Connect one who came with whom it asks for, until one of them goes."""
    near = came if tls is None else tls.wrap_socket(came, server_side=True)
    head = b""
    while b"\r\n\r\n" not in head:
        head += near.recv(4096)
    asked.append(head.splitlines()[0])
    host, _, port = head.split()[1].decode().rpartition(":")
    with near, socket.create_connection((host, int(port))) as far:
        near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=pour, args=(far, near), daemon=True)
        back.start()
        pour(near, far)
        back.join(5)


def pour(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes, until nothing does."""
    try:
        while piece := source.recv(65_536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One of them went without a word.
        return
