"""A vault's key is changed while the vault is used, and whatever stops that, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import keyring as system_keyring
import pytest

from mailgrant import key_file
from mailgrant.errors import (
    GrantChanged,
    GrantNotFound,
    KeyRotated,
    SettingsError,
    VaultDamaged,
    VaultError,
    VaultLocked,
)
from mailgrant.keys import KeySource
from mailgrant.secret import Secret
from mailgrant.storage import open_store
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault.audit import Deed
from mailgrant.vault.rotation import all_rows, rotate
from mailgrant.vault.sealing import Key, Keyring, key_id_of
from mailgrant.vault.store import TABLES, Row
from mailgrant.vault.vault import Vault

from .fate import Fate, Killed, copied, die, put_fate_into
from .keeping import ADA, GRACE, Household, a_grant, contents, furnish

OLD = Key.of(b"o" * 32)
NEW = Key.of(b"n" * 32)

pytestmark = pytest.mark.usefixtures("drawer", "weak_scrypt")


@pytest.fixture(params=["file", "keyring", "passphrase", "environment"])
def household(request: pytest.FixtureRequest, tmp_path: Path) -> Household:
    """A furnished vault with its key in each of the places."""
    source = KeySource(request.param)
    home = Household(tmp_path, source)
    home.passphrases = ["old horse"] * 2
    if source is KeySource.ENVIRONMENT:
        home.given = OLD.material.reveal()
    furnish(home.open())
    home.passphrases = []
    return home


def opened(home: Household, store: Any = None) -> Vault:
    """Open the vault as its owner would now: with the new passphrase, or the old one while that is the one."""
    try:
        home.passphrases = ["new horse"]
        return home.open(store)
    except VaultLocked:
        home.passphrases = ["old horse"]
        return home.open(store)


def turn(home: Household, store: Any = None) -> None:
    """Rotate as its owner would."""
    if home.source is KeySource.ENVIRONMENT:
        home.given = f"{NEW.material.reveal()},{OLD.material.reveal()}"
    vault = opened(home, store)
    home.passphrases = ["new horse"] * 2
    rotate(vault, home.drawer())


def key_ids(store: Any) -> set[bytes]:
    """The ids of the keys that sealed anything here."""
    return {key_id_of(row.sealed) for table in TABLES for row in all_rows(store.table(table))}


def test_a_rotation_seals_everything_with_a_new_key_and_drops_the_old_one(household: Household) -> None:
    store = open_store(household.place)
    before, old_ids = contents(opened(household)), key_ids(store)

    turn(household)

    if household.source is KeySource.ENVIRONMENT:
        household.given = NEW.material.reveal()
    vault = opened(household)
    assert contents(vault) == before
    assert len(key_ids(store)) == 1
    assert key_ids(store).isdisjoint(old_ids)
    assert len(vault.sealer.keyring.keys) == 1
    assert Deed.ROTATED in [entry.deed for entry in vault.audit.entries()]


def test_a_rotation_that_is_stopped_at_any_step_loses_nothing_and_is_finished_by_another(
    household: Household, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = contents(opened(household))
    last, new_keys = 0, set()
    while True:
        last += 1
        snapshot = {path: path.read_bytes() for path in household.config.rglob("*") if path.is_file()}
        kept = dict(system_keyring.get_keyring().kept)  # type: ignore[attr-defined]
        given = household.given
        store, fate = copied(household.place), Fate(last, die)
        with monkeypatch.context() as patch:
            put_fate_into(patch, store, fate)
            try:
                turn(household, store)
            except Killed:
                pass
            else:
                break
        assert contents(opened(household, store)) == before, f"after step {last}"
        begun = {key.id for key in opened(household, store).sealer.keyring.keys}
        turn(household, store)
        vault = opened(household, store)
        assert contents(vault) == before, f"finished after step {last}"
        new_keys = key_ids(store)
        assert len(new_keys) == 1
        assert len(begun) == 1 or new_keys <= begun, f"a third key was made after step {last}"
        restore(household, snapshot, kept, given)

    assert last > 10


def restore(home: Household, snapshot: dict[Path, bytes], kept: dict[Any, str], given: str | None) -> None:
    for path, content in snapshot.items():
        path.write_bytes(content)
    system_keyring.get_keyring().kept = kept  # type: ignore[attr-defined]
    home.given = given


def test_a_rotation_that_is_killed_at_any_write_is_finished_by_another(tmp_path: Path) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    before = contents(home.open())
    begun: set[bytes] = set()
    code, last = -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        last += 1
        code = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(last)], timeout=60).returncode
        vault = home.open()
        assert contents(vault) == before, f"after step {last}"
        at_hand = {key.id for key in vault.sealer.keyring.keys}
        # Each process takes up what the one before it has left, with the key that the first one made,
        # until one was killed when all was done: the next one begins anew.
        assert len(at_hand) == 1 or not begun or at_hand == begun
        begun = at_hand if len(at_hand) == 2 else set()

    assert code == 0
    assert len(key_ids(open_store(home.place))) == 1
    assert last > 5


KILLED = f"""
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{str(Path(__file__).parents[3])!r}]
import pytest
from mailgrant.storage import open_store
from tests.unit.vault.keeping import Household
from tests.unit.vault.fate import Fate, put_fate_into
from mailgrant.vault.rotation import rotate

