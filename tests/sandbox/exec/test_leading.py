"""Which hosts lead where, and what a program finds in its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgrant.sandbox.serving.leading import (
    HOOKS,
    LED_HOSTS,
    MAIL_HOSTS,
    Entrance,
    Map,
    Verdict,
    allowed_hosts,
    environment,
    write_trust,
)
from mailgrant.sandbox.serving.proxy import Head, Refused

ENTRANCE = Entrance("http://127.0.0.1:8025", proxy="http://127.0.0.1:9000", tls_port=9001, ca=Path("/run/ca.pem"))


def led(environ: dict[str, str], *, keep_credentials: bool = False) -> dict[str, str]:
    """Return the environment made from another."""
    return environment(
        ENTRANCE, {}, vault=Path("/run/vault"), key="key", environ=environ, keep_credentials=keep_credentials
    )


@pytest.mark.parametrize(
    "host",
    [
        "gmail.googleapis.com",
        "www.googleapis.com",
        "people.googleapis.com",
        "calendar-json.googleapis.com",
        "openidconnect.googleapis.com",
        "OAuth2.GoogleApis.com.",
        "accounts.google.com",
    ],
)
def test_googles_hosts_are_led(host: str) -> None:
    assert Map().verdict(host) is Verdict.LED


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "google.com",
        "mail.google.com",
        "googleapis.com.example.com",
        "notgoogleapis.com",
        "accounts.google.com.example.com",
        "a.b.googleapis.com",
        "gmail.mtls.googleapis.com",
        "smtp.gmail.com",
        "",
    ],
)
def test_all_others_are_refused(host: str) -> None:
    assert Map().verdict(host) is Verdict.REFUSED


def test_a_host_that_a_person_allows_is_let_through_and_no_other() -> None:
    hosts = Map(allowed_hosts(["Example.com."]))

    assert hosts.verdict("example.COM") is Verdict.ALLOWED
    assert hosts.verdict("www.example.com") is Verdict.REFUSED


@pytest.mark.parametrize("host", [*MAIL_HOSTS, "gmail.mtls.googleapis.com"])
def test_the_real_mail_servers_cannot_be_allowed(host: str) -> None:
    assert Map(frozenset({host})).verdict(host) is Verdict.REFUSED


def test_google_cannot_be_allowed_past_the_sandbox() -> None:
    assert Map(frozenset({"gmail.googleapis.com"})).verdict("gmail.googleapis.com") is Verdict.LED


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("example.com", "add --allow example.com"),
        ("smtp.gmail.com", "not SMTP or IMAP"),
        ("gmail.mtls.googleapis.com", "GOOGLE_API_USE_MTLS_ENDPOINT=never"),
    ],
)
def test_a_refusal_says_in_one_line_what_to_do(host: str, said: str) -> None:
    refusal = Map().refusal(host)

    assert said in refusal
    assert "\n" not in refusal


def test_the_programs_own_hooks_and_options_come_after_ours() -> None:
    found = led({"PYTHONPATH": "/mine", "NODE_OPTIONS": "--max-old-space-size=99"})

    assert found["PYTHONPATH"] == f"{HOOKS}:/mine"
    assert found["NODE_OPTIONS"] == f'--require "{HOOKS}/node.cjs" --max-old-space-size=99'


def test_what_would_lead_astray_is_gone_and_the_rest_is_kept() -> None:
    found = led({"GOOGLE_CLOUD_UNIVERSE_DOMAIN": "example.com", "GOOGLE_CLOUD_PROJECT": "mine", "LANG": "de_DE.UTF-8"})

    assert "GOOGLE_CLOUD_UNIVERSE_DOMAIN" not in found
    assert (found["GOOGLE_CLOUD_PROJECT"], found["LANG"]) == ("mine", "de_DE.UTF-8")
    assert found["GOOGLE_API_USE_MTLS_ENDPOINT"] == "never"


def test_no_metadata_server_is_asked_for_credentials() -> None:
    found = led({"GCE_METADATA_HOST": "169.254.169.254"})

    assert found["GCE_METADATA_HOST"] == found["GCE_METADATA_IP"] == "127.0.0.1:8025"
    assert found["NO_GCE_CHECK"] == "true"


def test_mailgrant_within_uses_neither_vault_nor_key_nor_settings_of_the_person() -> None:
    found = led(
        {"MAILGRANT_VAULT": "/home/ada/vault", "MAILGRANT_KEY": "hers", "MAILGRANT_SETTINGS": "/home/ada/s.toml"}
    )

    assert (found["MAILGRANT_VAULT"], found["MAILGRANT_KEY"]) == ("/run/vault", "key")
    assert "MAILGRANT_SETTINGS" not in found


def test_only_our_authority_is_trusted_unless_hosts_are_let_through(tmp_path: Path) -> None:
    system, ours, both = tmp_path / "system.pem", tmp_path / "ours.pem", tmp_path / "both.pem"
    system.write_bytes(b"the system's")
    environ = {"SSL_CERT_FILE": str(system)}

    write_trust(ours, b"ours", with_system=False, environ=environ)
    write_trust(both, b"ours", with_system=True, environ=environ)

    assert ours.read_bytes() == b"ours"
    assert both.read_bytes() == b"ours\nthe system's"


def test_the_hooks_are_files_of_the_package() -> None:
    assert {path.name for path in HOOKS.iterdir() if path.is_file()} >= {"sitecustomize.py", "node.cjs"}
    assert all("*" not in host or host.startswith("*.") for host in LED_HOSTS)


def test_a_plain_request_goes_on_with_its_own_path_and_one_to_a_connection() -> None:
    head = Head.parse(
        b"GET http://www.googleapis.com/a?b=c HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n"
    )

    assert head.place() == ("www.googleapis.com", 80)
    assert head.forwarded() == b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_a_tunnel_names_its_host_and_port() -> None:
    assert Head.parse(b"CONNECT gmail.googleapis.com:443 HTTP/1.1\r\n\r\n").place() == ("gmail.googleapis.com", 443)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: www.googleapis.com\r\n\r\n",
        b"GET https://www.googleapis.com/ HTTP/1.1\r\n\r\n",
        b"CONNECT gmail.googleapis.com:port HTTP/1.1\r\n\r\n",
        b"CONNECT gmail.googleapis.com:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT [ HTTP/1.1\r\n\r\n",
        b"CONNECT a\x1b[2Jb:443 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
    ],
)
def test_what_is_no_request_to_a_proxy_is_answered_400(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        Head.parse(raw).place()

    assert refused.value.status == 400
