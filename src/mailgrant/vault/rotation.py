"""
Rotation: a new key for a vault that is in use.

In an order that may be interrupted after any step, and is taken up where it stopped by rotating
again: the new key is put before the old one where the key is kept; the header is sealed with it, from
when on nobody seals with the old one; every row is sealed anew; the old key is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from mailgrant.errors import KeyRotated, VaultDamaged, VaultLocked

from .audit import Deed
from .finding import Finding
from .header import Header
from .sealer import Sealer
from .sealing import Keyring, key_id_of
from .store import TABLES, Row, RowStore
from .vault import Vault

PAGE = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """
    The keys while one is changed for another, the new one first.

    `resumed` says that the new one was made by a rotation that was stopped. `details` is what the
    header must remember for the key's source until every row is sealed anew, `details_after` from
    then on.
    """

    keyring: Keyring
    key_source: str
    resumed: bool = False
    details: str = ""
    details_after: str = ""


class KeyPlace(Protocol):
    """Where the key of a vault is kept, as rotation needs it."""

    def alone(self, vault_id: str) -> AbstractContextManager[None]:
        """Let nobody else change this vault's key meanwhile."""

    def begin(self, header: Header, at_hand: Keyring) -> Turn:
        """Put a new key before the old one, unless a rotation that was stopped has done so."""

    def finish(self, header: Header, turn: Turn) -> None:
        """Drop every key but the newest."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """
    What a rotation did.

    `resumed` says that it finished one that was stopped; `key_source` where the new key is kept.
    `damaged` are the rows that opened with neither key, and were left as they are.
    """

    resealed: int
    resumed: bool = field(kw_only=True)
    key_source: str = field(kw_only=True)
    generation: int = field(kw_only=True)
    damaged: tuple[Finding, ...] = field(kw_only=True, default=())


def rotate(vault: Vault, place: KeyPlace, *, progress: Callable[[int], None] = lambda rows: None) -> Rotated:
    """
    Change the vault's key for a new one; others may read and write meanwhile.

    `progress` is told how many rows were looked at. Raises KeyRotated when another host changes the
    key at the same time.
    """
    sealer = vault.sealer
    with place.alone(vault.id):
        sealer.catch_up()
        before = sealer.header
        turn = place.begin(before, sealer.keyring)
        if turn.keyring.newest.id != before.key_id:
            _change_header(sealer, turn, turn.details)
        else:
            sealer.adopt(before, turn.keyring)
        count, damaged = _reseal(sealer, progress)
        if turn.details_after != sealer.header.details:
            _change_header(sealer, turn, turn.details_after)
        generation = sealer.header.generation
        vault.audit.note(Deed.ROTATED, detail=f"generation {generation}")
        place.finish(sealer.header, turn)
    return Rotated(count, resumed=turn.resumed, key_source=turn.key_source, generation=generation, damaged=damaged)


def _change_header(sealer: Sealer, turn: Turn, details: str) -> None:
    before = sealer.header
    facts = replace(before, key_source=turn.key_source, details=details, generation=before.generation + 1)
    header = facts.sealed_by(turn.keyring, sealer.entropy)
    if not sealer.store.replace_header(header.to_bytes(), generation=before.generation):
        raise KeyRotated()
    sealer.adopt(header, turn.keyring)


def _reseal(sealer: Sealer, progress: Callable[[int], None]) -> tuple[int, tuple[Finding, ...]]:
    seen, count, damaged = 0, 0, []
    for table in TABLES:
        rows = sealer.store.table(table)
        for row in all_rows(rows):
            try:
                count += _reseal_row(sealer, table, rows, row)
            except (VaultDamaged, VaultLocked) as error:
                damaged.append(Finding(error.message, table=table, key=row.key))
            seen += 1
            if seen % PAGE == 0:
                progress(seen)
    progress(seen)
    return count, tuple(damaged)


def _reseal_row(sealer: Sealer, table: str, rows: RowStore, row: Row) -> bool:
    """Seal a row with the key of the header, unless it is; True when that had to be done."""
    there: Row | None = row
    while there is not None and key_id_of(there.sealed) != sealer.header.key_id:
        plain = sealer.open(table, there)
        header = sealer.header
        if rows.reseal(there, sealer.sealed(table, there, plain), generation=header.generation):
            return True
        # Somebody wrote it meanwhile, with the new key; or deleted it.
        there = rows.get(row.key)
    return False


def all_rows(rows: RowStore) -> Iterator[Row]:
    """Give every row of a table, read in pages."""
    after = ""
    while page := rows.page(after=after, limit=PAGE):
        yield from page
        after = page[-1].key
