"""
Somebody who may write the database, and does.

Whatever they do to rows and columns, a read gives what the vault itself once wrote in that place, or
an error: never another value, never another person's, never a crash.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailgrant.errors import DamagedGrantWarning, MailgrantError
from mailgrant.vault.vault import Vault

from .keeping import ADA, CLIENT, GRACE, Household, furnish

TABLES = ("grants", "clients", "audit")
COLUMNS = ("key", "version", "sealed", "account", "user_id", "client_id", "due")
VALUES = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(max_size=8), st.binary(max_size=90)
)
NUMBERS = st.integers(0, 9)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from(TABLES), NUMBERS, st.sampled_from(COLUMNS), VALUES),
        st.tuples(st.just("cast"), st.sampled_from(TABLES), NUMBERS, st.sampled_from(COLUMNS), st.binary(max_size=4)),
        st.tuples(st.just("splice"), st.sampled_from(TABLES), NUMBERS, st.sampled_from(COLUMNS), NUMBERS),
        st.tuples(st.just("flip"), st.sampled_from(TABLES), NUMBERS, st.integers(0, 4000), st.none()),
        st.tuples(st.just("copy"), st.sampled_from(TABLES), NUMBERS, st.sampled_from(TABLES), NUMBERS),
        st.tuples(st.just("back"), st.sampled_from(TABLES), NUMBERS, st.none(), st.none()),
        st.tuples(st.just("delete"), st.sampled_from(TABLES), NUMBERS, st.none(), st.none()),
        st.tuples(st.just("header"), st.just("grants"), st.integers(0, 4000), st.none(), st.none()),
    ),
    min_size=1,
    max_size=4,
)


class Meddler:
    """Writes a vault's file behind its back; knows every row that ever stood there."""

    def __init__(self, path: Path, older: dict[str, list[tuple[Any, ...]]]) -> None:
        self._path = path
        self._older = older

    def do(self, edit: tuple[Any, ...]) -> None:
        kind, table, number, third, fourth = edit
        with closing(sqlite3.connect(self._path)) as connection:
            connection.text_factory = lambda text: text.decode(errors="replace")
            rows = rows_of(connection, table)
            if rows or kind in ("back", "header"):
                getattr(self, kind)(connection, table, rows, number, third, fourth)
            connection.commit()

    def set(self, connection: Any, table: str, rows: Any, number: int, column: str, value: Any) -> None:
        self._update(connection, table, rows[number % len(rows)][0], column, value)

    def cast(self, connection: Any, table: str, rows: Any, number: int, column: str, value: bytes) -> None:
        # Text that is no UTF-8, which SQLite keeps as it is given.
        key = rows[number % len(rows)][0]
        connection.execute(f"UPDATE OR IGNORE {table} SET {column} = CAST(? AS TEXT) WHERE key IS ?", (value, key))

    def splice(self, connection: Any, table: str, rows: Any, number: int, column: str, other: int) -> None:
        value = rows[other % len(rows)][COLUMNS.index(column)]
        self._update(connection, table, rows[number % len(rows)][0], column, value)

    def flip(self, connection: Any, table: str, rows: Any, number: int, bit: int, _: None) -> None:
        row = rows[number % len(rows)]
        if isinstance(row[2], bytes) and row[2]:
            self._update(connection, table, row[0], "sealed", flipped(row[2], bit))

    def copy(self, connection: Any, table: str, rows: Any, number: int, to: str, other: int) -> None:
        targets = rows_of(connection, to)
        key = targets[other % len(targets)][0] if targets else "new"
        insert(connection, to, (key, *rows[number % len(rows)][1:]))

    def back(self, connection: Any, table: str, rows: Any, number: int, *_: None) -> None:
        insert(connection, table, self._older[table][number % len(self._older[table])])

    def delete(self, connection: Any, table: str, rows: Any, number: int, *_: None) -> None:
        connection.execute(f"DELETE FROM {table} WHERE key IS ?", (rows[number % len(rows)][0],))

    def header(self, connection: Any, table: str, rows: Any, bit: int, *_: None) -> None:
        (header,) = connection.execute("SELECT header FROM header").fetchone()
        connection.execute("UPDATE header SET header = ?", (flipped(header, bit),))

    def _update(self, connection: Any, table: str, key: Any, column: str, value: Any) -> None:
        # What the database itself refuses (no key, two of one key) is not done.
        connection.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE key IS ?", (value, key))


