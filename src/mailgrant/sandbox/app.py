"""
App: a sandbox as a plain ASGI application.

It does what `Sandbox.handle` cannot: it waits without holding up others, falls silent, and cuts the
connection before or after the work is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from mailgrant.sandbox.faults import Moment
from mailgrant.sandbox.wire import Answer, HttpRequest

if TYPE_CHECKING:
    from mailgrant.sandbox.doors import Admission
    from mailgrant.sandbox.sandbox import Sandbox

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Under these names the server puts, into a request's scope, the functions that end its connection: at
# once, or when what was sent so far is out.
ABORT = "mailgrant.abort"
HANG_UP = "mailgrant.hang_up"


class App:
    """The ASGI app around one sandbox."""

    def __init__(self, sandbox: Sandbox, latency: timedelta = timedelta()) -> None:
        self._sandbox = sandbox
        self._latency = latency.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = HttpRequest(scope["method"], _target(scope), headers=_headers(scope), body=await _read_body(receive))
        admission = self._sandbox.admit(request)
        # What waits is under way: a person may not have too many of these at once.
        if self._latency:
            await asyncio.sleep(self._latency)
        answer = await self._meet_effect(admission, scope, receive)
        if answer is None:
            return
        if admission.effect is not None and admission.effect.truncate:
            await _send_half(answer, scope, send)
        else:
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
            await asyncio.sleep(wait)
        answer = self._sandbox.perform(admission)
        if effect.when is Moment.AFTER:
            await asyncio.sleep(wait)
        return answer

    async def _cut(self, admission: Admission, scope: Scope, receive: Receive) -> None:
        """Close the connection; the work is done before that, never, or later."""
        effect = admission.effect
        assert effect is not None
        if effect.drop is Moment.AFTER:
            self._sandbox.perform(admission)
        elif effect.late is None:
            self._sandbox.abandon(admission)
        scope[ABORT]()
        await receive()
        if effect.late is not None:
            await asyncio.sleep(effect.late.total_seconds())
            self._sandbox.perform(admission)


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
    await send(_start(answer))
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


async def _send_half(answer: Answer, scope: Scope, send: Send) -> None:
    """Announce the whole answer, send half of it and hang up."""
    await send(_start(answer))
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
    scope[HANG_UP]()


def _start(answer: Answer) -> dict[str, Any]:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.status not in {204, 304}:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}
