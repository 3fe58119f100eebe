"""
The HTTP server under the sandbox: it listens, keeps connections, and stops at once when told.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Sequence

from mailgrant.sandbox.frame.app import App
from mailgrant.sandbox.serving.connection import Connection

# Requests still under way when the server stops get this long.
GRACE_SECONDS = 1
# Longer than the pools of common clients keep a connection, so that they close it first.
KEEP_ALIVE_SECONDS = 75
SWEEP_SECONDS = 5


class Server:
    """Serves an app; leaves signals to those who want to tidy up after it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._connections: set[Connection] = set()
        self._told_to_stop = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    def run(self, sockets: Sequence[socket.socket]) -> None:
        """Serve these listening sockets until told to stop."""
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            runner.run(self._serve(sockets))

    def handle_exit(self, sig: int = 0, frame: object = None) -> None:
        """Stop; called for signals, and by whoever serves from another thread."""
        self._told_to_stop = True
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self, sockets: Sequence[socket.socket]) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        servers = [await self._loop.create_server(self._connection, sock=sock, backlog=2048) for sock in sockets]
        while not self._told_to_stop:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), timeout=SWEEP_SECONDS)
            self._sweep()
        for server in servers:
            server.close()
        await self._see_off()

    def _connection(self) -> Connection:
        return Connection(self._app.answer, self._connections)

    def _sweep(self) -> None:
        """Close the connections that have been quiet for too long."""
        before = time.monotonic() - KEEP_ALIVE_SECONDS
        for connection in list(self._connections):
            if connection.is_quiet and connection.quiet_since < before:
                connection.finish()

    async def _see_off(self) -> None:
        """Let what is under way be answered, for a while."""
        for connection in list(self._connections):
            connection.finish()
        ended = asyncio.gather(*(connection.gone() for connection in self._connections))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended, GRACE_SECONDS)
        for connection in list(self._connections):
            connection.give_up()
        # The event loop closes what was aborted in its next turn.
        await asyncio.sleep(0)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
