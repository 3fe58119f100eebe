"""HTTP/1.1 as programs speak it to the sandbox, byte by byte."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.serving.server import Served

ACCOUNTS = "/_sandbox/accounts"


@pytest.fixture
def served(world: Sandbox) -> Iterator[Served]:
    """The sandbox on a port."""
    with world.serve() as served:
        yield served


def talk(served: Served, *pieces: bytes) -> bytes:
    """Send pieces on one connection, and return all that comes back until it is closed."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    with closing(socket.create_connection((host, int(port)), timeout=5)) as line:
        for piece in pieces:
            line.sendall(piece)
        return b"".join(iter(lambda: line.recv(65536), b""))


def get(path: str, *headers: str, version: str = "1.1") -> bytes:
    """Return a GET."""
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: localhost", *headers, "", ""]).encode()


def statuses(answers: bytes) -> list[int]:
    """Return the statuses of answers that came one after another."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", answers)]


def test_an_answer_has_a_date_a_length_and_its_body(served: Served) -> None:
    head, _, body = talk(served, get("/nowhere", "Connection: close")).partition(b"\r\n\r\n")

    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert headers["Content-Length"] == str(len(body))
    assert headers["Connection"] == "close"
    assert parsedate_to_datetime(headers["Date"]).tzinfo is not None


def test_requests_sent_ahead_are_answered_in_their_order(world: Sandbox, served: Served) -> None:
    world.fault("oauth2.certs", delay="100ms")

    answers = talk(served, get("/oauth2/v3/certs") + get("/nowhere") + get("/oauth2/v3/certs", "Connection: close"))

    assert statuses(answers) == [200, 404, 200]
    assert [entry.path for entry in world.requests] == ["/oauth2/v3/certs", "/nowhere", "/oauth2/v3/certs"]


def test_more_requests_than_are_kept_waiting_are_all_answered(world: Sandbox, served: Served) -> None:
    world.fault("oauth2.certs", delay="100ms")

    answers = talk(served, get("/oauth2/v3/certs"), get("/nowhere") * 99, get("/nowhere", "Connection: close"))

    assert statuses(answers) == [200] + [404] * 100


def test_a_request_may_come_in_single_bytes(served: Served) -> None:
    request = get("/nowhere", "Connection: close")

    assert statuses(talk(served, *(request[place : place + 1] for place in range(len(request))))) == [404]


def test_head_is_answered_like_get_but_without_a_body(served: Served) -> None:
    answer = talk(served, get("/nowhere", "Connection: close").replace(b"GET", b"HEAD"))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: 0\r\n" not in head
    assert body == b""


def test_a_body_may_come_in_chunks(world: Sandbox, served: Served) -> None:
    body = json.dumps({"email": "chunk@example.com"}).encode()
    head = f"POST {ACCOUNTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:7], body[7:])) + b"0\r\n\r\n"

    answer = talk(served, f"{head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode(), chunks)

    assert statuses(answer) == [201]
    assert world.people.find("chunk@example.com") is not None


def test_a_client_that_asks_whether_to_go_on_is_told_to(served: Served) -> None:
    body = json.dumps({"email": "patient@example.com"}).encode()
    head = f"POST {ACCOUNTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"

    answer = talk(served, f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode(), body)

    assert statuses(answer) == [100, 201]


def test_an_old_client_gets_its_answer_and_the_end(served: Served) -> None:
    answer = talk(served, get("/nowhere", version="1.0"))

    assert statuses(answer) == [404]
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize(
    "nonsense", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"no HTTP at all\r\n\r\n"]
)
def test_what_is_no_http_is_refused_and_the_connection_closed(served: Served, nonsense: bytes) -> None:
    answer = talk(served, nonsense)

    assert statuses(answer) == [400]
    assert b"\r\nConnection: close\r\n" in answer


def test_an_offer_to_upgrade_is_passed_over(world: Sandbox, served: Served) -> None:
    body = json.dumps({"email": "offer@example.com"}).encode()
    offer = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Type: application/json\r\n"
    post = f"POST {ACCOUNTS} HTTP/1.1\r\n{offer}Content-Length: {len(body)}\r\n\r\n".encode() + body

    answers = talk(served, f"GET /nowhere HTTP/1.1\r\n{offer}\r\n".encode() + post + get("/", "Connection: close"))

    assert statuses(answers) == [404, 201, 302]
    assert world.people.find("offer@example.com") is not None


def test_an_answer_to_nobody_harms_nobody(world: Sandbox, served: Served) -> None:
    world.fault("oauth2.certs", delay="50ms")
    host, _, port = served.url.removeprefix("http://").partition(":")
    with closing(socket.create_connection((host, int(port)))) as line:
        line.sendall(get("/oauth2/v3/certs"))

    assert statuses(talk(served, get("/nowhere", "Connection: close"))) == [404]
