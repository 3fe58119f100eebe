# Written by scripts/unasync.py from tests/stories/_async/test_transport.py.
# Do not edit: change that file and run `make sync`.
"""Whatever carries a request: it goes out once, and what is said of it afterwards is true."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mailgrant import FastTransport
from mailgrant._sync.transport import HttpTransport
from mailgrant.http import Request, Response, Unanswered

pytestmark = pytest.mark.anyio

Answering = Callable[[socket.socket], None]
Transport = Callable[..., Any]


@pytest.fixture(params=[HttpTransport, FastTransport], ids=["every day", "fast"])
def carrier(request: pytest.FixtureRequest) -> Transport:
    """One of the transports."""
    made: Transport = request.param
    return made


@contextmanager
def server(answering: Answering) -> Iterator[tuple[str, list[bytes]]]:
    """Listen, note what each connection asks, and let `answering` do with it what it likes."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    asked.append(heard(connection))
                    answering(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def carried(carrier: Transport, url: str, method: str = "POST", timeout: float = 60.0) -> Response | Unanswered:
    """Send one request, and let go of the connection."""
    transport = carrier(trusts_environment=False)
    try:
        outcome: Response | Unanswered = transport.send(
            Request(method, url, operation="test.send", body=b"once"), timeout=timeout
        )
        return outcome
    finally:
        transport.close()


def test_a_request_that_may_have_arrived_is_not_repeated(carrier: Transport) -> None:
    with server(lambda connection: None) as (url, asked):
        outcome = carried(carrier, url)

    assert isinstance(outcome, Unanswered)
    assert outcome.reached
    assert len(asked) == 1


def test_nothing_is_repeated_on_a_connection_that_was_used_before(carrier: Transport) -> None:
    later: list[bytes] = []

    def answer_once(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        later.append(heard(connection))

    transport = carrier(trusts_environment=False)
    with server(answer_once) as (url, asked):
        request = Request("POST", url, operation="test.send", body=b"once")
        first, second = transport.send(request), transport.send(request)
        transport.close()

    assert isinstance(first, Response)
    assert isinstance(second, Unanswered)
    assert second.reached
    assert (len(asked), len(later)) == (1, 1)


def test_an_answer_cut_in_the_middle_is_none(carrier: Transport) -> None:
    with server(lambda each: each.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")) as (url, asked):
        outcome = carried(carrier, url)

    assert isinstance(outcome, Unanswered)
    assert outcome.reached
    assert len(asked) == 1


def test_a_redirect_is_not_followed(carrier: Transport) -> None:
    answer = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    with server(lambda each: each.sendall(answer)) as (url, asked):
        outcome = carried(carrier, url)

    assert isinstance(outcome, Response)
    assert outcome.status == 307
    assert len(asked) == 1


def test_silence_ends_in_time_and_says_so(carrier: Transport) -> None:
    quiet = threading.Event()
    with server(lambda each: wait_for(quiet)) as (url, _):
        outcome = carried(carrier, url, timeout=0.2)
        quiet.set()

    assert isinstance(outcome, Unanswered)
    assert outcome.reached
    assert outcome.timed_out


def test_where_nobody_listens_nothing_arrived(carrier: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    outcome = carried(carrier, f"http://127.0.0.1:{port}/")

    assert isinstance(outcome, Unanswered)
    assert not outcome.reached


def test_a_compressed_answer_is_unpacked_and_its_headers_are_lower_case(carrier: Transport) -> None:
    body = gzip.compress(json.dumps({"id": "m1"}).encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nETag: one\r\nContent-Length: {len(body)}\r\n\r\n"
    with server(lambda each: each.sendall(head.encode() + body)) as (url, asked):
        outcome = carried(carrier, url, "GET")

    assert isinstance(outcome, Response)
    assert outcome.json() == {"id": "m1"}
    assert outcome.headers["etag"] == "one"
    assert b"(gzip)" in asked[0]


def test_a_compressed_answer_that_is_damaged_is_none(carrier: Transport) -> None:
    body = gzip.compress(b"{}" * 1000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with server(lambda each: each.sendall(head + body[:8] + b"?" * (len(body) - 8))) as (url, _):
        outcome = carried(carrier, url)

    assert isinstance(outcome, Unanswered)
    assert outcome.reached


def test_a_compressed_answer_that_ends_too_early_is_none(carrier: Transport) -> None:
    body = gzip.compress(json.dumps(list(range(1000))).encode())[:-12]
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with server(lambda each: each.sendall(head + body)) as (url, _):
        outcome = carried(carrier, url)

    assert isinstance(outcome, Unanswered)
    assert outcome.reached


def test_a_proxy_that_refuses_the_way_lets_nothing_through(carrier: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(lambda each: each.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")) as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("http://", "http://me:s%40fe@"))
        transport = carrier()
        outcome = transport.send(Request("POST", "https://gmail.googleapis.com/x", operation="t", body=b"once"))
        transport.close()

    assert isinstance(outcome, Unanswered)
    assert not outcome.reached
    assert asked[0].startswith(b"CONNECT gmail.googleapis.com:443 HTTP/1.1\r\n")
    assert b"proxy-authorization: basic bwu6c0bmzq==" in asked[0].lower()


def test_what_is_stored_is_sent_with_the_length_it_has(carrier: Transport) -> None:
    with server(lambda each: each.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")) as (url, asked):
        outcome = carried(carrier, url)

    assert isinstance(outcome, Response)
    assert (outcome.status, outcome.body) == (204, b"")
    assert b"content-length: 4\r\n" in asked[0].lower()
    assert asked[0].lower().count(b"\r\nhost: ") == 1


def heard(connection: socket.socket) -> bytes:
    """Read one request to its end; head and body may come one after the other."""
    said = b""
    while not said.endswith(b"once" if not said.startswith(b"CONNECT") else b"\r\n\r\n"):
        piece = connection.recv(65536)
        if not piece:
            break
        said += piece
    return said


def wait_for(event: threading.Event) -> None:
    """Say nothing until the test is done."""
    event.wait(5)
