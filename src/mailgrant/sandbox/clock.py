"""
Clock: the time inside a sandbox.

It starts where it is told, always runs, and can be moved. Everything that ages by it (tokens, codes,
message dates) asks it; what an outside verifier compares with its own watch (id_token times) uses
`real_now` instead.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import ClassVar

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)


def real_now() -> datetime:
    """Return the time on the wall, however a sandbox's clock has been moved."""
    return datetime.now(UTC)


def stamped(instant: datetime) -> str:
    """Write an instant as Google's APIs do: UTC, with milliseconds."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


class Clock:
    """A clock that starts at `start` (the real time unless told), runs, and can be moved."""

    KEPT: ClassVar[tuple[str, ...]] = ("standing",)
    __slots__ = ("_base", "_born", "_skipped", "_started", "start")

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("a sandbox's clock starts at an aware time; this one has no time zone")
        self.start = (start or real_now()).astimezone(UTC)
        self._base = self.start
        self._born = self._started = time.monotonic()
        self._skipped = timedelta()

    @property
    def lived(self) -> timedelta:
        """
        How long this clock has run, jumps forward included and jumps back not.

        Tokens age by it: one whose life has passed stays dead, however the clock is moved after.
        """
        return timedelta(seconds=time.monotonic() - self._born) + self._skipped

    def now(self) -> datetime:
        """Return the sandbox's time, in UTC."""
        return self._base + timedelta(seconds=time.monotonic() - self._started)

    def __call__(self) -> datetime:
        """Return the sandbox's time: what `Mailgrant(clock=sandbox.clock)` asks for."""
        return self.now()

    def advance(self, by: timedelta) -> datetime:
        """Move the clock by `by`, backwards too, and return the new time."""
        return self.set(self.now() + by)

    def set(self, to: datetime) -> datetime:
        """Set the clock to `to`; it runs on from there."""
        if to.tzinfo is None:
            raise ValueError("a sandbox's clock is set to an aware time; this one has no time zone")
        if not EARLIEST <= to <= LATEST:
            raise ValueError(f"a sandbox's clock runs from {EARLIEST.year} to {LATEST.year}")
        self._skipped += max(to - self.now(), timedelta())
        self._base = to.astimezone(UTC)
        self._started = time.monotonic()
        return self.now()

    @property
    def standing(self) -> dict[str, datetime]:
        """What says where the clock stands, whatever time passes until it goes on: on the wall's clock."""
        now = real_now()
        return {"start": self.start, "now": self.now(), "at": now, "born": now - self.lived}

    @standing.setter
    def standing(self, kept: dict[str, datetime]) -> None:
        now = real_now()
        passed = max(now - kept["at"], timedelta())
        self.start, self._base, self._skipped = kept["start"], kept["now"] + passed, timedelta()
        self._started = time.monotonic()
        self._born = self._started - max(now - kept["born"], kept["at"] - kept["born"]).total_seconds()

    def restart(self) -> datetime:
        """Go back to where the clock started."""
        return self.set(self.start)
