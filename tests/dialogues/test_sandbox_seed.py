"""`mailgrant sandbox seed` and `run --seed FILE --record FILE`: what is there, and what was asked."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox

from .processes import running

ADA = "ada@example.com"
MBOX = b"From grace@example.com Wed Mar  4 10:00:00 2026\nFrom: grace@example.com\nSubject: First\n\nHello\n"


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A seed with one mail for Charles."""
    account = {"email": "charles@example.com", "messages": [{"from": ADA, "subject": "Engines", "text": "Turn."}]}
    path = tmp_path / "team.json"
    path.write_text(json.dumps({"accounts": [account]}))
    return path


def test_a_running_sandbox_is_seeded_from_a_file(
    team: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sandbox", "seed", str(team), "--url", str(sandbox.url)]) == 0

    assert capsys.readouterr().out.endswith("has got 1 account, 1 message.\n")
    assert sandbox.account("charles@example.com").inbox[0].subject == "Engines"


def test_an_mbox_goes_to_the_account_that_is_named(
    tmp_path: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mail.mbox").write_bytes(MBOX)

    words = [
        "sandbox",
        "seed",
        str(tmp_path / "mail.mbox"),
        "--url",
        str(sandbox.url),
        "--account",
        "grace@example.com",
    ]
    assert main(words) == 0

    assert [mail.subject for mail in sandbox.account("grace@example.com").inbox] == ["First"]


def test_a_seed_that_the_sandbox_refuses_is_said_in_its_words(
    tmp_path: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "team.json"
    path.write_text('{"accounts": [{"email": "nobody"}]}')

    assert main(["sandbox", "seed", str(path), "--url", str(sandbox.url)]) == 1
    assert "the seed, accounts[0]: 'nobody' is not an email address" in capsys.readouterr().err


def test_a_broken_seed_file_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "team.json"
    path.write_text('{\n"accounts": [{"name": "Ada"}]}')

    assert main(["sandbox", "run", "--port", "0", "--seed", str(path)]) == 2

    streams = capsys.readouterr()
    assert streams.out == ""
    assert "team.json, line 2, accounts[0]: the field 'email' is missing." in streams.err


@pytest.mark.parametrize(("seed", "code"), [("absent.json", 4), ("garden", 2)])
def test_a_seed_that_is_not_there_starts_nothing(seed: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "run", "--port", "0", "--seed", seed]) == code
    assert capsys.readouterr().out == ""


def test_a_sandbox_runs_from_a_file_and_records_what_was_asked(
    team: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sandbox", "run", "--port", "0", "--seed", "team.json", "--record", "session.txt"]
    with running(words, tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with build_opener(ProxyHandler({})).open(f"{ready['url']}/oauth2/v3/certs?key=abc") as answer:
            answer.read()
        assert main(["sandbox", "show", "transcript", "--url", ready["url"]]) == 0
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)

    assert ready["accounts"] == ["charles@example.com"]
    written = (tmp_path / "session.txt").read_text(encoding="utf-8")
    assert "GET /oauth2/v3/certs?key=…\n              oauth2.certs, 200, " in written
    assert written == capsys.readouterr().out
