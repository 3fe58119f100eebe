"""
A vault in a PostgreSQL database, shared by the processes of many hosts.

It lives in the schema `mailgrant`, beside whatever else the database holds. Leases run by the
database's clock. Statements live in `queries.sql`, the tables in `migrations/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg

from mailgrant.errors import SettingsError, VaultDamaged, VaultError
from mailgrant.vault.lease import LEASE, Lease

from .places import shown
from .postgres_link import PostgresLink
from .sql import SqlStore
from .statements import migrations, query

if TYPE_CHECKING:
    from .postgres_link import Connection

SCHEMA = "mailgrant"
# "mgrt": whoever migrates holds this advisory lock of the database.
MIGRATION_LOCK = int.from_bytes(b"mgrt", "big")
# A lock is waited for as long as SQLite's is, and one who stopped in the middle of a write holds his no longer.
BEGIN = b"BEGIN; SET LOCAL lock_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '60s'"


class PostgresStore(SqlStore):
    """
    One vault in the database at `url`, made there when it is not.

    Threads may share it, and so may processes after a fork. Raises VaultError when the database
    cannot be used, or without `create` has no vault, or without `upgrade` an older mailgrant's;
    VaultDamaged when its schema is another program's; SettingsError when a newer mailgrant made the
    vault.
    """

    def __init__(self, url: str, *, create: bool = True, upgrade: bool = False, lease: timedelta = LEASE) -> None:
        super().__init__()
        self._link = PostgresLink(url)
        self.place = self._link.place
        self.leases = PostgresLeases(self, lease)
        try:
            self.upgraded = self._prepare(create, upgrade)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"PostgresStore({self.place!r})"

    def close(self) -> None:
        """Let go of the database."""
        self._link.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to read with."""
        with self._link.lend() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection inside a write transaction, kept whole or not at all."""
        with self.reading() as connection:
            connection.execute(BEGIN)
            try:
                yield connection
            except BaseException:
                with suppress(psycopg.Error):
                    connection.execute(b"ROLLBACK")
                raise
            self._commit(connection)

    def statement(self, name: str, table: str = "") -> bytes:
        """Return a statement as psycopg takes it."""
        return statement(name, table)

    def hold_generation(self, connection: Connection) -> int:
        """Return the header's generation; whoever replaces the header waits for us."""
        found = connection.execute(statement("hold_generation")).fetchone()
        return int(found[0]) if found else 0

    def hold_fence(self, connection: Connection, grant_id: str) -> int:
        """Return the fence of a grant's lease; whoever takes it over waits for us."""
        found = connection.execute(statement("hold_fence"), {"grant_id": grant_id}).fetchone()
        return int(found[0]) if found else 0

    def take_row(self, connection: Connection, table: str, key: str) -> Any:
        """Delete a row and return what it held, or None."""
        return connection.execute(statement("take_whole_row", table), {"key": key}).fetchone()

    def _commit(self, connection: Connection) -> None:
        """Make the transaction last; when no answer comes, say that nobody knows."""
        try:
            connection.execute(b"COMMIT")
        except psycopg.OperationalError as error:
            raise VaultError(
                f"The connection to the vault at {self.place} was lost during a write, which may have happened or not.",
                hint="Look at what is there before you repeat it.",
            ) from error

    def _prepare(self, create: bool, upgrade: bool) -> bool:
        """
        Make the tables, or with `upgrade` bring them up to date; tell whether an older vault was changed.

        Not by itself: other hosts may still run the mailgrant that made it. What is not a vault, or is
        a newer one, is left as it is.
        """
        with self.reading() as connection:
            version = recognise(connection, self.place)
        if version == 0 and not create:
            raise VaultError(
                f"There is no vault at {self.place}.", hint="`mailgrant init` or `mailgrant login` makes one."
            )
        if version == len(migrations("postgres")):
            return False
        if version and not upgrade:
            raise VaultError(
                f"The vault {self.place} was made by an older mailgrant.",
                hint="Update mailgrant on every host that uses it, then run `mailgrant init` once.",
            )
        with self.writing() as connection:
            migrate(connection, self.place)
        return version > 0


class PostgresLeases:
    """The leases on grants; each lasts for `length`, by the database's clock."""

    def __init__(self, store: PostgresStore, length: timedelta) -> None:
        self._store = store
        self.length = length

    def read(self, grant_id: str) -> Lease:
        """Return the lease as it stands; one that has run out is not held."""
        with self._store.reading() as connection:
            found = connection.execute(statement("read_timed_lease"), {"grant_id": grant_id}).fetchone()
        return Lease(grant_id, int(found[0]), held=bool(found[1])) if found else Lease(grant_id, 0, held=False)

    def take(self, lease: Lease) -> Lease | None:
        """Take it if nobody has since it was read, with the next fence."""
        values = {"grant_id": lease.grant_id, "fence": lease.fence, "length": self.length}
        with self._store.writing() as connection:
            if lease.fence == 0:
                connection.execute(statement("know_timed_lease"), {"grant_id": lease.grant_id})
            taken = connection.execute(statement("take_timed_lease"), values).rowcount == 1
        return Lease(lease.grant_id, lease.fence + 1, held=True) if taken else None

    def release(self, lease: Lease) -> None:
        """Give it back, if it is still ours."""
        self._store.changes_one("release_timed_lease", {"grant_id": lease.grant_id, "fence": lease.fence})


@cache
def statement(name: str, table: str = "") -> bytes:
    """Return a statement of `queries.sql` with our schema before its tables, and values as psycopg names them."""
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", query(name, table, f"{SCHEMA}.")).encode()


def holds_vault(url: str) -> bool:
    """Tell whether there is a vault in the database at `url`; nothing is made there."""
    link = PostgresLink(url)
    try:
        with link.lend() as connection:
            return bool(recognise(connection, shown(url)) and connection.execute(statement("read_header")).fetchone())
    finally:
        link.close()


def recognise(connection: Connection, place: str) -> int:
    """Return the number of migrations the database has seen, 0 for one without our schema."""
    found = connection.execute(statement("recognise"), {"schema": SCHEMA}).fetchone()
    _, tables, is_vault = found or (False, 0, False)
    if not is_vault:
        if tables:
            raise VaultDamaged(
                f"The schema {SCHEMA} at {place} is not a vault but another program's; it was not touched.",
                hint="Name another database (MAILGRANT_VAULT, --vault).",
            )
        return 0
    seen = connection.execute(statement("read_version")).fetchone()
    version = int(seen[0]) if seen else 0
    if version > len(migrations("postgres")):
        raise SettingsError(
            f"The vault at {place} was made by a newer mailgrant; it was not touched.", hint="Update mailgrant."
        )
    return version


def migrate(connection: Connection, place: str) -> None:
    """Carry out the migrations that are missing; of all who would at once, one does and the others find them done."""
    connection.execute(statement("lock_for_migrating"), {"number": MIGRATION_LOCK})
    seen = recognise(connection, place)
    if seen == 0:
        found = connection.execute(statement("recognise"), {"schema": SCHEMA}).fetchone()
        # Not IF NOT EXISTS, which asks for the right to make one even where it was made for us.
        if found and not found[0]:
            connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())
    for step in migrations("postgres")[seen:]:
        for change in step:
            connection.execute(change.encode())
    connection.execute(statement("write_version"), {"version": len(migrations("postgres"))})
