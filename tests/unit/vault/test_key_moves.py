"""A vault's key is moved to another kind of place while the vault is used, and whatever stops that, nothing is lost."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keyring as system_keyring
import pytest

from mailgrant import keeping, key_details
from mailgrant.errors import SettingsError, VaultDamaged, VaultLocked
from mailgrant.keys import SERVICE, KeySource
from mailgrant.storage import open_store
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault.header import Header
from mailgrant.vault.rotation import Rotated, rotate
from mailgrant.vault.sealing import Key, Keyring, key_id_of
from mailgrant.vault.store import TABLES
from mailgrant.vault.vault import Vault

from ..drawer import Drawer
from .fate import Fate, Killed, copied, die, put_fate_into
from .keeping import ADA, Household, a_grant, contents, furnish

OLD = Key.of(b"o" * 32)
NEW = Key.of(b"n" * 32)
FILE, KEYRING, PASSPHRASE, ENVIRONMENT = (KeySource(name) for name in ("file", "keyring", "passphrase", "environment"))
# A key in somebody's head cannot be set in the environment beside a new one.
MOVES = list(itertools.permutations((FILE, KEYRING, PASSPHRASE, ENVIRONMENT), 2))
MOVES.remove((PASSPHRASE, ENVIRONMENT))

pytestmark = pytest.mark.usefixtures("drawer", "weak_scrypt")


class Mover:
    """A household whose key moves."""

    def __init__(self, folder: Path, before: KeySource, to: KeySource) -> None:
        self.home = Household(folder, before)
        self.before, self.to = before, to
        self.home.given = OLD.material.reveal() if before is ENVIRONMENT else None
        self.home.passphrases = ["old horse"] * 2
        furnish(self.home.open())

    def open(self, store: Any = None) -> Vault:
        """Open the vault as its owner would, who types what it asks for."""
        try:
            self.home.passphrases = ["new horse"]
            return self.home.open(store)
        except VaultLocked:
            self.home.passphrases = ["old horse"]
            return self.home.open(store)

    def move(self, store: Any = None) -> Rotated:
        """Move the key; what only a person can do is done before."""
        if self.to is ENVIRONMENT and self.home.given is None:
            self.home.given = f"{NEW.material.reveal()},{self._old_text(self.open(store).id)}"
        vault = self.open(store)
        self.home.passphrases = ["new horse"] * 2
        return rotate(vault, self.home.drawer(self.to))

    def _old_text(self, vault_id: str) -> str:
        kept = system_keyring.get_password(SERVICE, vault_id)
        return kept if kept is not None else self.home.key_file().read_text()

    def settled(self) -> None:
        """Do what a person does afterwards."""
        self.home.given = NEW.material.reveal() if self.to is ENVIRONMENT else None

    def places(self) -> set[str]:
        """Say where a key is kept that we have written."""
        files = {"file" for _ in self.home.config.rglob("*.key")}
        return files | {"keyring" for _ in system_keyring.get_keyring().kept}  # type: ignore[attr-defined]


@pytest.fixture(params=MOVES, ids=[f"{before.value}-to-{to.value}" for before, to in MOVES])
def mover(request: pytest.FixtureRequest, tmp_path: Path) -> Mover:
    """A furnished vault, its key where it is now, and where it shall be."""
    return Mover(tmp_path, *request.param)


def key_ids(store: Any) -> set[bytes]:
    """The ids of the keys that sealed anything here, the header too."""
    header = Header.from_bytes(store.read_header() or b"", "here")
    return {header.key_id} | {key_id_of(row.sealed) for table in TABLES for row in store.table(table).page(limit=99)}


def test_a_key_that_is_moved_leaves_nothing_where_it_was(mover: Mover) -> None:
    before, old_ids = contents(mover.open()), key_ids(open_store(mover.home.place))

    done = mover.move()

    mover.settled()
    vault = mover.open()
    assert (done.key_source, done.moved_from, vault.key_source) == (mover.to.value, mover.before.value, mover.to.value)
    assert contents(vault) == before
    assert key_ids(open_store(mover.home.place)).isdisjoint(old_ids)
    assert len(key_ids(open_store(mover.home.place))) == len(vault.sealer.keyring.keys) == 1
    assert mover.places() == {mover.to.value} & {"file", "keyring"}
    assert not key_details.has_retired(vault.sealer.header)


def test_a_move_that_is_stopped_at_any_step_loses_nothing_and_is_finished_by_another(
    mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(mover.open())
    given, files = mover.home.given, {path: path.read_bytes() for path in mover.home.config.rglob("*.key")}
    kept = dict(system_keyring.get_keyring().kept)  # type: ignore[attr-defined]
    for last in itertools.count(1):
        store = copied(mover.home.place)
        with monkeypatch.context() as patch:
            put_fate_into(patch, store, Fate(last, die))
            try:
                mover.move(store)
            except Killed:
                pass
            else:
                break
        assert contents(mover.open(store)) == before, f"after step {last}"
        mover.move(store)
        given_then, _ = mover.home.given, mover.settled()
        assert contents(mover.open(store)) == before, f"finished after step {last}"
        assert len(key_ids(store)) == 1
        assert mover.places() == {mover.to.value} & {"file", "keyring"}, f"finished after step {last}"
        mover.home.given = given_then
        put_back(mover, given, files, kept)
    assert last > 10


def put_back(mover: Mover, given: str | None, files: dict[Path, bytes], kept: dict[Any, str]) -> None:
    """Let every key be where it was before."""
    mover.home.given = given
    system_keyring.get_keyring().kept = dict(kept)  # type: ignore[attr-defined]
    for path in mover.home.config.rglob("*.key"):
        path.unlink()
    for path, content in files.items():
        path.write_bytes(content)
        path.chmod(0o600)


def test_a_program_that_runs_on_reads_and_writes_while_the_key_moves(mover: Mover) -> None:
    if mover.to is ENVIRONMENT:
        # Both keys are given to every program before, as to this one.
        mover.home.given = f"{NEW.material.reveal()},{mover._old_text(mover.open().id)}"
    running = mover.open()

    mover.move()

    mover.home.passphrases = ["new horse"]
    ada = running.find(account=ADA)[0]
    running.keep(replace(ada, reason="after the move"))
    assert running.key_source == mover.to.value
    mover.settled()
    assert mover.open().find(account=ADA)[0].reason == "after the move"
    assert len(key_ids(open_store(mover.home.place))) == 1


def test_a_move_that_is_killed_at_any_write_is_finished_by_another(tmp_path: Path) -> None:
    mover = Mover(tmp_path, ENVIRONMENT, FILE)
    before = contents(mover.open())
    code, last = -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        last += 1
        code = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(last)], timeout=60).returncode
        assert contents(mover.open()) == before, f"after step {last}"

    mover.settled()
    assert code == 0
    assert len(key_ids(open_store(mover.home.place))) == 1
    assert mover.open().key_source == "file"
    assert last > 5


KILLED = f"""
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{str(Path(__file__).parents[3])!r}]
import pytest
from mailgrant.keys import KeySource
from mailgrant.storage import open_store
from tests.unit.vault.fate import Fate, put_fate_into
from tests.unit.vault.keeping import Household
from mailgrant.vault.rotation import rotate

