"""A backup holds what lasts, sealed; it is restored whole, by its key, into an empty place, or not at all."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from mailgrant import backup_file, keeping
from mailgrant.backup_file import VaultRestored
from mailgrant.errors import MailgrantError, SettingsError, VaultDamaged, VaultError, VaultLocked
from mailgrant.oauth.credentials import TokenAnswer
from mailgrant.secret import Secret
from mailgrant.storage import open_store
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault.audit import Deed
from mailgrant.vault.backup import read_backup
from mailgrant.vault.rotation import all_rows, rotate
from mailgrant.vault.store import Row

from .keeping import ADA, CLIENT, GRACE, NOW, Household, contents, furnish
from .test_rotation import Fate, Killed, die

LATER = NOW + timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Household:
    home = Household(tmp_path)
    furnish(home.open())
    return home


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "vault.backup"


def restored(home: Household, file: Path) -> VaultRestored:
    """Restore into another place beside the first."""
    place = str(file.parent / "restored.db")
    done = backup_file.restore(home.settings(place), file, clock=lambda: LATER, entropy=os.urandom)
    home.place = place
    return done


def refused(home: Household, file: Path, kind: type[MailgrantError], words: str) -> None:
    """Restore in vain, and leave nothing behind."""
    place = Path(home.place).parent / "restored.db"
    with pytest.raises(kind, match=words):
        backup_file.restore(home.settings(str(place)), file, clock=lambda: LATER, entropy=os.urandom)
    assert [found.name for found in place.parent.iterdir() if "restored" in found.name] == []


def test_a_vault_comes_back_out_of_its_backup_as_it_was(home: Household, file: Path) -> None:
    vault = home.open()
    gone = vault.find(account=GRACE)[0]
    vault.drop(gone)
    before = contents(vault)

    made = backup_file.backup(vault, file)
    done = restored(home, file)

    again = home.open()
    assert (done.id, done.rows, done.made_at) == (vault.id, made.rows, NOW)
    assert [str(grant) for grant in again.grants()] == [str(grant) for grant in before[0]]  # type: ignore[attr-defined]
    assert again.grants()[0].credentials == vault.grants()[0].credentials
    assert contents(again)[1:] == before[1:]
    assert again.version_of(gone.id) == 2
    deeds = [entry.deed for entry in again.audit.entries()]
    assert deeds[0] is Deed.RESTORED
    assert Deed.BACKED_UP in [entry.deed for entry in vault.audit.entries()]


def test_a_restored_grant_is_unproved_until_its_next_refresh(home: Household, file: Path) -> None:
    backup_file.backup(home.open(), file)
    restored(home, file)

    vault = home.open(clock=lambda: LATER + timedelta(minutes=1))
    grant = vault.find(account=ADA)[0]
    assert not grant.proved
    lease = vault.take_lease(vault.lease(grant.id))
    assert lease is not None
    used = grant.credentials.refresh_token
    assert used is not None
    answer = TokenAnswer(
        Secret("sandbox new"), expires_in=timedelta(hours=1), refresh_token=None, scopes=None, id_token=None
    )
    assert vault.keep_refreshed(lease, used=used, answer=answer).version == 2
    assert [held.proved for held in vault.grants()] == [True, False]


def test_nobody_makes_a_restored_vault_look_as_if_it_never_was_in_a_backup(home: Household, file: Path) -> None:
    backup_file.backup(home.open(), file)
    restored(home, file)
    store = MemoryStore()
    header = json.loads(open_store(home.place).read_header() or b"")
    store.write_header(json.dumps({**header, "restored_at": None}).encode())

    with pytest.raises(VaultDamaged):
        home.open(store)


def test_a_backup_holds_no_key_no_question_and_nothing_in_the_clear(home: Household, file: Path) -> None:
    backup_file.backup(home.open(), file)

    content = file.read_text()
    assert {json.loads(line).get("table") for line in content.splitlines()} == {None, "grants", "clients", "audit"}
    key = home.key_file().read_text().strip()
    for secret in (key, "1//0-old", "sandbox access", "GOCSPX-a"):
        assert secret not in content
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in content
    assert file.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in file.parent.iterdir()] == [file.name]


def test_a_backup_never_replaces_a_file(home: Household, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("something of mine")

    with pytest.raises(SettingsError, match="already"):
        backup_file.backup(home.open(), file)

    assert file.read_text() == "something of mine"


def test_a_backup_that_cannot_be_finished_is_taken_away(
    home: Household, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    vault = home.open()
    monkeypatch.setattr("mailgrant.backup_file.os.fsync", full)

    with pytest.raises(VaultError, match="No space left"):
        backup_file.backup(vault, file)

    assert list(file.parent.iterdir()) == []


def test_a_backup_made_while_the_key_is_changed_opens_with_the_new_key_alone(
    home: Household, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(home.place)
    fate = Fate(2, die)
    with monkeypatch.context() as patch:
        patch.setattr(store.grants, "reseal", fate.around(store.grants.reseal))
        with pytest.raises(Killed):
            rotate(home.open(store), home.drawer())

    backup_file.backup(home.open(), file)
    rotate(home.open(), home.drawer())
    restored(home, file)

    assert len(home.open().sealer.keyring.keys) == 1
    assert [grant.account for grant in home.open().grants()] == [ADA, GRACE]


def test_a_key_that_changes_during_a_backup_begins_it_again(
    home: Household, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = home.open()
    turned: list[bool] = []
    pages = vault.sealer.store.clients.page

    def raced(**options: object) -> tuple[Row, ...]:
        if not turned:
            turned.append(True)
            rotate(home.open(), home.drawer())
        return pages(**options)  # type: ignore[arg-type]

    monkeypatch.setattr(vault.sealer.store.clients, "page", raced)
    backup_file.backup(vault, file)
    restored(home, file)

    assert [grant.account for grant in home.open().grants()] == [ADA, GRACE]


def test_a_row_that_does_not_open_is_left_out_and_named(home: Household, file: Path) -> None:
    store = open_store(home.place)
    row = store.grants.find(account=ADA)[0]
    store.grants.put(Row(row.key, version=9, sealed=row.sealed, account=row.account), expect=1)

    made = backup_file.backup(home.open(), file)
    restored(home, file)

    assert [(finding.table, finding.key) for finding in made.left_out] == [("grants", row.key)]
    assert [grant.account for grant in home.open().grants()] == [GRACE]


def test_a_backup_moves_a_vault_from_sqlite_to_postgresql_and_its_key_is_changed_there(
    home: Household, file: Path, postgres_url: str
) -> None:
    before = home.open().grants()
    backup_file.backup(home.open(), file)

    done = backup_file.restore(home.settings(postgres_url), file, clock=lambda: LATER, entropy=os.urandom)
    home.place = postgres_url
    with pytest.raises(VaultError, match="already"):
        backup_file.restore(home.settings(), file, clock=lambda: LATER, entropy=os.urandom)
    vault = home.open()
    with closing(vault):
        turned = rotate(vault, home.drawer())
        checked = keeping.check(home.settings(), vault)
        status = keeping.status(home.settings(), vault)
        accounts = [grant.account for grant in vault.grants()]

    assert accounts == [grant.account for grant in before]
    assert turned.resealed == done.rows + 1
    assert checked.findings == ()
    assert (status.store, status.generation, status.restored_at) == ("postgresql", 2, LATER)


def test_a_restore_into_a_database_that_was_stopped_half_way_goes_on_where_it_was(
    home: Household, file: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup_file.backup(home.open(), file)
    settings = home.settings(postgres_url)
    with monkeypatch.context() as patch:
        patch.setattr("mailgrant.storage.sql.SqlStore.write_header", lambda store, header: die())
        with pytest.raises(Killed):
            backup_file.restore(settings, file, clock=lambda: LATER, entropy=os.urandom)

    backup_file.restore(settings, file, clock=lambda: LATER, entropy=os.urandom)

    home.place = postgres_url
    vault = home.open()
    with closing(vault):
        assert [grant.account for grant in vault.grants()] == [ADA, GRACE]


def test_a_restore_does_not_mix_with_the_rows_of_another(home: Household, file: Path, postgres_url: str) -> None:
    backup_file.backup(home.open(), file)
    with closing(open_store(postgres_url)) as store:
        store.table("clients").add([Row(CLIENT.client_id, version=1, sealed=b"another vault's")])

    with pytest.raises(VaultError, match="rows of another vault"):
        backup_file.restore(home.settings(postgres_url), file, clock=lambda: LATER, entropy=os.urandom)


# What is refused, with nothing written


def test_a_backup_without_its_key_is_locked(home: Household, file: Path) -> None:
    backup_file.backup(home.open(), file)
    key = home.key_file()
    content = key.read_text()
    key.unlink()

    refused(home, file, VaultLocked, "not there")
    home.given = base64.urlsafe_b64encode(b"x" * 32).decode()
    refused(home, file, VaultLocked, "another key")
    home.given = content.strip()
    restored(home, file)


def test_a_vault_is_never_restored_over_another(home: Household, file: Path) -> None:
    backup_file.backup(home.open(), file)
    before = contents(home.open())

    with pytest.raises(VaultError, match="already"):
        backup_file.restore(home.settings(), file, clock=lambda: LATER, entropy=os.urandom)
    with pytest.raises(SettingsError, match="memory"):
        backup_file.restore(home.settings(":memory:"), file, clock=lambda: LATER, entropy=os.urandom)

    assert contents(home.open()) == before


def test_a_restore_that_was_stopped_leaves_no_vault_and_can_be_repeated(
    home: Household, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup_file.backup(home.open(), file)
    with monkeypatch.context() as patch:
        patch.setattr("mailgrant.backup_file.put_in_place", lambda *paths: die())
        patch.setattr("mailgrant.backup_file._remove", lambda path: None)
        with pytest.raises(Killed):
            restored(home, file)
    assert not (file.parent / "restored.db").exists()
    assert (file.parent / "restored.db.restoring").exists()

    restored(home, file)

    assert sorted(found.name for found in file.parent.iterdir() if "restoring" in found.name) == []
    assert len(home.open().grants()) == 2


@pytest.mark.parametrize("lines", [0, 1, 2, -1])
def test_a_backup_that_was_cut_off_is_refused(home: Household, file: Path, lines: int) -> None:
    backup_file.backup(home.open(), file)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:lines]))

    refused(home, file, SettingsError, "not whole" if lines else "not a backup")


def test_a_backup_with_a_row_taken_out_is_refused_whatever_its_last_line_says(home: Household, file: Path) -> None:
    backup_file.backup(home.open(), file)
    lines = file.read_bytes().splitlines(keepends=True)
    del lines[2]
    last = json.loads(lines.pop())
    last |= {"rows": len(lines) - 1, "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    file.write_bytes(b"".join([*lines, json.dumps(last).encode()]))

    refused(home, file, VaultDamaged, "was changed")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff" * 50, b"[]\n", b'{"mailgrant-backup": "x"}\n', b'{"installed": {}}', b"SQLite format 3\x00" * 9],
    ids=["empty", "binary", "list", "wordy", "client", "database"],
)
def test_what_is_no_backup_is_refused(home: Household, file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)

    refused(home, file, SettingsError, "not a backup")


def test_a_backup_of_a_newer_mailgrant_is_said_to_be_newer(home: Household, file: Path) -> None:
    backup_file.backup(home.open(), file)
    file.write_bytes(file.read_bytes().replace(b'"mailgrant-backup":1', b'"mailgrant-backup":2'))

    refused(home, file, SettingsError, "newer mailgrant")


def test_a_backup_that_is_not_there_or_a_folder_is_refused(home: Household, file: Path) -> None:
    refused(home, file, SettingsError, "cannot be read")
    file.mkdir(parents=True)
    refused(home, file, SettingsError, "is a folder")


def test_a_vault_of_google_is_not_restored_into_a_sandbox(home: Household, file: Path) -> None:
    backup_file.backup(home.open(), file)
    file.write_bytes(file.read_bytes().replace(b'"realm":"sandbox"', b'"realm":"google"'))
    lines = file.read_bytes().splitlines(keepends=True)
    last = {**json.loads(lines[-1]), "sha256": hashlib.sha256(b"".join(lines[:-1])).hexdigest()}
    file.write_bytes(b"".join([*lines[:-1], json.dumps(last).encode()]))

    refused(home, file, SettingsError, "holds grants at Google")


def test_a_backup_is_read_without_opening_anything(home: Household, file: Path) -> None:
    made = backup_file.backup(home.open(), file)

    found = read_backup(file.read_bytes(), "it")

    assert len(found.rows) == made.rows == len(list(all_rows(open_store(home.place).audit))) - 1 + 3
    assert CLIENT.client_id in [row.key for table, row in found.rows if table == "clients"]
