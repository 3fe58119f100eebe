"""
Backup files: a vault written to a file, and made out of one.

Whole or not at all, and never in place of something else: neither the file nor the vault.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailgrant import key_file
from mailgrant.errors import KeyRotated, SettingsError, VaultError
from mailgrant.given_file import read_given
from mailgrant.storage import file_at, open_store
from mailgrant.storage.files import make_private_folder
from mailgrant.storage.places import MEMORY
from mailgrant.vault.audit import Deed
from mailgrant.vault.backup import KEPT_TABLES, Backup, BackupCount, backup_lines, check_opens, read_backup
from mailgrant.vault.finding import Finding
from mailgrant.vault.header import check_realm
from mailgrant.vault.rotation import PAGE

if TYPE_CHECKING:
    from mailgrant.settings import Clock, Entropy, Settings
    from mailgrant.vault.store import Row, RowStore, VaultStore
    from mailgrant.vault.vault import Vault

# What SQLite may leave beside a file.
SIDE_FILES = ("", "-wal", "-shm", "-journal")
HINT = "`mailgrant vault backup --to FILE` makes one."


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultBackup:
    """A backup that was made; `left_out` are the rows that do not open."""

    file: Path
    id: str
    rows: int
    left_out: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultRestored:
    """A vault that came out of a backup."""

    place: str
    id: str
    rows: int
    made_at: datetime
    restored_at: datetime = field(repr=False)


def backup(vault: Vault, to: Path) -> VaultBackup:
    """Write a backup to a new file; raises SettingsError when there is a file already."""
    while True:
        count = BackupCount()
        try:
            write_new(to, backup_lines(vault, count))
        except KeyRotated:
            continue
        break
    vault.audit.note(Deed.BACKED_UP, detail=f"{count.rows} rows")
    return VaultBackup(file=to, id=vault.id, rows=count.rows, left_out=tuple(count.left_out))


def write_new(path: Path, lines: Iterator[bytes]) -> None:
    """Write a file for us alone, whole or not at all; raises SettingsError when there is one already."""
    if path.exists():
        raise SettingsError(f"There is a file {path} already.", hint="Nothing was changed. Name another file.")
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        make_private_folder(path.parent)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(beside, path)
    except OSError as error:
        raise VaultError(f"{path} cannot be written: {error.strerror}.", hint="Nothing was written.") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def put_in_place(beside: Path, path: Path) -> None:
    """Give a finished file its name, unless that is taken; raises SettingsError then."""
    try:
        # A link and not a rename, which would replace what somebody else has put there meanwhile.
        os.link(beside, path)
    except FileExistsError:
        raise SettingsError(f"There is a file {path} already.", hint="Nothing was changed.") from None
    beside.unlink()
    key_file.sync_folder(path.parent)


def restore(settings: Settings, file: Path, *, clock: Clock, entropy: Entropy) -> VaultRestored:
    """
    Make the vault that the settings name out of a backup.

    Raises SettingsError when the file is no backup, VaultLocked when its key is not here, VaultError
    when there is a vault already. After any of them nothing was written.
    """
    place = settings.vault_place()
    found = read_backup(read_given(file, hint=HINT, largest=None), str(file))
    check_realm(found.header, settings.realm(), str(file))
    _refuse_second(settings)
    keyring = settings.cabinet().find(found.header, str(file))
    check_opens(found, keyring, str(file))
    now = clock().astimezone(UTC)
    facts = replace(found.header, restored_at=now, generation=1)
    header = facts.sealed_by(keyring.led_by(found.header.key_id), entropy)
    _write(settings, found, header.to_bytes())
    vault = settings.open_vault(clock=clock, entropy=entropy, create=False)
    try:
        vault.audit.note(Deed.RESTORED, detail=f"from a backup of {found.made_at.isoformat()}")
    finally:
        vault.close()
    return VaultRestored(place=place, id=header.vault_id, rows=len(found.rows), made_at=found.made_at, restored_at=now)


def _refuse_second(settings: Settings) -> None:
    place = settings.vault_place()
    if place == MEMORY:
        raise SettingsError("A vault in memory cannot be restored.", hint="Name another place (--vault).")
    if settings.has_vault():
        raise _second(place)


def _second(place: str) -> VaultError:
    return VaultError(f"There is a vault at {place} already.", hint="Nothing was changed. --vault names another place.")


def _write(settings: Settings, found: Backup, header: bytes) -> None:
    place, path = settings.vault_place(), file_at(settings.vault_url())
    if path is None:
        _fill(open_store(settings.vault_url()), place, found, header)
        return
    # Under another name until it is whole: who opens it meanwhile must not make another vault of it.
    beside = path.with_name(path.name + ".restoring")
    _remove(beside)
    try:
        _fill(open_store(str(beside)), place, found, header)
        put_in_place(beside, path)
    except OSError as error:
        raise VaultError(f"The vault {place} cannot be written: {error.strerror}.") from error
    finally:
        _remove(beside)


def _fill(store: VaultStore, place: str, found: Backup, header: bytes) -> None:
    """Write the rows, and the header last: before it there is no vault; what was written once stays."""
    try:
        if store.read_header() is not None:
            raise _second(place)
        for table in KEPT_TABLES:
            _add(store.table(table), [row for named, row in found.rows if named == table], place)
        if not store.write_header(header):
            raise _second(place)
    finally:
        store.close()


def _add(rows: RowStore, content: list[Row], place: str) -> None:
    for start in range(0, len(content), PAGE):
        batch = content[start : start + PAGE]
        # What is there already was left by a restore of the same backup that was stopped.
        if rows.add(batch) != len(batch) and any(rows.get(row.key) != row for row in batch):
            raise VaultError(f"At {place} there are rows of another vault.", hint="Name an empty database.")


def _remove(path: Path) -> None:
    for ending in SIDE_FILES:
        path.with_name(path.name + ending).unlink(missing_ok=True)
