"""
What it means to wait here: sleep, take turns, do blocking work, be called from blocking code.

The one file of the shell with a twin written by hand, `_sync/waiting.py`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

R = TypeVar("R")

AsyncLock = asyncio.Lock

# For each that is worked on at once so many are under way or done and not yet given: else one that takes long would
# keep the others from beginning.
AHEAD = 2


class AsyncPlaces:
    """So many places; who wants some waits until they are free, in turn."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._turn = asyncio.Lock()

    async def take(self, count: int = 1) -> None:
        """Take `count` places, of no more than there are, waiting for them."""
        # One after another: two who had some each would wait for the others' for ever.
        async with self._turn:
            taken = 0
            try:
                while taken < count:
                    await self._free.acquire()
                    taken += 1
            except BaseException:
                self.give_back(taken)
                raise

    def give_back(self, count: int = 1) -> None:
        """Let the next ones have them."""
        for _ in range(count):
            self._free.release()


async def in_order(
    work: Callable[[T], Awaitable[R]], items: AsyncIterator[T], *, width: int
) -> AsyncGenerator[R, None]:
    """
    Do `work` on the items, up to `width` at once, and give the results in the order of the items.

    What is under way when nobody wants more is called off; whoever may stop early closes this, since only then is
    it waited for.
    """
    under_way: deque[asyncio.Task[R]] = deque()
    places = asyncio.Semaphore(width)

    async def carry_out(item: T) -> R:
        async with places:
            return await work(item)

    try:
        async for item in items:
            under_way.append(asyncio.ensure_future(carry_out(item)))
            if len(under_way) >= AHEAD * width:
                yield await under_way[0]
                under_way.popleft()
        while under_way:
            yield await under_way[0]
            under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def sleep(duration: timedelta) -> None:
    """Let `duration` pass."""
    await asyncio.sleep(duration.total_seconds())


async def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work (the vault's store, a file, a prompt) without holding up the event loop."""
    return await asyncio.to_thread(work, *args, **kwargs)


def for_blocking_code(work: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """
    Turn `work` into something that blocking code in another thread may call.

    Google's official client blocks; it asks for tokens through this. Called from the event loop's
    own thread it would wait for itself for ever, so that raises RuntimeError instead.
    """
    loop = asyncio.get_running_loop()

    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await work(*args, **kwargs)

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        if _running_loop() is loop:
            raise RuntimeError("call Google's client in a thread: await asyncio.to_thread(request.execute)")
        return asyncio.run_coroutine_threadsafe(run(*args, **kwargs), loop).result()

    return call


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
