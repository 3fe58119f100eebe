"""Whatever is wrong with a file, a flag or a place: a sentence, the next step, the exit code, the vault as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Mailgrant
from mailgrant.cli import main
from mailgrant.given_file import LARGEST
from mailgrant.sandbox import Sandbox

from .asking import error_of

ADA = "ada@example.com"

# What a file may hold instead of what it should.
CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "one line end": b"\n",
    "a cut object": b'{"installed": {"client_id": "1-a.apps',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "an empty object": b"{}",
    "binary": bytes(range(256)) * 16,
    "NUL": b"\0" * 64,
    "UTF-16": '{"installed": {}}'.encode("utf-16"),
    "huge": b" " * (LARGEST + 1),
    "nested too deep": b"[" * 20_000,
    "a number too long": b'{"installed": ' + b"9" * 10_000 + b"}",
    "an unpaired surrogate": b'{"installed": {"client_id": "\\ud800", "client_secret": "\\ud800"}}',
    "another program's": b'{"name": "left-pad", "version": "1.3.0"}',
    "fields of the wrong type": b'{"installed": {"client_id": 7, "client_secret": [], "auth_uri": {}}}',
    "a token of the wrong type": b'{"type": "authorized_user", "refresh_token": 7, "client_id": []}',
    "a key of the wrong type": b'{"type": "service_account", "private_key": 7, "client_email": []}',
    "a key that is none": b'{"type": "service_account", "private_key": "-----BEGIN", "client_email": "a@b.example"}',
    "a pickle": b"\x80\x04\x95\x1c\x00\x00\x00",
    "a database": b"SQLite format 3\0" + b"\0" * 84,
    "TOML": b'google = "http://127.0.0.1:1"\n',
}
READERS = {
    "client add": ["client", "add"],
    "grant import": ["grant", "import"],
    "vault restore": ["vault", "restore"],
    "--settings": ["grant", "list", "--settings"],
}
# What is a settings file of nothing.
HARMLESS = {("--settings", name) for name in ("empty", "one line end")}


def failing(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run a command that fails; return its error, which says what to do next."""
    code = main([*words, "--json"])
    out, err = capsys.readouterr()
    assert code != 0, words
    error = error_of(err)
    assert (error["exit_code"], out) == (code, "")
    assert "should not happen" not in error["hint"]
    assert error["hint"]
    return error


