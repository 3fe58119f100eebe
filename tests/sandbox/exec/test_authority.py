"""The authority: new each run, a day long, and good for the hosts that are led alone."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mailgrant.sandbox.serving.authority import Authority
from mailgrant.sandbox.serving.leading import LED_HOSTS

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """An authority for the hosts that are led."""
    return Authority(LED_HOSTS, NOW)


def root(authority: Authority) -> x509.Certificate:
    """Return its certificate."""
    return x509.load_pem_x509_certificate(authority.certificate)


def shake_hands(trusted: bytes, server: ssl.SSLContext, host: str) -> str:
    """Let a client that trusts one authority meet a server; returns what the client found wrong, or nothing."""
    near, far = socket.socketpair()
    client = ssl.create_default_context(cadata=trusted.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT

    def serve() -> None:
        try:
            server.wrap_socket(far, server_side=True).close()
        except OSError:
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(near, server_hostname=host):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        near.close()
        thread.join()


@pytest.mark.parametrize("host", ["gmail.googleapis.com", "oauth2.googleapis.com", "accounts.google.com"])
def test_a_strict_client_believes_the_hosts_that_are_led(authority: Authority, host: str) -> None:
    assert shake_hands(authority.certificate, authority.server_context(), host) == ""


@pytest.mark.parametrize("host", ["example.com", "mail.google.com", "gmail.mtls.googleapis.com"])
def test_no_client_believes_another_host(authority: Authority, host: str) -> None:
    assert "mismatch" in shake_hands(authority.certificate, authority.server_context(), host)


def test_a_certificate_for_another_host_is_void_though_the_authority_signed_it(authority: Authority) -> None:
    strayed = Authority(LED_HOSTS, NOW)
    strayed._hosts = ("example.com",)

    assert "permitted subtree" in shake_hands(strayed.certificate, strayed.server_context(), "example.com")


def test_another_runs_authority_is_not_believed(authority: Authority) -> None:
    other = Authority(LED_HOSTS, NOW)

    assert shake_hands(other.certificate, authority.server_context(), "gmail.googleapis.com") != ""


def test_it_lives_for_a_day(authority: Authority) -> None:
    assert root(authority).not_valid_after_utc == NOW + timedelta(days=1)
    assert root(authority).not_valid_before_utc <= NOW


def test_it_may_sign_for_the_led_hosts_only_and_for_no_other_authority(authority: Authority) -> None:
    extensions = root(authority).extensions
    constraints = extensions.get_extension_for_class(x509.NameConstraints)
    basic = extensions.get_extension_for_class(x509.BasicConstraints)

    assert constraints.critical
    assert constraints.value.permitted_subtrees == [x509.DNSName("accounts.google.com"), x509.DNSName("googleapis.com")]
    assert (basic.value.ca, basic.value.path_length) == (True, 0)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder where temporary files go."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield tmp_path


def test_no_key_stays_on_the_disk(authority: Authority, temporary: Path) -> None:
    authority.server_context()

    assert list(temporary.rglob("*")) == []
    with pytest.raises(ValueError, match="PEM"):
        load_pem_private_key(authority.certificate, None)
