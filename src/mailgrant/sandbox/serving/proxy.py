"""
Proxy: the two loopback ports by which unmodified programs enter the sandbox.

The proxy takes CONNECT and absolute-form requests and leads, lets through or refuses by host name. The
TLS port is any of Google's hosts to whoever connects there and hands the bytes to the sandbox's own
port, so that there is one server, one log and one set of faults however a program came in.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailgrant.sandbox.serving.leading import LED_HOSTS, Entrance, Map, Verdict, allowed_hosts, write_trust

if TYPE_CHECKING:
    import asyncio
    from asyncio import StreamReader, StreamWriter
    from typing import TypeAlias

    Streams: TypeAlias = tuple[StreamReader, StreamWriter]

HOST = "127.0.0.1"
PIECE_BYTES = 1 << 16
LONGEST_HEAD = 1 << 16
HTTPS = 443
HTTP = 80
# A TLS connection that is cut tells its socket, and that its owner, each in the loop's next turn.
TURNS_TO_CLOSE = 3
# About the connection to the proxy, not about the request (RFC 9110 7.6.1).
HOP_BY_HOP = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")


class Refused(Exception):
    """A request that goes nowhere: the status line's end."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason

    def answer(self) -> bytes:
        """Return the whole answer; many clients show no more of it than the status line."""
        body = f"{self.reason}\n".encode()
        head = f"HTTP/1.1 {self.status} {self.reason}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


@dataclass(frozen=True, slots=True)
class Head:
    """The first lines of a request to the proxy."""

    verb: str
    target: str
    version: str
    lines: tuple[bytes, ...] = field(kw_only=True, repr=False)

    @classmethod
    def parse(cls, raw: bytes) -> Head:
        """Read what came before the empty line; raises `Refused` when it is not HTTP."""
        first, *lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
        words = first.decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise Refused(400, "This is a proxy, and this is no request it knows")
        verb, target, version = words
        return cls(verb, target, version, lines=tuple(lines))

    def place(self) -> tuple[str, int]:
        """Return host and port that are asked for; raises `Refused` when there are none."""
        is_tunnel = self.verb == "CONNECT"
        try:
            parts = urlsplit(f"//{self.target}" if is_tunnel else self.target)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise Refused(400, "No such host and port") from None
        # Printable, because a refusal repeats it on somebody's terminal.
        if not host or not host.isprintable() or (not is_tunnel and parts.scheme != "http"):
            raise Refused(400, "This is a proxy: send CONNECT, or a request with a whole http:// address")
        return host, port or (HTTPS if is_tunnel else HTTP)

    def forwarded(self) -> bytes:
        """Return the head as the server behind wants it: its own path, and one request a connection."""
        parts = urlsplit(self.target)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        kept = [line for line in self.lines if not line.lower().startswith(HOP_BY_HOP)]
        first = f"{self.verb} {path} {self.version}".encode("latin-1")
        return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


