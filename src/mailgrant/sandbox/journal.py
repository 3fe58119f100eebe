"""
The journal: one entry per request, for tests and people to read. Never a token.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from mailgrant.sandbox.clock import stamped

# Old entries fall off, so that a sandbox left running does not grow.
KEPT = 100_000


@dataclass(slots=True)
class Entry:
    """
    What one request was, and what became of it.

    `time` is the real one, so that moving the sandbox's clock does not disturb the order. `method` is an
    API method's id or `oauth2.token` and the like; empty where a path leads nowhere. `status` is None if
    no answer was sent. `path` is without the query, where codes and tokens travel; `query` is what is left
    of that with these hidden. `under_way` counts how many of the person's calls to Gmail were when this
    one came.
    """

    time: datetime
    method: str = field(kw_only=True)
    verb: str = field(kw_only=True)
    path: str = field(kw_only=True)
    query: str = field(kw_only=True, default="")
    account: str | None = field(kw_only=True, default=None)
    client_id: str | None = field(kw_only=True, default=None)
    grant_type: str | None = field(kw_only=True, default=None)
    status: int | None = field(kw_only=True, default=None)
    units: int = field(kw_only=True, default=0)
    bytes: int = field(kw_only=True, default=0)
    fault: str | None = field(kw_only=True, default=None)
    under_way: int = field(kw_only=True, default=0)

    def to_json(self) -> dict[str, Any]:
        """Return the entry as the control API lists it; `grant_type` and `fault` only where there is one."""
        entry: dict[str, Any] = {
            "time": stamped(self.time),
            "method": self.method,
            "verb": self.verb,
            "path": self.path,
            "account": self.account,
            "client_id": self.client_id,
            "status": self.status,
            "units": self.units,
            "bytes": self.bytes,
        }
        extras = {"grant_type": self.grant_type, "fault": self.fault}
        return entry | {name: value for name, value in extras.items() if value is not None}


class Journal:
    """The entries of one sandbox, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def write(self, entry: Entry) -> None:
        """Add an entry."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def count(self, method: str) -> int:
        """Return how many requests called a method."""
        return sum(entry.method == method for entry in self._entries)

    def latest(self, number: int) -> list[Entry]:
        """Return the last entries, the newest first."""
        return list(islice(reversed(self._entries), number))

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
