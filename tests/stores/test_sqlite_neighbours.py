"""The SQLite store among others: other programs' files, threads that come and go, forks, readers without rights."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mailgrant.errors import VaultDamaged, VaultError
from mailgrant.storage.connections import Connections
from mailgrant.storage.sqlite import SqliteStore, connect, translated
from mailgrant.storage.statements import migrations, query
from mailgrant.vault.store import Row

from .suite import ADA, GRACE

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vault.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(path)
    yield opened
    opened.close()


def test_another_programs_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    path.chmod(0o644)
    before = path.read_bytes()

    with pytest.raises(VaultDamaged, match="another program's database"):
        SqliteStore(path)

    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["places.sqlite"]


def test_a_text_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_text("dear diary\n" * 400)
    path.chmod(0o644)

    with pytest.raises(VaultDamaged, match="not a vault"):
        SqliteStore(path)

    assert path.read_text() == "dear diary\n" * 400
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_an_empty_file_becomes_a_private_vault(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    path.touch()
    path.chmod(0o666)

    store = SqliteStore(path)
    store.grants.put(ADA, expect=0)
    modes = {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()}
    store.close()

    assert modes == {0o600}


def test_a_half_written_vault_is_damaged_and_never_an_empty_one(path: Path) -> None:
    store = SqliteStore(path)
    for number in range(40):
        store.grants.put(Row(str(number), version=1, sealed=bytes(2000)), expect=0)
    store.close()
    with path.open("r+b") as file:
        file.truncate(8192)

    with pytest.raises(VaultDamaged), closing(SqliteStore(path)) as cut:
        cut.grants.find()


@contextmanager
def without_rights() -> Iterator[None]:
    """Be nobody for a while; whoever is not root has no rights to give up."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into; pytest's own lies in one that nobody may."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        Path(name).chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_a_folder_nobody_may_write_is_a_clear_error(open_folder: Path) -> None:
    open_folder.chmod(0o555)

    with without_rights(), pytest.raises(VaultError, match="Permission denied") as caught:
        SqliteStore(open_folder / "new" / "vault.db")

    assert "who may write there" in caught.value.hint


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_a_vault_of_somebody_else_is_a_clear_error_and_stays_as_it_was(open_folder: Path) -> None:
    path = open_folder / "vault.db"
    store = SqliteStore(path)
    store.grants.put(ADA, expect=0)
    store.close()
    path.chmod(0o444)
    open_folder.chmod(0o555)

    with without_rights(), pytest.raises(VaultError, match="cannot be opened"):
        SqliteStore(path)

    kept = SqliteStore(path)
    assert kept.grants.get("one") == ADA
    kept.close()


def test_a_mistake_of_ours_is_not_called_a_damaged_vault(tmp_path: Path) -> None:
    connection = sqlite3.connect(":memory:")
    connection.close()

    with pytest.raises(sqlite3.ProgrammingError), translated(tmp_path):
        connection.execute("SELECT 1")


def test_a_vault_held_by_another_program_is_busy_and_not_damaged(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgrant.storage.sqlite.BUSY_SECONDS", 0.0)
    impatient = SqliteStore(store.path)

    with store.writing(), pytest.raises(VaultError, match="busy"):
        impatient.grants.put(ADA, expect=0)

    impatient.grants.put(ADA, expect=0)
    impatient.close()


def lending(path: Path) -> Connections[sqlite3.Connection]:
    return Connections(lambda: connect(path), is_fit=lambda connection: not connection.in_transaction)


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="open files are counted in /dev/fd")
def test_threads_that_come_and_go_leave_no_connection_open(store: SqliteStore) -> None:
    store.grants.put(ADA, expect=0)
    before = open_files()

    for _ in range(40):
        thread = threading.Thread(target=store.grants.get, args=("one",))
        thread.start()
        thread.join()

    assert open_files() <= before + 2


def test_threads_at_once_never_share_a_connection(path: Path, store: SqliteStore) -> None:
    connections = lending(path)

    with connections.lend() as one, connections.lend() as other:
        assert one is not other
    with connections.lend() as again:
        assert again in (one, other)
    connections.close()


def test_a_connection_left_inside_a_transaction_is_not_lent_again(path: Path, store: SqliteStore) -> None:
    connections = lending(path)

    with connections.lend() as left:
        left.execute("BEGIN IMMEDIATE")
    with connections.lend() as next_one:
        assert next_one is not left
        next_one.execute("BEGIN IMMEDIATE")
        next_one.execute("ROLLBACK")
    connections.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_writes_and_closes_without_harm_to_its_parent(store: SqliteStore) -> None:
    store.grants.put(ADA, expect=0)

    def in_the_child() -> None:
        store.grants.put(GRACE, expect=0)
        store.close()
        os._exit(0 if store.grants.get("one") == ADA else 1)

    child = multiprocessing.get_context("fork").Process(target=in_the_child)
    child.start()
    child.join()
    store.grants.put(Row("one", version=2, sealed=b"after the fork"), expect=1)

    assert child.exitcode == 0
    with closing(SqliteStore(store.path)) as again:
        assert [row.key for row in again.grants.find()] == ["one", "two"]


RACE = """
import sys
from pathlib import Path
from mailgrant.storage.sqlite import SqliteStore
from mailgrant.vault.lease import Lease

print("ready", flush=True)
sys.stdin.readline()
store = SqliteStore(Path(sys.argv[1]))
if sys.argv[2] == "make":
    print(store.write_header(sys.argv[3].encode()))
else:
    print(store.leases.take(Lease("grant", 7, held=True)) is not None)
"""


def raced(path: Path, what: str, count: int = 6) -> list[str]:
    """Start processes, let them all go at once, and return what each printed."""
    commands = [[sys.executable, "-c", RACE, str(path), what, str(number)] for number in range(count)]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [racer.communicate(timeout=60) for racer in racers]
    assert [errors for _, errors in answers if errors] == []
    return [said.strip() for said, _ in answers]


def test_of_processes_that_make_a_vault_at_once_one_makes_it_and_the_others_find_it(path: Path) -> None:
    made = raced(path, "make")

    store = SqliteStore(path)
    assert sorted(made) == [*["False"] * 5, "True"]
    assert store.read_header() == str(made.index("True")).encode()
    store.close()


def test_of_processes_that_race_for_a_lease_exactly_one_gets_it(store: SqliteStore) -> None:
    for _ in range(7):
        store.leases.take(store.leases.read("grant"))

    taken = raced(store.path, "take")

    assert sorted(taken) == [*["False"] * 5, "True"]
    assert store.leases.read("grant").fence == 8


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("find_rows_of_account", {"account": "ada@example.com", "user": None, "client": None}),
        ("find_rows_of_user", {"user": "17", "client": None}),
    ],
)
def test_a_grant_is_found_by_an_index_and_not_by_reading_all(
    store: SqliteStore, name: str, wanted: dict[str, str | None]
) -> None:
    with store.reading() as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {query(name, 'grants')}", wanted).fetchall()

    assert "SEARCH grants USING INDEX" in plan[0][3]


def test_statements_name_no_table_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no table"):
        query("get_row", "sqlite_master")


def test_migrations_are_whole_statements() -> None:
    assert all(sqlite3.complete_statement(f"{statement};") for step in migrations("sqlite") for statement in step)
