"""`mailgrant token` and `mailgrant serve worker` at a terminal, as scripts and mail programs call them."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox

ADA = "ada@example.com"
FULL = "https://mail.google.com/"
EVENTS = "https://www.googleapis.com/auth/calendar.events"
GUIDE = Path(__file__).parents[2] / "docs" / "howto" / "mail-programs.md"
# What follows the names under which msmtp, isync and mutt are told how to get a token.
COMMAND = re.compile(r'^\s*(?:set )?(?:passwordeval|PassCmd|\w+_oauth_refresh_command)(?: = | =|=| )"([^"]+)"', re.M)


@pytest.fixture
def mailer(desk: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Ada's address; she lets a mail program do everything, and see her calendar besides."""
    assert main(["login", ADA, "--scope", "gmail.full", "--scope", "calendar.events"]) == 0
    capsys.readouterr()
    return ADA


def opened_by(sandbox: Sandbox, token: str) -> frozenset[str]:
    held = sandbox.tokens.access(token.strip())
    assert held is not None
    return held.scopes


def test_a_token_for_a_scope_opens_that_and_nothing_else(
    mailer: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", mailer, "--scope", "calendar.events"]) == 0
    bare = capsys.readouterr().out
    assert main(["token", mailer, "--scope", "calendar.events", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)

    assert opened_by(sandbox, bare) == {EVENTS}
    assert facts["access_token"] == bare.strip()
    assert facts["scopes"] == [EVENTS]
    assert set(facts) == {"access_token", "expires_at", "scopes", "account", "sandbox"}


def test_each_run_finds_the_token_of_the_run_before(
    mailer: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        assert main(["token", mailer, "--scope", "gmail.full"]) == 0
    tokens = capsys.readouterr().out.split()

    assert len(set(tokens)) == 1
    assert sum(entry.grant_type == "refresh_token" for entry in sandbox.requests) == 1


def test_a_scope_that_was_not_granted_is_exit_3_and_nothing_on_stdout(
    mailer: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", mailer, "--scope", "gmail.settings.basic"]) == 3

    out, err = capsys.readouterr()
    assert out == ""
    assert "gmail.settings.basic" in err and "mailgrant login" in err
    assert not [entry for entry in sandbox.requests if entry.grant_type == "refresh_token"]


def test_a_scope_that_does_not_exist_is_misuse(mailer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", mailer, "--scope", "gmail.everything"]) == 2
    assert "There is no scope" in capsys.readouterr().err


def test_google_out_of_reach_is_exit_75_and_nothing_on_stdout(
    mailer: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.fault("oauth2.token", drop="before")

    assert main(["token", mailer, "--scope", "gmail.full"]) == 75
    assert capsys.readouterr().out == ""


def test_the_guide_names_a_command_for_each_program() -> None:
    commands = COMMAND.findall(GUIDE.read_text(encoding="utf-8"))

    assert len(commands) == 4


@pytest.mark.parametrize("number", range(4), ids=["msmtp", "isync", "mutt-imap", "mutt-smtp"])
def test_the_command_in_the_guide_gives_a_token_that_mail_servers_take(
    number: int, mailer: str, sandbox: Sandbox
) -> None:
    words = shlex.split(COMMAND.findall(GUIDE.read_text(encoding="utf-8"))[number])
    assert words[0] == "mailgrant"

    done = subprocess.run(
        [sys.executable, "-m", "mailgrant.cli", *words[1:]], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout.count("\n") == 1
    assert opened_by(sandbox, done.stdout) == {FULL}


def test_xoauth2_of_a_part_names_the_account_and_that_token(
    mailer: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", mailer, "--scope", "gmail.full", "--xoauth2"]) == 0
    out, err = capsys.readouterr()
    user, token = re.fullmatch("user=(.*)\x01auth=Bearer (.*)\x01\x01", base64.b64decode(out).decode()).groups()  # type: ignore[union-attr]

    assert user == mailer
    assert opened_by(sandbox, token) == {FULL}
    assert "refuse this token" not in err


def test_a_worker_that_runs_once_does_what_is_due_and_ends(mailer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "worker", "--once"]) == 0
    assert main(["serve", "worker", "--status"]) == 0

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--on-change"], "needs a command"),
        (["notify"], "needs --on-change"),
        (["--status", "--once"], "does nothing else"),
        (["--onse"], "No such option"),
    ],
    ids=" ".join,
)
def test_a_worker_with_the_wrong_words_is_misuse(
    words: list[str], said: str, mailer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "worker", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_worker_without_a_vault_says_so(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "worker", "--once"]) != 0
    assert "Traceback" not in capsys.readouterr().err
