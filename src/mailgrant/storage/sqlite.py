"""
A vault in one SQLite file, shared by threads and processes of one machine.

Write-ahead log, `BEGIN IMMEDIATE` for every write, 0600 from the first byte. Statements live in
`queries.sql`, the tables in `migrations/`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailgrant.errors import GrantChanged, KeyRotated, SettingsError, VaultDamaged, VaultError
from mailgrant.vault.lease import Lease
from mailgrant.vault.store import TABLES, Row

from .connections import BUSY_SECONDS, Connections
from .files import touch_private
from .statements import migrations, query

# "mgrt", in the file's head (sqlite.org/fileformat.html §1.3.11): another program's database is not ours to change.
APPLICATION_ID = int.from_bytes(b"mgrt", "big")
# Where locks are a matter of luck; from /proc/mounts. WAL needs shared memory besides.
NETWORK_FILE_SYSTEMS = frozenset({"9p", "afs", "ceph", "cifs", "fuse.sshfs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"})


class SqliteStore:
    """
    One vault in the file at `path`, made with its folder when it is not there.

    Threads may share it, and so may processes after a fork. Raises VaultError when the file cannot
    be used, VaultDamaged when it is something else than a vault, SettingsError when it lies on a
    network file system or was made by a newer mailgrant.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        refuse_network_file_system(path)
        make_file(path)
        self._connections = Connections(path)
        self.leases = SqliteLeases(self)
        self._tables = {name: SqliteRows(self, name) for name in TABLES}
        self.grants, self.consents, self.clients = (self._tables[name] for name in ("grants", "consents", "clients"))
        self.tokens, self.audit = self._tables["tokens"], self._tables["audit"]
        self.marks, self.workers = self._tables["marks"], self._tables["workers"]
        self.attempts, self.budgets = self._tables["attempts"], self._tables["budgets"]
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def read_header(self) -> bytes | None:
        """Return the vault's header, or None when there is no vault here yet."""
        with self.reading() as connection:
            row = connection.execute(query("read_header")).fetchone()
        return row[0] if row else None

    def write_header(self, header: bytes) -> bool:
        """Write the header if there is none; False when somebody was faster."""
        with self.writing() as connection:
            return connection.execute(query("write_header"), {"header": header}).rowcount == 1

    def replace_header(self, header: bytes, *, generation: int) -> bool:
        """Put another header in place of the one of `generation`."""
        with self.writing() as connection:
            values = {"header": header, "generation": generation}
            return connection.execute(query("replace_header"), values).rowcount == 1

    def table(self, name: str) -> SqliteRows:
        """Return one of the tables."""
        return self._tables[name]

    def close(self) -> None:
        """Let go of the file."""
        self._connections.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read with."""
        with translated(self.path), self._connections.lend() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection inside a write transaction, kept whole or not at all."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _prepare(self) -> None:
        """Bring the tables up to date; what is not a vault, or is a newer one, is left as it is."""
        with self.reading() as connection:
            version = self._recognise(connection)
            # The side files take their mode from the file.
            self.path.chmod(0o600)
            use_write_ahead_log(connection)
        if version < len(migrations("sqlite")):
            self._migrate()

    def _migrate(self) -> None:
        with self.writing() as connection:
            for step in migrations("sqlite")[self._recognise(connection) :]:
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(migrations('sqlite'))}")

    def _recognise(self, connection: sqlite3.Connection) -> int:
        """Return the number of migrations the file has seen, 0 for an empty one."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if (application, version, tables) == (0, 0, 0):
            return 0
        if application != APPLICATION_ID:
            raise VaultDamaged(
                f"{self.path} is not a vault but another program's database; it was not touched.",
                hint="Name another file (MAILGRANT_VAULT, --vault).",
            )
        if version > len(migrations("sqlite")):
            raise SettingsError(
                f"The vault {self.path} was made by a newer mailgrant; it was not touched.", hint="Update mailgrant."
            )
        return int(version)


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
        by_index = "find_rows_of_account" if account is not None else "find_rows_of_user" if user is not None else None
        return self._found(by_index or "find_rows", wanted)

    def page(self, *, after: str = "", limit: int, backwards: bool = False) -> tuple[Row, ...]:
        """Return up to `limit` rows in the order of their keys, from the one that follows `after`."""
        return self._found("page_backwards" if backwards else "page", {"after": after, "limit": limit})

    def due(self, *, until: int, limit: int) -> tuple[Row, ...]:
        """Return up to `limit` rows that are due at `until`, the longest due first."""
        return self._found("find_due", {"until": until, "limit": limit})

    def next_due(self) -> int | None:
        """Return when the first row is due."""
        with self._store.reading() as connection:
            (first,) = connection.execute(self._query("next_due")).fetchone()
        return int(first) if first is not None else None

    def put(self, row: Row, *, expect: int, lease: Lease | None = None, generation: int | None = None) -> None:
        """Write a row if the version, the fence of `lease` and the generation are as expected."""
        values = {**row_values(row), "expect": expect}
        with self._store.writing() as connection:
            if generation is not None and read_generation(connection) != generation:
                raise KeyRotated()
            if lease is not None and read_fence(connection, lease.grant_id)[0] != lease.fence:
                raise GrantChanged()
            statement = self._query("insert_row" if expect == 0 else "update_row")
            if connection.execute(statement, values).rowcount != 1:
                raise GrantChanged()

    def reseal(self, row: Row, sealed: bytes, *, generation: int | None = None) -> bool:
        """Put `sealed` in place of what `row` holds, if it is still there."""
        values = {"key": row.key, "version": row.version, "before": row.sealed, "sealed": sealed}
        with self._store.writing() as connection:
            if generation is not None and read_generation(connection) != generation:
                raise KeyRotated()
            return connection.execute(self._query("reseal_row"), values).rowcount == 1

    def take(self, key: str) -> Row | None:
        """Delete a row and return it, in one step."""
        with self._store.writing() as connection:
            # Not DELETE … RETURNING, which SQLite has only since 3.35; the transaction makes it one step.
            found = connection.execute(self._query("get_row"), {"key": key}).fetchone()
            connection.execute(self._query("take_row"), {"key": key})
        return _row(found) if found else None

    def delete(self, key: str, *, expect: int) -> None:
        """Delete a row if the version there is `expect`."""
        with self._store.writing() as connection:
            if connection.execute(self._query("delete_row"), {"key": key, "expect": expect}).rowcount != 1:
                raise GrantChanged()

    def _found(self, name: str, values: dict[str, Any]) -> tuple[Row, ...]:
        with self._store.reading() as connection:
            found = connection.execute(self._query(name), values).fetchall()
        return tuple(map(_row, found))

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


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """
    Switch the file to its write-ahead log, which it then keeps.

    Among processes that do so at the same moment SQLite turns all but one away at once, whatever its
    busy time-out says (sqlite.org/wal.html §8); so they come back.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def read_fence(connection: sqlite3.Connection, grant_id: str) -> tuple[int, bool]:
    """Return the fence of a grant's lease and whether it is held."""
    found = connection.execute(query("read_lease"), {"grant_id": grant_id}).fetchone()
    return (found[0], bool(found[1])) if found else (0, False)


