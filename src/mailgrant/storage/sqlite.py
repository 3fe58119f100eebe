"""
A vault in one SQLite file, shared by threads and processes of one machine.

Write-ahead log, `BEGIN IMMEDIATE` for every write, 0600 from the first byte. Statements live in
`queries.sql`, the tables in `migrations/`.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from mailgrant.errors import GrantChanged, SettingsError, VaultDamaged, VaultError
from mailgrant.vault.lease import Lease
from mailgrant.vault.store import Row

from .files import touch_private

BUSY_SECONDS = 30.0
TABLES = ("grants", "consents", "clients")
# Where locks are a matter of luck; from /proc/mounts. WAL needs shared memory besides.
NETWORK_FILE_SYSTEMS = frozenset({"9p", "afs", "ceph", "cifs", "fuse.sshfs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"})


class SqliteStore:
    """
    One vault in the file at `path`, made with its folder when it is not there.

    Each thread has a connection of its own, and so has each process after a fork. Raises VaultError
    when the file cannot be used, SettingsError when it lies on a network file system or was made by
    a newer mailgrant.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        refuse_network_file_system(path)
        make_private(path)
        self._connections = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._opening = threading.Lock()
        self.leases = SqliteLeases(self)
        self.grants = SqliteRows(self, "grants")
        self.consents = SqliteRows(self, "consents")
        self.clients = SqliteRows(self, "clients")
        self._migrate()

    def read_header(self) -> bytes | None:
        """Return the vault's header, or None when there is no vault here yet."""
        with self.reading() as connection:
            row = connection.execute(query("read_header")).fetchone()
        return row[0] if row else None

    def write_header(self, header: bytes) -> bool:
        """Write the header if there is none; False when somebody was faster."""
        with self.writing() as connection:
            return connection.execute(query("write_header"), {"header": header}).rowcount == 1

    def close(self) -> None:
        """Let go of the file."""
        with self._opening:
            opened, self._opened = self._opened, []
            self._connections = threading.local()
        for connection in opened:
            connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read with."""
        with translated(self.path):
            yield self._connection()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection inside a write transaction, kept whole or not at all."""
        with translated(self.path):
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _connection(self) -> sqlite3.Connection:
        held: tuple[int, sqlite3.Connection] | None = getattr(self._connections, "held", None)
        # A connection must not be used on both sides of a fork.
        if held is None or held[0] != os.getpid():
            connection = self._connect()
            self._connections.held = (os.getpid(), connection)
            return connection
        return held[1]

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        with self._opening:
            self._opened.append(connection)
        return connection

    def _migrate(self) -> None:
        """Bring the tables up to date; a newer file is refused and left as it is."""
        steps = migrations()
        with self.reading() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(steps):
            raise SettingsError(
                f"The vault {self.path} was made by a newer mailgrant; it was not touched.", hint="Update mailgrant."
            )
        if version == len(steps):
            return
        with self.writing() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            for step in steps[version:]:
                for statement in filter(str.strip, step.split(";")):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(steps)}")


class SqliteRows:
    """One table of sealed rows."""

    def __init__(self, store: SqliteStore, table: str) -> None:
        self._store = store
        self._table = table

    def get(self, key: str) -> Row | None:
        """Return the row, or None."""
        with self._store.reading() as connection:
            found = connection.execute(self._query("get_row"), {"key": key}).fetchone()
        return _row(found) if found else None

    def find(
        self, *, account: str | None = None, user: str | None = None, client: str | None = None
    ) -> tuple[Row, ...]:
        """Return the rows whose clear columns are equal to what is given, in a stable order."""
        wanted = {"account": account, "user": user, "client": client}
        with self._store.reading() as connection:
            return tuple(map(_row, connection.execute(self._query("find_rows"), wanted).fetchall()))

    def put(self, row: Row, *, expect: int, lease: Lease | None = None) -> None:
        """Write a row if the version, and the fence of `lease`, are as expected."""
        values = {
            "key": row.key,
            "version": row.version,
            "sealed": row.sealed,
            "account": row.account,
            "user": row.user,
            "client": row.client,
            "expect": expect,
        }
        with self._store.writing() as connection:
            if lease is not None and read_fence(connection, lease.grant_id)[0] != lease.fence:
                raise GrantChanged()
            statement = self._query("insert_row" if expect == 0 else "update_row")
            if connection.execute(statement, values).rowcount != 1:
                raise GrantChanged()

    def take(self, key: str) -> Row | None:
        """Delete a row and return it, in one step."""
        with self._store.writing() as connection:
            found = connection.execute(self._query("take_row"), {"key": key}).fetchone()
        return _row(found) if found else None

    def delete(self, key: str, *, expect: int) -> None:
        """Delete a row if the version there is `expect`."""
        with self._store.writing() as connection:
            if connection.execute(self._query("delete_row"), {"key": key, "expect": expect}).rowcount != 1:
                raise GrantChanged()

    def _query(self, name: str) -> str:
        return query(name, self._table)


