"""Checkup: open every row of a vault where it stands, say which do not open, and clear those away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mailgrant.errors import GrantNotFound, VaultDamaged, VaultLocked

from . import records
from .audit import Deed
from .client_shelf import CLIENTS
from .consent_shelf import CONSENTS
from .finding import Finding
from .grant_shelf import GRANTS
from .rotation import all_rows
from .sealer import is_sound
from .store import TABLES, Row
from .vault import Vault

AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Seen:
    """A row as it was seen: its version, and a digest of what its seal holds."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Checkup:
    """What stands in a vault: the rows that open, by table and key, and what was found wrong."""

    rows: Mapping[str, Mapping[str, Seen]]
    findings: tuple[Finding, ...] = field(kw_only=True)

    def counted(self) -> dict[str, int]:
        """Return how many rows each table has, without the empty ones."""
        return {table: len(rows) for table, rows in self.rows.items() if rows}


def check_rows(vault: Vault) -> Checkup:
    """Open every row of every table."""
    rows: dict[str, dict[str, Seen]] = {table: {} for table in TABLES}
    findings = []
    for table in TABLES:
        for row in all_rows(vault.sealer.store.table(table)):
            try:
                rows[table][row.key] = _open(vault, table, row)
            except (VaultDamaged, VaultLocked) as error:
                lost = isinstance(error, VaultDamaged)
                findings.append(Finding(error.message, table=table, key=row.key, lost=lost))
    return Checkup(rows, findings=tuple(findings))


def discard(vault: Vault, findings: Iterable[Finding]) -> int:
    """
    Delete the rows that are lost, so that the people whose grants they were can be asked again; count them.

    A grant leaves its version behind as one that was forgotten does. What another key may open stays.
    """
    count = 0
    for finding in findings:
        if finding.lost and finding.table is not None and finding.key is not None:
            row = vault.sealer.store.table(finding.table).get(finding.key)
            if row is not None:
                _discard(vault, finding.table, row)
                count += 1
    return count


def _discard(vault: Vault, table: str, row: Row) -> None:
    if table == GRANTS and is_sound(row):
        gone = Row(row.key, version=row.version + 1, sealed=b"")
        vault.sealer.put(GRANTS, gone, records.tombstone_to_bytes(vault.clock()), expect=row.version)
    else:
        vault.sealer.store.table(table).take(row.key)
    if table == GRANTS:
        vault.audit.note(Deed.FORGOTTEN, account=str(row.account), detail="its row did not open")
    elif table == CLIENTS:
        vault.audit.note(Deed.CLIENT_REMOVED, client_id=str(row.key), detail="its row did not open")


def _open(vault: Vault, table: str, row: Row) -> Seen:
    plain = vault.sealer.open(table, row)
    try:
        _READERS.get(table, _read_json)(vault, row, plain)
    except GrantNotFound:
        # Forgotten; a row of its own stays for the sake of its version.
        return _seen(row, plain)
    except (ValueError, KeyError, TypeError) as error:
        raise VaultDamaged(f"A row of {table} holds something else than a record.") from error
    return _seen(row, plain)


def _seen(row: Row, plain: bytes) -> Seen:
    return Seen(row.version, hashlib.sha256(plain).hexdigest()[:32])


def _read_json(vault: Vault, row: Row, plain: bytes) -> None:
    json.loads(plain)


_READERS: Mapping[str, Callable[[Vault, Row, bytes], object]] = {
    GRANTS: lambda vault, row, plain: vault.grant(row.key),
    CLIENTS: lambda vault, row, plain: vault.known_client(row.key),
    CONSENTS: lambda vault, row, plain: records.consent_from_bytes(plain, key=row.key),
    AUDIT: lambda vault, row, plain: vault.audit.entry(row),
}
