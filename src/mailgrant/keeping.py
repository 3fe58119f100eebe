"""
Keeping: what the owner of a vault does with it besides using it.

Look what state it is in, check it, change its key, back it up and restore it: the rules of `vault`
joined to the files and keys of this machine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailgrant import key_file
from mailgrant.errors import KeyRotated, SettingsError, VaultError
from mailgrant.keys import KeyDrawer
from mailgrant.oauth.realm import RealmName
from mailgrant.storage import file_at, open_store
from mailgrant.storage.files import make_private_folder
from mailgrant.storage.places import MEMORY, is_in_postgres
from mailgrant.vault import rotation
from mailgrant.vault.audit import Deed
from mailgrant.vault.backup import KEPT_TABLES, Backup, BackupCount, backup_lines, check_opens, read_backup
from mailgrant.vault.checkup import check_rows
from mailgrant.vault.checkup import discard as discard_lost
from mailgrant.vault.finding import Finding
from mailgrant.vault.header import check_realm
from mailgrant.vault.marks import Mark, compare, take_mark
from mailgrant.vault.rotation import PAGE, all_rows
from mailgrant.vault.store import TABLES

if TYPE_CHECKING:
    from mailgrant.settings import Clock, Entropy, Settings
    from mailgrant.vault.store import Row, RowStore, VaultStore
    from mailgrant.vault.vault import Vault

# What SQLite may leave beside a file.
SIDE_FILES = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultStatus:
    """Where a vault is, what opens it, and how much is in it."""

    place: str
    id: str
    realm: RealmName
    store: str
    key_source: str
    generation: int
    restored_at: datetime | None
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultCheck:
    """
    What a check found.

    `mark` is the line to keep, None where something is wrong; `discarded` counts the lost rows that
    were deleted.
    """

    id: str
    rows: Mapping[str, int]
    mark: str | None
    findings: tuple[Finding, ...]
    discarded: int = 0


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


def status(settings: Settings, vault: Vault) -> VaultStatus:
    """Say what there is to know about a vault without opening its rows."""
    vault.sealer.catch_up()
    header, place, store = vault.sealer.header, settings.vault_place(), vault.sealer.store
    counts = {table: sum(1 for _ in all_rows(store.table(table))) for table in TABLES}
    return VaultStatus(
        place=place,
        id=header.vault_id,
        realm=header.realm,
        store=store_kind(place),
        key_source=header.key_source,
        generation=header.generation,
        restored_at=header.restored_at,
        rows={table: count for table, count in counts.items() if count},
    )


def store_kind(place: str) -> str:
    """Return what kind of database a place names."""
    if place == MEMORY:
        return "memory"
    return "postgresql" if is_in_postgres(place) else "sqlite"


def check(
    settings: Settings,
    vault: Vault,
    *,
    loose: tuple[Finding, ...] = (),
    against: str | None = None,
    discard: bool = False,
) -> VaultCheck:
    """
    Open every row, look at the key's file and, with the line of an earlier mark, for rows that were put back.

    `loose` is what `check_vault_files` found. A new mark is taken when nothing is wrong; `discard`
    deletes the rows that are lost. Raises SettingsError when `against` is no mark of this vault.
    """
    earlier = Mark.from_line(against) if against is not None else None
    vault.sealer.catch_up()
    checkup = check_rows(vault)
    findings = [*checkup.findings, *loose, *_check_key_file(settings, vault)]
    if earlier is not None:
        findings.extend(compare(vault, earlier, checkup))
    mark = None if findings else str(take_mark(vault, checkup))
    discarded = discard_lost(vault, checkup.findings) if discard else 0
    return VaultCheck(id=vault.id, rows=checkup.counted(), mark=mark, findings=tuple(findings), discarded=discarded)


def check_vault_files(settings: Settings) -> tuple[Finding, ...]:
    """Return what is wrong with the files of a vault in SQLite, and with their folder."""
    return tuple(_loose(vault_files(settings)))


def _check_key_file(settings: Settings, vault: Vault) -> Iterator[Finding]:
    key, files = settings.cabinet().file_of(vault.id), vault_files(settings)
    if not key.exists():
        return
    if files and files[0].parent.resolve() == key.parent.resolve():
        yield Finding(f"the key {key} is in the folder of its vault")
    yield from _loose([key])


def vault_files(settings: Settings) -> list[Path]:
    """Return the files that a vault in SQLite is made of."""
    path = file_at(settings.vault_url())
    if path is None:
        return []
    return [found for found in (path.with_name(path.name + ending) for ending in SIDE_FILES) if found.exists()]


def _loose(files: list[Path]) -> Iterator[Finding]:
    if not hasattr(os, "geteuid"):
        return
    for path in files:
        found = path.stat()
        if stat.S_IMODE(found.st_mode) & 0o077:
            yield Finding(f"{path} could be read by others: chmod 600 {path}")
        if found.st_uid not in (os.geteuid(), 0):
            yield Finding(f"{path} belongs to somebody else")
    for folder in dict.fromkeys(path.parent for path in files):
        mode = folder.stat().st_mode
        # Where the sticky bit is set only a file's owner may replace it.
        if mode & 0o022 and not mode & stat.S_ISVTX:
            yield Finding(f"others may put files into the folder {folder}: chmod go-w {folder}")


def rotate(settings: Settings, vault: Vault, *, progress: Callable[[int], None] | None = None) -> rotation.Rotated:
    """Change the vault's key for a new one."""
    return rotation.rotate(
        vault, KeyDrawer(settings.cabinet(), settings.vault_place()), progress=progress or (lambda rows: None)
    )


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
        beside.unlink(missing_ok=True)


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
    found = read_backup(_read(file), str(file))
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


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"The backup {file} cannot be read: {error.strerror}.") from error


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


def google_steps(realm: RealmName) -> tuple[str, ...]:
    """Say what must be done at Google when somebody else may have had the vault and its key."""
    if realm is RealmName.SANDBOX:
        return ("This vault is a sandbox's: nothing at Google is at stake.",)
    return (
        "Whoever had the vault and its key has every refresh token in it; a new key here does not take them back.",
        "1. In the Google Cloud console, under APIs & Services, Credentials: add a new secret to the OAuth client, "
        "download it, run `mailgrant client add FILE`, then disable and delete the old secret. Stolen refresh tokens "
        "are of no use without the client's secret, which was in the vault too.",
        "2. Revoke each grant, and ask each person again: `mailgrant grant revoke EMAIL`, `mailgrant login EMAIL`. "
        "This ends what was stolen for certain, whoever has the secret.",
        "3. For a service account: make a new key for it, run `mailgrant client add KEY.json`, delete the old key.",
        "4. Look at `mailgrant audit list`, and at each account's activity at myaccount.google.com/security.",
        "5. Delete the backups that the old key opens, and make a new one: `mailgrant vault backup --to FILE`.",
    )
