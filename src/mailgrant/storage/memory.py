"""A vault in memory, for tests and for programs that must leave nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from mailgrant.errors import GrantChanged, KeyRotated
from mailgrant.vault.lease import LEASE, Lease
from mailgrant.vault.store import TABLES, Row


class MemoryStore:
    """One vault, gone with the process; safe from many threads."""

    def __init__(self, *, lease: timedelta = LEASE) -> None:
        lock = threading.RLock()
        self.leases = MemoryLeases(lock, lease)
        self.generation = 1
        self.upgraded = False
        self._tables = {name: MemoryRows(lock, self) for name in TABLES}
        self.grants, self.consents, self.clients = (self._tables[name] for name in ("grants", "consents", "clients"))
        self.tokens, self.audit = self._tables["tokens"], self._tables["audit"]
        self.marks, self.workers = self._tables["marks"], self._tables["workers"]
        self.attempts, self.budgets = self._tables["attempts"], self._tables["budgets"]
        self._lock = lock
        self._header: bytes | None = None

    def table(self, name: str) -> MemoryRows:
        """Return one of the tables."""
        return self._tables[name]

    def read_header(self) -> bytes | None:
        """Return the vault's header, or None when there is no vault here yet."""
        return self._header

    def write_header(self, header: bytes) -> bool:
        """Write the header if there is none; False when somebody was faster."""
        with self._lock:
            if self._header is not None:
                return False
            self._header = header
            return True

    def replace_header(self, header: bytes, *, generation: int) -> bool:
        """Put another header in place of the one of `generation`."""
        with self._lock:
            if self._header is None or self.generation != generation:
                return False
            self._header, self.generation = header, generation + 1
            return True

    def close(self) -> None:
        """Keep everything: memory has nothing to let go of, and it would not come back."""


class MemoryRows:
    """One table of sealed rows."""

    def __init__(self, lock: threading.RLock, store: MemoryStore) -> None:
        self._lock = lock
        self._store = store
        self._rows: dict[str, Row] = {}

    def get(self, key: str) -> Row | None:
        """Return the row, or None."""
        return self._rows.get(key)

    def find(
        self, *, account: str | None = None, user: str | None = None, client: str | None = None
    ) -> tuple[Row, ...]:
        """Return the rows whose clear columns are equal to what is given, in a stable order."""
        with self._lock:
            rows = sorted(self._rows.values(), key=lambda row: (row.account, row.key))
        wanted = (("account", account), ("user", user), ("client", client))
        return tuple(
            row for row in rows if all(value is None or getattr(row, column) == value for column, value in wanted)
        )

    def page(self, *, after: str = "", limit: int, backwards: bool = False) -> tuple[Row, ...]:
        """Return up to `limit` rows in the order of their keys, from the one that follows `after`."""
        with self._lock:
            keys = sorted(self._rows, reverse=backwards)
            beyond = (key for key in keys if not after or (key < after if backwards else key > after))
            return tuple(self._rows[key] for key in islice(beyond, limit))

    def due(self, *, until: int, limit: int) -> tuple[Row, ...]:
        """Return up to `limit` rows that are due at `until`, the longest due first."""
        with self._lock:
            rows = [row for row in self._rows.values() if row.due is not None and row.due <= until]
        return tuple(sorted(rows, key=lambda row: (row.due or 0, row.key))[:limit])

    def next_due(self) -> int | None:
        """Return when the first row is due."""
        with self._lock:
            return min((row.due for row in self._rows.values() if row.due is not None), default=None)

    def put(self, row: Row, *, expect: int, lease: Lease | None = None, generation: int | None = None) -> None:
        """Write a row if the version, the fence of `lease` and the generation are as expected."""
        with self._lock:
            if generation is not None and self._store.generation != generation:
                raise KeyRotated()
            there = self._rows.get(row.key)
            if (there.version if there else 0) != expect:
                raise GrantChanged()
            if lease is not None and self._store.leases.read(lease.grant_id).fence != lease.fence:
                raise GrantChanged()
            self._rows[row.key] = row

    def add(self, rows: Sequence[Row]) -> int:
        """Write rows where there is none of their key."""
        with self._lock:
            new = {row.key: row for row in rows if row.key not in self._rows}
            self._rows.update(new)
            return len(new)

    def reseal(self, changes: Sequence[tuple[Row, bytes]], *, generation: int | None = None) -> int:
        """Put other sealed values in place of what rows hold, where they are still there."""
        with self._lock:
            if generation is not None and self._store.generation != generation:
                raise KeyRotated()
            there = [(row, sealed) for row, sealed in changes if self._rows.get(row.key) == row]
            self._rows.update({row.key: replace(row, sealed=sealed) for row, sealed in there})
            return len(there)

    def take(self, key: str) -> Row | None:
        """Delete a row and return it, in one step."""
        with self._lock:
            return self._rows.pop(key, None)

    def delete(self, key: str, *, expect: int) -> None:
        """Delete a row if the version there is `expect`."""
        with self._lock:
            there = self._rows.get(key)
            if there is None or there.version != expect:
                raise GrantChanged()
            del self._rows[key]


class MemoryLeases:
    """The leases on grants."""

    def __init__(self, lock: threading.RLock, length: timedelta) -> None:
        self.length = length
        self._lock = lock
        self._leases: dict[str, Lease] = {}

    def read(self, grant_id: str) -> Lease:
        """Return the lease as it stands."""
        return self._leases.get(grant_id) or Lease(grant_id, 0, held=False)

    def take(self, lease: Lease) -> Lease | None:
        """Take it if nobody has since it was read, with the next fence."""
        with self._lock:
            if self.read(lease.grant_id) != lease:
                return None
            taken = Lease(lease.grant_id, lease.fence + 1, held=True)
            self._leases[lease.grant_id] = taken
            return taken

    def release(self, lease: Lease) -> None:
        """Give it back, if it is still ours."""
        with self._lock:
            if self.read(lease.grant_id) == lease:
                self._leases[lease.grant_id] = Lease(lease.grant_id, lease.fence, held=False)
