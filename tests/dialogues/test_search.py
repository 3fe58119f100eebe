"""`mailgrant search`: what it writes where, and what it does when nobody reads it."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox

from .conftest import ADA, GRACE

SEARCH = '"$0" -m mailgrant.cli search "" --limit 0'


class Screen(io.StringIO):
    """What a terminal is written."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def mails(ada: str, sandbox: Sandbox) -> None:
    """A mailbox with three mails in it."""
    for number in range(3):
        sandbox.account(ADA).receive(from_=GRACE, subject=f"Minutes {number}", text="Come.")


def in_a_shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command, sys.executable], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("verb", "noun"), [("search", "messages"), ("thread list", "conversations")])
def test_a_person_at_a_terminal_sees_how_many_were_read(
    mails: None, monkeypatch: pytest.MonkeyPatch, verb: str, noun: str
) -> None:
    table, talk = Screen(), Screen()
    monkeypatch.setattr("sys.stdout", table)
    monkeypatch.setattr("sys.stderr", talk)

    assert main([*verb.split(), "in:inbox"]) == 0

    assert f"mailgrant: 3 of 3 {noun} …" in talk.getvalue().split("\r")
    assert talk.getvalue().endswith("\x1b[K")
    assert "…" not in table.getvalue()
    assert table.getvalue().count("Minutes") == 3


def test_a_pipe_is_not_told_how_many_were_read(mails: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "in:inbox"]) == 0

    captured = capsys.readouterr()
    assert "messages" not in captured.err
    assert captured.out.count("\n") == 3


def test_json_has_the_text_of_a_mail_too(mails: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "in:inbox", "--json"]) == 0

    assert [json.loads(line)["text"].strip() for line in capsys.readouterr().out.splitlines()] == ["Come."] * 3


def test_a_reader_who_had_enough_is_no_error(mails: None) -> None:
    done = in_a_shell(f'set -o pipefail; {SEARCH} | true; echo "$?"')

    assert done.stdout == "0\n"
    assert "Traceback" not in done.stderr


def test_output_that_has_no_room_is_one_sentence(mails: None) -> None:
    done = in_a_shell(f"{SEARCH} > /dev/full")

    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        "mailgrant: The output cannot be written: No space left on device.",
        "  What was asked may be done.",
    ]


@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0)])
def test_closed_output_is_no_error(mails: None, closed: str, code: int) -> None:
    done = in_a_shell(f"{SEARCH} {closed}")

    assert (done.returncode, "Traceback" in done.stderr) == (code, False)


def test_an_exit_code_stays_right_where_nobody_hears_the_error(mails: None) -> None:
    assert in_a_shell('"$0" -m mailgrant.cli search "ada or grace" 2>&-').returncode == 2
