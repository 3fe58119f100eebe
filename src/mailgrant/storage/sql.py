"""What the stores in SQL databases have in common: the header and the tables of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from mailgrant.errors import GrantChanged, KeyRotated
from mailgrant.vault.lease import Lease
from mailgrant.vault.store import TABLES, Row

from .statements import as_row, row_values, way_in


class SqlStore(ABC):
    """One vault in a SQL database; a subclass knows the database."""

    def __init__(self) -> None:
        self._tables = {name: SqlRows(self, name) for name in TABLES}
        self.grants, self.consents, self.clients = (self._tables[name] for name in ("grants", "consents", "clients"))
        self.tokens, self.audit = self._tables["tokens"], self._tables["audit"]
        self.marks, self.workers = self._tables["marks"], self._tables["workers"]
        self.attempts, self.budgets = self._tables["attempts"], self._tables["budgets"]

    @abstractmethod
    def reading(self) -> AbstractContextManager[Any]:
        """Give a connection to read with."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Any]:
        """Give a connection inside a write transaction, kept whole or not at all."""

    @abstractmethod
    def statement(self, name: str, table: str = "") -> Any:
        """Return a statement as the database takes it."""

    @abstractmethod
    def hold_generation(self, connection: Any) -> int:
        """Return the header's generation, 0 for none, which stays until the transaction ends."""

    @abstractmethod
    def hold_fence(self, connection: Any, grant_id: str) -> int:
        """Return the fence of a grant's lease, which stays until the transaction ends."""

    @abstractmethod
    def take_row(self, connection: Any, table: str, key: str) -> Any:
        """Delete a row and return what it held, or None."""

    def table(self, name: str) -> SqlRows:
        """Return one of the tables."""
        return self._tables[name]

    def read_header(self) -> bytes | None:
        """Return the vault's header, or None when there is no vault here yet."""
        with self.reading() as connection:
            row = connection.execute(self.statement("read_header")).fetchone()
        return row[0] if row else None

    def write_header(self, header: bytes) -> bool:
        """Write the header if there is none; False when somebody was faster."""
        return self.changes_one("write_header", {"header": header})

    def replace_header(self, header: bytes, *, generation: int) -> bool:
        """Put another header in place of the one of `generation`."""
        return self.changes_one("replace_header", {"header": header, "generation": generation})

    def changes_one(self, name: str, values: dict[str, Any], table: str = "") -> bool:
        """Carry out one statement in a transaction of its own; False when no row was changed."""
        with self.writing() as connection:
            return bool(connection.execute(self.statement(name, table), values).rowcount == 1)


class SqlRows:
    """One table of sealed rows."""

    def __init__(self, store: SqlStore, table: str) -> None:
        self._store = store
        self._table = table

    def get(self, key: str) -> Row | None:
        """Return the row, or None."""
        return next(iter(self._found("get_row", {"key": key})), None)

    def find(
        self, *, account: str | None = None, user: str | None = None, client: str | None = None
    ) -> tuple[Row, ...]:
        """Return the rows whose clear columns are equal to what is given, in a stable order."""
        wanted = {"account": account, "user": user, "client": client}
        return self._found(way_in(wanted), wanted)

    def page(self, *, after: str = "", limit: int, backwards: bool = False) -> tuple[Row, ...]:
        """Return up to `limit` rows in the order of their keys, from the one that follows `after`."""
        return self._found("page_backwards" if backwards else "page", {"after": after, "limit": limit})

    def due(self, *, until: int, limit: int) -> tuple[Row, ...]:
        """Return up to `limit` rows that are due at `until`, the longest due first."""
        return self._found("find_due", {"until": until, "limit": limit})

    def next_due(self) -> int | None:
        """Return when the first row is due."""
        with self._store.reading() as connection:
            (first,) = connection.execute(self._statement("next_due")).fetchone()
        return int(first) if first is not None else None

    def put(self, row: Row, *, expect: int, lease: Lease | None = None, generation: int | None = None) -> None:
        """Write a row if the version, the fence of `lease` and the generation are as expected."""
        values = {**row_values(row), "expect": expect}
        with self._store.writing() as connection:
            self._expect_generation(connection, generation)
            if lease is not None and self._store.hold_fence(connection, lease.grant_id) != lease.fence:
                raise GrantChanged()
            statement = self._statement("insert_row" if expect == 0 else "update_row")
            if connection.execute(statement, values).rowcount != 1:
                raise GrantChanged()

    def add(self, rows: Sequence[Row]) -> int:
        """Write rows where there is none of their key, in one step."""
        statement = self._statement("insert_row")
        with self._store.writing() as connection:
            return sum(connection.execute(statement, row_values(row)).rowcount for row in rows)

    def reseal(self, changes: Sequence[tuple[Row, bytes]], *, generation: int | None = None) -> int:
        """Put other sealed values in place of what rows hold, where they are still there."""
        with self._store.writing() as connection:
            if generation is not None and self._store.hold_generation(connection) != generation:
                raise KeyRotated()
            return sum(self._reseal(connection, row, sealed) for row, sealed in changes)

    def _reseal(self, connection: Any, row: Row, sealed: bytes) -> bool:
        values = {"key": row.key, "version": row.version, "before": row.sealed, "sealed": sealed}
        return bool(connection.execute(self._statement("reseal_row"), values).rowcount == 1)

    def take(self, key: str) -> Row | None:
        """Delete a row and return it, in one step."""
        with self._store.writing() as connection:
            found = self._store.take_row(connection, self._table, key)
        return as_row(found) if found else None

    def delete(self, key: str, *, expect: int) -> None:
        """Delete a row if the version there is `expect`."""
        if not self._store.changes_one("delete_row", {"key": key, "expect": expect}, self._table):
            raise GrantChanged()

    def _expect_generation(self, connection: Any, generation: int | None) -> None:
        if generation is not None and self._store.hold_generation(connection) != generation:
            raise KeyRotated()

    def _found(self, name: str, values: dict[str, Any]) -> tuple[Row, ...]:
        with self._store.reading() as connection:
            found = connection.execute(self._statement(name), values).fetchall()
        return tuple(map(as_row, found))

    def _statement(self, name: str) -> Any:
        return self._store.statement(name, self._table)
