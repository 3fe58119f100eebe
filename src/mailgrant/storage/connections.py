"""
Connections to one database: lent to one thread at a time, never carried across a fork.

There are as many as were ever in use at once. One for each thread would stay open for each thread
that a server ever had. A pool with threads of its own would not live through a fork.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Generic, Protocol, TypeVar

# Connections that were open when this process was forked off. Closing one here would end the
# parent's: SQLite's locks (sqlite.org/howtocorrupt.html §2.6), PostgreSQL's session. So they are kept, unused.
_PARENTS: list[Any] = []


class Closable(Protocol):
    """What a connection of either database can do."""

    def close(self) -> None:
        """Close it."""


C = TypeVar("C", bound=Closable)


class Connections(Generic[C]):
    """
    The connections that `connect` makes; threads share them.

    One is lent again only while it `is_fit`. With `at_most`, a thread waits for another's to come back.
    """

    def __init__(self, connect: Callable[[], C], *, is_fit: Callable[[C], bool], at_most: int | None = None) -> None:
        self._connect = connect
        self._is_fit = is_fit
        self._at_most = at_most
        self._begin()

    @contextmanager
    def lend(self) -> Iterator[C]:
        """Give a connection that nobody else uses meanwhile."""
        self._leave_parents()
        with self._turn:
            connection = self._take()
            try:
                yield connection
            finally:
                if self._is_fit(connection):
                    self._idle.append(connection)
                else:
                    connection.close()

    def close(self) -> None:
        """Close what is not lent; the next `lend` opens anew."""
        self._leave_parents()
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> C:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._connect()
            # It may have died while it lay idle.
            if self._is_fit(connection):
                return connection
            connection.close()

    def _leave_parents(self) -> None:
        if self._process != os.getpid():
            _PARENTS.extend(self._idle)
            self._begin()

    def _begin(self) -> None:
        # Taking from and adding to a deque is atomic: there is no lock here that a fork could leave locked,
        # and the turns are made anew after one.
        self._idle: deque[C] = deque()
        self._turn = threading.Semaphore(self._at_most) if self._at_most else nullcontext()
        self._process = os.getpid()