home, last = Household(Path(sys.argv[1])), int(sys.argv[2])
store = open_store(home.place)
# Every process gets one step further than the one before.
put_fate_into(pytest.MonkeyPatch(), store, Fate(last, lambda: os.kill(os.getpid(), signal.SIGKILL)))
rotate(home.open(store), home.drawer())
"""


# Those who go on working


def test_a_process_that_meets_an_unknown_key_id_reads_its_key_source_once_more(tmp_path: Path) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    program = f"""
import sys
from pathlib import Path
sys.path[:0] = [{str(Path(__file__).parents[3])!r}]
from tests.unit.vault.keeping import ADA, Household, a_grant
vault = Household(Path(sys.argv[1])).open()
print(vault.find(account=ADA)[0].version, flush=True)
sys.stdin.readline()
grant = vault.find(account=ADA)[0]
print(vault.keep(grant).version, flush=True)
"""
    arguments = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline() == "1\n"
        rotate(home.open(), home.drawer())
        out, _ = running.communicate("go on\n", timeout=60)

    assert out == "2\n"
    assert home.open().find(account=ADA)[0].version == 2


def test_a_process_that_runs_on_seals_nothing_with_the_retired_key(tmp_path: Path) -> None:
    home = Household(tmp_path)
    older = home.open()
    furnish(older)

    rotate(home.open(), home.drawer())
    older.keep(a_grant("mary@example.com"))
    older.drop(older.find(account=GRACE)[0])

    newest = home.open()
    assert key_ids(open_store(home.place)) == {newest.sealer.header.key_id}
    assert [grant.account for grant in newest.grants()] == [ADA, "mary@example.com"]


def test_keys_in_the_wrong_order_do_not_bring_the_retired_key_back(tmp_path: Path) -> None:
    home = Household(tmp_path, KeySource.ENVIRONMENT)
    home.given = OLD.material.reveal()
    furnish(home.open())
    home.given = f"{NEW.material.reveal()},{OLD.material.reveal()}"
    rotate(home.open(), home.drawer())

    home.given = f"{OLD.material.reveal()},{NEW.material.reveal()}"
    home.open().keep(a_grant("mary@example.com"))

    assert key_ids(open_store(home.place)) == {NEW.id}


def test_a_row_that_is_written_while_it_is_resealed_stays_as_it_was_written(tmp_path: Path) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    writer, store = home.open(), open_store(home.place)
    real, written = store.grants.reseal, []

    def raced(changes: Sequence[tuple[Row, bytes]], **rest: Any) -> int:
        if not written:
            written.append(changes[0][0].key)
            writer.keep(writer.grant(written[0]))
        return real(changes, **rest)

    store.grants.reseal = raced  # type: ignore[method-assign]
    rotate(home.open(store), home.drawer())

    assert sorted(grant.version for grant in home.open().grants()) == [1, 2]
    assert len(key_ids(store)) == 1


def test_nobody_fails_to_read_or_to_refresh_while_the_key_is_changed_again_and_again(tmp_path: Path) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    ending = threading.Event()

    def work() -> int:
        vault, done = home.open(), 0
        while not ending.is_set():
            grant = vault.find(account=ADA)[0]
            with suppress(GrantChanged):
                vault.keep(grant)
                done += 1
        return done

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work) for _ in range(3)]
        try:
            for _ in range(5):
                rotate(home.open(), home.drawer())
        finally:
            ending.set()
        done = sum(future.result() for future in working)

    vault = home.open()
    assert vault.find(account=ADA)[0].version == 1 + done
    assert vault.sealer.header.generation == 6
    assert key_ids(open_store(home.place)) == {vault.sealer.header.key_id}


def test_a_key_set_by_hand_takes_the_place_of_the_key_file(tmp_path: Path) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    home.given = f"{NEW.material.reveal()},{home.key_file().read_text()}"

    rotate(home.open(), home.drawer())

    home.given = NEW.material.reveal()
    assert home.open().key_source == "environment"
    assert len(home.open().grants()) == 2


def test_two_do_not_rotate_one_vault_at_once(tmp_path: Path) -> None:
    home = Household(tmp_path)
    vault = home.open()

    with home.drawer().alone(vault.sealer.header), pytest.raises(VaultError, match="Somebody else is rotating"):
        rotate(home.open(), home.drawer())


def test_of_two_hosts_that_rotate_at_once_the_slower_stops(tmp_path: Path) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    store = open_store(home.place)
    real = store.replace_header

    def raced(header: bytes, *, generation: int) -> bool:
        real(header, generation=generation)
        return real(header, generation=generation)

    store.replace_header = raced  # type: ignore[method-assign]
    with pytest.raises(KeyRotated):
        rotate(home.open(store), home.drawer())


def test_a_row_that_does_not_open_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    home, store = Household(tmp_path), MemoryStore()
    vault = home.open(store)
    furnish(vault)
    row = store.grants.find(account=ADA)[0]
    broken = store.grants._rows[row.key] = Row(row.key, version=9, sealed=row.sealed, account=row.account)

    done = rotate(vault, home.drawer())

    assert [(damaged.table, damaged.key) for damaged in done.damaged] == [("grants", row.key)]
    assert store.grants.get(row.key) == broken
    assert [grant.account for grant in home.open(store).find(account=GRACE)] == [GRACE]


# What only a person can do


def test_a_key_in_the_environment_is_rotated_only_when_the_new_one_is_there(tmp_path: Path) -> None:
    home = Household(tmp_path, KeySource.ENVIRONMENT)
    home.given = OLD.material.reveal()
    vault = home.open()

    with pytest.raises(SettingsError, match="needs two") as caught:
        rotate(vault, home.drawer())

    assert "before the old one" in caught.value.hint


def test_a_vault_in_memory_has_no_key_to_rotate(tmp_path: Path) -> None:
    home = Household(tmp_path, KeySource.MEMORY)

    with pytest.raises(SettingsError, match="memory"):
        rotate(home.open(MemoryStore()), home.drawer())


def test_a_new_passphrase_that_was_mistyped_changes_nothing(tmp_path: Path) -> None:
    home = Household(tmp_path, KeySource.PASSPHRASE)
    home.passphrases = ["old horse"] * 3
    home.open()
    vault = home.open()
    home.passphrases = ["new horse", "knew horse"]

    with pytest.raises(SettingsError, match="differ"):
        rotate(vault, home.drawer())

    home.passphrases = ["old horse"]
    assert home.open().sealer.header == vault.sealer.header


def test_the_header_gives_the_retired_key_to_nobody_without_the_new_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, store = Household(tmp_path, KeySource.PASSPHRASE), MemoryStore()
    home.passphrases = ["old horse"] * 2
    vault = home.open(store)
    old = vault.sealer.keyring.newest.to_bytes()
    fate = Fate(3, die)
    monkeypatch.setattr(store, "replace_header", fate.around(store.replace_header))
    home.passphrases = ["new horse"] * 2
    with pytest.raises(Killed):
        rotate(vault, home.drawer())

    header = store.read_header() or b""
    home.passphrases = ["wrong horse"]
    with pytest.raises((VaultLocked, VaultDamaged)):
        home.open(store)
    assert b"retired" in header
    assert old not in header


# Key files


def test_a_key_file_is_replaced_in_one_step_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.key"
    key_file.write_private(path, OLD.material)
    (tmp_path / "keys" / "a.key.new").write_text("left by one who was killed")

    key_file.replace_private(path, Keyring((NEW, OLD)).to_text())

    assert Keyring.from_text(key_file.read_private(path)).keys == (NEW, OLD)
    assert [file.name for file in path.parent.iterdir()] == ["a.key"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_file_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.key"
    key_file.write_private(path, OLD.material)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VaultError, match="No space left"):
        key_file.replace_private(path, Secret("x"))

    assert key_file.read_private(path).strip() == OLD.material.reveal()


def test_a_forgotten_grant_stays_forgotten_after_a_rotation(tmp_path: Path) -> None:
    home = Household(tmp_path)
    vault = home.open()
    furnish(vault)
    gone = vault.find(account=ADA)[0]
    vault.drop(gone)

    rotate(vault, home.drawer())

    with pytest.raises(GrantNotFound):
        home.open().grant(gone.id)
    assert home.open().version_of(gone.id) == 2