home, last = Household(Path(sys.argv[1])), int(sys.argv[2])
home.given = {OLD.material.reveal()!r}
store = open_store(home.place)
put_fate_into(pytest.MonkeyPatch(), store, Fate(last, lambda: os.kill(os.getpid(), signal.SIGKILL)))
rotate(home.open(store), home.drawer(KeySource.FILE))
"""


# What was stopped, and is to end elsewhere


def stopped(home: Household, to: KeySource | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin to change the key, and be gone before a row is sealed anew."""
    store = open_store(home.place)
    with monkeypatch.context() as patch:
        patch.setattr(store.grants, "reseal", lambda *_, **__: die())
        with pytest.raises(Killed):
            rotate(home.open(store), home.drawer(to))


@pytest.mark.parametrize("begun", [None, KEYRING])
def test_what_was_stopped_comes_to_its_end_before_the_key_moves_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drawer: Drawer, begun: KeySource | None
) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    before = contents(home.open())
    stopped(home, begun, monkeypatch)
    monkeypatch.setattr("mailgrant.passphrase.ask_passphrase", lambda prompt: "new horse")

    done = keeping.rotate(home.settings(), home.open(), key="passphrase")

    home.passphrases = ["new horse"]
    vault = home.open()
    assert (done.resumed, done.key_source, vault.key_source) == (True, "passphrase", "passphrase")
    assert contents(vault) == before
    assert not list(home.config.rglob("*.key"))
    assert not drawer.kept


def test_without_a_new_place_a_move_that_was_stopped_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drawer: Drawer
) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    stopped(home, KEYRING, monkeypatch)
    assert list(home.config.rglob("*.key"))

    done = keeping.rotate(home.settings(), home.open())

    assert (done.resumed, done.moved_from, home.open().key_source) == (True, "file", "keyring")
    assert not list(home.config.rglob("*.key"))
    assert len(key_ids(open_store(home.place))) == 1


def test_a_key_that_is_where_it_shall_be_is_changed_in_place(tmp_path: Path) -> None:
    home = Household(tmp_path)
    old = home.open().sealer.keyring.newest.id

    done = keeping.rotate(home.settings(), home.open(), key="file")

    assert done.moved_from is None
    assert [key.id for key in Keyring.from_text(home.key_file().read_text()).keys] == [home.open().sealer.header.key_id]
    assert home.open().sealer.header.key_id != old


# What is refused


