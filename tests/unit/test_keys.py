"""Where a vault's key comes from, and which places are refused."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import keyring as system_keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from mailgrant.errors import MissingExtra, SettingsError, VaultDamaged, VaultError, VaultLocked
from mailgrant.key_drawer import KeyDrawer
from mailgrant.key_file import read_private, write_private
from mailgrant.keys import KeyCabinet, KeySource
from mailgrant.locksmith import Locksmith
from mailgrant.oauth.realm import Realm
from mailgrant.passphrase import SALT_BYTES, SCRYPT, key_of_passphrase
from mailgrant.secret import Secret
from mailgrant.storage import open_store
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault.header import Header
from mailgrant.vault.rotation import rotate
from mailgrant.vault.sealing import Key, Keyring
from mailgrant.vault.store import VaultStore
from mailgrant.vault.vault import Vault

from .drawer import Drawer

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
SANDBOX = Realm.at("http://127.0.0.1:8025")
KEY = Key.of(bytes(range(32)))
OTHER = Key.of(bytes(range(1, 33)))
SALT = "00" * SALT_BYTES

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX")


class Home:
    """A person's folders, and what they say."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config"
        self.place = str(folder / "data" / "vault.db")
        self.environ: dict[str, str] = {}
        self.given: str | None = None
        self.passphrases: list[str] = []
        self.heard: list[str] = []

    def cabinet(self) -> KeyCabinet:
        return KeyCabinet(
            given=self.given,
            environ=self.environ,
            config_folder=self.config,
            entropy=os.urandom,
            ask=lambda prompt: self.passphrases.pop(0),
        )

    def open(
        self, *, source: KeySource = KeySource.FILE, create: bool = True, store: VaultStore | None = None
    ) -> Vault:
        locksmith = Locksmith(
            store=store or open_store(self.place),
            place=self.place,
            realm=SANDBOX,
            cabinet=self.cabinet(),
            clock=lambda: NOW,
            say=self.heard.append,
        )
        return locksmith.open_or_create(source) if create else locksmith.open()

    def key_files(self) -> list[Path]:
        return sorted(self.config.rglob("*.key"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def made(home: Home, source: KeySource = KeySource.FILE) -> str:
    vault = home.open(source=source)
    vault.close()
    return vault.id


def test_a_vault_that_is_not_there_is_made_with_its_key_and_says_so(home: Home) -> None:
    name = made(home)

    (key_file,) = home.key_files()
    assert key_file == home.config / "keys" / f"{name}.key"
    assert home.heard == [f"made a vault at {home.place}; its key is in {key_file}."]
    assert made(home) == name
    assert len(home.heard) == 1


@posix
def test_a_key_file_is_0600_in_a_folder_0700_even_under_a_loose_umask(home: Home) -> None:
    before = os.umask(0)
    try:
        made(home)
    finally:
        os.umask(before)

    (key_file,) = home.key_files()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (key_file.parent, home.config)} == {0o700}


def test_a_vault_is_not_made_when_it_may_not_be(home: Home) -> None:
    with pytest.raises(VaultError, match="no vault") as caught:
        home.open(create=False)

    assert "mailgrant init" in caught.value.hint
    assert home.key_files() == []


def test_a_missing_key_file_is_locked_and_names_the_file(home: Home) -> None:
    made(home)
    (key_file,) = home.key_files()
    key_file.unlink()

    with pytest.raises(VaultLocked, match=key_file.name) as caught:
        home.open()

    assert "MAILGRANT_KEY" in caught.value.hint


def test_the_key_of_another_vault_is_locked_and_never_an_empty_vault(home: Home) -> None:
    made(home)
    home.given = OTHER.material.reveal()

    with pytest.raises(VaultLocked, match="another key"):
        home.open()


def test_a_key_of_the_environment_wins_over_the_headers_source(home: Home) -> None:
    name = made(home)
    (key_file,) = home.key_files()
    home.given = key_file.read_text()
    key_file.unlink()

    assert home.open().id == name


def test_a_vault_made_with_a_key_at_hand_writes_no_key_file(home: Home) -> None:
    home.given = KEY.material.reveal()

    vault = home.open()

    assert vault.key_source == "environment"
    assert home.key_files() == []
    home.given = None
    with pytest.raises(VaultLocked, match="MAILGRANT_KEY or MAILGRANT_KEY_FILE"):
        home.open()


def test_a_key_file_is_named_by_a_variable_newest_first(home: Home, tmp_path: Path) -> None:
    named = tmp_path / "secrets" / "named.key"
    write_private(named, Secret(f"{OTHER.material.reveal()},{KEY.material.reveal()}"))
    home.environ["MAILGRANT_KEY_FILE"] = str(named)

    ring = home.cabinet().from_environment()

    assert ring is not None
    assert [key.id for key in ring.keys] == [OTHER.id, KEY.id]


class RacedStore(MemoryStore):
    """A store in which somebody else makes a vault between our look and our write."""

    def __init__(self, header: bytes) -> None:
        super().__init__()
        self._theirs = header

    def write_header(self, header: bytes) -> bool:
        super().write_header(self._theirs)
        return super().write_header(header)


def test_of_two_who_make_a_vault_at_once_the_slower_takes_its_key_away_again(home: Home) -> None:
    elsewhere = MemoryStore()
    theirs = home.open(store=elsewhere)

    ours = home.open(store=RacedStore(elsewhere.read_header() or b""))

    assert ours.id == theirs.id
    assert [file.stem for file in home.key_files()] == [theirs.id]


def test_a_key_stays_when_nobody_knows_whether_its_vault_was_made(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(self: MemoryStore, header: bytes) -> bool:
        self._header = header
        raise VaultError("the disk is failing")

    store = MemoryStore()
    monkeypatch.setattr(MemoryStore, "write_header", cut_off)

    with pytest.raises(VaultError, match="failing"):
        home.open(store=store)

    assert home.open(store=store).id == home.key_files()[0].stem


def test_a_key_is_never_put_into_the_folder_of_its_vault(home: Home) -> None:
    home.place = str(home.config / "keys" / "vault.db")

    with pytest.raises(SettingsError, match="folder of its key"):
        home.open()

    assert home.key_files() == []


def test_a_key_source_of_a_newer_mailgrant_is_said_to_be_newer(home: Home) -> None:
    store = MemoryStore()
    Vault.create(
        store, vault_id="v1", keyring=home.cabinet().make(KeySource.FILE, "v1")[0], key_source="hardware",
        realm=SANDBOX, clock=lambda: NOW, entropy=os.urandom,
    )  # fmt: skip

    with pytest.raises(SettingsError, match="does not know"):
        home.open(store=store)


def test_a_header_cannot_lead_to_a_key_file_elsewhere(home: Home) -> None:
    store = MemoryStore()
    made_in = home.open(store=store)
    store._header = (store.read_header() or b"").replace(made_in.id.encode(), b"../../elsewhere")

    with pytest.raises(VaultDamaged, match="header"):
        home.open(store=store)


# Key files


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o777], ids=oct)
def test_a_key_file_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.key"
    write_private(path, KEY.material)
    path.chmod(mode)

    with pytest.raises(VaultLocked, match="by others") as caught:
        read_private(path)

    assert caught.value.hint == f"Run: chmod 600 {path}"


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    write_private(path, KEY.material)
    os.chown(path, 65534, -1)

    with pytest.raises(VaultLocked, match="somebody else"):
        read_private(path)


