"""A vault in memory, for tests and for programs that must leave nothing behind."""

from __future__ import annotations

import threading

from mailgrant.errors import GrantChanged
from mailgrant.vault.lease import Lease
from mailgrant.vault.store import Row


class MemoryStore:
    """One vault, gone with the process; safe from many threads."""

    def __init__(self) -> None:
        lock = threading.RLock()
        self.leases = MemoryLeases(lock)
        self.grants = MemoryRows(lock, self.leases)
        self.consents = MemoryRows(lock, self.leases)
        self.clients = MemoryRows(lock, self.leases)
        self._lock = lock
        self._header: bytes | None = None

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

    def close(self) -> None:
        """Keep everything: memory has nothing to let go of, and it would not come back."""


class MemoryRows:
    """One table of sealed rows."""

    def __init__(self, lock: threading.RLock, leases: MemoryLeases) -> None:
        self._lock = lock
        self._leases = leases
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

    def put(self, row: Row, *, expect: int, lease: Lease | None = None) -> None:
        """Write a row if the version, and the fence of `lease`, are as expected."""
        with self._lock:
            there = self._rows.get(row.key)
            if (there.version if there else 0) != expect:
                raise GrantChanged()
            if lease is not None and self._leases.read(lease.grant_id).fence != lease.fence:
                raise GrantChanged()
            self._rows[row.key] = row

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

    def __init__(self, lock: threading.RLock) -> None:
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