@pytest.mark.parametrize("key", ["memory", "drawer", ""])
def test_a_place_that_is_none_is_refused(tmp_path: Path, key: str) -> None:
    home = Household(tmp_path)
    vault = home.open()

    with pytest.raises(SettingsError, match="not kept in") as caught:
        keeping.rotate(home.settings(), vault, key=key)

    assert "file, keyring, passphrase" in caught.value.hint


def test_a_key_does_not_move_out_of_a_vault_in_memory(tmp_path: Path) -> None:
    home = Household(tmp_path, KeySource.MEMORY)

    with pytest.raises(SettingsError, match="memory"):
        rotate(home.open(MemoryStore()), home.drawer(FILE))


def test_a_key_moves_to_the_environment_only_when_it_is_there(tmp_path: Path) -> None:
    home = Household(tmp_path)
    vault = home.open()

    with pytest.raises(SettingsError, match="needs two"):
        rotate(vault, home.drawer(ENVIRONMENT))

    home.given = home.key_file().read_text()
    with pytest.raises(SettingsError, match="needs two"):
        rotate(home.open(), home.drawer(ENVIRONMENT))


def test_two_keys_in_the_environment_are_first_made_one(tmp_path: Path) -> None:
    home = Household(tmp_path, ENVIRONMENT)
    home.given = OLD.material.reveal()
    furnish(home.open())
    home.given = f"{NEW.material.reveal()},{OLD.material.reveal()}"

    with pytest.raises(SettingsError, match="two keys") as caught:
        rotate(home.open(), home.drawer(FILE))

    assert "set the newer one alone" in caught.value.hint
    assert not list(home.config.rglob("*.key"))


@pytest.mark.parametrize("to", [FILE, KEYRING, ENVIRONMENT])
def test_a_key_that_is_needed_is_not_dropped_because_others_are_set_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: KeySource
) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    before = contents(home.open())
    stopped(home, None, monkeypatch)
    newest = home.key_file().read_text().split(",")[0]
    home.given = f"{NEW.material.reveal()},{newest}" if to is ENVIRONMENT else newest

    with pytest.raises(SettingsError, match="environment does not"):
        rotate(home.open(), home.drawer(to))

    home.given = None
    assert contents(home.open()) == before


def test_a_key_does_not_move_into_the_folder_of_its_vault(tmp_path: Path) -> None:
    home = Household(tmp_path, ENVIRONMENT)
    home.given, home.place = OLD.material.reveal(), str(tmp_path / "config" / "keys" / "vault.db")
    vault = home.open()

    with pytest.raises(SettingsError, match="folder of its key"):
        rotate(vault, home.drawer(FILE))


def test_a_wrong_key_in_the_environment_still_locks_a_vault_whose_key_was_never_there(tmp_path: Path) -> None:
    mover = Mover(tmp_path, FILE, KEYRING)
    mover.move()
    mover.home.given = OLD.material.reveal()

    with pytest.raises(VaultLocked, match="another key"):
        mover.home.open()


# Who may write the database


@pytest.mark.parametrize("details", ["{", "[]", '"x"', '{"retired": 7}', '{"retired": "AAAA"}'])
def test_a_header_that_speaks_nonsense_of_its_key_is_damaged(tmp_path: Path, details: str) -> None:
    home, store = Household(tmp_path), MemoryStore()
    header = home.open(store).sealer.header
    store.replace_header(replace(header, details=details).to_bytes(), generation=header.generation)

    with pytest.raises(VaultDamaged):
        home.open(store)


@pytest.mark.parametrize("origin", ["file", "drawer", "environment", "memory"])
def test_a_header_that_lies_about_where_the_key_was_takes_no_key_away(tmp_path: Path, origin: str) -> None:
    home, store = Household(tmp_path), MemoryStore()
    vault = home.open(store)
    furnish(vault)
    before, header = contents(vault), vault.sealer.header
    lie = replace(header, details=json.dumps({"moved_from": origin}))
    store._header = lie.to_bytes()

    rotate(home.open(store), home.drawer())

    assert contents(home.open(store)) == before


def test_a_retired_key_opens_to_the_new_key_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Household(tmp_path)
    furnish(home.open())
    old = home.open().sealer.keyring.newest
    stopped(home, KEYRING, monkeypatch)

    header = open_store(home.place).read_header() or b""

    assert b"retired" in header
    assert old.material.reveal().encode() not in header
    with pytest.raises(VaultLocked):
        key_details.opened_with(Keyring((old,)), Header.from_bytes(header, "here"))


def test_a_grant_kept_after_the_move_opens_with_the_new_key_alone(tmp_path: Path) -> None:
    mover = Mover(tmp_path, KEYRING, FILE)
    mover.move()

    mover.open().keep(a_grant("hopper@example.com"))

    assert len(key_ids(open_store(mover.home.place))) == 1
