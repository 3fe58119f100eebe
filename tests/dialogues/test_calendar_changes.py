"""`mailgrant calendar changes` and lists of events: what a transcript cannot say of them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox

CHANGES = ["calendar", "changes"]


@pytest.fixture
def lunch(ada: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The id of an event in Ada's calendar."""
    assert main(["event", "add", "Lunch", "--start", "2130-03-05T12:00Z", "--json"]) == 0
    found: str = json.loads(capsys.readouterr().out)["id"]
    return found


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Read what was printed, one object a line."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_cursor_that_was_printed_can_be_given_again(lunch: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([*CHANGES, "--json"])
    *first, last = lines(capsys)

    main([*CHANGES, "--since", last["cursor"], "--json"])

    assert [each["id"] for each in first] == [lunch]
    assert [list(each) for each in lines(capsys)] == [["cursor", "sandbox"]]


def test_a_person_is_told_the_cursor_beside_the_list(lunch: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(CHANGES)

    captured = capsys.readouterr()
    assert captured.out.startswith("confirmed\t2130-03-05T12:00:00Z")
    assert "next time: --since calendar1:primary:" in captured.err


def test_a_gap_comes_first_and_then_the_whole_calendar(
    lunch: str, desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*CHANGES, "--since", "kept"])
    capsys.readouterr()
    sandbox.fault("calendar.events.list", status=410, reason="fullSyncRequired")

    assert main([*CHANGES, "--since", "kept", "--json"]) == 0

    gap, event, cursor = lines(capsys)
    assert gap["gap"] == "fullSyncRequired"
    assert event["id"] == lunch
    assert (desk / "kept").read_text() == cursor["cursor"] + "\n"


def test_a_cursor_that_cannot_be_kept_is_said_and_the_old_one_stays(
    lunch: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*CHANGES, "--since", "no folder/kept"]) != 0

    assert "The cursor cannot be kept in no folder/kept: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "why"), [(b"\xff", "is not text"), (b"notes", "holds no cursor")])
def test_a_file_with_something_else_in_it_is_left_alone(
    lunch: str, desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], content: bytes, why: str
) -> None:
    (desk / "notes").write_bytes(content)
    sandbox.journal.clear()

    assert main([*CHANGES, "--since", "notes"]) == 2

    assert why in capsys.readouterr().err
    assert (desk / "notes").read_bytes() == content
    assert sandbox.requests == []


def test_a_terminal_shows_times_in_the_zone_that_was_named(lunch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = io.StringIO()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(table, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", table)

    assert main(["agenda", "--zone", "Asia/Tokyo"]) == 0

    assert "2130-03-05 21:00  2130-03-05 22:00  Lunch" in table.getvalue()


def test_a_zone_that_does_not_exist_is_a_misuse_of_the_agenda(ada: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agenda", "--zone", "Mars/Phobos"]) == 2

    assert "'Mars/Phobos' is not a time zone" in capsys.readouterr().err


def test_a_quick_event_whose_answer_is_lost_is_exit_6(
    ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.fault("calendar.events.quickAdd", drop="after")

    assert main(["event", "quick", "Tea on 2130-06-01 at 16:00"]) == 6

    assert "Look in the calendar before repeating it." in capsys.readouterr().err
