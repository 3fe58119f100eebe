"""
What it means to wait here: sleep, take turns, do blocking work, be called from blocking code.

The one file of the shell with a twin written by hand, `_async/waiting.py`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

R = TypeVar("R")

Lock = threading.Lock

# For each that is worked on at once so many are under way or done and not yet given: else one that takes long would
# keep the others from beginning.
AHEAD = 2

# In a thread of `in_order`: what tells that nobody wants its result any more.
_here = threading.local()


class CalledOff(BaseException):
    """Ends a thread that waits for its turn, as cancelling ends a task."""


class Places:
    """So many places; who wants some waits until they are free."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)
        self._turn = threading.Lock()

    def take(self, count: int = 1) -> None:
        """Take `count` places, of no more than there are, waiting for them."""
        # One after another: two who had some each would wait for the others' for ever.
        with self._turn:
            taken = 0
            try:
                while taken < count:
                    self._free.acquire()
                    taken += 1
            except BaseException:
                self.give_back(taken)
                raise

    def give_back(self, count: int = 1) -> None:
        """Let the next ones have them."""
        for _ in range(count):
            self._free.release()


def in_order(work: Callable[[T], R], items: Iterator[T], *, width: int) -> Generator[R, None, None]:
    """
    Do `work` on the items, up to `width` at once in threads, and give the results in the order of the items.

    What has not begun when nobody wants more is called off, and so is what sleeps.
    """
    # Not at the top: it takes longer to import than all else here, and few programs read many messages.
    from concurrent.futures import Future, ThreadPoolExecutor

    called_off = threading.Event()

    def carry_out(item: T) -> R:
        _here.called_off = called_off
        return work(item)

    under_way: deque[Future[R]] = deque()
    threads = ThreadPoolExecutor(width, thread_name_prefix="mailgrant")
    try:
        for item in items:
            under_way.append(threads.submit(carry_out, item))
            if len(under_way) >= AHEAD * width:
                yield under_way[0].result()
                under_way.popleft()
        while under_way:
            yield under_way[0].result()
            under_way.popleft()
    finally:
        called_off.set()
        threads.shutdown(wait=True, cancel_futures=True)


def sleep(duration: timedelta) -> None:
    """Let `duration` pass; raises CalledOff in a thread whose result nobody wants any more."""
    called_off: threading.Event | None = getattr(_here, "called_off", None)
    if called_off is None:
        time.sleep(duration.total_seconds())
    elif called_off.wait(duration.total_seconds()):
        raise CalledOff


def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work; here everything blocks, so it is simply done."""
    return work(*args, **kwargs)


def for_blocking_code(work: Callable[P, T]) -> Callable[P, T]:
    """Turn `work` into something that blocking code may call; here it already is."""
    return work
