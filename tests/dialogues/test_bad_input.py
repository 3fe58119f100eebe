"""Whatever is typed, lost or refused ends in one sentence, the next step and an exit code; nothing is lost."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.consent import ConsentMode

from .asking import Pasting, error_of

ADA = "ada@example.com"
GRACE = "grace@example.com"
CALENDAR = "https://www.googleapis.com/auth/calendar.readonly"
BOTH = ["login", ADA, "--scope", "gmail.send", "--scope", "calendar.readonly"]

INSTALLED = {
    "client_id": "1-a.apps.googleusercontent.com",
    "client_secret": "not-a-secret",
    "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
    "redirect_uris": ["http://localhost"],
}
WRONG_FILES = {
    "a service account's key": {"type": "service_account", "private_key": "-", "client_email": "a@b.example"},
    "a token file": {"type": "authorized_user", "client_id": "1-a", "client_secret": "x", "refresh_token": "y"},
    "no client at all": {"name": "Ada"},
    "somebody else's auth_uri": {"installed": {**INSTALLED, "auth_uri": "https://evil.example/auth"}},
    "somebody else's token_uri": {"installed": {**INSTALLED, "token_uri": "https://evil.example/token"}},
    "a client without its id": {"installed": {**INSTALLED, "client_id": ""}},
}


def failing(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run a command that fails; return its error."""
    code = main([*words, "--json"])
    out, err = capsys.readouterr()
    error = error_of(err)
    assert (error["exit_code"], out) == (code, "")
    return error


