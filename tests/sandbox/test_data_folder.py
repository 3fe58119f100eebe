"""The folder of `--data`: whose it is, what is refused, and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from mailgrant.errors import MailgrantError
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.keeping.data import keeping

from .mailing import ADA, mail

RUN = """
import sys
from pathlib import Path
from mailgrant.sandbox.serving.server import RunOptions, run
sys.exit(run(RunOptions(port=0, consent="auto", data=Path(sys.argv[1]))))
"""


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A sandbox in a process of its own, and its ready line."""
    with subprocess.Popen([sys.executable, "-c", RUN, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            if process.poll() is None:
                process.kill()


def post(url: str, content: bytes, kind: str) -> Any:
    """Send something and return the answer's JSON."""
    with urlopen(Request(url, data=content, headers={"Content-Type": kind})) as answer:
        return json.load(answer)


def grant(ready: dict[str, Any]) -> dict[str, str]:
    """Let Ada grant everything to the installed client."""
    client = json.loads(Path(ready["client_secrets"]["installed"]).read_text())["installed"]
    asked = {"email": ADA, "client_id": client["client_id"], "scopes": ["https://mail.google.com/"]}
    granted: dict[str, str] = post(f"{ready['control']}authorize", json.dumps(asked).encode(), "application/json")
    return granted


def refresh(ready: dict[str, Any], granted: dict[str, str]) -> Any:
    """Refresh what was granted."""
    names = ("client_id", "client_secret", "refresh_token")
    form = {"grant_type": "refresh_token", **{name: granted[name] for name in names}}
    return post(f"{ready['url']}/token", urlencode(form).encode(), "application/x-www-form-urlencoded")


def subjects(ready: dict[str, Any]) -> list[str]:
    """Return the subjects of Ada's mail."""
    with urlopen(f"{ready['control']}accounts/{ADA}/messages") as answer:
        raws = [urlsafe_b64decode(message["raw"]) for message in json.load(answer)["messages"]]
    return [str(message_from_bytes(raw)["Subject"]) for raw in raws]


def test_a_kill_loses_at_most_the_last_second(tmp_path: Path) -> None:
    with running(tmp_path) as (process, ready):
        granted = grant(ready)
        post(f"{ready['control']}accounts/{ADA}/messages", mail("Before the kill"), "message/rfc822")
        time.sleep(1)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)

    with running(tmp_path) as (_, ready):
        assert refresh(ready, granted)["access_token"]
        assert "Before the kill" in subjects(ready)


def test_a_stop_loses_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as (process, ready):
        granted = grant(ready)
        post(f"{ready['control']}accounts/{ADA}/messages", mail("Just before the end"), "message/rfc822")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0

    with running(tmp_path) as (_, ready):
        assert refresh(ready, granted)["access_token"]
        assert subjects(ready).count("Just before the end") == 1
        with pytest.raises(HTTPError):
            refresh(ready, granted | {"refresh_token": "1//0nonsense"})


def test_everything_in_it_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    former = os.umask(0o000)
    try:
        with running(folder):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    finally:
        os.umask(former)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {"state.db", "state.db-wal", "format.json", "lock"} <= modes.keys()
    assert [name for name, mode in modes.items() if mode != 0o600] == []


def test_a_folder_in_use_by_another_process_is_refused(tmp_path: Path) -> None:
    with (
        running(tmp_path),
        pytest.raises(MailgrantError, match=f"{tmp_path} is in use by another process") as caught,
        keeping(Sandbox(), tmp_path),
    ):
        pass

    assert "--data" in caught.value.hint


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return everything in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_newer_version_is_refused_and_left_untouched(tmp_path: Path) -> None:
    with keeping(Sandbox(), tmp_path):
        pass
    (tmp_path / "format.json").write_text('{"format": "mailgrant sandbox", "version": 2}')
    before = snapshot(tmp_path)

    with pytest.raises(MailgrantError, match="is of version 2; this mailgrant knows 1"), keeping(Sandbox(), tmp_path):
        pass

    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": "new"}'])
def test_a_broken_format_is_named_and_left_untouched(tmp_path: Path, text: str) -> None:
    with keeping(Sandbox(), tmp_path):
        pass
    (tmp_path / "format.json").write_text(text)
    before = snapshot(tmp_path)

    with pytest.raises(MailgrantError, match=r"broken: .*format\.json"), keeping(Sandbox(), tmp_path):
        pass

    assert snapshot(tmp_path) == before


def overwrite(path: Path) -> None:
    path.write_bytes(b"no database at all\n" * 1000)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])


def alter(statement: str) -> Any:
    def change(path: Path) -> None:
        file = sqlite3.connect(path)
        with file:
            file.execute(statement)
        file.close()

    return change


@pytest.mark.parametrize(
    "harm",
    [
        overwrite,
        cut,
        alter("UPDATE part SET value = substr(value, 9) WHERE name = 'tokens'"),
        alter("DELETE FROM part WHERE name = 'account/ada@example.com'"),
        alter("UPDATE part SET value = replace(value, 'Calendar', 'Popen')"),
        alter("DROP TABLE mail"),
        alter("UPDATE mail SET key = key + 1000000"),
        alter("UPDATE history SET kind = 'other'"),
    ],
    ids=["overwritten", "cut", "part cut", "part lost", "unknown kind", "table lost", "ordinal", "history"],
)
def test_a_broken_file_is_named(tmp_path: Path, harm: Any) -> None:
    with keeping(Sandbox(), tmp_path):
        pass
    harm(tmp_path / "state.db")

    with pytest.raises(MailgrantError, match=r"broken: .*state\.db") as caught, keeping(Sandbox(), tmp_path):
        pass

    assert "copy" in caught.value.hint


def test_a_file_without_its_format_is_not_taken_for_new(tmp_path: Path) -> None:
    with keeping(Sandbox(), tmp_path):
        pass
    (tmp_path / "format.json").unlink()

    with pytest.raises(MailgrantError, match=r"broken: .*format\.json"), keeping(Sandbox(), tmp_path):
        pass


def test_what_could_not_be_written_is_said_at_the_end_and_tried_again_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailgrant.sandbox.keeping.archive import Archive

    write = Archive.write

    def fail(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    world = Sandbox()
    with pytest.raises(MailgrantError, match="disk is full"), keeping(world, tmp_path):
        monkeypatch.setattr(Archive, "write", fail)
        world.deliver(mail("Lost"), to=ADA)

    monkeypatch.setattr(Archive, "write", write)
    world = Sandbox()
    with keeping(world, tmp_path):
        assert "Lost" not in [message.subject for message in world.account(ADA).messages()]
        monkeypatch.setattr(Archive, "write", fail)
        world.deliver(mail("Late"), to=ADA)
        world.touched = True
        time.sleep(0.6)
        monkeypatch.setattr(Archive, "write", write)
    with keeping(Sandbox(), tmp_path):
        pass
    world = Sandbox()
    with keeping(world, tmp_path):
        assert "Late" in [message.subject for message in world.account(ADA).messages()]
