"""
The server: a sandbox on a port.

A plain ASGI app under uvicorn; it does what `Sandbox.handle` cannot, such as waiting, falling silent
and cutting the connection. The heavy imports are inside the functions: a sandbox that is only called
needs none of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mailgrant.errors import MailgrantError
from mailgrant.sandbox.clients import LOOPBACK_HOSTS, ClientKind
from mailgrant.sandbox.doors import Admission
from mailgrant.sandbox.faults import Moment
from mailgrant.sandbox.sandbox import Sandbox
from mailgrant.sandbox.wire import Answer, HttpRequest

if TYPE_CHECKING:
    import asyncio

    import uvicorn

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DEFAULT_PORT = 8025
# Requests still under way when the server stops get this long.
GRACE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class RunOptions:
    """
    How `mailgrant sandbox run` runs.

    `data` is a folder that stays; without it one is made and removed at the end. `now` is where the
    clock starts, the real time if None.
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


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox that is being served."""

    url: str
    sandbox: Sandbox = field(repr=False)

    @property
    def control(self) -> str:
        """The address of the control API."""
        return f"{self.url}/_sandbox/"


class App:
    """The ASGI app around one sandbox."""

    def __init__(self, sandbox: Sandbox, latency: timedelta = timedelta()) -> None:
        self._sandbox = sandbox
        self._latency = latency.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = HttpRequest(scope["method"], _target(scope), headers=_headers(scope), body=await _read_body(receive))
        if self._latency:
            await _sleep(self._latency)
        admission = self._sandbox.admit(request)
        answer = await self._meet_effect(admission, scope, receive)
        if answer is not None:
            await _send(answer, send, head=request.verb == "HEAD")

    async def _meet_effect(self, admission: Admission, scope: Scope, receive: Receive) -> Answer | None:
        """Do the work with what goes wrong around it; None if the connection was cut instead of answered."""
        effect = admission.effect
        if effect is None:
            return self._sandbox.perform(admission)
        if effect.hang:
            self._sandbox.abandon(admission)
            await receive()
            return None
        if effect.drop is not None or effect.late is not None:
            await self._cut(admission, scope, receive)
            return None
        wait = effect.delay.total_seconds() if effect.delay else 0.0
        if effect.when is Moment.BEFORE:
            await _sleep(wait)
        answer = self._sandbox.perform(admission)
        if effect.when is Moment.AFTER:
            await _sleep(wait)
        return answer

    async def _cut(self, admission: Admission, scope: Scope, receive: Receive) -> None:
        """Close the connection; the work is done before that, never, or later."""
        effect = admission.effect
        assert effect is not None
        if effect.drop is Moment.AFTER:
            self._sandbox.perform(admission)
        elif effect.late is None:
            self._sandbox.abandon(admission)
        scope["mailgrant.abort"]()
        await receive()
        if effect.late is not None:
            await _sleep(effect.late.total_seconds())
            self._sandbox.perform(admission)


async def _sleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


def _target(scope: Scope) -> str:
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    pieces = [body]
    while message.get("more_body"):
        message = await receive()
        pieces.append(message.get("body", b""))
    return b"".join(pieces)


async def _send(answer: Answer, send: Send, *, head: bool) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.status not in {204, 304}:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises `MailgrantError` if the port is taken or the host is not loopback."""
    if host not in LOOPBACK_HOSTS:
        raise MailgrantError(
            f"The sandbox serves loopback only, and {host} is not.",
            hint="Anyone who reaches the control API can do anything; use --host 127.0.0.1.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise MailgrantError(
            f"Port {port} on {host} is taken: {error.strerror}.",
            hint="Stop what listens there, or choose another with --port (0 takes a free one).",
        ) from error


def _make_server(app: App) -> uvicorn.Server:
    import asyncio

    import uvicorn
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Protocol(HttpToolsProtocol):
        """Lets the app cut its connection, which ASGI has no word for."""

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.scope["mailgrant.abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]

    class Server(uvicorn.Server):
        """Stops at once when told, and leaves signals to those who want to tidy up after it."""

        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            self._loop: asyncio.AbstractEventLoop | None = None
            self._stopped: asyncio.Event | None = None

        async def main_loop(self) -> None:
            self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
            counter = 0
            while not self.should_exit:
                await self.on_tick(counter)
                counter += 10
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), timeout=1)

        def handle_exit(self, sig: int = 0, frame: object = None) -> None:
            self.should_exit = True
            if self._loop is not None and self._stopped is not None:
                self._loop.call_soon_threadsafe(self._stopped.set)

    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Server(config)


@contextlib.contextmanager
def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> Iterator[Served]:
    """Serve a sandbox from a background thread for as long as the context lasts."""
    listener = listen(host, port)
    server = _make_server(App(sandbox))
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    sandbox.url = _url(host, listener)
    try:
        yield Served(sandbox.url, sandbox)
    finally:
        sandbox.url = None
        server.handle_exit(0, None)
        thread.join()


def _url(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def run(options: RunOptions) -> int:
    """Serve a sandbox until SIGINT or SIGTERM; returns the exit code."""
    listener = listen(options.host, options.port)
    sandbox = Sandbox(options.now, consent=options.consent, seed=options.seed, quota=options.quota)
    sandbox.url = _url(options.host, listener)
    with _data_folder(options.data) as folder:
        server = _make_server(App(sandbox, options.latency))
        _announce(_ready(sandbox, folder), options.ready_file)
        # Made while nobody waits for it: the first id_token should not take longer than the others.
        threading.Thread(target=sandbox.key.pair, daemon=True).start()
        server.run([listener])
    if options.ready_file is not None:
        options.ready_file.unlink(missing_ok=True)
    return 0


@contextlib.contextmanager
def _data_folder(named: Path | None) -> Iterator[Path]:
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


def _ready(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """Write the client files and return what the ready line says."""
    files: dict[str, dict[str, str]] = {"client_secrets": {}, "google_client_secrets": {}}
    for kind in ClientKind:
        here, googles = folder / f"client_secret_{kind.value}.json", folder / f"google_client_secret_{kind.value}.json"
        _write(here, sandbox.client_secrets(kind.value))
        _write(googles, sandbox.clients.default(kind).file())
        files["client_secrets"][kind.value] = str(here)
        files["google_client_secrets"][kind.value] = str(googles)
    accounts = [person.email for person in sandbox.people]
    return {"url": sandbox.url, "control": f"{sandbox.url}/_sandbox/", **files, "accounts": accounts}


def _write(path: Path, value: object) -> None:
    """Write JSON that only its owner may read, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, indent=2)
    beside.replace(path)


def _announce(ready: dict[str, Any], ready_file: Path | None) -> None:
    if ready_file is not None:
        _write(ready_file, ready)
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
