"""
Connections to one SQLite file: lent to one thread at a time, never carried across a fork.

There are as many as were ever in use at once. One for each thread would stay open for each thread
that a server ever had.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 30.0
# Connections that were open when this process was forked off. Closing one here would end the
# parent's locks and fold away its log (sqlite.org/howtocorrupt.html §2.6), so they are kept, unused.
_PARENTS: list[sqlite3.Connection] = []


class Connections:
    """The connections to the file at `path`; threads share them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Taking from and adding to a deque is atomic: there is no lock here that a fork could leave locked.
        self._idle: deque[sqlite3.Connection] = deque()
        self._process = os.getpid()

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that nobody else uses meanwhile."""
        connection = self._take()
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.close()
            else:
                self._idle.append(connection)

    def close(self) -> None:
        """Close what is not lent; the next `lend` opens anew."""
        self._leave_parents()
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        self._leave_parents()
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _leave_parents(self) -> None:
        if self._process != os.getpid():
            _PARENTS.extend(self._idle)
            self._idle = deque()
            self._process = os.getpid()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        return connection
