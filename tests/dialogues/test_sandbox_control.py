"""`mailgrant sandbox show|reset|fault|clock`: hands on a sandbox that runs elsewhere on this machine."""

from __future__ import annotations

import io
import json
import socket
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mailgrant.cli import main
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import HttpRequest
from mailgrant.secret import Secret

ADA = "ada@example.com"
FULL = "https://mail.google.com/"
SEND = "gmail.users.messages.send"

Run = Callable[..., str]


@pytest.fixture
def run(sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `mailgrant sandbox …` against the sandbox of the test, and return what it printed."""
    monkeypatch.setenv("MAILGRANT_GOOGLE", str(sandbox.url))

    def run_one(*words: str, code: int = 0) -> str:
        assert main(["sandbox", *words]) == code
        streams = capsys.readouterr()
        return streams.err if code else streams.out

    return run_one


def test_show_says_who_is_there(run: Run) -> None:
    said = run("show")

    assert "Sandbox:  http://127.0.0.1:" in said
    assert "Accounts: ada@example.com (Ada Lovelace)\n          grace@example.com (Grace Hopper)" in said


def test_show_is_json_on_request(run: Run) -> None:
    said = json.loads(run("show", "--json"))

    assert [person["email"] for person in said["accounts"]] == [ADA, "grace@example.com"]
    assert said["sandbox"] is True


def test_the_sandbox_may_be_named_by_its_address(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "show", "--url", f"{sandbox.url}/"]) == 0

    assert str(sandbox.url) in capsys.readouterr().out


def ask(sandbox: Sandbox, path: str, body: object = None) -> None:
    """Call Gmail as Ada."""
    token = sandbox.authorize(ADA, scopes=[FULL])["token"]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    sent = b"" if body is None else json.dumps(body).encode()
    sandbox.handle(HttpRequest("GET" if body is None else "POST", path, headers=headers, body=sent))


def test_requests_are_listed_one_a_line(run: Run, sandbox: Sandbox) -> None:
    ask(sandbox, "/gmail/v1/users/me/labels")
    ask(sandbox, "/gmail/v1/users/me/messages/1")

    lines = [line.split("\t")[1:4] for line in run("show", "requests").splitlines()]

    assert lines == [["200", "gmail.users.labels.list", ADA], ["404", "gmail.users.messages.get", ADA]]


def test_what_left_is_listed_with_its_envelope(run: Run, sandbox: Sandbox) -> None:
    mail = b"To: grace@example.com\r\nSubject: Lunch\r\n\r\nAt noon?\r\n"
    ask(sandbox, "/gmail/v1/users/me/messages/send", {"raw": urlsafe_b64encode(mail).decode()})

    said = json.loads(run("show", "sent", "--json"))

    assert (said["sender"], said["recipients"], said["method"]) == (ADA, ["grace@example.com"], SEND)


def test_quota_is_listed_by_account(run: Run) -> None:
    assert run("show", "quota") == ""


def test_time_passes_there(run: Run, sandbox: Sandbox) -> None:
    before = sandbox.clock.now()

    said = run("clock", "--advance", "8d")

    assert said.startswith("It is ")
    assert sandbox.clock.now() - before >= timedelta(days=8)


def test_the_clock_is_set_to_a_time(run: Run, sandbox: Sandbox) -> None:
    said = json.loads(run("clock", "--set", "2031-03-05T12:00Z", "--json"))

    assert said["now"].startswith("2031-03-05T12:00:0")
    assert f"{sandbox.clock.now():%Y-%m-%d}" == "2031-03-05"


def test_the_clock_alone_is_only_read(run: Run, sandbox: Sandbox) -> None:
    assert f"{sandbox.clock.now():%Y-%m-%d}" in run("clock")


def test_a_clock_that_does_not_know_the_length_says_so(run: Run) -> None:
    said = run("clock", "--advance", "soon", code=1)

    assert "a duration is a number with ms, s, m, h or d" in said


def test_a_fault_is_asked_for_and_listed(run: Run, sandbox: Sandbox) -> None:
    said = run("fault", "--method", SEND, "--account", ADA, "--drop", "after", "--times", "2")

    (fault,) = sandbox.faults
    assert (fault.method, fault.account, fault.times, str(fault.effect)) == (SEND, ADA, 2, "drop after")
    assert said == f"drop after\tmethod={SEND} account={ADA}\t2\n"


@pytest.mark.parametrize(
    ("words", "effect"),
    [
        (["--status", "429", "--reason", "rateLimitExceeded"], "status 429"),
        (["--late", "5s"], "late"),
        (["--delay", "2s", "--when", "after"], "delay after"),
        (["--hang", "--nth", "3", "--path", "/token"], "hang"),
    ],
    ids=["status", "late", "delay", "hang"],
)
def test_every_effect_can_be_asked_for(words: list[str], effect: str, run: Run, sandbox: Sandbox) -> None:
    run("fault", *words)

    assert [str(fault.effect) for fault in sandbox.faults] == [effect]


def test_faults_are_cleared(run: Run, sandbox: Sandbox) -> None:
    run("fault", "--status", "500")

    assert run("fault", "--clear") == ""
    assert list(sandbox.faults) == []


@pytest.mark.parametrize("words", [["--method", SEND], ["--times", "2"]], ids=" ".join)
def test_a_fault_without_an_effect_is_a_misuse(words: list[str], run: Run) -> None:
    assert "Say what goes wrong: --status" in run("fault", *words, code=2)


def test_clearing_some_faults_only_is_a_misuse(run: Run) -> None:
    assert "--clear forgets all faults" in run("fault", "--clear", "--method", SEND, code=2)


def test_two_effects_at_once_are_refused_in_the_sandboxs_words(run: Run) -> None:
    assert "an effect is one of status, drop" in run("fault", "--status", "500", "--drop", "after", code=1)


def test_reset_goes_back_to_the_seed(run: Run, sandbox: Sandbox) -> None:
    sandbox.account("charles@example.com")

    assert "is back at its seed" in run("reset")
    assert list(sandbox.people) == []


@pytest.mark.parametrize("words", [["show"], ["reset"], ["clock"], ["fault"]], ids=" ".join)
def test_where_no_sandbox_is_the_exit_code_says_try_later(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        origin = f"http://127.0.0.1:{closed.getsockname()[1]}"

    assert main(["sandbox", *words, "--url", origin]) == 75
    assert f"No sandbox answers at {origin}." in capsys.readouterr().err


class Greeting(BaseHTTPRequestHandler):
    """Some other program on the port."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>Good day</h1>")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test's output is for failures."""


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of something that is not a sandbox."""
    with HTTPServer(("127.0.0.1", 0), Greeting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_another_program_on_the_port_is_not_taken_for_a_sandbox(
    stranger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sandbox", "show", "--url", stranger, "--json"]) == 75

    error = json.loads(capsys.readouterr().err)["error"]
    assert error["type"] == "NoAnswer"
    assert "is not a sandbox" in error["message"]


def test_a_sandbox_on_another_machine_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "reset", "--url", "http://sandbox.example.com"]) == 2


@pytest.fixture
def token_file(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A file with the token that the sandbox now wants."""
    sandbox.control_token = Secret("open-sesame")
    path = tmp_path / "token"
    path.write_text("open-sesame\n")
    return path


