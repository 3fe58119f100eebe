"""
The server: a sandbox on a port, in the background of a test or as a command of its own.

The HTTP server is imported inside the functions: a sandbox that is only called needs none.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from mailgrant.errors import MailgrantError
from mailgrant.sandbox.control.transcript import Recorder
from mailgrant.sandbox.frame.app import App
from mailgrant.sandbox.frame.quota import TOGETHER
from mailgrant.sandbox.oauth.clients import LOOPBACK_HOSTS, ClientKind
from mailgrant.sandbox.sandbox import Sandbox
from mailgrant.secret import Secret

if TYPE_CHECKING:
    from mailgrant.sandbox.serving.leading import Entrance

DEFAULT_PORT = 8025
# The kinds of client that every sandbox has one of.
DEFAULT_KINDS = (ClientKind.WEB, ClientKind.INSTALLED)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """
    How `mailgrant sandbox run` runs.

    `data` is a folder that stays; without it one is made and removed at the end. `now` is where the
    clock starts, the real time if None. `record` is a file for a transcript of the requests.
    `control_token` guards the control API, without which only loopback is served.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    seed: str = "demo"
    consent: str = "page"
    quota: str = "2026"
    latency: timedelta = field(default=timedelta())
    data: Path | None = None
    now: datetime | None = None
    ready_file: Path | None = None
    control_token: Secret | None = None
    together: int = TOGETHER
    record: Path | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox that is being served."""

    url: str
    sandbox: Sandbox = field(repr=False)

    @property
    def control(self) -> str:
        """The address of the control API."""
        return f"{self.url}/_sandbox/"


def listen(host: str, port: int, control_token: Secret | None = None) -> socket.socket:
    """
    Return a listening socket; raises `MailgrantError` if the port is taken.

    A host that is not loopback needs a token that guards the control API.
    """
    if host not in LOOPBACK_HOSTS and not control_token:
        raise MailgrantError(
            f"The sandbox serves loopback only, and {host} is not.",
            hint="Anyone who reaches the control API can do anything: use --host 127.0.0.1, or --control-token-file.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise MailgrantError(
            f"Port {port} on {host} is taken: {error.strerror}.",
            hint="Stop what listens there, or choose another with --port (0 takes a free one).",
        ) from error


@contextlib.contextmanager
def serve(
    sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, *, latency: timedelta = timedelta()
) -> Iterator[Served]:
    """Serve a sandbox from a background thread for as long as the context lasts."""
    listener = listen(host, port, sandbox.control_token)
    from mailgrant.sandbox.serving.listener import Server

    server = Server(App(sandbox, latency))
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    sandbox.url = _url(host, listener)
    try:
        yield Served(sandbox.url, sandbox)
    finally:
        sandbox.url = None
        server.handle_exit()
        thread.join()


def _url(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def run(options: RunOptions) -> int:
    """Serve a sandbox until SIGINT or SIGTERM; returns the exit code."""
    from mailgrant.sandbox.keeping.data import keeping
    from mailgrant.sandbox.serving.listener import Server
    from mailgrant.sandbox.serving.proxy import lead

    listener = listen(options.host, options.port, options.control_token)
    sandbox = Sandbox(
        options.now, consent=options.consent, seed=options.seed, quota=options.quota, together=options.together
    )
    sandbox.control_token = options.control_token
    # Made beside the rest: the service account's file is named in the ready line.
    threading.Thread(target=sandbox.robot_key.pair, daemon=True).start()
    sandbox.url = url = _url(options.host, listener)
    server = Server(App(sandbox, options.latency))
    # Caught before anybody is told that we are here: whoever reads the ready line may stop us at once.
    with (
        recording(sandbox, options.record),
        _caught(server.handle_exit),
        data_folder(options.data) as folder,
        keeping(sandbox, folder, now=options.now),
        lead(url, folder) as entrance,
    ):
        announce(ready_line(sandbox, folder, entrance), options.ready_file)
        # Made while nobody waits for it: the first id_token should not take longer than the others.
        threading.Thread(target=sandbox.key.pair, daemon=True).start()
        server.run([listener])
    if options.ready_file is not None:
        options.ready_file.unlink(missing_ok=True)
    return 0


@contextlib.contextmanager
def _caught(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Hand SIGINT and SIGTERM to a handler for as long as the context lasts."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


@contextlib.contextmanager
def recording(sandbox: Sandbox, path: Path | None) -> Iterator[None]:
    """Keep a transcript of the requests in a file, if one is named."""
    if path is None:
        yield
        return
    with Recorder(path) as sandbox.recorder:
        yield


@contextlib.contextmanager
def data_folder(named: Path | None) -> Iterator[Path]:
    """Give the folder for what the sandbox writes; one that was not named is removed at the end."""
    if named is not None:
        named.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield named
        return
    folder = Path(tempfile.mkdtemp(prefix="mailgrant-sandbox-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ready_line(sandbox: Sandbox, folder: Path, entrance: Entrance) -> dict[str, Any]:
    """Write the client files and return what the ready line says."""
    files: dict[str, Any] = {"client_secrets": {}, "google_client_secrets": {}}
    for kind in DEFAULT_KINDS:
        here, googles = folder / f"client_secret_{kind.value}.json", folder / f"google_client_secret_{kind.value}.json"
        write_private(here, sandbox.client_secrets(kind.value))
        write_private(googles, sandbox.clients.default(kind).file())
        files["client_secrets"][kind.value] = str(here)
        files["google_client_secrets"][kind.value] = str(googles)
    robot = folder / "service_account.json"
    write_private(robot, sandbox.service_account())
    files["service_account"] = str(robot)
    accounts = [person.email for person in sandbox.people]
    places = {"url": sandbox.url, "control": f"{sandbox.url}/_sandbox/"}
    return {**places, "proxy": entrance.proxy, "ca": str(entrance.ca), **files, "accounts": accounts}


def write_private(path: Path, value: object) -> None:
    """Write JSON that only its owner may read, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, indent=2)
    beside.replace(path)


def announce(ready: dict[str, Any], ready_file: Path | None) -> None:
    """Say on stdout that the sandbox is ready, and in a file if one is named."""
    if ready_file is not None:
        write_private(ready_file, ready)
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
