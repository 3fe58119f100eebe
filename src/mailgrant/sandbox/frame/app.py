"""
App: a sandbox as its server calls it.

It does what `Sandbox.handle` cannot: it waits without holding up others, falls silent, and cuts the
connection before or after the work is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from mailgrant.sandbox.control.faults import Moment
from mailgrant.sandbox.frame.wire import Answer, HttpRequest

if TYPE_CHECKING:
    from mailgrant.sandbox.control.faults import Effect
    from mailgrant.sandbox.frame.doors import Admission
    from mailgrant.sandbox.sandbox import Sandbox


class Line(Protocol):
    """The connection on which a request came."""

    def cut(self) -> None:
        """Close it at once, without a word."""

    def send_half(self, answer: Answer) -> None:
        """Announce a whole answer, send half of it and hang up."""

    async def gone(self) -> None:
        """Wait until the other side has closed it."""


# None is the answer of a connection that was cut.
Later: TypeAlias = Coroutine[Any, Any, Answer | None]


class App:
    """The server's view of one sandbox; `latency` passes before each answer."""

    def __init__(self, sandbox: Sandbox, latency: timedelta = timedelta()) -> None:
        self._sandbox = sandbox
        self._latency = latency.total_seconds()

    def answer(self, request: HttpRequest, line: Line) -> Answer | Later:
        """Answer one request, at once where nothing has to be waited for."""
        admission = self._sandbox.admit(request)
        if self._latency:
            return self._answer_later(admission, line)
        if admission.effect is None:
            return self._sandbox.perform(admission)
        return self._meet_effect(admission, admission.effect, line)

    async def _answer_later(self, admission: Admission, line: Line) -> Answer | None:
        # What waits is under way: a person may not have too many of these at once.
        await asyncio.sleep(self._latency)
        if admission.effect is None:
            return self._sandbox.perform(admission)
        return await self._meet_effect(admission, admission.effect, line)

    async def _meet_effect(self, admission: Admission, effect: Effect, line: Line) -> Answer | None:
        """Do the work with what goes wrong around it."""
        if effect.hang:
            self._sandbox.abandon(admission)
            await line.gone()
            return None
        if effect.drop is not None or effect.late is not None:
            await self._cut(admission, effect, line)
            return None
        wait = effect.delay.total_seconds() if effect.delay else 0.0
        if effect.when is Moment.BEFORE:
            await asyncio.sleep(wait)
        answer = self._sandbox.perform(admission)
        if effect.when is Moment.AFTER:
            await asyncio.sleep(wait)
        if effect.truncate:
            line.send_half(answer)
            return None
        return answer

    async def _cut(self, admission: Admission, effect: Effect, line: Line) -> None:
        """Close the connection; the work is done before that, never, or later."""
        if effect.drop is Moment.AFTER:
            self._sandbox.perform(admission)
        elif effect.late is None:
            self._sandbox.abandon(admission)
        line.cut()
        if effect.late is not None:
            await asyncio.sleep(effect.late.total_seconds())
            self._sandbox.perform(admission)
