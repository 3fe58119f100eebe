"""`--netns`: programs that honour no variable at all, on a network with nothing on it but the sandbox."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mailgrant.errors import MailgrantError
from mailgrant.sandbox.serving import namespace
from mailgrant.sandbox.serving.exec import ExecOptions

EXEC = (sys.executable, "-m", "mailgrant.cli", "sandbox", "exec")
# Isolated: neither the hook nor a variable reaches it.
BARE = ("env", "-i", sys.executable, "-I", "-c")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program on a network of its own, or skip the test where the kernel refuses one."""
    done = subprocess.run([*EXEC, "--netns", "--", *command], capture_output=True, text=True, timeout=60, check=False)
    if "kernel refuses --netns" in done.stderr:
        pytest.skip("this kernel lets nobody have namespaces")
    return done


def test_a_program_that_honours_nothing_reaches_the_sandbox_by_googles_names() -> None:
    source = """
from urllib.request import urlopen
for address in ("https://www.googleapis.com/oauth2/v3/certs", "http://www.googleapis.com/oauth2/v3/certs"):
    with urlopen(address) as answer:
        print(answer.status)
"""

    done = run(*BARE, source)

    assert (done.returncode, done.stdout.split()) == (0, ["200", "200"]), done.stderr


def test_nothing_else_is_reached_not_even_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        source = f"""
import socket
for place in (("127.0.0.1", {port}), ("192.0.2.1", 443), ("smtp.gmail.com", 587)):
    try:
        socket.create_connection(place, timeout=5)
    except OSError as error:
        print(type(error).__name__)
"""
        done = run(*BARE, source)

    assert done.stdout.split() == ["ConnectionRefusedError", "OSError", "gaierror"]


def test_the_program_is_the_same_user_and_the_machines_own_files_stay_as_they_are(tmp_path: Path) -> None:
    before = Path("/etc/hosts").read_bytes()

    done = run("sh", "-c", f"id -u; cat /etc/hosts; touch {tmp_path}/written")

    assert done.stdout.split()[0] == str(os.getuid())
    assert "127.0.0.1 gmail.googleapis.com" in done.stdout
    assert Path("/etc/hosts").read_bytes() == before
    assert (tmp_path / "written").stat().st_uid == os.getuid()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_believes_the_sandbox_without_being_told_whom_to_trust() -> None:
    done = run("env", "-i", "curl", "--silent", "--show-error", "https://gmail.googleapis.com/gmail/v1/users/me/labels")

    assert '"status": "UNAUTHENTICATED"' in done.stdout, done.stderr


def test_its_status_is_ours() -> None:
    assert run("sh", "-c", "exit 9").returncode == 9


def test_a_kernel_that_refuses_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(namespace, "_call", refuse)
    monkeypatch.setattr(sys, "platform", "linux")

    with pytest.raises(MailgrantError, match="kernel refuses --netns: Operation not permitted") as refused:
        namespace.enter()

    assert "leave it out" in refused.value.hint


def test_elsewhere_than_on_linux_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(MailgrantError, match="Linux only"):
        namespace.enter()


def test_there_is_nothing_to_let_hosts_through_to() -> None:
    with pytest.raises(MailgrantError, match="exclude each other"):
        ExecOptions(("true",), allowed=frozenset({"example.com"}), confined=True)
