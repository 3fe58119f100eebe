"""`mailgrant grant` and `mailgrant client`: every way in and out, and the flags that do not go together."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from google.oauth2.credentials import Credentials

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.consent import ConsentMode
from mailgrant.sandbox.oauth.service_accounts import DEFAULT_CLIENT_ID

from ..stories.visit import agree
from .asking import error_of

ADA = "ada@example.com"
SEND = "https://www.googleapis.com/auth/gmail.send"
CALENDAR = "https://www.googleapis.com/auth/calendar"


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run a command that is to succeed, and return its JSON."""
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def paste(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture
def key_file(desk: Path, sandbox: Sandbox) -> Path:
    path = desk / "key.json"
    path.write_text(json.dumps(sandbox.service_account()))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("bare", [False, True], ids=["the address", "the code alone"])
def test_a_consent_goes_in_two_steps(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, bare: bool
) -> None:
    begun = answer(capsys, "grant", "ask", ADA, "--scope", "gmail.send", "--step", "start")
    back = agree(begun["url"])
    paste(monkeypatch, back.partition("code=")[2].partition("&")[0] if bare else back)

    granted = answer(capsys, "grant", "ask", "--step", "finish", "--consent", begun["consent"], "--url", "-")

    assert set(begun) == {"consent", "url", "expires", "sandbox"}
    assert (granted["account"], granted["status"]) == (ADA, "active")
    assert "token" not in json.dumps(granted).replace("token_", "")


def test_a_step_that_was_finished_is_not_finished_again(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = answer(capsys, "grant", "ask", ADA, "--scope", "gmail.send", "--step", "start")
    back = agree(begun["url"])
    for code in (0, 3):
        paste(monkeypatch, back)
        assert main(["grant", "ask", "--step", "finish", "--consent", begun["consent"], "--url", "-"]) == code

    assert "answered already" in capsys.readouterr().err


def test_an_answer_to_another_question_is_refused(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = answer(capsys, "grant", "ask", ADA, "--scope", "gmail.send", "--step", "start")
    theirs = answer(capsys, "grant", "ask", ADA, "--scope", "gmail.send", "--step", "start")
    paste(monkeypatch, agree(theirs["url"]))

    assert main(["grant", "ask", "--step", "finish", "--consent", mine["consent"], "--url", "-"]) == 3


def test_nothing_on_stdin_leaves_the_link_good(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = answer(capsys, "grant", "ask", ADA, "--scope", "gmail.send", "--step", "start")
    finish = ["grant", "ask", "--step", "finish", "--consent", begun["consent"], "--url", "-"]
    paste(monkeypatch, "")
    first = main(finish)
    paste(monkeypatch, agree(begun["url"]))

    assert (first, main(finish)) == (3, 0)


@pytest.mark.parametrize(
    "words",
    [
        ["--step", "finish"],
        ["--step", "finish", "--consent", "x"],
        ["--step", "finish", "--url", "-"],
        ["--step", "finish", "--consent", "x", "--url", "http://127.0.0.1:1/?code=4/0secret"],
        ["--step", "finish", "--consent", "x", "--url", "-", "--scope", "gmail.send"],
        ["--step", "finish", "--consent", "x", "--url", "-", ADA],
        ["--step", "finish", "--consent", "x", "--url", "-", "--client", "lunch"],
        ["--step", "finish", "--consent", "x", "--url", "-", "--link"],
        ["--step", "start"],
        ["--step", "start", "--scope", "gmail.send", "--browser"],
        ["--step", "start", "--scope", "gmail.send", "--consent", "x"],
        ["--step", "start", "--scope", "gmail.send", "--url", "-"],
        ["--step", "both", "--scope", "gmail.send"],
        ["--scope", "gmail.send", "--consent", "x"],
        ["--scope", "gmail.send", "--url", "-"],
        [],
    ],
    ids=" ".join,
)
def test_flags_that_do_not_go_together_are_misuse(
    desk: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["grant", "ask", *words, "--json"]) == 2

    said = capsys.readouterr().err
    assert error_of(said)["exit_code"] == 2
    assert "secret" not in said


def test_a_box_left_unticked_is_said_at_the_end_of_two_steps(
    desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.consent = ConsentMode.PAGE
    begun = answer(capsys, "grant", "ask", ADA, "--scope", "gmail.send", "--scope", "calendar", "--step", "start")
    paste(monkeypatch, agree(begun["url"], unticked={CALENDAR}))

    assert main(["grant", "ask", "--step", "finish", "--consent", begun["consent"], "--url", "-"]) == 0

    said = capsys.readouterr()
    assert f"{ADA} did not allow" in said.err
    assert "Missing:   calendar" in said.out
    assert "Ask for the rest: mailgrant login" in said.out


def test_an_export_is_a_new_file_of_ones_own_that_googles_library_reads(
    desk: Path, ada: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = desk / "token.json"

    exported = answer(capsys, "grant", "export", ADA, "--to", str(file))
    again = main(["grant", "export", ADA, "--to", str(file)])

    said = capsys.readouterr().err
    theirs = Credentials.from_authorized_user_file(str(file))  # type: ignore[no-untyped-call]
    assert theirs.refresh_token.startswith("1//")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (exported["account"], again) == (ADA, 2)
    assert "is not overwritten" in said
    assert theirs.refresh_token not in said + json.dumps(exported)
    assert [path.name for path in desk.iterdir() if path.name.startswith(".token")] == []


def test_an_export_warns_of_what_its_reader_can_do(desk: Path, ada: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grant", "export", ADA, "--to", "token.json"]) == 0

    said = capsys.readouterr().err
    assert "whoever reads token.json can act for ada@example.com" in said
    assert "grant revoke" in said


def test_an_export_never_goes_to_stdout(desk: Path, ada: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grant", "export", ADA, "--to", "-"]) == 2
    assert "1//" not in capsys.readouterr().out


def test_what_was_exported_is_imported_again(desk: Path, ada: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grant", "export", ADA, "--to", "token.json"]) == 0

    imported = answer(capsys, "grant", "import", "token.json")

    assert imported["account"] == ADA


def test_a_grant_in_testing_shows_its_end(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["client", "add", "client_secret.json", "--testing"]) == 0
    assert main(["login", ADA, "--scope", "gmail.send"]) == 0

    shown = answer(capsys, "grant", "show", ADA)
    assert main(["grant", "list"]) == 0

    assert shown["countdown"]["why"] == "the project is in Testing"
    assert "Publish" in shown["countdown"]["remedy"]
    assert "the project is in Testing" in capsys.readouterr().out


def test_a_grant_whose_client_is_not_accepted_says_so(
    desk: Path, ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = sandbox.client_secrets("installed")
    wrong["installed"]["client_secret"] = "GOCSPX-wrong"
    (desk / "wrong.json").write_text(json.dumps(wrong))
    assert main(["client", "add", "wrong.json"]) == 0
    sandbox.tokens.expire_access()
    assert main(["label", "list"]) == 1

    shown = answer(capsys, "grant", "show", ADA)
    assert main(["client", "list"]) == 0

    assert shown["status"] == "active"
    assert "not accepted by Google since" in shown["trouble"]
    assert "not accepted by Google since" in capsys.readouterr().out


def test_a_client_is_put_into_production_by_adding_it_again(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    testing = answer(capsys, "client", "add", "client_secret.json", "--testing")
    kept = answer(capsys, "client", "add", "client_secret.json")
    live = answer(capsys, "client", "add", "client_secret.json", "--production")

    assert (testing["testing"], kept["testing"], live["testing"]) == (True, True, False)


def test_a_client_that_a_grant_needs_is_not_removed(
    desk: Path, ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    client_id = sandbox.client_secrets("installed")["installed"]["client_id"]

    refused = main(["client", "remove", client_id])
    assert main(["grant", "forget", ADA]) == 0
    removed = main(["client", "remove", client_id])

    assert (refused, removed) == (2, 0)
    assert f"still needed by the grants of {ADA}" in capsys.readouterr().err
    assert main(["client", "remove", client_id]) == 2


def test_a_service_account_acts_for_somebody_and_nobody_is_asked(
    desk: Path, key_file: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    added = answer(capsys, "client", "add", str(key_file))

    granted = answer(capsys, "grant", "ask", ADA, "--client", added["client_id"], "--scope", "gmail.send")
    sent = main(["send", "--account", ADA, "--to", ADA, "--subject", "Hello", "--text", "From a robot."])

    assert (added["kind"], added["client_id"]) == ("service account", DEFAULT_CLIENT_ID)
    assert (granted["account"], granted["scopes"], sent) == (ADA, [SEND], 0)
    assert "PRIVATE KEY" not in json.dumps(added)
    assert "oauth2.auth" not in [entry.method for entry in sandbox.requests]


def test_what_the_administrator_has_not_allowed_is_printed_with_the_line_to_paste(
    desk: Path, key_file: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.service_accounts.default.delegated = frozenset({SEND})
    assert main(["client", "add", str(key_file)]) == 0
    ask = ["grant", "ask", ADA, "--client", DEFAULT_CLIENT_ID, "--scope", "gmail.send", "--scope", "calendar"]

    assert main(ask) == 0
    first = capsys.readouterr()
    sandbox.service_accounts.default.delegated = frozenset({SEND, CALENDAR})
    assert main(ask) == 0
    second = capsys.readouterr()

    assert f"{DEFAULT_CLIENT_ID} {SEND},{CALENDAR}" in first.err
    assert "Missing:   calendar" in first.out
    assert "Missing" not in second.out


def test_a_key_that_others_may_read_is_refused(desk: Path, key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key_file.chmod(0o640)

    assert main(["client", "add", str(key_file)]) == 2
    assert "chmod 600" in capsys.readouterr().err


def test_a_service_account_needs_somebody_to_act_for(
    desk: Path, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["client", "add", str(key_file)]) == 0
    assert main(["grant", "ask", "--client", DEFAULT_CLIENT_ID, "--scope", "gmail.send"]) == 2


def test_a_refresh_proves_that_a_grant_still_works(
    ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [entry.method for entry in sandbox.requests].count("oauth2.token")

    shown = answer(capsys, "grant", "refresh", ADA)

    assert shown["status"] == "active"
    assert "refreshed_at" in shown
    assert [entry.method for entry in sandbox.requests].count("oauth2.token") == before + 1


def test_a_refresh_of_a_grant_that_was_revoked_says_how_to_ask_again(
    ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.revoke(ADA)

    assert main(["grant", "refresh", ADA, "--json"]) == 3
    assert "mailgrant login" in error_of(capsys.readouterr().err)["hint"]


def test_two_ways_of_asking_at_once_are_misuse(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["login", ADA, "--scope", "gmail.send", "--browser", "--link"]) == 2
    assert "choose one" in capsys.readouterr().err
