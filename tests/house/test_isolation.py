"""No test reaches the developer's own files or the network."""

from __future__ import annotations

import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_test_has_a_home_of_its_own(own_environment: Path) -> None:
    assert Path.home() == own_environment
    assert list(own_environment.iterdir()) == []


def test_a_test_sees_nobody_elses_settings() -> None:
    assert [name for name in os.environ if name.startswith(("MAILGRANT_", "GOOGLE_"))] == []


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_a_connection_to_another_machine_fails_the_test(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with socket.socket(family) as line, pytest.raises(pytest.fail.Exception, match="only loopback"):
        line.connect((host, 443))


def test_even_asking_for_the_address_of_another_machine_fails_the_test() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"gmail\.googleapis\.com"):
        socket.create_connection(("gmail.googleapis.com", 443))


def test_loopback_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


class Greeting(BaseHTTPRequestHandler):
    """A page that says good day."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>Good day</h1>")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test's output is for failures."""


@pytest.mark.browser
def test_a_browser_shows_pages_of_this_machine(chromium: Page) -> None:
    with HTTPServer(("127.0.0.1", 0), Greeting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chromium.goto(f"http://127.0.0.1:{server.server_port}/")
        heading = chromium.text_content("h1")
        server.shutdown()

    assert heading == "Good day"


@pytest.mark.browser
def test_a_browser_finds_nobody_else(chromium: Page) -> None:
    from playwright.sync_api import Error

    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        chromium.goto("http://example.com/")