@posix
def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)

    with pytest.raises(VaultLocked, match="not a file"):
        read_private(tmp_path / "pipe")
    with pytest.raises(VaultLocked, match=r"not a file|cannot be read"):
        read_private(tmp_path / "folder")


def test_a_huge_file_is_not_taken_for_a_key(tmp_path: Path) -> None:
    write_private(tmp_path / "a.key", Secret("A" * 100_000))

    with pytest.raises(VaultLocked, match="too long"):
        read_private(tmp_path / "a.key")


@pytest.mark.parametrize(
    "content", ["not a key", "é" * 43, "\0" * 32, "Zm9v"], ids=["words", "accents", "zeros", "short"]
)
def test_a_key_file_with_something_else_in_it_is_a_clear_error(home: Home, content: str) -> None:
    made(home)
    (key_file,) = home.key_files()
    key_file.write_text(content)

    with pytest.raises(SettingsError, match="32 bytes"):
        home.open()


def test_an_empty_key_file_is_locked(home: Home) -> None:
    made(home)
    home.key_files()[0].write_text("")

    with pytest.raises(VaultLocked):
        home.open()


def test_a_key_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    write_private(path, KEY.material)

    with pytest.raises(VaultError, match="cannot be written"):
        write_private(path, OTHER.material)

    assert read_private(path).strip() == KEY.material.reveal()


@posix
def test_a_link_planted_where_the_key_will_be_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "a.key").symlink_to(target)

    with pytest.raises(VaultError, match="cannot be written"):
        write_private(tmp_path / "a.key", KEY.material)

    assert not target.exists()


@posix
def test_a_key_file_that_cannot_be_finished_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(VaultError, match="No space left"):
        write_private(tmp_path / "a.key", KEY.material)

    assert list(tmp_path.iterdir()) == []


@posix
def test_a_link_to_a_key_file_of_ours_is_followed(home: Home, tmp_path: Path) -> None:
    mounted = tmp_path / "secrets" / "..data"
    write_private(mounted / "vault-key", KEY.material)
    (tmp_path / "vault-key").symlink_to(mounted / "vault-key")
    home.environ["MAILGRANT_KEY_FILE"] = str(tmp_path / "vault-key")

    assert home.open().sealer.keyring.newest == KEY


@posix
def test_a_link_to_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "real.key", KEY.material)
    (tmp_path / "real.key").chmod(0o644)
    (tmp_path / "a.key").symlink_to(tmp_path / "real.key")

    with pytest.raises(VaultLocked, match="by others"):
        read_private(tmp_path / "a.key")


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_link_to_a_key_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "theirs.key", KEY.material)
    os.chown(tmp_path / "theirs.key", 65534, -1)
    (tmp_path / "a.key").symlink_to(tmp_path / "theirs.key")

    with pytest.raises(VaultLocked, match="somebody else"):
        read_private(tmp_path / "a.key")


