"""The listener hears one redirect, and only that one."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mailgrant.errors import MailgrantError
from mailgrant.loopback import Ending, Farewell, Loopback

AT_ONCE = timedelta(milliseconds=50)
SOON = timedelta(seconds=5)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with Loopback() as listener:
        listener.listen(lambda state: state == "right")
        yield listener


def get(
    loopback: Loopback, target: str, method: str = "GET", host: str = "127.0.0.1"
) -> tuple[int, dict[str, str], str]:
    with contextlib.closing(http.client.HTTPConnection(host, loopback.port, timeout=5)) as connection:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()


def visit(loopback: Loopback, target: str) -> tuple[threading.Thread, list[tuple[int, dict[str, str], str]]]:
    pages: list[tuple[int, dict[str, str], str]] = []
    thread = threading.Thread(target=lambda: pages.append(get(loopback, target)))
    thread.start()
    return thread, pages


def test_the_redirect_with_our_state_is_heard_and_answered(loopback: Loopback) -> None:
    thread, pages = visit(loopback, "/?state=right&code=4%2F0A")

    heard = loopback.next(SOON)
    assert heard is not None
    heard.answer(Farewell(Ending.GRANTED, "Ada <ada@example.com> agreed."))
    thread.join()

    assert heard.url == "/?state=right&code=4%2F0A"
    status, headers, page = pages[0]
    assert status == 200
    assert "Ada &lt;ada@example.com&gt; agreed." in page
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "history.replaceState" in page


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/favicon.ico"),
        ("GET", "/"),
        ("GET", "/?code=4%2F0A"),
        ("GET", "/?state=wrong&code=4%2F0A"),
        ("GET", "/?state=right&state=right&code=1"),
        ("GET", "/other?state=right&code=1"),
        ("HEAD", "/?state=right&code=1"),
        ("POST", "/?state=right&code=1"),
        ("OPTIONS", "/?state=right"),
    ],
)
def test_anything_else_is_answered_and_ignored(loopback: Loopback, method: str, target: str) -> None:
    status, _, _ = get(loopback, target, method)

    assert status >= 400
    assert loopback.next(AT_ONCE) is None


def test_a_silent_connection_does_not_keep_the_redirect_out(loopback: Loopback) -> None:
    with socket.create_connection(("127.0.0.1", loopback.port)):
        thread, _ = visit(loopback, "/?state=right&code=1")
        heard = loopback.next(SOON)

        assert heard is not None
        heard.answer(Farewell(Ending.REFUSED, "No."))
        thread.join()


def test_the_port_is_bound_exclusively(loopback: Loopback) -> None:
    with socket.socket() as rival:
        rival.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError):
            rival.bind(("127.0.0.1", loopback.port))
            rival.listen()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6 to reserve")
def test_the_same_port_of_ipv6_is_reserved(loopback: Loopback) -> None:
    with contextlib.closing(socket.socket(socket.AF_INET6, socket.SOCK_STREAM)) as rival:
        try:
            rival.bind(("::1", 0))
        except OSError:
            pytest.skip("IPv6 is switched off here")
    with contextlib.closing(socket.socket(socket.AF_INET6, socket.SOCK_STREAM)) as rival, pytest.raises(OSError):
        rival.bind(("::1", loopback.port))


def test_a_taken_port_is_a_clear_error() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        with pytest.raises(MailgrantError, match=str(port)):
            Loopback(f"http://localhost:{port}/")


def test_a_registered_address_is_served_as_it_is_written() -> None:
    with Loopback() as probe:
        port = probe.port
    with Loopback(f"http://localhost:{port}/back") as loopback:
        loopback.listen(lambda state: True)
        thread, _ = visit(loopback, "/back?state=x&code=1")
        heard = loopback.next(SOON)

        assert heard is not None
        assert loopback.redirect_uri == f"http://localhost:{port}/back"
        heard.answer(Farewell(Ending.GRANTED, "Yes."))
        thread.join()


def test_closing_frees_the_port() -> None:
    with Loopback() as loopback:
        loopback.listen(lambda state: True)
        port = loopback.port

    with socket.socket() as next_one:
        next_one.bind(("127.0.0.1", port))
