"""
Keeping: what the owner of a vault does with it besides using it.

Look what state it is in, check it, change its key: the rules of `vault` joined to the files and keys
of this machine. Its backups are in `backup_file`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailgrant.backup_file import SIDE_FILES
from mailgrant.errors import SettingsError
from mailgrant.key_drawer import KeyDrawer
from mailgrant.keys import KeySource
from mailgrant.oauth.realm import RealmName
from mailgrant.storage import file_at
from mailgrant.storage.places import MEMORY, is_in_postgres
from mailgrant.vault import rotation
from mailgrant.vault.checkup import check_rows
from mailgrant.vault.checkup import discard as discard_lost
from mailgrant.vault.finding import Finding
from mailgrant.vault.marks import Mark, compare, take_mark
from mailgrant.vault.rotation import all_rows
from mailgrant.vault.store import TABLES

if TYPE_CHECKING:
    from mailgrant.settings import Settings
    from mailgrant.vault.vault import Vault


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


def rotate(
    settings: Settings, vault: Vault, *, key: str | None = None, progress: Callable[[int], None] | None = None
) -> rotation.Rotated:
    """
    Change the vault's key for a new one, kept where `key` says from then on.

    A rotation that was stopped comes to its end first, if it was to end elsewhere. Raises SettingsError
    when `key` names no place.
    """
    drawer = KeyDrawer(settings.cabinet(), settings.vault_place(), to=_place_of_keys(key))
    tell = progress or (lambda rows: None)
    done = rotation.rotate(vault, drawer, progress=tell)
    if done.resumed and key is not None and done.key_source != key:
        rest = rotation.rotate(vault, drawer, progress=tell)
        return replace(rest, resumed=True, resealed=done.resealed + rest.resealed)
    return done


def _place_of_keys(key: str | None) -> KeySource | None:
    places = {source.value: source for source in KeySource if source is not KeySource.MEMORY}
    if key is not None and key not in places:
        raise SettingsError(f"A vault's key is not kept in {key!r}.", hint=f"Choose of: {', '.join(places)}.")
    return places[key] if key is not None else None


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
