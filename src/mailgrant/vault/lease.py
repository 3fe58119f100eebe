"""
Lease: whose turn it is to refresh a grant, with a fence that counts the turns.

A store without a clock of its own that all share (SQLite) cannot say how old a lease is. So a waiter
takes over only after it has seen the same fence for longer than the lease, on its own monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LEASE = timedelta(seconds=15)
POLL = timedelta(milliseconds=250)


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease on one grant as it was read: who held it last, by number, and whether it is held."""

    grant_id: str
    fence: int
    held: bool


class LeaseWatch:
    """One waiter's view of a lease."""

    def __init__(self, length: timedelta = LEASE) -> None:
        self._length = length.total_seconds()
        self._fence: int | None = None
        self._since = 0.0

    def may_take(self, lease: Lease, monotonic_now: float) -> bool:
        """True when the lease is free, or its holder has been silent for longer than a lease lasts."""
        if not lease.held:
            return True
        if lease.fence != self._fence:
            self._fence, self._since = lease.fence, monotonic_now
            return False
        return monotonic_now - self._since > self._length