@pytest.mark.parametrize("words", [("show",), ("reset",), ("fault", "--hang"), ("clock",)], ids=" ".join)
def test_a_guarded_sandbox_is_opened_by_the_token_in_a_file(run: Run, token_file: Path, words: tuple[str, ...]) -> None:
    refused = run(*words, code=1)
    run(*words, "--control-token-file", str(token_file))

    assert "--control-token-file FILE" in refused


def test_a_token_may_come_from_stdin(run: Run, token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(token_file.read_text()))

    assert "Accounts: ada@example.com" in run("show", "--control-token-file", "-")


def test_a_seed_is_sown_in_a_guarded_sandbox(run: Run, token_file: Path, tmp_path: Path) -> None:
    seed = tmp_path / "team.json"
    seed.write_text('{"accounts": [{"email": "alan@example.com"}]}')

    assert "1 account" in run("seed", str(seed), "--control-token-file", str(token_file))


def test_a_wrong_token_is_refused_and_not_printed(run: Run, sandbox: Sandbox, token_file: Path) -> None:
    token_file.write_text("open-barley")

    assert "open-barley" not in run("show", "--control-token-file", str(token_file), code=1)


@pytest.mark.parametrize(("text", "said"), [(None, "cannot be read"), ("\n", "holds no token")])
def test_a_file_without_a_token_is_a_mistake(run: Run, tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)

    assert said in run("show", "--control-token-file", str(path), code=2)


def test_exec_leaves_stdin_to_its_program(run: Run) -> None:
    assert "stdin is the program's own" in run("exec", "--control-token-file", "-", "--", "true", code=2)
