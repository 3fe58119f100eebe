"""
The HTTP server under the sandbox: uvicorn, taught to cut a connection and to stop at once.
"""

from __future__ import annotations

import asyncio
import contextlib

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mailgrant.sandbox.app import ABORT, HANG_UP, App

# Requests still under way when the server stops get this long.
GRACE_SECONDS = 1
# Longer than the pools of common clients keep a connection, so that they close it first.
KEEP_ALIVE_SECONDS = 75


class Protocol(HttpToolsProtocol):
    """Lets the app cut its connection, for which ASGI has no word."""

    def on_message_begin(self) -> None:
        """Begin a request; its scope gets the functions that end the connection."""
        super().on_message_begin()
        self.scope[HANG_UP] = self.transport.close  # type: ignore[literal-required]
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]


class Server(uvicorn.Server):
    """Stops at once when told, and leaves signals to those who want to tidy up after it."""

    def __init__(self, app: App) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    async def main_loop(self) -> None:
        """Keep the Date header fresh once a second, until told to stop."""
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        while not self.should_exit:
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), timeout=1)

    def handle_exit(self, sig: int = 0, frame: object = None) -> None:
        """Stop; called for signals, and by whoever serves from another thread."""
        self.should_exit = True
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
