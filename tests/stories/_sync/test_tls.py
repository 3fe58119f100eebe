# Written by scripts/unasync.py from tests/stories/_async/test_tls.py.
# Do not edit: change that file and run `make sync`.
"""Over TLS nothing is different: what is sent arrives, what fails is said, and nobody is trusted who may not be."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgrant._sync.transport import HttpTransport
from mailgrant.http import Outcome, Request, Response, Unanswered
from mailgrant.sandbox.serving.authority import Authority

from ..listening import BODY, Listener, listening, tunnelling

pytestmark = pytest.mark.anyio


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server needs to be this machine, for whoever trusts an authority that the environment names."""
    authority = Authority(["localhost"], datetime.now(UTC))
    trusted = tmp_path / "authority.pem"
    trusted.write_bytes(authority.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    return authority.server_context()


@pytest.fixture
def listener(context: ssl.SSLContext) -> Iterator[Listener]:
    """A server over TLS that keeps connections."""
    with listening(context) as listener:
        yield listener


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    """The transport of every day, which goes by the proxies that the environment names."""
    transport = HttpTransport()
    yield transport
    transport.close()


def get(transport: HttpTransport, url: str, timeout: float = 60.0) -> Outcome:
    return transport.send(Request("GET", url, operation="test.get"), timeout=timeout)


def test_one_connection_serves_long_bodies_both_ways(transport: HttpTransport, listener: Listener) -> None:
    for _ in range(3):
        sent = Request("POST", f"{listener.url}/long", operation="test.post", body=BODY[::-1])
        outcome = transport.send(sent)
        assert isinstance(outcome, Response), outcome
        assert outcome.body == BODY

    assert listener.heard == [BODY[::-1]] * 3
    assert listener.came == 1


def test_who_is_not_trusted_hears_nothing(
    transport: HttpTransport, listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Authority(["localhost"], datetime.now(UTC)).certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))

    outcome = get(transport, listener.url)

    assert isinstance(outcome, Unanswered)
    assert not outcome.reached
    assert "certificate" in outcome.reason.lower()


def test_silence_on_a_connection_that_was_used_before_ends_in_time(
    transport: HttpTransport, listener: Listener
) -> None:
    assert isinstance(get(transport, listener.url), Response)

    outcome = get(transport, f"{listener.url}/held", timeout=0.2)

    assert isinstance(outcome, Unanswered)
    assert (outcome.reached, outcome.timed_out) == (True, True)
    assert listener.came == 1


def test_the_patience_of_one_request_is_not_the_next_ones(transport: HttpTransport, listener: Listener) -> None:
    assert isinstance(get(transport, listener.url, timeout=0.3), Response)
    assert isinstance(get(transport, f"{listener.url}/long"), Response)

    assert isinstance(get(transport, f"{listener.url}/held", timeout=0.3), Unanswered)


def test_an_answer_cut_in_the_middle_is_none(transport: HttpTransport, listener: Listener) -> None:
    outcome = get(transport, f"{listener.url}/cut")

    assert isinstance(outcome, Unanswered)
    assert outcome.reached


@pytest.mark.parametrize("encrypted", [False, True], ids=["a plain one", "one over TLS"])
def test_a_proxy_carries_what_it_cannot_read(
    transport: HttpTransport,
    context: ssl.SSLContext,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    encrypted: bool,
) -> None:
    with tunnelling(context if encrypted else None) as (address, asked):
        for name in ("NO_PROXY", "no_proxy", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTPS_PROXY", address)
        for _ in range(2):
            outcome = get(transport, f"{listener.url}/long")
            assert isinstance(outcome, Response), outcome
            assert outcome.body == BODY
        late = get(transport, f"{listener.url}/held", timeout=0.2)
        transport.close()

    assert isinstance(late, Unanswered)
    assert late.timed_out
    assert asked == [f"CONNECT localhost:{listener.server_port} HTTP/1.1".encode()]
