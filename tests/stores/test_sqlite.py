"""The store in one SQLite file, and what only a file can suffer."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgrant.errors import SettingsError, VaultDamaged, VaultError
from mailgrant.storage import open_store as open_by_url
from mailgrant.storage.sqlite import SqliteStore, refuse_network_file_system
from mailgrant.vault.store import Row

from .suite import ADA, Open, StoreSuite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vault.db"


class TestSqliteStore(StoreSuite):
    @pytest.fixture
    def open_store(self, path: Path) -> Iterator[Open]:
        opened: list[SqliteStore] = []

        def open_again() -> SqliteStore:
            opened.append(SqliteStore(path))
            return opened[-1]

        yield open_again
        for store in opened:
            store.close()


def test_everything_made_is_private_even_under_a_loose_umask(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "newer"
    before = os.umask(0)
    try:
        store = SqliteStore(folder / "vault.db")
        store.grants.put(ADA, expect=0)
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()}
    finally:
        os.umask(before)
    store.close()

    assert {"vault.db", "vault.db-wal", "vault.db-shm"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_a_vault_that_others_could_read_is_taken_away_from_them(path: Path) -> None:
    SqliteStore(path).close()
    path.chmod(0o644)

    SqliteStore(path).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_newer_vault_is_refused_and_not_touched(path: Path) -> None:
    SqliteStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(SettingsError, match="newer mailgrant"):
        SqliteStore(path)

    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_said_to_be_none(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all, but long enough to look at" * 10)

    with pytest.raises(VaultDamaged, match="not a vault"):
        SqliteStore(path)


def test_a_folder_in_its_place_is_a_clear_error(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(VaultError, match="cannot be opened"):
        SqliteStore(path)


def test_a_vault_is_named_by_url_too(path: Path) -> None:
    store = open_by_url(f"sqlite:///{path}")

    assert isinstance(store, SqliteStore)
    assert store.path == path
    store.close()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "https://example.com/vault.db"])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="not known"):
        open_by_url(url)


def test_a_network_file_system_is_refused(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    mounts = f"server:/export {path.parents[1]} nfs4 rw 0 0\nproc /proc proc rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda self, *_: mounts)

    with pytest.raises(SettingsError, match="network file system"):
        refuse_network_file_system(path)


FILL_THE_DISK = """
import resource, sys
from pathlib import Path
from mailgrant.errors import VaultError
from mailgrant.storage.sqlite import SqliteStore
from mailgrant.vault.store import Row

store = SqliteStore(Path(sys.argv[1]))
store.grants.put(Row("one", version=1, sealed=b"the old grant"), expect=0)
resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, resource.RLIM_INFINITY))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    store.grants.put(Row("one", version=2, sealed=b"x" * 200_000), expect=1)
except VaultError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
def test_on_a_full_disk_the_old_grant_survives(path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", FILL_THE_DISK, path], capture_output=True, text=True, check=True)

    kept = SqliteStore(path)
    assert "disk is full" in run.stdout
    assert kept.grants.get("one") == Row("one", version=1, sealed=b"the old grant")
    kept.close()


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from mailgrant.storage.sqlite import SqliteStore
from mailgrant.vault.store import Row

store = SqliteStore(Path(sys.argv[1]))
version = 0
while True:
    store.grants.put(Row("one", version=version + 1, sealed=version.to_bytes(2000, "big")), expect=version)
    version += 1
    print(version, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("writes", [1, 7, 40])
def test_a_writer_killed_at_any_moment_leaves_a_whole_vault(path: Path, writes: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(writes):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)

    store = SqliteStore(path)
    kept = store.grants.get("one")
    store.close()

    assert kept is not None
    assert int.from_bytes(kept.sealed, "big") == kept.version - 1 >= writes - 1


TAKE_ONE = """
import sys
from pathlib import Path
from mailgrant.storage.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(store.consents.take("one") is not None, flush=True)
"""


def test_of_processes_that_race_for_one_pending_consent_exactly_one_gets_it(path: Path) -> None:
    store = SqliteStore(path)
    store.consents.put(ADA, expect=0)
    command = [sys.executable, "-c", TAKE_ONE, str(path)]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    taken = sorted(racer.communicate(timeout=60)[0].strip() for racer in racers)
    store.close()

    assert taken == ["False", "False", "False", "True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_store_survives_a_fork(path: Path) -> None:
    store = SqliteStore(path)
    store.grants.put(ADA, expect=0)

    context = multiprocessing.get_context("fork")
    child = context.Process(target=lambda: os._exit(0 if store.grants.get("one") == ADA else 1))
    child.start()
    child.join()

    assert child.exitcode == 0
    assert store.grants.get("one") == ADA
    store.close()
