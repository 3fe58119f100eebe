"""
Backup: a vault as lines of JSON, sealed as it is.

The first line says what it is and holds the header; each other is a row; the last counts and hashes
what stands before it, so that half a backup is not taken for one, and seals that, so that nobody
else takes rows out or puts older ones in. Keys are not in it, nor what ends by itself: open
questions, narrowed tokens, leases.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mailgrant.errors import KeyRotated, SettingsError, VaultDamaged, VaultLocked

from .finding import Finding
from .header import Header
from .rotation import all_rows
from .sealer import COLUMN
from .sealing import Keyring, Place, key_id_of, unseal
from .store import Row
from .vault import Vault

WORD = "mailgrant-backup"
FORMAT = 1
TABLE, END = "backup", "end"
KEPT_TABLES = ("grants", "clients", "audit", "marks")


@dataclass(slots=True)
class BackupCount:
    """What went into a backup: its rows, and those that do not open and were left out."""

    rows: int = 0
    left_out: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read, and is whole."""

    header: Header
    made_at: datetime
    rows: tuple[tuple[str, Row], ...] = field(repr=False)
    digest: bytes = field(repr=False)
    sealed: bytes = field(repr=False)


def backup_lines(vault: Vault, count: BackupCount) -> Iterator[bytes]:
    """
    Give the lines of a backup, and count into `count`.

    All of it is sealed with the key of its header, also while the vault's key is being changed.
    Raises KeyRotated when that happens meanwhile: begin again.
    """
    vault.sealer.catch_up()
    header, hashed = vault.sealer.header, hashlib.sha256()
    first = {
        WORD: FORMAT,
        "vault": vault.id,
        "made_at": vault.clock().astimezone(UTC).isoformat(),
        "header": json.loads(header.to_bytes()),
    }
    for values in (first, *_rows(vault, header, count)):
        line = _line(values)
        hashed.update(line)
        yield line
    vault.sealer.catch_up()
    if vault.sealer.header != header:
        raise KeyRotated()
    sealed = vault.sealer.sealed(TABLE, Row(END, version=FORMAT, sealed=b""), hashed.digest())
    yield _line({"rows": count.rows, "sha256": hashed.hexdigest(), "sealed": b64encode(sealed).decode()})


def _rows(vault: Vault, header: Header, count: BackupCount) -> Iterator[dict[str, Any]]:
    for table in KEPT_TABLES:
        for row in all_rows(vault.sealer.store.table(table)):
            try:
                plain = vault.sealer.open(table, row)
            except (VaultDamaged, VaultLocked) as error:
                count.left_out.append(Finding(error.message, table=table, key=row.key))
                continue
            is_current = key_id_of(row.sealed) == header.key_id
            count.rows += 1
            yield _values(table, row, row.sealed if is_current else vault.sealer.sealed(table, row, plain))


def _values(table: str, row: Row, sealed: bytes) -> dict[str, Any]:
    return {
        "table": table,
        "key": row.key,
        "version": row.version,
        "sealed": b64encode(sealed).decode(),
        "account": row.account,
        "user": row.user,
        "client": row.client,
        "due": row.due,
    }


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def read_backup(content: bytes, name: str) -> Backup:
    """
    Read a backup.

    Raises SettingsError when `name` is none, was cut off or changed, or was made by a newer mailgrant.
    """
    lines = content.splitlines(keepends=True)
    first, digest = _first(lines, name), hashlib.sha256(b"".join(lines[:-1]))
    try:
        last = json.loads(lines[-1])
        is_whole = (last["rows"], last["sha256"]) == (len(lines) - 2, digest.hexdigest())
    except (ValueError, KeyError, TypeError, RecursionError):
        is_whole = False
    if not is_whole:
        raise SettingsError(f"The backup {name} is not whole, or was changed.", hint="Use another copy of it.")
    try:
        return Backup(
            Header.from_bytes(json.dumps(first["header"]).encode(), name),
            datetime.fromisoformat(first["made_at"]),
            tuple(_row(json.loads(line)) for line in lines[1:-1]),
            digest.digest(),
            b64decode(last["sealed"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SettingsError(
            f"The backup {name} holds something else than rows.", hint="Use another copy of it."
        ) from error


def _first(lines: list[bytes], name: str) -> dict[str, Any]:
    try:
        first = json.loads(lines[0])
        version = int(first[WORD])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise SettingsError(
            f"{name} is not a backup of a vault.", hint="`mailgrant vault backup --to FILE` makes one."
        ) from None
    if version > FORMAT:
        raise SettingsError(f"The backup {name} was made by a newer mailgrant.", hint="Update mailgrant.")
    return dict(first)


def _row(values: dict[str, Any]) -> tuple[str, Row]:
    if values["table"] not in KEPT_TABLES:
        raise ValueError("there is no such table in a backup")
    row = Row(
        str(values["key"]),
        version=int(values["version"]),
        sealed=b64decode(values["sealed"]),
        account=str(values["account"]),
        user=str(values["user"]),
        client=str(values["client"]),
        due=values["due"],
    )
    return values["table"], row


def check_opens(backup: Backup, keyring: Keyring, name: str) -> None:
    """Raise VaultLocked when the keys are others than the backup's, VaultDamaged when it was changed."""
    vault_id = backup.header.vault_id
    backup.header.check(keyring, name)
    if unseal(backup.sealed, Place(vault_id, TABLE, END, COLUMN, FORMAT), keyring) != backup.digest:
        raise VaultDamaged(f"The backup {name} was changed.", hint="Use another copy of it.")
    for table, row in backup.rows:
        unseal(row.sealed, Place(vault_id, table, row.key, COLUMN, row.version), keyring)