class Proxy:
    """Both ports, for the sandbox at one address."""

    def __init__(
        self, sandbox: tuple[str, int], hosts: Map, context: ssl.SSLContext, *, standard_ports: bool = False
    ) -> None:
        self._sandbox = sandbox
        self._hosts = hosts
        self._context = context
        self._standard_ports = standard_ports
        self._told: set[str] = set()
        self._tasks: set[asyncio.Task[None] | None] = set()
        self._servers: list[asyncio.Server] = []
        self.port = 0
        self.tls_port = 0

    async def open(self) -> None:
        """Listen on both ports, on 443 and 80 too if told."""
        import asyncio

        tls = await asyncio.start_server(self._enter, HOST, 0, ssl=self._context, backlog=512)
        plain = await asyncio.start_server(self._meet, HOST, 0, limit=LONGEST_HEAD, backlog=512)
        self.tls_port, self.port = (server.sockets[0].getsockname()[1] for server in (tls, plain))
        self._servers += [tls, plain]
        if self._standard_ports:
            self._servers.append(await asyncio.start_server(self._enter, HOST, HTTPS, ssl=self._context))
            self._servers.append(await asyncio.start_server(self._enter, HOST, HTTP))

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        import asyncio

        for server in self._servers:
            server.close()
        tasks = [task for task in self._tasks if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(TURNS_TO_CLOSE):
            await asyncio.sleep(0)

    async def _enter(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Hand a connection, whose TLS has ended here if it had any, to the sandbox."""
        import asyncio

        async with self._serving(writer):
            await _relay((reader, writer), await asyncio.open_connection(*self._sandbox))

    async def _meet(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one connection to the proxy."""
        import asyncio

        async with self._serving(writer):
            try:
                head = Head.parse(await reader.readuntil(b"\r\n\r\n"))
                await self._lead(head, reader, writer)
            except Refused as refused:
                writer.write(refused.answer())
                await writer.drain()
            except asyncio.LimitOverrunError:
                writer.write(Refused(431, "The request's head is too long").answer())

    @contextlib.asynccontextmanager
    async def _serving(self, writer: StreamWriter) -> AsyncIterator[None]:
        """
        Serve a connection to its end.

        The task is held on to here: asyncio does so only while the client is there, and one that still waits
        for the far side could be collected in the middle of it.
        """
        import asyncio

        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            with _cut_connections():
                yield
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _lead(self, head: Head, reader: StreamReader, writer: StreamWriter) -> None:
        host, port = self._destination(*head.place(), is_tunnel=head.verb == "CONNECT")
        far = await self._connect(host, port)
        if head.verb == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            far[1].write(head.forwarded())
        await _relay((reader, writer), far)

    async def _connect(self, host: str, port: int) -> Streams:
        import asyncio

        try:
            return await asyncio.open_connection(host, port)
        except OSError as error:
            raise Refused(502, f"{host} cannot be reached: {error.strerror or error}") from error

    def _destination(self, host: str, port: int, *, is_tunnel: bool) -> tuple[str, int]:
        """Return where a connection to a host really goes; raises `Refused` when it goes nowhere."""
        match self._hosts.verdict(host):
            case Verdict.ALLOWED:
                return host, port
            case Verdict.LED if is_tunnel and port == HTTPS:
                return HOST, self.tls_port
            case Verdict.LED if port == HTTP:
                return self._sandbox
            case Verdict.LED:
                raise self._refuse(f"{host}:{port} is refused: Google is on port {HTTPS} and {HTTP}")
            case Verdict.REFUSED:
                raise self._refuse(self._hosts.refusal(host))

    def _refuse(self, reason: str) -> Refused:
        """Return the refusal, and say it once on stderr: few programs show what a proxy answers."""
        if reason not in self._told:
            self._told.add(reason)
            sys.stderr.write(f"mailgrant sandbox: {reason}\n")
        return Refused(403, reason)


@contextlib.contextmanager
def lead(url: str, folder: Path, *, allowed: Iterable[str] = (), standard_ports: bool = False) -> Iterator[Entrance]:
    """
    Open both ports in front of the sandbox at `url` for as long as the context lasts.

    The certificate to trust is written into `folder`; when hosts are `allowed` through, the system's are in
    the same file, since most programs read one only. `standard_ports` are 443 and 80, for a namespace
    in which Google's names are this machine's.
    """
    from mailgrant.sandbox.serving.authority import Authority

    place = urlsplit(url)
    if place.hostname is None or place.port is None:
        raise ValueError(f"{url} is no place to lead to")
    authority, hosts = Authority(LED_HOSTS, datetime.now(UTC)), Map(allowed_hosts(allowed))
    ca = folder / "ca.pem"
    write_trust(ca, authority.certificate, with_system=bool(hosts.allowed), environ=os.environ)
    proxy = Proxy((place.hostname, place.port), hosts, authority.server_context(), standard_ports=standard_ports)
    with _in_background(proxy):
        yield Entrance(url, proxy=f"http://{HOST}:{proxy.port}", tls_port=proxy.tls_port, ca=ca)


@contextlib.contextmanager
def _in_background(proxy: Proxy) -> Iterator[None]:
    """Run a proxy on an event loop and a thread of its own."""
    import asyncio

    opened: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stopped = asyncio.Event()
        await proxy.open()
        opened.set_result((asyncio.get_running_loop(), stopped))
        await stopped.wait()
        await proxy.close()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    thread = threading.Thread(target=run, name="proxy", daemon=True)
    thread.start()
    loop, stopped = opened.result()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()


@contextlib.contextmanager
def _cut_connections() -> Iterator[None]:
    """
    End quietly when either side goes away, or the proxy itself.

    Programs that are killed do, and faults cut connections. Python 3.11 complains of a connection's task that
    was cancelled.
    """
    import asyncio

    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        yield


async def _relay(near: Streams, far: Streams) -> None:
    """Pass bytes both ways until the far side is done; a cut on one side is a cut on the other."""
    import asyncio

    try:
        async with asyncio.TaskGroup() as both:
            upward = both.create_task(_pass_on(near[0], far[1]))
            await _pass_on(far[0], near[1])
            upward.cancel()
    except* OSError:
        near[1].transport.abort()
    finally:
        far[1].transport.abort()


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    while piece := await reader.read(PIECE_BYTES):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
