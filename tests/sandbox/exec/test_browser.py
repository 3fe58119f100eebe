"""Desktop programs under `sandbox exec` get their consent: by itself, or on the sandbox's page in a real browser."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mailgrant.sandbox.serving.browser import in_sandbox, on_this_machine

EXEC = (sys.executable, "-m", "mailgrant.cli", "sandbox", "exec")

DESKTOP_PROGRAM = """
import json, os
from google_auth_oauthlib.flow import InstalledAppFlow
client = json.loads(os.environ["MAILGRANT_SANDBOX"])["google_client_secrets"]["installed"]
flow = InstalledAppFlow.from_client_secrets_file(client, scopes=["https://www.googleapis.com/auth/gmail.readonly"])
credentials = flow.run_local_server(port=0, authorization_prompt_message="", timeout_seconds=30)
print(credentials.valid, bool(credentials.refresh_token))
"""


def run(*words: str, source: str, browser: str = "") -> subprocess.CompletedProcess[str]:
    """Run a Python program under `sandbox exec`; `browser` is what the person has in BROWSER."""
    return subprocess.run(
        [*EXEC, *words, "--", sys.executable, "-c", textwrap.dedent(source)],
        env={**os.environ, "BROWSER": browser},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_unchanged_desktop_program_is_allowed_without_anybody_there() -> None:
    done = run("--consent", "auto", source=DESKTOP_PROGRAM)

    assert (done.stdout.split(), done.stderr) == (["True", "True"], "")


def test_with_deny_it_is_told_no() -> None:
    done = run("--consent", "deny", source=DESKTOP_PROGRAM)

    assert done.returncode == 1
    assert "access_denied" in done.stderr


def test_with_a_page_the_persons_own_browser_shows_the_sandboxs(tmp_path: Path) -> None:
    seen, own = tmp_path / "seen", tmp_path / "own-browser"
    own.write_text(f'#!/bin/sh\necho "$1" > {seen}.new; mv {seen}.new {seen}\n')
    own.chmod(0o700)

    run(
        source=f"""
        import pathlib, time, webbrowser
        webbrowser.open("https://accounts.google.com/o/oauth2/v2/auth?state=1")
        end = time.monotonic() + 20
        while not pathlib.Path({str(seen)!r}).exists() and time.monotonic() < end:
            time.sleep(0.05)
        """,
        browser=str(own),
    )

    shown = seen.read_text().strip()
    assert shown.startswith("http://127.0.0.1:")
    assert shown.endswith("/o/oauth2/v2/auth?state=1")


def test_a_web_program_that_opens_its_own_page_is_followed_to_google_and_back() -> None:
    done = run(
        "--consent",
        "auto",
        source="""
        import http.server, json, os, urllib.parse, webbrowser
        ready = json.loads(os.environ["MAILGRANT_SANDBOX"])
        client = json.loads(open(ready["google_client_secrets"]["installed"]).read())["installed"]

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                print(self.path.partition("?")[0])
                asked = {"client_id": client["client_id"], "redirect_uri": f"http://127.0.0.1:{server.server_port}/back",
                         "response_type": "code", "scope": "openid"}
                self.send_response(302 if self.path == "/start" else 200)
                self.send_header("Location", client["auth_uri"] + "?" + urllib.parse.urlencode(asked))
                self.end_headers()

        server = http.server.HTTPServer(("127.0.0.1", 0), Page)
        webbrowser.open(f"http://127.0.0.1:{server.server_port}/start")
        server.handle_request()
        server.handle_request()
        """,
    )

    assert done.stdout.split() == ["/start", "/back"]


def test_a_page_off_this_machine_is_not_opened_by_itself() -> None:
    done = run("--consent", "auto", source="import webbrowser; webbrowser.open('https://example.com/')")

    assert "example.com is not on this machine" in done.stderr


def test_the_browser_returns_before_the_page_is_there() -> None:
    began = time.monotonic()
    done = run(
        "--consent",
        "auto",
        source="""
        import socket, webbrowser
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            webbrowser.open("http://127.0.0.1:%d/" % silent.getsockname()[1])
        """,
    )

    assert done.returncode == 0
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://accounts.google.com/o/oauth2/auth?a=b#c", "http://127.0.0.1:8025/o/oauth2/auth?a=b#c"),
        ("http://localhost:9000/?code=1", "http://localhost:9000/?code=1"),
        ("https://example.com/", "https://example.com/"),
    ],
)
def test_only_googles_addresses_become_the_sandboxs(url: str, place: str) -> None:
    assert in_sandbox(url, "http://127.0.0.1:8025") == place


def test_what_is_off_this_machine_is_named() -> None:
    with pytest.raises(ValueError, match=r"example\.com"):
        on_this_machine("https://user:password@example.com/secret", "http://127.0.0.1:8025")
