"""
Marks: what finds a row that was put back to what it once was.

Whoever may write the database can put an older whole row back: it opens, for it is what once stood
there. A mark writes down, sealed, the version of every grant and client; its line, kept elsewhere,
holds the digest of that, so that the mark itself cannot be exchanged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mailgrant.errors import GrantChanged, SettingsError

from .audit import Deed
from .checkup import AUDIT, Checkup, Seen
from .client_shelf import CLIENTS
from .finding import Finding
from .grant_shelf import GRANTS
from .store import Row
from .vault import Vault

TABLE = "marks"
WORD = "mailgrant-mark"
KEPT = 10
MARKED = (GRANTS, CLIENTS)


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark's line: keep it where whoever writes the database cannot."""

    vault_id: str
    counter: int
    digest: str

    def __str__(self) -> str:
        return f"{WORD} {self.vault_id} {self.counter} {self.digest}"

    @classmethod
    def from_line(cls, line: str) -> Mark:
        """Read a mark's line; raises SettingsError when it is something else."""
        words = line.split()
        if len(words) != 4 or words[0] != WORD or not words[2].isdecimal():
            raise SettingsError(
                "That is not the line of a mark.", hint=f"It is `{WORD}`, the vault's id, a number and a digest."
            )
        return cls(words[1], int(words[2]), words[3])


def take_mark(vault: Vault, checkup: Checkup) -> Mark:
    """Write down what a checkup saw, and return the line that proves it; the newest ten are kept."""
    record = _record(vault.clock().astimezone(UTC), checkup)
    while True:
        counter = _newest(vault) + 1
        try:
            vault.sealer.put(TABLE, Row(_key(counter), version=1, sealed=b""), record, expect=0)
        except GrantChanged:
            # Somebody else took a mark between our look and our write.
            continue
        break
    for row in vault.sealer.store.marks.page(limit=2 * KEPT):
        if int(row.key) <= counter - KEPT:
            vault.sealer.store.marks.take(row.key)
    return Mark(vault.id, counter, hashlib.sha256(record).hexdigest())


def compare(vault: Vault, mark: Mark, checkup: Checkup) -> tuple[Finding, ...]:
    """Return what was put back or deleted since `mark`; raises SettingsError when it is another vault's."""
    if mark.vault_id != vault.id:
        raise SettingsError(
            f"That mark is of another vault ({mark.vault_id}), not of this one ({vault.id}).",
            hint="Name the vault it was taken of: --vault, or MAILGRANT_VAULT.",
        )
    row = vault.sealer.store.marks.get(_key(mark.counter))
    if row is None:
        return (Finding(_why_gone(vault, mark), table=TABLE, key=_key(mark.counter)),)
    record = vault.sealer.open(TABLE, row)
    if hashlib.sha256(record).hexdigest() != mark.digest:
        return (Finding("is another mark than the one whose line you kept", table=TABLE, key=row.key),)
    return tuple(_compared(vault, json.loads(record), checkup))


def _compared(vault: Vault, then: dict[str, Any], checkup: Checkup) -> Iterator[Finding]:
    taken_at = datetime.fromisoformat(then["at"])
    excused = _removed_since(vault, taken_at)
    damaged = {(finding.table, finding.key) for finding in checkup.findings}
    for table in MARKED:
        for key, (version, digest) in then[table].items():
            # A client that was removed, and perhaps added again, begins anew.
            if (table, key) in damaged or (table == CLIENTS and key in excused):
                continue
            reason = _changed(Seen(version, digest), checkup.rows[table].get(key))
            if reason:
                yield Finding(reason, table=table, key=key)
    count, last = then[AUDIT]
    lost = count - sum(key <= last for key in checkup.rows[AUDIT])
    if lost > 0:
        yield Finding(f"{lost} of the entries that stood here at the mark were deleted", table=AUDIT, key=last)


def _changed(then: Seen, now: Seen | None) -> str:
    if now is None:
        return "was deleted by somebody else than mailgrant"
    if now.version < then.version:
        return f"was put back: it is of version {now.version}, and was of {then.version} at the mark"
    if now.version == then.version and now.digest != then.digest:
        return "was put back and changed: its version is the mark's, and its content is not"
    return ""


def _removed_since(vault: Vault, moment: datetime) -> set[str]:
    """Return the clients that were removed since, by what the audit says; nobody can forge its entries."""
    removed = set()
    for entry in vault.audit.entries():
        if entry.at < moment:
            break
        if entry.deed is Deed.CLIENT_REMOVED:
            removed.add(entry.client_id)
    return removed


def _record(now: datetime, checkup: Checkup) -> bytes:
    entries = sorted(checkup.rows[AUDIT])
    values: dict[str, Any] = {"at": now.isoformat(), AUDIT: [len(entries), entries[-1] if entries else ""]}
    for table in MARKED:
        values[table] = {key: [seen.version, seen.digest] for key, seen in checkup.rows[table].items()}
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode()


def _why_gone(vault: Vault, mark: Mark) -> str:
    if mark.counter <= _newest(vault) - KEPT:
        return f"the mark is too old to compare with: the newest {KEPT} are kept"
    restored_at = vault.sealer.header.restored_at
    if restored_at is not None:
        return f"the mark is not there; it may be younger than the backup restored at {restored_at.isoformat()}"
    return "the mark was deleted by somebody else than mailgrant"


def _newest(vault: Vault) -> int:
    rows = vault.sealer.store.marks.page(limit=1, backwards=True)
    return int(rows[0].key) if rows else 0


def _key(counter: int) -> str:
    return f"{counter:010d}"