def test_keys_of_the_environment_come_newest_first_and_each_opens(home: Home) -> None:
    home.given = KEY.material.reveal()
    made(home)

    for text in (f"{OTHER.material.reveal()},{KEY.material.reveal()}", f"{KEY.material.reveal()} , "):
        home.given = text
        assert home.open().sealer.header.key_id == KEY.id
    home.given = f"{KEY.material.reveal()},nonsense"
    with pytest.raises(SettingsError, match="32 bytes"):
        home.open()


class TurningCabinet(KeyCabinet):
    """Finds the keys only after somebody else has changed them: between our reading of the header and the keys."""

    turn: Callable[[], None] | None = None

    def find(self, header: Header, place: str) -> Keyring:
        turn, self.turn = self.turn, None
        if turn is not None:
            turn()
        return super().find(header, place)


def test_a_key_changed_while_the_vault_is_opened_is_read_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    made(home)
    opener = TurningCabinet(given=None, environ={}, config_folder=home.config, entropy=os.urandom)

    def turn() -> None:
        rotate(home.open(), KeyDrawer(home.cabinet(), home.place))

    opener.turn = turn
    monkeypatch.setattr(Home, "cabinet", lambda self: opener)

    assert home.open().sealer.header.generation == 2


# Passphrases


def details(**changes: object) -> str:
    return json.dumps({**SCRYPT, "salt": SALT, **changes})


def test_a_vault_opens_with_the_passphrase_it_was_made_with_and_no_other(home: Home) -> None:
    home.passphrases = ["correct horse", "correct horse"]
    name = made(home, KeySource.PASSPHRASE)

    home.passphrases = ["correct horse"]
    assert home.open().id == name
    home.passphrases = ["wrong horse"]
    with pytest.raises(VaultLocked):
        home.open()
    assert home.key_files() == []


def test_a_new_passphrase_is_asked_twice(home: Home) -> None:
    home.passphrases = ["correct horse", "corect horse"]

    with pytest.raises(SettingsError, match="differ"):
        home.open(source=KeySource.PASSPHRASE)


def test_an_empty_passphrase_is_none() -> None:
    with pytest.raises(VaultLocked, match="No passphrase"):
        key_of_passphrase(Secret(""), details())


@pytest.mark.parametrize(
    "changes",
    [{"n": 2**16}, {"r": 1}, {"p": 0}, {"salt": "00"}, {"n": 2**40}, {"r": 2**20}, {"p": 10**6}],
    ids=str,
)
def test_a_header_that_weakens_or_swells_scrypt_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(VaultLocked, match="it was changed"):
        key_of_passphrase(Secret("correct horse"), details(**changes))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", details(n="many"), details(salt="none"), details(salt=7), details(n=2**17 + 1), details(n=None)],
)
def test_a_header_that_does_not_say_how_to_stretch_is_damaged(text: str) -> None:
    with pytest.raises(VaultDamaged):
        key_of_passphrase(Secret("correct horse"), text)


def test_without_a_terminal_a_passphrase_is_not_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115, PTH123
    cabinet = KeyCabinet(given=None, environ={}, config_folder=home.config, entropy=os.urandom)

    with pytest.raises(VaultLocked, match="no terminal"):
        cabinet.make(KeySource.PASSPHRASE, "v1")

    sys.stdin.close()


# The system's keyring


def test_a_key_in_the_systems_keyring_is_kept_there_alone(home: Home, drawer: Drawer) -> None:
    name = made(home, KeySource.KEYRING)

    assert list(drawer.kept) == [("mailgrant", name)]
    assert home.key_files() == []
    assert home.open().id == name
    drawer.kept.clear()
    with pytest.raises(VaultLocked, match="keyring"):
        home.open()


def test_a_system_without_a_keyring_is_a_clear_error(home: Home, drawer: Drawer) -> None:
    made(home, KeySource.KEYRING)
    system_keyring.set_keyring(NoKeyring())

    with pytest.raises(VaultLocked, match="neither gives nor takes") as caught:
        home.open()

    assert "--key file" in caught.value.hint


class LockedDrawer(Drawer):
    """A keyring that nobody has unlocked."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("the collection is locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("the collection is locked")


def test_a_locked_keyring_is_a_clear_error_and_changes_nothing(home: Home, drawer: Drawer) -> None:
    name = made(home, KeySource.KEYRING)
    system_keyring.set_keyring(LockedDrawer())

    with pytest.raises(VaultLocked, match="neither gives nor takes") as caught:
        home.open()
    with pytest.raises(VaultLocked, match="neither gives nor takes"):
        home.open(store=MemoryStore(), source=KeySource.KEYRING)

    assert "Unlock it" in caught.value.hint
    system_keyring.set_keyring(drawer)
    assert home.open().id == name


def test_without_its_package_the_keyring_names_the_extra(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(MissingExtra, match="keyring"):
        home.open(source=KeySource.KEYRING)
