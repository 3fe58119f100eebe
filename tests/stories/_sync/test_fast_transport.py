# Written by scripts/unasync.py from tests/stories/_async/test_fast_transport.py.
# Do not edit: change that file and run `make sync`.
"""With the transport for fleets nothing is different but the processor's time."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from mailgrant import Account, FastTransport, Mailgrant
from mailgrant.gmail.attempt import Patience
from mailgrant.http import Request, Response, Unanswered
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
PATIENCE = Patience(
    still_running=timedelta(seconds=0.25), between_looks=timedelta(seconds=0.05), giving_up=timedelta(seconds=2)
)
CREATE, SEND = "gmail.users.drafts.create", "gmail.users.drafts.send"
LOST: dict[str, dict[str, Any]] = {
    "cut before": {"drop": "before"},
    "cut after": {"drop": "after"},
    "late": {"late": "150ms"},
    "503": {"status": 503},
    "truncated": {"truncate": True},
    "corrupt": {"corrupt": True},
}
Answering = Callable[[socket.socket], None]


def granted(mailgrant: Mailgrant, person: Person) -> Account:
    consent = mailgrant.consents.begin(ADA, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
    mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


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
                    asked.append(connection.recv(65536))
                    answering(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def carried(url: str, method: str = "POST", timeout: float = 60.0) -> Response | Unanswered:
    """Send one request by the fast transport, and close it."""
    transport = FastTransport(trusts_environment=False)
    try:
        return transport.send(Request(method, url, operation="test.send", body=b"once"), timeout=timeout)
    finally:
        transport.close()


@pytest.mark.parametrize("effect", LOST.values(), ids=LOST)
@pytest.mark.parametrize("step", [CREATE, SEND])
def test_a_lost_answer_is_settled_and_the_mail_goes_out_once(
    sandbox: Sandbox, office: dict[str, Any], person: Person, step: str, effect: dict[str, Any]
) -> None:
    transport = FastTransport(trusts_environment=False)
    with Mailgrant(**office, patience=PATIENCE, transport=transport) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.fault(step, **effect)
        ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")
        left = ada.gmail.unsettled()

    assert [mail.subject for mail in sandbox.account(GRACE).inbox] == ["Lunch"]
    assert sandbox.account(ADA).drafts == {}
    assert left == ()


def test_a_mailbox_is_read_and_an_attachment_saved(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Any
) -> None:
    transport = FastTransport(trusts_environment=False)
    with Mailgrant(**office, transport=transport) as mailgrant:
        ada = granted(mailgrant, person)
        ada.gmail.send(to=ADA, subject="Minutes", text="Attached. " * 500, attachments=[write(tmp_path)])
        (mail,) = [message for message in ada.gmail.search("in:inbox")]
        saved = ada.gmail.save(mail, mail.attachments[0], tmp_path)

    assert mail.text.startswith("Attached. Attached.")
    assert saved.read_bytes() == b"\x00\x01" * 300_000


def test_a_request_that_may_have_arrived_is_not_repeated() -> None:
    with server(lambda connection: None) as (url, asked):
        outcome = carried(url)

    assert isinstance(outcome, Unanswered)
    assert outcome.reached
    assert len(asked) == 1


def test_nothing_is_repeated_on_a_connection_that_was_used_before() -> None:
    later: list[bytes] = []

    def answer_once(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        later.append(connection.recv(65536))

    transport = FastTransport(trusts_environment=False)
    with server(answer_once) as (url, asked):
        request = Request("POST", url, operation="test.send", body=b"once")
        first, second = transport.send(request), transport.send(request)
        transport.close()

    assert isinstance(first, Response)
    assert isinstance(second, Unanswered)
    assert second.reached
    assert (len(asked), len(later)) == (1, 1)


def test_an_answer_cut_in_the_middle_is_none() -> None:
    with server(lambda each: each.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")) as (url, asked):
        outcome = carried(url)

    assert isinstance(outcome, Unanswered)
    assert outcome.reached
    assert len(asked) == 1


def test_a_redirect_is_not_followed() -> None:
    answer = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    with server(lambda each: each.sendall(answer)) as (url, asked):
        outcome = carried(url)

    assert isinstance(outcome, Response)
    assert outcome.status == 307
    assert len(asked) == 1


def test_silence_ends_in_time_and_says_so() -> None:
    quiet = threading.Event()
    with server(lambda each: wait_for(quiet)) as (url, _):
        outcome = carried(url, timeout=0.2)
        quiet.set()

    assert isinstance(outcome, Unanswered)
    assert outcome.reached
    assert outcome.timed_out


def test_where_nobody_listens_nothing_arrived() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    outcome = carried(f"http://127.0.0.1:{port}/")

    assert isinstance(outcome, Unanswered)
    assert not outcome.reached


def test_a_compressed_answer_is_unpacked_and_its_headers_are_lower_case() -> None:
    body = gzip.compress(json.dumps({"id": "m1"}).encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nETag: one\r\nContent-Length: {len(body)}\r\n\r\n"
    with server(lambda each: each.sendall(head.encode() + body)) as (url, asked):
        outcome = carried(url, "GET")

    assert isinstance(outcome, Response)
    assert outcome.json() == {"id": "m1"}
    assert outcome.headers["etag"] == "one"
    assert b"(gzip)" in asked[0]


def write(folder: Any) -> Any:
    """Write a file too long for a message's own JSON."""
    path = folder / "minutes.bin"
    path.write_bytes(b"\x00\x01" * 300_000)
    return path


def wait_for(event: threading.Event) -> None:
    """Say nothing until the test is done."""
    event.wait(5)
