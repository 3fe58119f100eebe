"""Checkup: open every row of a vault where it stands, and say which do not open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mailgrant.errors import GrantNotFound, VaultDamaged, VaultLocked

from . import records
from .finding import Finding
from .rotation import all_rows
from .store import TABLES, Row
from .vault import CLIENTS, CONSENTS, GRANTS, Vault

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
                findings.append(Finding(error.message, table=table, key=row.key))
    return Checkup(rows, findings=tuple(findings))


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
