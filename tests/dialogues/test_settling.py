"""A send whose answer was lost is listed, and settled, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox

from .asking import error_of

ADA = "ada@example.com"
GRACE = "grace@example.com"
SEND = ["send", "--to", GRACE, "--subject", "Lunch", "--text", "At noon?"]
OUTCOME_UNKNOWN = 6


@pytest.fixture
def hurried(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that wait for a fraction of a second where it would be half a minute."""
    settings = desk / "settings.toml"
    settings.write_text("[patience]\nstill_running = 0.1\nbetween_looks = 0.05\ngiving_up = 0.3\n")
    monkeypatch.setenv("MAILGRANT_SETTINGS", str(settings))


def left_open(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the id of the only send that is not settled."""
    assert main(["--json", "message", "unsettled"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    return str(json.loads(line)["id"])


def test_a_lost_answer_is_settled_by_send_itself_which_says_how_it_knows(
    ada: str, hurried: None, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.fault("gmail.users.drafts.send", drop="after")

    assert main(SEND) == 0

    assert "; its copy among the sent mail shows it." in capsys.readouterr().out
    assert main(["message", "unsettled"]) == 0
    assert capsys.readouterr().out == ""


def test_what_cannot_be_looked_at_stays_unknown_and_says_so_with_six(
    sender: str, hurried: None, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.fault("gmail.users.messages.send", drop="after")

    assert main(["--json", *SEND]) == OUTCOME_UNKNOWN
    capsys.readouterr()
    name = left_open(capsys)

    assert main(["--json", "message", "settle", name]) == OUTCOME_UNKNOWN
    assert error_of(capsys.readouterr().err)["exit_code"] == OUTCOME_UNKNOWN
    assert left_open(capsys) == name


def test_what_was_unknown_is_settled_once_more_is_granted(
    sender: str, hurried: None, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.fault("gmail.users.messages.send", drop="after")
    assert main(SEND) == OUTCOME_UNKNOWN
    assert main(["login", ADA, "--scope", "gmail.readonly"]) == 0
    capsys.readouterr()

    assert main(["message", "settle"]) == 0

    assert "its copy among the sent mail shows it" in capsys.readouterr().out
    assert [mail.subject for mail in sandbox.account(GRACE).inbox] == ["Lunch"]


def test_settling_what_is_not_there_is_an_unknown_name(ada: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["message", "settle"]) == 0
    assert "every send is settled" in capsys.readouterr().err

    assert main(["message", "settle", "nosuch"]) == 4
