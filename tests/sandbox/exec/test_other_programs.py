"""curl and Node programs written for Google reach the sandbox unchanged."""

from __future__ import annotations

import json
import shutil

import pytest

from .conftest import Led

LABELS = "https://gmail.googleapis.com/gmail/v1/users/me/labels"
CERTS = "www.googleapis.com/oauth2/v3/certs"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


def node(led: Led, source: str) -> list[str]:
    """Run a Node program that must succeed and return the words it printed."""
    done = led.run("node", "--input-type=module", "--eval", source)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@needs_curl
def test_curl_reaches_it(led: Led) -> None:
    done = led.run("curl", "--silent", "--show-error", "--header", f"Authorization: Bearer {led.token()}", LABELS)

    assert done.stderr == ""
    assert "INBOX" in {label["id"] for label in json.loads(done.stdout)["labels"]}


@needs_curl
def test_curl_sends_a_large_mail(led: Led) -> None:
    (led.folder / "mail.eml").write_bytes(
        b"To: grace@example.com\r\nSubject: Large\r\n\r\n" + b"0123456789abcd\r\n" * 99_000
    )

    done = led.run(
        *("curl", "--silent", "--show-error", "--fail", "--data-binary", "@mail.eml"),
        *("--header", f"Authorization: Bearer {led.token()}", "--header", "Content-Type: message/rfc822"),
        "https://gmail.googleapis.com/upload/gmail/v1/users/me/messages/send?uploadType=media",
    )

    assert done.returncode == 0, done.stderr
    assert led.world.sent[0].raw.count(b"0123456789abcd") == 99_000


@needs_curl
def test_curl_is_refused_another_host_with_a_reason(led: Led) -> None:
    done = led.run("curl", "--silent", "http://example.com/")
    tunnel = led.run("curl", "--silent", "--show-error", "https://example.com/")

    assert done.stdout == "example.com is refused: it is not Google's; add --allow example.com to let it through\n"
    assert tunnel.returncode == 56
    assert "403" in tunnel.stderr


@needs_curl
def test_a_cut_connection_is_cut_for_the_program_as_well(led: Led) -> None:
    led.world.fault("gmail.users.labels.list", drop="after")

    done = led.run("curl", "--silent", "--show-error", "--header", f"Authorization: Bearer {led.token()}", LABELS)

    assert done.returncode in {52, 56}
    assert [entry.status for entry in led.world.requests] == [200]


@needs_node
def test_nodes_https_reaches_it(led: Led) -> None:
    printed = node(
        led,
        f"""
        import https from "node:https";
        const headers = {{ Authorization: "Bearer {led.token()}" }};
        https.get("{LABELS}", {{ headers }}, (answer) => {{
          console.log(answer.statusCode, answer.headers.server);
          answer.resume();
        }});
        """,
    )

    assert printed == ["200", "ESF"]


@needs_node
def test_nodes_fetch_reaches_it(led: Led) -> None:
    printed = node(led, f'for (let i = 0; i < 2; i++) console.log((await fetch("https://{CERTS}")).status);')

    assert printed == ["200", "200"]


@needs_node
def test_nodes_plain_http_and_bare_tls_reach_it(led: Led) -> None:
    printed = node(
        led,
        f"""
        import http from "node:http";
        import tls from "node:tls";
        http.get("http://{CERTS}", (answer) => {{
          console.log(answer.statusCode);
          answer.resume();
          const socket = tls.connect(443, "gmail.googleapis.com", () => {{
            console.log(socket.authorized);
            socket.destroy();
          }});
        }});
        """,
    )

    assert printed == ["200", "true"]


@needs_node
def test_node_is_refused_the_mail_servers_in_words(led: Led) -> None:
    printed = node(
        led,
        """
        import net from "node:net";
        net.connect(587, "smtp.gmail.com").on("error", (error) => console.log(error.message));
        """,
    )

    assert " ".join(printed).startswith("smtp.gmail.com is refused")


@needs_node
def test_nodes_own_connections_are_left_alone(led: Led) -> None:
    url = led.entrance.url
    printed = node(led, f'console.log((await fetch("{url}/oauth2/v3/certs")).status);')

    assert printed == ["200"]


@needs_node
def test_options_that_node_had_are_kept(led: Led) -> None:
    done = led.run("node", "-p", "process.title", NODE_OPTIONS=f"{led.environ['NODE_OPTIONS']} --title=mine")

    assert done.stdout.split() == ["mine"]
