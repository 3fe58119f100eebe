"""The command line, as people and programs meet it: transcripts, and what they cannot say."""

from __future__ import annotations

import base64
import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgrant.cli import main
from mailgrant.cli.tree import NOUNS, PLACES, Noun, Verb, root
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.consent import ConsentMode

from .asking import Pasting, error_of
from .processes import line_with, running
from .transcript import Terminal, exchanges

ADA = "ada@example.com"
GRACE = "grace@example.com"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"
TRANSCRIPTS = sorted((Path(__file__).parent / "cli").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_session_goes_as_it_is_written(
    path: Path,
    desk: Path,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal(sandbox, capsys, monkeypatch)

    for exchange in exchanges(path):
        terminal.hold(exchange)


def verbs() -> Iterator[tuple[list[str], Verb]]:
    """Every command there is, with the words that call it."""
    for word in PLACES:
        found = root.get_command(
            root.make_context("mailgrant", ["--version-is-not-asked"], resilient_parsing=True), word
        )
        if isinstance(found, Noun):
            yield from (
                ([word, verb], command) for verb, command in found.commands.items() if isinstance(command, Verb)
            )
        elif isinstance(found, Verb):
            yield [word], found


@pytest.mark.parametrize("words", [words for words, _ in verbs()], ids=" ".join)
def test_help_of_every_command_ends_with_an_example(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0

    lines = capsys.readouterr().out.rstrip().splitlines()
    assert lines[-2].strip() == "Example:"
    assert "mailgrant" in lines[-1]


def test_help_names_every_noun_and_every_daily_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    out = capsys.readouterr().out
    assert all(f"\n  {word} " in out for word in PLACES)


def test_global_flags_stand_before_the_command_or_after_it(
    ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = []
    for words in (["--json", "status"], ["status", "--json"], ["grant", "--json", "list"], ["grant", "list", "--json"]):
        assert main(words) == 0
        answers.append(json.loads(capsys.readouterr().out)["account"])

    assert answers == [ADA] * 4


def test_global_flags_win_over_their_variables(
    ada: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILGRANT_ACCOUNT", "nobody@example.com")

    assert main(["label", "list"]) == 4
    assert main(["label", "list", "--account", ADA]) == 0


def test_json_may_be_asked_for_by_its_variable(
    ada: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILGRANT_JSON", "1")

    assert main(["status"]) == 0
    assert json.loads(capsys.readouterr().out)["account"] == ADA


@pytest.mark.parametrize("name", ["SUBJECT", "TO", "SEND_SUBJECT", "LIMIT", "SEARCH_LIMIT", "SCOPE"])
def test_a_commands_own_flag_never_reads_the_environment(
    name: str, ada: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    monkeypatch.setenv(f"MAILGRANT_{name}", "1")

    assert main(["send", "--to", GRACE, "--text", "Hello"]) == 0
    assert sandbox.account(GRACE).inbox[0].subject == ""


def test_a_sandbox_is_said_once_on_stderr_by_every_command(ada: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["status"], ["search"], ["label", "list"], ["client", "list"], ["token"], ["agenda"]):
        assert main(words) == 0
        assert capsys.readouterr().err.count("using the sandbox at http://127.0.0.1:") == 1


def test_json_objects_of_a_sandbox_say_so(ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.account(ADA).receive(from_=GRACE, subject="Lunch", text="Noon?")
    for words in (["status"], ["search"], ["label", "list"], ["client", "list"], ["token"]):
        assert main([*words, "--json"]) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert lines
        assert all(line["sandbox"] is True for line in lines)


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (["read", "19a0000000000000"], "NotFound", 4),
        (["grant", "show", "nobody@example.com"], "GrantNotFound", 4),
        (["send", "--to", GRACE, "--text", "x", "--attach", "absent.pdf"], "SettingsError", 4),
        (["client", "add", "absent.json"], "SettingsError", 4),
        (["send", "--to", "not an address", "--text", "x"], "InvalidRequest", 2),
        (["send", "--to", f"{GRACE}\nBcc: eve@example.com", "--text", "x"], "InvalidRequest", 2),
        (["send", "--to", GRACE], "UsageError", 2),
        (["send", "--bogus"], "UsageError", 2),
        (["nonsense"], "UsageError", 2),
        (["login", "--scope", "gmail.everything"], "SettingsError", 2),
        (["message", "label", "19a0000000000000", "--add", "Nope"], "InvalidRequest", 2),
        (["status", "--settings", "absent.toml"], "SettingsError", 4),
    ],
    ids=lambda value: " ".join(value).replace("\n", " ") if isinstance(value, list) else "",
)
def test_an_error_is_one_json_object_with_its_exit_code(
    words: list[str], kind: str, code: int, ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json"]) == code

    out, err = capsys.readouterr()
    error = error_of(err)
    assert (error["type"], error["exit_code"], out) == (kind, code, "")
    assert set(error) == {"type", "message", "hint", "exit_code"}
    assert sandbox.sent == []


def test_a_locked_vault_is_exit_5(
    ada: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILGRANT_KEY", "A" * 43)

    assert main(["status", "--json"]) == 5
    assert error_of(capsys.readouterr().err)["type"] == "VaultLocked"


def test_an_unknown_outcome_is_exit_6(sender: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.fault("gmail.users.messages.send", drop="after")

    assert main(["send", "--to", GRACE, "--text", "Once", "--json"]) == 6
    assert error_of(capsys.readouterr().err)["type"] == "OutcomeUnknown"
    assert len(sandbox.account(GRACE).inbox) == 1


def test_a_sandbox_that_is_not_there_is_exit_75(
    ada: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["search", "--google", "http://127.0.0.1:9", "--json"]) == 75

    error = error_of(capsys.readouterr().err)
    assert error["type"] == "NoAnswer"


def test_a_person_who_says_no_is_exit_3(desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.consent = ConsentMode.DENY

    assert main(["login", ADA, "--scope", "gmail.send", "--json"]) == 3
    assert error_of(capsys.readouterr().err)["type"] == "ConsentRefused"


def test_nobody_to_ask_is_exit_3(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BROWSER")
    monkeypatch.setattr("webbrowser.get", no_browser)

    assert main(["login", ADA, "--scope", "gmail.send", "--json"]) == 3
    assert error_of(capsys.readouterr().err)["type"] == "ConsentNeeded"


def no_browser(*_: object) -> None:
    import webbrowser

    raise webbrowser.Error("could not locate runnable browser")


def test_an_unexpected_error_is_one_sentence_and_no_traceback(
    ada: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgrant.Mailgrant.grants", broken)

    assert main(["status"]) == 1
    err = capsys.readouterr().err
    assert "Unexpected ZeroDivisionError" in err
    assert "-v" in err
    assert "Traceback" not in err

    assert main(["status", "-v"]) == 1
    assert "Traceback" in capsys.readouterr().err


def broken(_: object) -> None:
    raise ZeroDivisionError("division by zero")


def test_no_secret_is_printed_but_by_token(ada: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token"]) == 0
    access_token = capsys.readouterr().out.strip()
    secret = sandbox.client_secrets("installed")["installed"]["client_secret"]
    for words in (["status"], ["grant", "show"], ["client", "list"], ["client", "add", "client_secret.json"]):
        for flags in ([], ["--json"], ["-v"]):
            assert main([*words, *flags]) == 0
            told = "".join(capsys.readouterr())
            assert access_token not in told
            assert secret not in told


def test_a_link_is_answered_by_pasting_the_address_back(
    desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Pasting(capsys))

    assert main(["login", ADA, "--scope", "gmail.send", "--link", "--json"]) == 0

    granted = json.loads(capsys.readouterr().out)
    assert (granted["account"], granted["status"]) == (ADA, "active")
    assert "credentials" not in granted


def test_an_input_that_ends_before_the_answer_is_exit_3(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    assert main(["login", ADA, "--scope", "gmail.send", "--link", "--json"]) == 3
    assert error_of(capsys.readouterr().err)["type"] == "ConsentExpired"


def test_a_token_json_is_taken_over_and_its_owner_told_to_delete_it(
    desk: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "token.json").write_text(json.dumps(sandbox.authorize(ADA, scopes=READONLY)))

    assert main(["grant", "import", "token.json", "--account", ADA]) == 0

    out, err = capsys.readouterr()
    assert "delete token.json now" in err
    assert "gmail.readonly" in out


def test_token_prints_the_bare_token_or_its_facts_or_what_mail_programs_take(
    ada: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", ADA]) == 0
    bare = capsys.readouterr().out.strip()
    assert main(["token", ADA, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert main(["token", ADA, "--xoauth2"]) == 0
    response, warning = capsys.readouterr()

    assert set(facts) == {"access_token", "expires_at", "scopes", "account", "sandbox"}
    assert (facts["access_token"], facts["account"]) == (bare, ADA)
    assert base64.b64decode(response).decode() == f"user={ADA}\x01auth=Bearer {bare}\x01\x01"
    assert "https://mail.google.com/" in warning


def test_init_makes_a_vault_once_and_keeps_the_key_elsewhere(
    own_environment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "vaults" / "mine.db"

    assert main(["init", "--vault", str(place), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    before = place.read_bytes()
    assert main(["init", "--vault", str(place)]) == 1

    [key] = own_environment.rglob("*.key")
    assert (made["vault"], made["realm"]) == (str(place), "google")
    assert key.name == f"{made['id']}.key"
    assert (place.stat().st_mode & 0o777, key.stat().st_mode & 0o777) == (0o600, 0o600)
    assert "already" in capsys.readouterr().err
    assert place.read_bytes() == before


def test_a_vault_of_the_other_realm_is_refused(
    ada: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, own_environment: Path
) -> None:
    [vault] = own_environment.rglob("sandbox.db")
    monkeypatch.delenv("MAILGRANT_GOOGLE")

    assert main(["status", "--vault", str(vault), "--json"]) == 2
    assert str(vault) in error_of(capsys.readouterr().err)["message"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_MAILGRANT_COMPLETE" in capsys.readouterr().out


def test_words_are_completed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_MAILGRANT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "mailgrant message re")
    monkeypatch.setenv("COMP_CWORD", "2")

    assert main([]) == 0
    assert capsys.readouterr().out.split() == ["plain,read", "plain,reply"]


def test_ctrl_c_is_exit_130_and_tidy(desk: Path, sandbox: Sandbox) -> None:
    with running(["login", ADA, "--scope", "gmail.send"], desk, BROWSER="true") as process:
        assert process.stderr is not None
        line_with(process.stderr, "http://127.0.0.1", "/auth")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)

    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err


def test_a_reader_that_had_enough_is_no_error(ada: str, desk: Path, sandbox: Sandbox) -> None:
    command = f"{sys.executable} -m mailgrant.cli label list | head -1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], cwd=desk, capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr


def test_the_version_is_told_without_importing_what_it_does_not_need() -> None:
    code = "import sys; from mailgrant.cli import main; main(['--version']); print(*sys.modules, sep='\\n')"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True).stdout

    loaded = set(out.split())
    assert out.startswith("mailgrant ")
    assert not loaded & {"asyncio", "httpcore2", "cryptography", "email", "sqlite3", "mailgrant.settings"}
    assert not loaded & {f"mailgrant.cli.{noun}" for noun in NOUNS}


def test_the_demo_tells_the_whole_story_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    assert main(["demo"]) == 0

    out = capsys.readouterr().out
    assert "and Google's log shows 1 refresh" in out
    assert "ConsentNeeded: ada@example.com" in out
    assert "mailgrant client add client_secret.json" in out
    assert list(tmp_path.iterdir()) == []


def test_the_demo_keeps_away_from_the_persons_own_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILGRANT_VAULT", str(tmp_path / "own.db"))
    monkeypatch.setenv("MAILGRANT_ACCOUNT", "me@example.com")
    monkeypatch.setenv("MAILGRANT_KEY", "not a key")

    assert main(["demo", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert len(told["steps"]) == 10
    assert not (tmp_path / "own.db").exists()


def test_a_step_that_fails_its_check_ends_the_demo(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgrant._sync.gmail.Gmail.labels", lambda _: ())

    assert main(["demo"]) == 1
    out, err = capsys.readouterr()
    assert "there is an inbox" in err
    assert "That was all of it" not in out


def test_the_sandbox_says_when_it_is_ready_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with running(["sandbox", "run", "--port", "0", "--ready-file", str(ready)], tmp_path) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert json.loads(ready.read_text()) == line
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)

    assert line["url"].startswith("http://127.0.0.1:")
    assert ADA in line["accounts"]
    assert process.returncode in (0, 130)
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_exit_1(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    port = (sandbox.url or "").rpartition(":")[2]

    assert main(["sandbox", "run", "--port", port]) == 1
    assert port in capsys.readouterr().err
