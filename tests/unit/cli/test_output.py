"""One result, three forms: a table, lines for a pipe, JSON for a program."""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from mailgrant.cli.output import Columns, Printer, cells_wide, cut, json_line, local, printable, rfc3339, table, to_json
from mailgrant.gmail.address import Address
from mailgrant.secret import Secret

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


class Mood(Enum):
    CALM = "calm"


@dataclass(frozen=True, slots=True)
class Letter:
    id: str
    _: KW_ONLY
    from_: Address | None = None
    date: datetime | None = None
    labels: frozenset[str] = frozenset()
    subject: str = ""
    mood: Mood | None = None
    token: Secret | None = None
    content: bytes | None = None


COLUMNS: Columns[Letter] = {
    "id": lambda letter: letter.id,
    "date": lambda letter: letter.date,
    "subject": lambda letter: letter.subject,
}


def printer(*, as_json: bool = False, sandbox: bool = False, terminal: bool = False) -> Printer:
    return Printer(json=as_json, sandbox=sandbox, terminal=terminal)


def test_json_has_the_nouns_field_names_with_from_as_from() -> None:
    letter = Letter("1", from_=Address("ada@example.com", name="Ada"), date=NOON, mood=Mood.CALM)

    assert to_json(letter) == {
        "id": "1",
        "from": {"email": "ada@example.com", "name": "Ada"},
        "date": "2026-03-05T12:00:00Z",
        "labels": [],
        "subject": "",
        "mood": "calm",
    }


def test_absent_fields_are_left_out() -> None:
    assert "date" not in to_json(Letter("1"))


def test_secrets_and_bytes_are_left_out() -> None:
    content = to_json(Letter("1", token=Secret("ya29.of-ada"), content=b"%PDF"))

    assert set(content) == {"id", "labels", "subject"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (frozenset({"UNREAD", "INBOX"}), ["INBOX", "UNREAD"]),
        (("b", "a"), ["b", "a"]),
        (Path("minutes.pdf"), "minutes.pdf"),
        (date(2026, 3, 5), "2026-03-05"),
        (True, True),
        (3, 3),
        ({"in_": {"at": NOON}}, {"in": {"at": "2026-03-05T12:00:00Z"}}),
    ],
    ids=["sets are sorted", "order is kept", "paths", "days", "booleans", "numbers", "nested"],
)
def test_every_kind_of_value_has_a_json_form(value: object, expected: Any) -> None:
    assert to_json(value) == expected


def test_times_are_rfc_3339_in_their_own_offset() -> None:
    in_berlin = NOON.astimezone(timezone(timedelta(hours=1)))

    assert rfc3339(in_berlin) == "2026-03-05T13:00:00+01:00"


def test_a_list_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printer(as_json=True).many([Letter("1"), Letter("2")], COLUMNS, empty="nothing")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ([line["id"] for line in lines], shown) == (["1", "2"], 2)


def test_json_objects_of_a_sandbox_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    printer(as_json=True, sandbox=True).one(Letter("1"), "")
    printer(as_json=True, sandbox=True).many([Letter("2")], COLUMNS, empty="")

    assert [json.loads(line)["sandbox"] for line in capsys.readouterr().out.splitlines()] == [True, True]


def test_a_pipe_gets_tabs_and_rfc_3339_and_no_heading(capsys: pytest.CaptureFixture[str]) -> None:
    printer().many([Letter("1", date=NOON, subject="Lunch")], COLUMNS, empty="nothing")

    assert capsys.readouterr().out == "1\t2026-03-05T12:00:00Z\tLunch\n"


def test_a_cell_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    printer().many([Letter("1", subject="Lunch\tat\r\nnoon\n")], COLUMNS, empty="nothing")

    assert capsys.readouterr().out == "1\t\tLunch at noon\n"


def test_an_empty_list_prints_nothing_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    printer().many([], COLUMNS, empty="no letters.")

    assert capsys.readouterr() == ("", "")


def test_an_empty_table_is_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    printer(terminal=True).many([], COLUMNS, empty="no letters.")

    assert capsys.readouterr() == ("", "mailgrant: no letters.\n")


def test_a_terminal_gets_a_table_with_local_times(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    letters = [Letter("1", date=NOON, subject="Lunch"), Letter("22", subject="Minutes")]

    printer(terminal=True).many(letters, COLUMNS, empty="nothing")

    assert capsys.readouterr().out.splitlines() == [
        "ID  DATE              SUBJECT",
        f"1   {local(NOON)}  Lunch",
        "22                    Minutes",
    ]


def test_a_wide_letter_takes_two_cells() -> None:
    assert table([["who", "what"], ["日本", "a"], ["ada", "b"]], 40) == ["WHO   WHAT", "日本  a", "ada   b"]


def test_a_table_fits_the_terminal_and_ids_stay_whole() -> None:
    rows = [["id", "subject", "from"], ["19a3f0c2d4e5b697", "Minutes of the meeting on Monday", "Grace Hopper"]]

    lines = table(rows, 50)

    assert lines[1] == "19a3f0c2d4e5b697  Minutes of the me…  Grace Hopper"
    assert max(cells_wide(line) for line in lines) <= 50


def test_a_terminal_that_is_too_narrow_for_the_ids_gets_them_all_the_same() -> None:
    assert table([["id", "subject"], ["19a3f0c2d4e5b697", "Minutes of Monday"]], 10)[1] == "19a3f0c2d4e5b697  Minutes…"


def test_a_cell_is_cut_where_its_column_ends() -> None:
    cut_short = cut("日本語のメール", 7)

    assert cut_short == "日本語…"
    assert cells_wide(cut_short) <= 7


@pytest.mark.parametrize(
    "steering",
    ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x08", "\u202e", "\u2066"],
    ids=["clear the screen", "set the title", "C1", "backspace", "right to left", "isolate"],
)
def test_mail_cannot_steer_the_terminal(steering: str) -> None:
    told = printable(f"Lunch{steering}")

    assert not set(told) & {"\x1b", "\x07", "\x9b", "\x08", "\u202e", "\u2066"}
    assert told.startswith("Lunch\N{REPLACEMENT CHARACTER}")


def test_json_cannot_steer_the_terminal_and_loses_nothing() -> None:
    line = json_line({"subject": "Caf\u00e9 \x9b31m \u202e"})

    assert not set(line) & {"\x9b", "\u202e"}
    assert json.loads(line)["subject"] == "Caf\u00e9 \x9b31m \u202e"


def test_line_breaks_and_tabs_of_a_body_stay() -> None:
    assert printable("One\r\n\tTwo\n") == "One\n\tTwo\n"