def rows_of(connection: Any, table: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM {table}").fetchall()
    return found


def insert(connection: Any, table: str, row: tuple[Any, ...]) -> None:
    marks = ", ".join("?" * len(COLUMNS))
    connection.execute(f"INSERT OR REPLACE INTO {table} ({', '.join(COLUMNS)}) VALUES ({marks})", row)


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


class Scene:
    """A vault with a past, and everything that was ever true in it."""

    def __init__(self, folder: Path) -> None:
        self.home = Household(folder)
        self.file = Path(self.home.place)
        self.older: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
        self.truth: dict[str, list[Any]] = {}
        self._live()
        self.original = self.file
        self._copies = itertools.count()

    def _live(self) -> None:
        vault = self.home.open()
        furnish(vault)
        self._remember(vault)
        for account in (ADA, GRACE):
            vault.keep(replace(vault.find(account=account)[0], reason="a later day"))
        vault.add_client(CLIENT, testing=True)
        self._remember(vault)
        vault.drop(vault.find(account=GRACE)[0])
        self._remember(vault)
        vault.close()

    def _remember(self, vault: Vault) -> None:
        for grant in vault.grants():
            self.truth.setdefault(grant.id, []).append(grant)
        for client in vault.known_clients():
            self.truth.setdefault(client.client_id, []).append(client)
        self.truth["audit"] = list(vault.audit.entries())
        with closing(sqlite3.connect(self.file)) as connection:
            for table in TABLES:
                self.older[table].extend(rows_of(connection, table))

    def anew(self) -> Path:
        """Give a copy that nobody has touched; a file of its own, which no connection still has open."""
        if self.file != self.original:
            self.file.unlink()
        self.file = self.original.with_name(f"copy{next(self._copies)}.db")
        shutil.copy(self.original, self.file)
        self.home.place = str(self.file)
        return self.file

    def check(self) -> None:
        """Read everything in every way there is."""
        vault = attempt(self.home.open)
        if vault is None:
            return
        try:
            for key, truths in self.truth.items():
                for read in (vault.grant, vault.known_client):
                    found = attempt(read, key)
                    assert found is None or found in truths
            held = [
                *(attempt(vault.grants) or ()),
                *(attempt(vault.find, account=ADA) or ()),
                *(attempt(vault.find, client_id=CLIENT.client_id) or ()),
            ]
            assert all(grant in self.truth[grant.id] for grant in held)
            assert all(client in self.truth[client.client_id] for client in attempt(vault.known_clients) or ())
            assert all(entry in self.truth["audit"] for entry in attempt(lambda: list(vault.audit.entries())) or ())
        finally:
            vault.close()


def attempt(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Do it; None when it fails as the library's things may fail."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DamagedGrantWarning)
            return work(*args, **kwargs)
    except MailgrantError:
        return None


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("scene"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_a_database_writer_gets_nothing_but_what_once_stood_there_or_an_error(
    scene: Scene, edits: list[tuple[Any, ...]]
) -> None:
    meddler = Meddler(scene.anew(), scene.older)

    for edit in edits:
        meddler.do(edit)

    scene.check()


def test_without_a_database_writer_everything_is_there(scene: Scene) -> None:
    scene.anew()

    vault = scene.home.open()

    assert [grant.account for grant in vault.grants()] == [ADA]
    assert len(list(vault.audit.entries())) == 2
    scene.check()