class SqliteLeases:
    """The leases on grants."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def read(self, grant_id: str) -> Lease:
        """Return the lease as it stands."""
        with self._store.reading() as connection:
            fence, held = read_fence(connection, grant_id)
        return Lease(grant_id, fence, held=held)

    def take(self, lease: Lease) -> Lease | None:
        """Take it if nobody has since it was read, with the next fence."""
        values = {"grant_id": lease.grant_id, "fence": lease.fence, "held": int(lease.held)}
        with self._store.writing() as connection:
            connection.execute(query("know_lease"), values)
            taken = connection.execute(query("take_lease"), values).rowcount == 1
        return Lease(lease.grant_id, lease.fence + 1, held=True) if taken else None

    def release(self, lease: Lease) -> None:
        """Give it back, if it is still ours."""
        with self._store.writing() as connection:
            connection.execute(query("release_lease"), {"grant_id": lease.grant_id, "fence": lease.fence})


def read_fence(connection: sqlite3.Connection, grant_id: str) -> tuple[int, bool]:
    """Return the fence of a grant's lease and whether it is held."""
    found = connection.execute(query("read_lease"), {"grant_id": grant_id}).fetchone()
    return (found[0], bool(found[1])) if found else (0, False)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says into what a person can act on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _as_vault_error(error, path) from error


def _as_vault_error(error: sqlite3.DatabaseError, path: Path) -> VaultError:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return VaultError(
            f"The disk is full or failing: the vault {path} could not be written, and is as it was.",
            hint="Make room and try again.",
        )
    if "readonly" in text or "unable to open" in text:
        return VaultError(f"The vault {path} cannot be opened: {text}.", hint="Check who may write there.")
    if "locked" in text:
        return VaultError(f"The vault {path} is busy with another program.", hint="Try again in a moment.")
    return VaultDamaged(f"{path} is not a vault, or it is damaged: {text}.")


@cache
def statements() -> dict[str, str]:
    """Return the statements of `queries.sql` by name."""
    text = files(__package__).joinpath("queries.sql").read_text(encoding="utf-8")
    return {
        name: body.strip() for name, body in re.findall(r"^-- name: (\w+)\n(.*?)(?=^-- name:|\Z)", text, re.S | re.M)
    }


@cache
def query(name: str, table: str = "") -> str:
    """Return one statement, for one of the tables if it is about rows."""
    statement = statements()[name]
    if table and table not in TABLES:
        raise ValueError(f"there is no table {table}")
    return statement.replace("ROWS", table)


@cache
def migrations() -> tuple[str, ...]:
    """Return the migrations in order; they are numbered, only ever added, and never edited."""
    folder = files(__package__).joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(_without_comments(folder.joinpath(name).read_text(encoding="utf-8")) for name in names)


def make_private(path: Path) -> None:
    """Make the file 0600 and its folder 0700 before SQLite does, which would ask the umask."""
    try:
        # SQLite's side files take the mode of the file itself.
        touch_private(path)
    except OSError as error:
        raise VaultError(
            f"The vault {path} cannot be opened or made: {error.strerror}.", hint="Check who may write there."
        ) from error


def refuse_network_file_system(path: Path) -> None:
    """Raise SettingsError where SQLite's locks cannot be trusted."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return
    folder = next(parent for parent in path.absolute().parents if parent.exists()).resolve()
    kinds = {Path(line.split()[1]): line.split()[2] for line in mounts.read_text().splitlines() if line.count(" ") >= 2}
    kind = next((kinds[parent] for parent in (folder, *folder.parents) if parent in kinds), "")
    if kind in NETWORK_FILE_SYSTEMS:
        raise SettingsError(
            f"The vault {path} lies on a network file system ({kind}), where two writers may not see each other.",
            hint="Put it on a local disk, or use a vault in PostgreSQL for many hosts.",
        )


def _without_comments(sql: str) -> str:
    return "\n".join(line for line in sql.splitlines() if not line.startswith("--"))


def _row(found: tuple[Any, ...]) -> Row:
    key, version, sealed, account, user, client = found
    return Row(key, version=version, sealed=sealed, account=account, user=user, client=client)
