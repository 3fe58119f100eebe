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
from datetime import timedelta
from pathlib import Path
from typing import Any

from mailgrant.errors import SettingsError, VaultDamaged, VaultError
from mailgrant.vault.lease import LEASE, Lease

from .connections import Connections
from .files import touch_private
from .sql import SqlStore
from .statements import migrations, query

# "mgrt", in the file's head (sqlite.org/fileformat.html §1.3.11): another program's database is not ours to change.
APPLICATION_ID = int.from_bytes(b"mgrt", "big")
BUSY_SECONDS = 30.0
# A page, and there is never less than one (sqlite.org/fileformat.html §1.2).
SMALLEST = 512
# Where locks are a matter of luck; from /proc/mounts. WAL needs shared memory besides.
NETWORK_FILE_SYSTEMS = frozenset({"9p", "afs", "ceph", "cifs", "fuse.sshfs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"})


class SqliteStore(SqlStore):
    """
    One vault in the file at `path`, made with its folder when it is not there.

    Threads may share it, and so may processes after a fork. Raises VaultError when the file cannot
    be used, VaultDamaged when it is something else than a vault, SettingsError when it lies on a
    network file system or was made by a newer mailgrant.
    """

    def __init__(self, path: Path, *, lease: timedelta = LEASE) -> None:
        super().__init__()
        self.path = path
        refuse_network_file_system(path)
        make_file(path)
        refuse_stub(path)
        self._connections = Connections(lambda: connect(path), is_fit=lambda connection: not connection.in_transaction)
        self.leases = SqliteLeases(self, lease)
        try:
            self.upgraded = self._prepare()
        except BaseException:
            self.close()
            raise

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

    def statement(self, name: str, table: str = "") -> str:
        """Return a statement."""
        return query(name, table)

    def hold_generation(self, connection: sqlite3.Connection) -> int:
        """Return the header's generation; the one writer there is holds everything."""
        found = connection.execute(query("read_generation")).fetchone()
        return int(found[0]) if found else 0

    def hold_fence(self, connection: sqlite3.Connection, grant_id: str) -> int:
        """Return the fence of a grant's lease."""
        return read_fence(connection, grant_id)[0]

    def take_row(self, connection: sqlite3.Connection, table: str, key: str) -> Any:
        """Delete a row and return what it held, or None."""
        # Not DELETE … RETURNING, which SQLite has only since 3.35; the transaction makes it one step.
        found = connection.execute(query("get_row", table), {"key": key}).fetchone()
        connection.execute(query("take_row", table), {"key": key})
        return found

    def _prepare(self) -> bool:
        """
        Bring the tables up to date; tell whether an older vault was changed.

        By itself: the file is one machine's, and a script that runs unattended must not stop at an
        update. What is not a vault, or is a newer one, is left as it is.
        """
        with self.reading() as connection:
            # In one transaction: between two looks another process may have made the vault.
            connection.execute("BEGIN")
            try:
                version = self._recognise(connection)
            finally:
                connection.execute("ROLLBACK")
            # The side files take their mode from the file.
            self.path.chmod(0o600)
            use_write_ahead_log(connection)
        if version == len(migrations("sqlite")):
            return False
        self._migrate()
        return version > 0

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


class SqliteLeases:
    """The leases on grants."""

    def __init__(self, store: SqliteStore, length: timedelta) -> None:
        self.length = length
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


def connect(path: Path) -> sqlite3.Connection:
    """Open the file; what is deleted in it is overwritten, what is committed is on the disk."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    return connection


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


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says into what a person can act on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Without a code it is Python's own complaint about how the module was used: a bug of ours.
        code = getattr(error, "sqlite_errorcode", None)
        if code is None and "decode to UTF-8" in str(error):
            raise VaultDamaged(f"The vault {path} holds text that is no text: somebody else wrote it.") from error
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


def refuse_stub(path: Path) -> None:
    """Raise VaultDamaged for a file too short to be a database: SQLite takes a single byte for an empty one."""
    # By its size: whoever opens and closes it lets go of the locks that this process holds on it.
    if 0 < path.stat().st_size < SMALLEST:
        raise VaultDamaged(
            f"{path} is not a vault but something else; it was not touched.",
            hint="Name another file (MAILGRANT_VAULT, --vault).",
        )


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
