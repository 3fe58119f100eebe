"""What the stories stand on: a sandbox on a real port, a vault of the test's own, and a person who says yes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox

from .people import BROWSER, Person

ADA = "ada@example.com"
GRACE = "grace@example.com"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Google with Ada and Grace and empty mailboxes, on a port of this machine."""
    world = Sandbox(seed="empty", quota="off")
    for address in (ADA, GRACE):
        world.account(address)
    with world.serve():
        yield world


@pytest.fixture
def client_file(sandbox: Sandbox, tmp_path: Path) -> Path:
    """The client_secret.json of a desktop client, as Google's console hands it out."""
    return write_json(tmp_path / "client_secret_desktop.json", sandbox.client_secrets("installed"))


@pytest.fixture
def web_client_file(sandbox: Sandbox, tmp_path: Path) -> Path:
    """The client_secret.json of a web client."""
    return write_json(tmp_path / "client_secret_web.json", sandbox.client_secrets("web"))


@pytest.fixture
def office(sandbox: Sandbox, client_file: Path) -> dict[str, Any]:
    """Arguments for a Mailgrant of this test's own."""
    return {"vault": ":memory:", "google": sandbox.url, "client_secrets": str(client_file), "quota": "off"}


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that opens the consent page and follows where it leads, as `BROWSER` would name one."""
    monkeypatch.setenv("BROWSER", f"{sys.executable} {BROWSER} %s")


@pytest.fixture
def person() -> Person:
    """Somebody who opens links and hands back the address where they ended up."""
    return Person()


def write_json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    path.chmod(0o600)
    return path
