"""
Exec: a program run with a sandbox in Google's place, for as long as the program lives.

Nothing is printed on stdout: it is the program's own.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from mailgrant.errors import MailgrantError
from mailgrant.sandbox.oauth.consent import ConsentMode
from mailgrant.sandbox.sandbox import Sandbox
from mailgrant.sandbox.serving import namespace
from mailgrant.sandbox.serving.browser import write_browser
from mailgrant.sandbox.serving.leading import environment
from mailgrant.sandbox.serving.server import RunOptions, data_folder, ready_line, recording, serve, write_private

# As shells say it.
NOT_FOUND = 127
NOT_EXECUTABLE = 126
KILLED = 128
KEY_BYTES = 32
# What a terminal sends to everybody in its foreground, so the program has it already.
FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
PASSED_ON = (*FROM_TERMINAL, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@dataclass(frozen=True, slots=True)
class ExecOptions:
    """
    How `mailgrant sandbox exec` runs `command`.

    `serving` is how the sandbox runs meanwhile. `allowed` hosts are let through to the real network;
    `keep_credentials` leaves the variables in place that name a person's own credentials. Only what is
    `confined` cannot get past the sandbox: it has a network with nothing else on it.
    """

    command: tuple[str, ...]
    serving: RunOptions = field(kw_only=True, default=RunOptions(port=0))
    allowed: frozenset[str] = field(kw_only=True, default=frozenset())
    keep_credentials: bool = field(kw_only=True, default=False)
    confined: bool = field(kw_only=True, default=False)

    def __post_init__(self) -> None:
        if not self.command:
            raise ValueError("there is no command to run")
        if self.confined and self.allowed:
            raise MailgrantError(
                "--netns and --allow exclude each other.",
                hint="With --netns there is no network to let hosts through to.",
            )


def run_exec(options: ExecOptions) -> int:
    """Run the command with a sandbox in Google's place; returns the exit status, as a shell would say it."""
    if options.confined:
        # First of all: a process that has threads may not leave its user namespace.
        namespace.enter()
    with _led(options) as environ:
        try:
            child = subprocess.Popen(options.command, env=environ)  # noqa: S603 (what it is for)
        except OSError as error:
            return _not_started(options.command[0], error)
        with _signals_passed_on(child):
            status = child.wait()
    return KILLED - status if status < 0 else status


@contextlib.contextmanager
def _led(options: ExecOptions) -> Iterator[dict[str, str]]:
    """Start a sandbox and what leads to it; yields the environment of a program that finds it."""
    from mailgrant.sandbox.keeping.data import keeping
    from mailgrant.sandbox.serving.proxy import lead

    serving = options.serving
    sandbox = Sandbox(
        serving.now, consent=serving.consent, seed=serving.seed, quota=serving.quota, together=serving.together
    )
    sandbox.control_token = serving.control_token
    with (
        recording(sandbox, serving.record),
        data_folder(serving.data) as folder,
        keeping(sandbox, folder, now=serving.now),
        serve(sandbox, serving.host, serving.port, latency=serving.latency) as served,
        lead(served.url, folder, allowed=options.allowed, standard_ports=options.confined) as entrance,
        tempfile.TemporaryDirectory(prefix="mailgrant-exec-") as own,
    ):
        if options.confined:
            namespace.furnish(Path(own), entrance.ca)
        ready = ready_line(sandbox, folder, entrance)
        with _told(ready, serving.ready_file):
            yield environment(
                entrance,
                ready,
                vault=Path(own) / "vault.db",
                key=base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode(),
                environ=os.environ,
                browser=_browser(Path(own), served.url, sandbox.consent),
                keep_credentials=options.keep_credentials,
            )


def _browser(folder: Path, served: str, consent: ConsentMode) -> Path:
    """Write the child's browser; it answers by itself unless a person is to be asked."""
    former = os.environ.get("BROWSER", "")
    return write_browser(folder / "browser", served, unattended=consent is not ConsentMode.PAGE, former=former)


@contextlib.contextmanager
def _told(ready: dict[str, Any], file: Path | None) -> Iterator[None]:
    """Keep the ready line in a file, if one is named, for as long as it is true."""
    if file is None:
        yield
        return
    write_private(file, ready)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


@contextlib.contextmanager
def _signals_passed_on(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Give the child the signals that reach this process, and outlive them until it has ended."""

    def pass_on(number: int, _: FrameType | None) -> None:
        if not (number in FROM_TERMINAL and _is_in_foreground()):
            child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _is_in_foreground() -> bool:
    """Say whether a terminal sends its signals to this process, and so to the child as well."""
    try:
        with Path("/dev/tty").open("rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _not_started(command: str, error: OSError) -> int:
    """Say why a command cannot be run; returns what a shell would exit with."""
    sys.stderr.write(f"mailgrant sandbox: {command} cannot be run: {error.strerror}\n")
    return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
