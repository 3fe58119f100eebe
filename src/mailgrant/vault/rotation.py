"""
Rotation: a new key for a vault that is in use.

In an order that may be interrupted after any step, and is taken up where it stopped by rotating
again: the new key is put before the old one where the key is kept; the header is sealed with it, from
when on nobody seals with the old one; every row is sealed anew; the old key is dropped. When the key
moves, the new one goes to its new place alone, and the header holds the old one, sealed with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from mailgrant.errors import KeyRotated, VaultDamaged, VaultLocked

from .audit import Deed
from .finding import Finding
from .header import Header
from .sealer import Sealer, is_sound
from .sealing import Keyring, key_id_of
from .store import TABLES, Row, RowStore
from .vault import Vault

# Also how many rows are sealed in one transaction: others wait for no longer than that takes.
PAGE = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """
    The keys while one is changed for another, the new one first.

    `resumed` says that the new one was made by a rotation that was stopped. `details` is what the
    header must remember for the key's source until every row is sealed anew, `details_after` from
    then on. `moved_from` is where the old key is kept, where that is elsewhere.
    """

    keyring: Keyring
    key_source: str
    resumed: bool = False
    details: str = ""
    details_after: str = ""
    moved_from: str | None = None


class KeyPlace(Protocol):
    """Where the key of a vault is kept, as rotation needs it."""

    def alone(self, header: Header) -> AbstractContextManager[None]:
        """Let nobody else write where this vault's key is kept meanwhile."""

    def begin(self, header: Header, at_hand: Keyring) -> Turn:
        """Put a new key before the old one, unless a rotation that was stopped has done so."""

    def finish(self, header: Header, turn: Turn) -> None:
        """Drop every key but the newest, wherever it is kept."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """
    What a rotation did.

    `resumed` says that it finished one that was stopped; `key_source` where the new key is kept, and
    `moved_from` where the old one was, if that was elsewhere. `damaged` are the rows that opened with
    neither key, and were left as they are.
    """

    resealed: int
    resumed: bool = field(kw_only=True)
    key_source: str = field(kw_only=True)
    moved_from: str | None = field(kw_only=True, default=None)
    generation: int = field(kw_only=True)
    damaged: tuple[Finding, ...] = field(kw_only=True, default=())


def rotate(vault: Vault, place: KeyPlace, *, progress: Callable[[int], None] = lambda rows: None) -> Rotated:
    """
    Change the vault's key for a new one; others may read and write meanwhile.

    `progress` is told how many rows were looked at. Raises KeyRotated when another host changes the
    key at the same time.
    """
    sealer = vault.sealer
    with place.alone(sealer.header):
        sealer.catch_up()
        before = sealer.header
        turn = place.begin(before, sealer.keyring)
        if turn.keyring.newest.id != before.key_id:
            _change_header(sealer, turn, turn.details)
        else:
            sealer.adopt(before, turn.keyring)
        count, damaged = _reseal(sealer, progress)
        place.finish(sealer.header, turn)
        # Last: what is in the details tells whoever takes this up what is left to do.
        if turn.details_after != sealer.header.details:
            _change_header(sealer, turn, turn.details_after)
        generation = sealer.header.generation
        vault.audit.note(Deed.ROTATED, detail=f"generation {generation}")
    return Rotated(
        count,
        resumed=turn.resumed,
        key_source=turn.key_source,
        moved_from=turn.moved_from,
        generation=generation,
        damaged=damaged,
    )


def _change_header(sealer: Sealer, turn: Turn, details: str) -> None:
    before = sealer.header
    facts = replace(before, key_source=turn.key_source, details=details, generation=before.generation + 1)
    header = facts.sealed_by(turn.keyring, sealer.entropy)
    if not sealer.store.replace_header(header.to_bytes(), generation=before.generation):
        raise KeyRotated()
    sealer.adopt(header, turn.keyring)


def _reseal(sealer: Sealer, progress: Callable[[int], None]) -> tuple[int, tuple[Finding, ...]]:
    seen, count, damaged = 0, 0, list[Finding]()
    for table in TABLES:
        for page in pages(sealer.store.table(table)):
            count += _reseal_rows(sealer, table, page, damaged)
            seen += len(page)
            progress(seen)
    return count, tuple(damaged)


def _reseal_rows(sealer: Sealer, table: str, page: Sequence[Row], damaged: list[Finding]) -> int:
    """Seal rows with the key of the header, where they are not; return how many were not."""
    rows, left, count = sealer.store.table(table), list(page), 0
    while True:
        header = sealer.header
        changes = [(row, sealed) for row in left if (sealed := _sealed_anew(sealer, table, row, damaged)) is not None]
        if not changes:
            return count
        done = rows.reseal(changes, generation=header.generation)
        count += done
        if done == len(changes):
            return count
        # Somebody wrote some of them meanwhile, with the new key, or deleted them.
        found = (rows.get(row.key) for row, _ in changes)
        left = [row for row in found if row is not None]


def _sealed_anew(sealer: Sealer, table: str, row: Row, damaged: list[Finding]) -> bytes | None:
    try:
        if is_sound(row) and key_id_of(row.sealed) == sealer.header.key_id:
            return None
        return sealer.sealed(table, row, sealer.open(table, row))
    except (VaultDamaged, VaultLocked) as error:
        damaged.append(Finding(error.message, table=table, key=row.key))
        return None


def pages(rows: RowStore) -> Iterator[tuple[Row, ...]]:
    """Give every row of a table, two hundred at a time."""
    after = ""
    while page := rows.page(after=after, limit=PAGE):
        yield page
        after = page[-1].key


def all_rows(rows: RowStore) -> Iterator[Row]:
    """Give every row of a table, read in pages."""
    for page in pages(rows):
        yield from page
