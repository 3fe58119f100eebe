"""What the dialogues stand on: a sandbox on a real port, a folder to work in, and a browser that says yes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox

ADA = "ada@example.com"
GRACE = "grace@example.com"
# One path for all tests: webbrowser reads BROWSER once and remembers it.
VISIT = Path(__file__).parents[1] / "stories" / "visit.py"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Google with Ada and Grace, whose consent page answers by itself."""
    world = Sandbox(consent="auto", seed="empty", quota="off")
    world.account(ADA, name="Ada Lovelace")
    world.account(GRACE, name="Grace Hopper")
    with world.serve():
        yield world


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a client file and something to attach; the sandbox is set, and a browser found."""
    secrets = tmp_path / "client_secret.json"
    secrets.write_text(json.dumps(sandbox.client_secrets("installed")))
    secrets.chmod(0o600)
    (tmp_path / "minutes.pdf").write_bytes(b"%PDF-1.7 minutes")
    (tmp_path / "lunch.html").write_text("<p>Lunch at the <b>café</b>?</p>", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", f"{sys.executable} {VISIT} %s")
    monkeypatch.setenv("MAILGRANT_GOOGLE", sandbox.url or "")
    return tmp_path


@pytest.fixture
def ada(desk: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Ada's address; she has consented."""
    assert main(["login", ADA, "--scope", "gmail.modify", "--scope", "calendar.events"]) == 0
    capsys.readouterr()
    return ADA


@pytest.fixture
def sender(desk: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Ada's address; she has consented to sending alone, where a lost answer cannot be settled by looking."""
    assert main(["login", ADA, "--scope", "gmail.send"]) == 0
    capsys.readouterr()
    return ADA