@pytest.mark.parametrize("content", WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_wrong_client_file_is_refused_by_name(
    content: dict[str, Any], desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "wrong.json").write_text(json.dumps(content))

    error = failing(["client", "add", "wrong.json"], capsys)

    assert (error["type"], error["exit_code"]) == ("SettingsError", 2)
    assert "wrong.json" in error["message"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"], ids=["empty", "cut", "list", "null", "NUL"])
def test_a_client_file_that_is_no_json_object_is_refused_by_name(
    text: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "wrong.json").write_text(text)

    error = failing(["client", "add", "wrong.json"], capsys)

    assert (error["type"], error["exit_code"]) == ("SettingsError", 2)
    assert "wrong.json" in error["message"]


def test_a_folder_is_no_client_file(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = failing(["client", "add", "."], capsys)

    assert (error["type"], error["exit_code"]) == ("SettingsError", 2)


@pytest.mark.parametrize("cache", ['"much"', '""', '"-5 MB"', '"5 PB"', "true", "-1", "1.5", "[]"])
def test_a_size_of_the_cache_that_is_none_is_refused_with_one_that_is(
    cache: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "mine.toml").write_text(f"cache = {cache}\n")

    error = failing(["status", "--settings", "mine.toml"], capsys)

    assert (error["type"], error["exit_code"]) == ("SettingsError", 2)
    assert '"500 MB"' in error["message"]


@pytest.mark.parametrize(
    "google", ["https://sandbox.example.com", "http://192.0.2.1:8025", "not an address", "file:///etc/passwd"]
)
def test_google_may_only_be_this_machine(google: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = failing(["status", "--google", google], capsys)

    assert (error["type"], error["exit_code"]) == ("SettingsError", 2)


def test_the_wrong_person_is_exit_3_and_nothing_of_theirs_is_kept(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Pasting(capsys, account=GRACE))

    error = failing(["login", ADA, "--scope", "gmail.send", "--link"], capsys)

    assert (error["type"], error["exit_code"]) == ("WrongAccount", 3)
    assert GRACE in error["message"]
    assert main(["status"]) == 0
    assert capsys.readouterr().out == ""


def test_a_box_left_unticked_is_said_and_the_rest_works(
    desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.consent = ConsentMode.PAGE
    monkeypatch.setattr("sys.stdin", Pasting(capsys, unticked=(CALENDAR,)))

    assert main([*BOTH, "--link"]) == 0
    out, err = capsys.readouterr()
    assert "did not allow" in err
    assert "Missing:   calendar.readonly" in out

    assert main(["send", "--to", GRACE, "--text", "Works"]) == 0
    capsys.readouterr()
    error = failing(["agenda"], capsys)
    assert (error["type"], error["exit_code"]) == ("ConsentNeeded", 3)
    assert "mailgrant login ada@example.com --scope calendar" in error["hint"]


def test_a_login_asks_again_for_a_box_that_was_left_unticked(
    desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.consent = ConsentMode.PAGE
    monkeypatch.setattr("sys.stdin", Pasting(capsys, unticked=(CALENDAR,)))
    assert main([*BOTH, "--link"]) == 0
    capsys.readouterr()

    assert main(BOTH) == 0

    assert "Missing" not in capsys.readouterr().out


def test_a_key_that_is_gone_is_exit_5_and_the_vault_is_whole_when_it_is_back(
    ada: str, own_environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [key] = own_environment.rglob("*.key")
    text = key.read_text()
    key.unlink()

    error = failing(["status"], capsys)
    assert (error["type"], error["exit_code"]) == ("VaultLocked", 5)
    assert str(key) in error["message"]

    key.touch(0o600)
    key.write_text(text)
    assert main(["label", "list"]) == 0


def test_a_file_that_is_no_vault_is_left_alone(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letter = desk / "letter.db"
    letter.write_text("Dear Grace, this is not a database.\n" * 50)
    before = letter.read_bytes()

    error = failing(["status", "--vault", str(letter)], capsys)

    assert error["exit_code"] in (1, 2)
    assert str(letter) in error["message"]
    assert letter.read_bytes() == before


@pytest.mark.parametrize(
    "flags",
    [
        ["--to", f"{GRACE}\nBcc: eve@example.com"],
        ["--to", "nobody"],
        ["--cc", "grace@"],
        ["--subject", "One\r\nBcc: eve@example.com", "--to", GRACE],
        [],
    ],
    ids=["newline in an address", "no address", "half an address", "newline in the subject", "nobody"],
)
def test_a_mail_that_must_not_go_out_does_not(
    flags: list[str], ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    error = failing(["send", "--text", "Hello", *flags], capsys)

    assert (error["type"], error["exit_code"]) == ("InvalidRequest", 2)
    assert sandbox.sent == []


@pytest.mark.parametrize(
    ("flags", "code"),
    [(["--html", "absent.html"], 4), (["--html", "minutes.bin"], 2), (["--attach", "."], 2), (["--html", "."], 2)],
    ids=["no such file", "not UTF-8", "a folder attached", "a folder as HTML"],
)
def test_a_file_that_cannot_be_read_is_named_and_nothing_is_sent(
    flags: list[str], code: int, ada: str, desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "minutes.bin").write_bytes(b"\xff\xfe\x00")

    error = failing(["send", "--to", GRACE, *flags], capsys)

    assert (error["type"], error["exit_code"]) == ("SettingsError", code)
    assert flags[-1] in error["message"]
    assert sandbox.sent == []


def test_a_mail_without_message_id_can_be_answered(
    ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = sandbox.account(ADA).deliver(
        b"From: grace@example.com\r\nTo: ada@example.com\r\nSubject: Bare\r\n\r\nHi\r\n"
    )

    assert main(["message", "reply", bare.id, "--text", "Got it."]) == 0

    assert sandbox.account(GRACE).inbox[0].subject == "Re: Bare"


def test_an_answer_to_everybody_goes_to_everybody_else(
    ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = sandbox.account(ADA).receive(from_=GRACE, to=f"{ADA}, team@example.org", subject="All?", text="All?")

    assert main(["message", "reply", asked.id, "--text", "Yes.", "--all", "--attach", "minutes.pdf"]) == 0

    answer = sandbox.account(GRACE).inbox[0]
    everybody = f"{answer.to} {answer.parsed['Cc']}"
    assert "team@example.org" in everybody
    assert ADA not in everybody
    assert [part.get_filename() for part in answer.parsed.iter_attachments()] == ["minutes.pdf"]


def test_an_answer_comes_from_an_address_of_the_accounts_and_from_nobody_elses(
    ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = sandbox.account(ADA).receive(from_=GRACE, subject="Lunch?", text="At noon?")

    assert main(["message", "reply", asked.id, "--text", "Yes.", "--from", f"The Countess <{ADA}>", "--signature"]) == 0
    capsys.readouterr()
    error = failing(["message", "forward", asked.id, "--to", GRACE, "--from", "eve@example.com"], capsys)

    [answer] = sandbox.account(GRACE).inbox
    assert str(answer.parsed["From"]) == f"The Countess <{ADA}>"
    assert "may not send as eve@example.com" in error["message"]


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_answer_is_exit_6_and_never_sent_twice(
    drop: str, sender: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.fault("gmail.users.messages.send", drop=drop)

    error = failing(["send", "--to", GRACE, "--text", "Once"], capsys)

    assert (error["type"], error["exit_code"]) == ("OutcomeUnknown", 6)
    assert len(sandbox.account(GRACE).inbox) == (1 if drop == "after" else 0)


def test_a_rate_limit_is_exit_75(ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.fault("gmail.users.labels.list", status=403, reason="dailyLimitExceeded", times=9)

    error = failing(["label", "list"], capsys)

    assert (error["type"], error["exit_code"]) == ("RateLimited", 75)


def test_a_port_that_a_web_client_needs_and_that_is_taken_is_named(
    desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        web = sandbox.client_secrets("web")
        web["web"]["redirect_uris"] = [f"http://localhost:{port}/"]
        (desk / "client_secret.json").unlink()
        (desk / "web.json").write_text(json.dumps(web))
        assert main(["client", "add", "web.json"]) == 0
        capsys.readouterr()

        error = failing(["login", ADA, "--scope", "gmail.send"], capsys)

    assert error["exit_code"] == 1
    assert str(port) in error["message"]


@pytest.mark.parametrize(
    ("content", "says"),
    [("colour = 'red'", "colour"), ("account = ", "settings.toml"), ("\x00", "settings.toml")],
    ids=["an unknown key", "not TOML", "NUL"],
)
def test_a_settings_file_that_is_wrong_says_where(
    content: str, says: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "settings.toml").write_text(content)

    error = failing(["status", "--settings", "settings.toml"], capsys)

    assert (error["type"], error["exit_code"]) == ("SettingsError", 2)
    assert says in error["message"]


def test_settings_may_stand_in_a_file(
    ada: str, desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    monkeypatch.delenv("MAILGRANT_GOOGLE")
    (desk / "settings.toml").write_text(f'account = "{ADA}"\njson = true\ngoogle = "{sandbox.url}"\n')

    assert main(["status", "--settings", "settings.toml"]) == 0

    assert json.loads(capsys.readouterr().out)["account"] == ADA