@pytest.fixture
def kept(ada: str, sandbox: Sandbox) -> Callable[[], object]:
    """What the vault holds, to be compared before and after; the audit grows whatever happens."""

    def look() -> object:
        with Mailgrant(google=sandbox.url) as mailgrant:
            return mailgrant.grants(), mailgrant.clients(), mailgrant.vault.status().generation

    return look


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("reader", READERS)
def test_a_file_in_a_wrong_form_is_refused_by_name_and_changes_nothing(
    reader: str, content: str, kept: Callable[[], object], desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if (reader, content) in HARMLESS or (reader, content) == ("--settings", "TOML"):
        return
    before = kept()
    (desk / "wrong.file").write_bytes(CONTENTS[content])
    (desk / "wrong.file").chmod(0o600)

    place = ["--vault", str(desk / "new.db")] if reader == "vault restore" else []
    error = failing([*READERS[reader], "wrong.file", *place], capsys)

    assert (error["type"], error["exit_code"]) == ("SettingsError", 2)
    assert "wrong.file" in error["message"]
    assert not (desk / "new.db").exists()
    assert kept() == before


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", ["missing", "a folder", "a pipe", "a device", "a link to nowhere", "a link to itself"])
def test_what_is_no_file_is_refused_at_once(
    reader: str, kind: str, kept: Callable[[], object], desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, path = kept(), desk / "wrong.file"
    make: dict[str, Callable[[], object]] = {
        "missing": lambda: None,
        "a folder": path.mkdir,
        "a pipe": lambda: os.mkfifo(path),
        "a device": lambda: path.symlink_to("/dev/zero"),
        "a link to nowhere": lambda: path.symlink_to(desk / "absent"),
        "a link to itself": lambda: path.symlink_to(path),
    }
    make[kind]()

    place = ["--vault", str(desk / "new.db")] if reader == "vault restore" else []
    error = failing([*READERS[reader], "wrong.file", *place], capsys)

    assert (error["type"], error["exit_code"]) == (
        "SettingsError",
        4 if kind in ("missing", "a link to nowhere") else 2,
    )
    assert "wrong.file" in error["message"]
    assert not (desk / "new.db").exists()
    assert kept() == before


@pytest.mark.parametrize("writer", [["grant", "export", ADA, "--to"], ["vault", "backup", "--to"]], ids=" ".join)
@pytest.mark.parametrize("place", ["there.json", ".", "there.json/new.json", "dangling", "/dev/full", "/dev/null", "/"])
def test_a_file_to_write_that_cannot_be_made_is_named_and_nothing_is_overwritten(
    writer: list[str], place: str, kept: Callable[[], object], desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = kept()
    (desk / "there.json").write_text("mine")
    (desk / "dangling").symlink_to(desk / "elsewhere")

    error = failing([*writer, place], capsys)

    assert error["exit_code"] in (1, 2, 4)
    assert place in error["message"]
    assert (desk / "there.json").read_text() == "mine"
    assert not (desk / "elsewhere").exists()
    assert not [path for path in desk.iterdir() if path.name.startswith(".")]
    assert kept() == before


@pytest.mark.parametrize("content", [name for name in CONTENTS if name not in ("empty", "one line end")])
def test_a_vault_in_a_wrong_form_is_left_alone(
    content: str, ada: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk / "wrong.db"
    path.write_bytes(CONTENTS[content])

    for words in (["grant", "list"], ["vault", "check"], ["vault", "rotate"], ["token"], ["init"], ["serve", "worker"]):
        error = failing([*words, "--vault", str(path)], capsys)
        assert error["exit_code"] in (1, 2)
        assert str(path) in error["message"]

    assert path.read_bytes() == CONTENTS[content]


@pytest.mark.parametrize("content", CONTENTS)
def test_with_a_key_in_a_wrong_form_nothing_opens_and_the_vault_opens_again_with_the_right_one(
    content: str,
    kept: Callable[[], object],
    own_environment: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = kept()
    [path] = own_environment.rglob("*.key")
    right = path.read_bytes()
    path.write_bytes(CONTENTS[content])

    for words in (["grant", "list"], ["vault", "rotate"], ["vault", "check"], ["token"]):
        error = failing(words, capsys)
        assert (error["type"], error["exit_code"]) in (("VaultLocked", 5), ("SettingsError", 2))
        assert "key" in error["message"]

    assert path.read_bytes() == CONTENTS[content]
    path.write_bytes(right)
    assert kept() == before


@pytest.mark.parametrize(
    "words",
    [
        ["grant", "ask", ADA],
        ["grant", "ask", ADA, "--scope", "gmail.everything"],
        ["grant", "ask", ADA, "--scope", ""],
        ["grant", "ask", "", "--scope", "gmail.send"],
        ["grant", "ask", ADA, "--scope", "gmail.send", "--step", "start", "--link"],
        ["grant", "ask", ADA, "--scope", "gmail.send", "--step", "finish"],
        ["grant", "ask", ADA, "--scope", "gmail.send", "--step", "middle"],
        ["grant", "ask", ADA, "--scope", "gmail.send", "--url", "-"],
        ["grant", "ask", ADA, "--scope", "gmail.send", "--consent", "x"],
        ["grant", "ask", ADA, "--scope", "gmail.send", "--user", ""],
        ["grant", "ask", "--step", "finish", "--consent", "x"],
        ["grant", "ask", "--step", "finish", "--url", "-"],
        ["grant", "ask", "--step", "finish", "--consent", "x", "--url", "http://127.0.0.1:1/?code=1"],
        ["grant", "ask", "--step", "finish", "--consent", "x", "--url", "-", "--scope", "gmail.send"],
        ["grant", "ask", ADA, "--scope", "gmail.send", "--client", ""],
        ["grant", "ask", ADA, "--scope", "gmail.send", "--client", "absent"],
        ["grant", "import"],
        ["grant", "export", ADA],
        ["grant", "export", ADA, "--to", "-"],
        ["grant", "forget", "--user", ""],
        ["client", "add"],
        ["client", "add", "client_secret.json", "minutes.pdf"],
        ["client", "remove"],
        ["client", "remove", ""],
        ["client", "remove", "absent"],
        ["vault", "backup"],
        ["vault", "restore"],
        ["vault", "check", "--against", ""],
        ["vault", "check", "--against", "mailgrant-mark"],
        ["vault", "check", "--against", "mailgrant-mark a -1 x"],
        ["vault", "check", "--against", "mailgrant-mark a 1 " + "0" * 64],
        ["vault", "rotate", "extra"],
        ["vault", "polish"],
        ["token", ADA, "--scope", ""],
        ["token", ADA, "--scope", "gmail.everything"],
        ["token", ADA, "extra"],
        ["serve", "worker", "--status", "--once"],
        ["serve", "worker", "--status", "--on-change", "true"],
        ["serve", "worker", "--on-change"],
        ["serve", "worker", "true"],
        ["audit", "list", "--limit", "-1"],
        ["audit", "list", "--limit", "many"],
        ["init", "--key", "paper"],
        ["init", "extra"],
        ["grant", "list", "--vault", "mysql://host/vault"],
        ["grant", "list", "--vault", "postgresql://"],
        ["grant", "list", "--vault", "postgresql://127.0.0.1:port/vault"],
        ["grant", "list", "--vault", "sqlite://host/vault.db"],
        ["grant", "list", "--vault", "postgresql://127.0.0.1:1/vault"],
        ["init", "--vault", "/proc/vault.db"],
        ["login", ADA, "--scope", "gmail.send", "--vault", "/proc/absent/vault.db"],
        ["grant", "list", "--vault", "."],
        ["grant", "list", "--vault", ""],
    ],
    ids=" ".join,
)
def test_words_that_do_not_go_together_are_misuse_and_change_nothing(
    words: list[str], kept: Callable[[], object], sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    before, asked = kept(), len(sandbox.requests)

    error = failing(words, capsys)

    assert error["exit_code"] in (1, 2, 4), error
    assert len(sandbox.requests) == asked
    assert kept() == before


# A shell that lets no file grow: the disk as a process sees it when it is full.
FULL = 'ulimit -f 0; trap "" XFSZ; exec "$0" -m mailgrant.cli "$@" --json'


@pytest.mark.parametrize(
    "words",
    [["vault", "backup", "--to", "new"], ["grant", "export", ADA, "--to", "new"], ["vault", "rotate"], ["token"]],
    ids=" ".join,
)
def test_on_a_full_disk_a_command_says_so_and_the_vault_stays_as_it_was(
    words: list[str], kept: Callable[[], object], desk: Path, sandbox: Sandbox
) -> None:
    before = kept()
    sandbox.expire_tokens()

    done = subprocess.run(["sh", "-c", FULL, sys.executable, *words], capture_output=True, text=True, check=False)

    assert done.returncode in (1, 2), done
    assert "Traceback" not in done.stderr
    assert error_of(done.stderr)["hint"]
    assert not (desk / "new").exists()
    assert kept() == before