def read_generation(connection: sqlite3.Connection) -> int:
    """Return the generation of the header, 0 when there is none yet."""
    found = connection.execute(query("read_generation")).fetchone()
    return int(found[0]) if found else 0


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says into what a person can act on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Without a code it is Python's own complaint about how the module was used: a bug of ours.
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            raise
        # The low byte says what; the rest, where (sqlite.org/rescode.html).
        raise _as_vault_error(code & 0xFF, path, str(error)) from error


def _as_vault_error(code: int, path: Path, text: str) -> VaultError:
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return VaultError(
            f"The disk is full or failing: the vault {path} could not be written, and is as it was.",
            hint="Make room and try again.",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return VaultError(f"The vault {path} cannot be written: {text}.", hint="Check who may write there.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return VaultError(f"The vault {path} is busy with another program.", hint="Try again in a moment.")
    return VaultDamaged(f"{path} is not a vault, or it is damaged: {text}.")


def make_file(path: Path) -> None:
    """Make the file, 0600 in a folder 0700, before SQLite does, which would ask the umask."""
    try:
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


def row_values(row: Row) -> dict[str, Any]:
    """Return a row as the values of a statement."""
    return {
        "key": row.key,
        "version": row.version,
        "sealed": row.sealed,
        "account": row.account,
        "user": row.user,
        "client": row.client,
        "due": row.due,
    }


def _row(found: tuple[Any, ...]) -> Row:
    key, version, sealed, account, user, client, due = found
    return Row(key, version=version, sealed=sealed, account=account, user=user, client=client, due=due)
