"""`mailgrant sandbox exec`: the program's own stdout, status, signals and credentials."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import ssl
import subprocess
import sys
import termios
import textwrap
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

import pytest

RUN = (sys.executable, "-m", "mailgrant.cli", "sandbox", "run")
EXEC = (sys.executable, "-m", "mailgrant.cli", "sandbox", "exec")


def run(
    *words: str, source: str | None = None, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `sandbox exec` to its end; `source` is a Python program."""
    program = () if source is None else ("--", sys.executable, "-c", textwrap.dedent(source))
    return subprocess.run(
        [*EXEC, *words, *program],
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def environment_within(*words: str, **before: str) -> dict[str, str]:
    """Return the environment that a program finds."""
    done = run(*words, source="import json, os; print(json.dumps(dict(os.environ)))", environ=before)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_stdout_is_the_programs_own_and_its_status_is_ours() -> None:
    done = run(source="print('mine'); raise SystemExit(7)")

    assert (done.returncode, done.stdout, done.stderr) == (7, "mine\n", "")


def test_stdin_reaches_the_program() -> None:
    done = subprocess.run(
        [*EXEC, "--", "cat"], input="read me", capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout == "read me"


def test_the_programs_own_options_are_not_ours() -> None:
    done = run("--", "echo", "--seed", "-h", "--json")

    assert done.stdout == "--seed -h --json\n"


def test_options_of_run_shape_the_sandbox(tmp_path: Path) -> None:
    source = """
        import json, os, urllib.request
        with urllib.request.urlopen(json.loads(os.environ["MAILGRANT_SANDBOX"])["control"]) as answer:
            print(json.load(answer)["consent"])
        """
    ready_file = tmp_path / "ready.json"

    done = run("--consent", "deny", "--seed", "empty", "--ready-file", str(ready_file), source=source)

    assert done.stdout.split() == ["deny"]
    assert not ready_file.exists()


def test_the_control_api_may_be_guarded_within(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("open-sesame")
    source = """
        import os, urllib.error, urllib.request
        control = os.environ["MAILGRANT_GOOGLE"] + "/_sandbox/"
        for shown in ("open-sesame", "x"):
            try:
                request = urllib.request.Request(control, headers={"Authorization": f"Bearer {shown}"})
                print(urllib.request.urlopen(request).status)
            except urllib.error.HTTPError as error:
                print(error.code)
        """

    assert run("--control-token-file", str(token), source=source).stdout.split() == ["200", "401"]


def test_mailgrant_sandbox_holds_the_ready_line() -> None:
    found = environment_within()
    ready: dict[str, Any] = json.loads(found["MAILGRANT_SANDBOX"])

    assert ready["url"] == found["MAILGRANT_GOOGLE"]
    assert ready["proxy"] == found["HTTPS_PROXY"] == found["https_proxy"]
    assert ready["ca"] == found["SSL_CERT_FILE"] == found["REQUESTS_CA_BUNDLE"] == found["HTTPLIB2_CA_CERTS"]
    assert ready["accounts"] == ["ada@example.com", "grace@example.com"]


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    found = environment_within(TMPDIR=str(tmp_path))

    assert found["MAILGRANT_VAULT"].startswith(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG"])
def test_a_persons_own_credentials_are_hidden_unless_they_say_otherwise(name: str) -> None:
    assert name not in environment_within(**{name: "/home/ada/real"})
    assert environment_within("--keep-credentials", **{name: "/home/ada/real"})[name] == "/home/ada/real"


def test_every_proxy_variable_is_replaced() -> None:
    before = dict.fromkeys(("HTTPS_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"), "http://127.0.0.1:9")

    found = environment_within(**before)

    assert "http://127.0.0.1:9" not in found.values()
    assert found["NO_PROXY"] == found["no_proxy"] == "127.0.0.1,localhost,::1"


def test_another_host_is_refused_and_stderr_says_how_to_allow_it() -> None:
    done = run(source="import urllib.request; urllib.request.urlopen('https://example.com/')")

    assert done.returncode == 1
    assert "mailgrant sandbox: example.com is refused" in done.stderr
    assert "--allow example.com" in done.stderr


def test_a_host_that_is_allowed_is_really_reached() -> None:
    source = """
        import http.server, threading, urllib.request
        server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        import os; del os.environ["no_proxy"], os.environ["NO_PROXY"]
        with urllib.request.urlopen(f"http://localhost:{server.server_port}/") as answer:
            print(answer.status)
        """

    assert run("--allow", "localhost", source=source).stdout.split() == ["200"]
    assert "403" in run(source=source).stderr


def test_connections_that_a_program_leaves_open_end_quietly() -> None:
    source = """
        import os, requests
        sessions = [requests.Session() for _ in range(5)]
        print([session.get("https://www.googleapis.com/oauth2/v3/certs").status_code for session in sessions])
        child = os.fork()
        if child:
            os._exit(0)
        import time; time.sleep(0.5)
        """

    done = run(source=source)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_that_is_not_there_ends_as_in_a_shell(tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.write_text("no program")

    missing, refused = run("--", "no-such-program"), run("--", str(plain))

    assert (missing.returncode, refused.returncode) == (127, 126)
    assert "no-such-program cannot be run" in missing.stderr


def test_exec_without_a_command_is_a_mistake() -> None:
    assert run("--consent", "auto").returncode == 2


def test_a_program_that_a_signal_ended_shows_it_as_shells_do() -> None:
    done = run(source="import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    assert done.returncode == 128 + signal.SIGKILL


WAIT = """
import signal, sys
def leave(number, frame):
    print(signal.Signals(number).name, flush=True)
    sys.exit(3)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, leave)
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_reaches_the_program_and_its_answer_is_waited_for(number: signal.Signals) -> None:
    with subprocess.Popen(
        [*EXEC, "--", sys.executable, "-c", WAIT], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        printed = process.stdout.read()

    assert (printed, process.returncode) == (f"{number.name}\n", 3)


COUNT = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
print("ready", flush=True)
signal.sigwait({signal.SIGINT})
print("again" if signal.sigtimedwait({signal.SIGINT}, 0.5) else "once", flush=True)
"""


def test_control_c_at_a_terminal_reaches_the_program_once() -> None:
    terminal, end = os.openpty()
    with subprocess.Popen(
        [*EXEC, "--", sys.executable, "-c", COUNT],
        stdin=end,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.write(terminal, b"\x03")
        printed = process.stdout.read()
    os.close(terminal)
    os.close(end)

    assert (printed, process.returncode) == ("once\n", 0)


def test_run_starts_the_proxy_too_and_says_where_and_whom_to_trust() -> None:
    with subprocess.Popen([*RUN, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        opener = build_opener(
            ProxyHandler({"https": ready["proxy"]}),
            HTTPSHandler(context=ssl.create_default_context(cafile=ready["ca"])),
        )
        with opener.open("https://www.googleapis.com/oauth2/v3/certs") as answer:
            status = answer.status
        process.send_signal(signal.SIGINT)

    assert status == 200
    assert process.returncode == 0
    assert not Path(ready["ca"]).exists()
