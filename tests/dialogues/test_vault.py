"""`mailgrant vault` where something is wrong: with rows, with files, with keys."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mailgrant.cli import main
from mailgrant.cli.progress import progress_shown
from mailgrant.settings import Settings

from .asking import error_of

KEY = "a" * 42 + "A"
OTHER = "b" * 42 + "A"


@pytest.fixture
def vault(ada: str) -> Path:
    """The file of a vault with Ada's grant in it."""
    return Path(Settings.load().vault_place())


@pytest.fixture
def key_file(vault: Path) -> Path:
    (found,) = Settings.load().config_folder.rglob("*.key")
    return found


def change(vault: Path, statement: str) -> None:
    """Write the vault behind its back."""
    with closing(sqlite3.connect(vault)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_check_lists_every_row_that_does_not_open_and_fails(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(vault, "UPDATE grants SET account = 'grace@example.com'")
    change(vault, "UPDATE clients SET sealed = x'00'")

    assert main(["vault", "check"]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["grants", "clients"]
    assert "2 things are wrong." in err
    assert main(["vault", "check", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [finding["table"] for finding in found["findings"]] == ["grants", "clients"]
    assert "mark" not in found


def test_a_person_whose_grant_was_damaged_can_be_asked_again(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vault", "check"]) == 0
    mark = capsys.readouterr().out.strip()
    change(vault, "UPDATE grants SET sealed = x'00'")
    change(vault, "UPDATE clients SET sealed = x'00'")
    assert main(["login", "ada@example.com", "--scope", "gmail.send"]) == 1
    assert main(["vault", "check"]) == 1
    assert "--discard" in capsys.readouterr().err

    assert main(["vault", "check", "--discard"]) == 1
    assert "deleted 2 of them" in capsys.readouterr().err

    assert main(["vault", "check", "--against", mark]) == 0
    assert main(["login", "ada@example.com", "--scope", "gmail.send"]) == 0
    assert main(["vault", "check", "--against", mark]) == 0


def test_one_persons_damaged_grant_is_named_and_everybody_else_goes_on(
    vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["login", "grace@example.com", "--scope", "gmail.send"]) == 0
    change(vault, "UPDATE grants SET sealed = x'00' WHERE account = 'grace@example.com'")
    capsys.readouterr()

    assert main(["status"]) == 0
    out, err = capsys.readouterr()
    assert "ada@example.com" in out
    assert "grace@example.com" not in out
    assert "grant of grace@example.com is damaged" in err
    assert main(["grant", "refresh", "ada@example.com"]) == 0
    capsys.readouterr()
    for asked in (["grant", "show"], ["grant", "forget"], ["login", "--scope", "gmail.send"], ["token"]):
        assert main([*asked, "grace@example.com"]) == 1
        assert "mailgrant vault check --discard" in capsys.readouterr().err
    # It is not clear who is meant, though one alone can be read.
    assert main(["token"]) == 1
    assert "Name an account" in capsys.readouterr().err


def test_a_row_that_another_key_may_open_is_never_discarded(
    vault: Path, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(vault)) as connection:
        (sealed,) = connection.execute("SELECT sealed FROM grants").fetchone()
        connection.execute("UPDATE grants SET sealed = ?", (sealed[:4] + bytes(8) + sealed[12:],))
        connection.commit()

    assert main(["vault", "check", "--discard", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["discarded"], found["findings"][0]["lost"]) == (0, False)


def test_a_check_finds_a_row_that_was_put_back(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(vault)) as connection:
        older = connection.execute("SELECT * FROM grants").fetchone()
    assert main(["grant", "revoke", "ada@example.com"]) == 0
    capsys.readouterr()
    assert main(["vault", "check"]) == 0
    mark = capsys.readouterr().out.strip()

    with closing(sqlite3.connect(vault)) as connection:
        connection.execute(f"REPLACE INTO grants VALUES ({', '.join('?' * len(older))})", older)
        connection.commit()

    assert main(["vault", "check", "--against", mark]) == 1
    assert "was put back" in capsys.readouterr().out


def test_a_check_finds_files_that_others_can_read(
    vault: Path, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vault.chmod(0o644)
    key_file.parent.chmod(0o777)

    assert main(["vault", "check"]) == 1
    out = capsys.readouterr().out
    assert f"{vault} could be read by others" in out
    assert f"others may put files into the folder {key_file.parent}" in out


def test_a_key_that_others_can_read_locks_the_vault_and_says_what_to_do(
    key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file.chmod(0o640)

    assert main(["vault", "check", "--json"]) == 5
    error = error_of(capsys.readouterr().err)
    assert "can be read by others" in error["message"]
    assert error["hint"] == f"Run: chmod 600 {key_file}"


def test_a_rotation_names_rows_that_do_not_open_and_fails(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(vault, "UPDATE grants SET version = 7")

    assert main(["vault", "rotate", "--json"]) == 1
    out, err = capsys.readouterr()
    assert [finding["table"] for finding in json.loads(out)["damaged"]] == ["grants"]
    assert "does not open with any key, and was left as it is" in err


def test_a_backup_names_rows_that_it_leaves_out_and_fails(
    vault: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(vault, "UPDATE grants SET version = 7")

    assert main(["vault", "backup", "--to", "vault.backup"]) == 1
    assert "does not open, and is not in the backup" in capsys.readouterr().err
    assert (tmp_path / "vault.backup").exists()


def test_a_key_in_the_environment_is_changed_in_three_steps(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILGRANT_KEY", KEY)
    assert main(["init"]) == 0
    assert main(["vault", "rotate"]) == 2
    assert "Make a new key" in capsys.readouterr().err

    monkeypatch.setenv("MAILGRANT_KEY", f"{OTHER},{KEY}")
    assert main(["vault", "rotate"]) == 0
    assert "take the old key out of the environment now" in capsys.readouterr().err

    monkeypatch.setenv("MAILGRANT_KEY", OTHER)
    assert main(["vault", "check"]) == 0
    monkeypatch.setenv("MAILGRANT_KEY", KEY)
    assert main(["vault", "check"]) == 5


def test_a_key_is_moved_out_of_the_environment_and_back(
    vault: Path, key_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = key_file.read_text().strip()
    monkeypatch.setenv("MAILGRANT_KEY", f"{KEY},{old}")
    capsys.readouterr()

    assert main(["vault", "rotate", "--key", "environment"]) == 0
    out, err = capsys.readouterr()
    assert "kept in the environment from now on" in out
    assert "take the old key out of the environment" in err
    assert not key_file.exists()
    monkeypatch.setenv("MAILGRANT_KEY", KEY)
    assert main(["vault", "rotate", "--key", "file", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["key_source"], found["moved_from"], found["resumed"]) == ("file", "environment", False)

    # Where nobody has taken the old key out yet, the new one is found all the same.
    assert main(["grant", "refresh", "ada@example.com"]) == 0
    monkeypatch.delenv("MAILGRANT_KEY")
    assert main(["vault", "check"]) == 0
    assert key_file.read_text().strip() not in (old, KEY)


def test_a_stolen_key_at_google_is_followed_by_what_must_be_done_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    capsys.readouterr()

    assert main(["vault", "rotate", "--compromised"]) == 0
    out = capsys.readouterr().out
    assert all(words in out for words in ("Google Cloud console", "mailgrant grant revoke", "Delete the backups"))
    assert main(["vault", "rotate", "--compromised", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["steps"]) == 6


class Screen(io.StringIO):
    """What a terminal is written."""

    def isatty(self) -> bool:
        return True


def test_a_person_at_a_terminal_sees_how_far_a_rotation_is(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)

    with progress_shown() as show:
        show("200 rows")
        show("400 rows")

    assert screen.getvalue().split("\r")[1:] == ["mailgrant: 200 rows …", "mailgrant: 400 rows …", "\x1b[K"]


def test_nobody_else_is_shown_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown() as show:
        show("200 rows")

    assert capsys.readouterr().err == ""
