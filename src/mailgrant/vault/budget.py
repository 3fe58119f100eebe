"""
Budget: what an account has spent of Google's quota in the last minute, shared through the vault.

Google counts units in a sliding minute. So do we: units are held from before a request leaves until
a minute after its answer, and a burst may take them all. Whoever sends for the same account (the
command line, a program, the worker) shares one ledger, and reserves in blocks so that the vault is
written once a second and not once a request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from mailgrant.errors import VaultDamaged

from .sealer import Sealer
from .store import Row

TABLE = "budgets"
WINDOW = timedelta(minutes=1)
# A block is used within this long of being reserved, or given back; so a process that died keeps
# what it reserved for no longer than that and a minute.
FRESH = timedelta(seconds=5)
# After a rate answer that nobody foresaw: this share of the budget, at an even rate, for this long.
CAUTION = timedelta(minutes=5)
CAUTIOUS_SHARE = 0.75
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Block:
    """Units reserved at once by one process, and until when they count."""

    id: str
    units: int = field(kw_only=True)
    reserved_at: datetime = field(kw_only=True)
    held_until: datetime = field(kw_only=True)


Finer: TypeAlias = Mapping[str, tuple[Block, ...]]
NO_SLICES: Finer = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ledger:
    """
    The blocks that count, and when a rate answer came that nobody had foreseen.

    `version` counts the writes: 0 is a ledger that is not in the vault yet.
    """

    blocks: tuple[Block, ...] = ()
    tripped_at: datetime | None = None
    version: int = 0

    def at(self, now: datetime) -> Ledger:
        """Return the ledger without what no longer counts."""
        careful = self.tripped_at is not None and now - self.tripped_at < CAUTION
        return replace(
            self,
            blocks=tuple(block for block in self.blocks if block.held_until > now),
            tripped_at=self.tripped_at if careful else None,
        )

    def told(self, known: Mapping[str, Block]) -> Ledger:
        """Return the ledger with blocks as their own process knows them; those without units are left out."""
        blocks = (known.get(block.id, block) for block in self.blocks)
        return replace(self, blocks=tuple(block for block in blocks if block.units))

    @property
    def held(self) -> int:
        """The units that count now."""
        return sum(block.units for block in self.blocks)

    def with_block(self, block: Block) -> Ledger:
        """Return the ledger with one more block."""
        return replace(self, blocks=(*self.blocks, block))

    def limit(self, units_per_minute: int) -> int:
        """Return how much may be held: less while caution is in order."""
        return units_per_minute if self.tripped_at is None else int(units_per_minute * CAUTIOUS_SHARE)

    def room(self, units_per_minute: int, finer: Finer = NO_SLICES) -> int:
        """Return how much may be reserved now; `finer` has the parts of blocks, where somebody knows them."""
        return self.limit(units_per_minute) - sum(block.units for block in self._parts(finer))

    def wait_for(self, units: int, units_per_minute: int, now: datetime, finer: Finer = NO_SLICES) -> timedelta:
        """Return how long it takes until `units` may be reserved; nothing when they may be now."""
        lacking = units - self.room(units_per_minute, finer)
        return max(_until_free(lacking, self._parts(finer), now), self._until_even(units_per_minute, now))

    def _parts(self, finer: Finer) -> list[Block]:
        return [part for block in self.blocks for part in finer.get(block.id, (block,))]

    def _until_even(self, units_per_minute: int, now: datetime) -> timedelta:
        """While caution is in order each block takes its share of the minute."""
        if self.tripped_at is None or not self.blocks:
            return NOTHING
        last = max(self.blocks, key=lambda block: block.reserved_at)
        return max(last.reserved_at + WINDOW * (last.units / self.limit(units_per_minute)) - now, NOTHING)


def _until_free(lacking: int, blocks: list[Block], now: datetime) -> timedelta:
    if lacking <= 0 or not blocks:
        return NOTHING
    for block in sorted(blocks, key=lambda block: block.held_until):
        lacking -= block.units
        if lacking <= 0:
            return max(block.held_until - now, NOTHING)
    # More than a minute's budget at once: it goes when nothing else is held.
    return max(max(block.held_until for block in blocks) - now, NOTHING)


class Budgets:
    """The ledgers of one vault. Everything here is synchronous and touches the store only."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def load(self, key: str) -> Ledger:
        """Return a ledger; one that was never written is empty."""
        row = self._sealer.store.budgets.get(key)
        if row is None:
            return Ledger()
        try:
            values: Mapping[str, Any] = json.loads(self._sealer.open(TABLE, row))
        except VaultDamaged:
            # Only pace is lost with it; the next write puts a good one in its place.
            return Ledger(version=row.version)
        tripped_at = values["tripped_at"]
        return Ledger(
            tuple(_block(each) for each in values["blocks"]),
            tripped_at=datetime.fromisoformat(tripped_at) if tripped_at else None,
            version=row.version,
        )

    def keep(self, key: str, ledger: Ledger) -> Ledger:
        """Write a ledger and return it with its new version; raises GrantChanged when another was written meanwhile."""
        kept = replace(ledger, version=ledger.version + 1)
        values = {
            "blocks": [
                [block.id, block.units, block.reserved_at.isoformat(), block.held_until.isoformat()]
                for block in kept.blocks
            ],
            "tripped_at": kept.tripped_at.isoformat() if kept.tripped_at else None,
        }
        row = Row(key, version=kept.version, sealed=b"")
        self._sealer.put(TABLE, row, json.dumps(values, separators=(",", ":")).encode(), expect=ledger.version)
        return kept


def _block(values: list[Any]) -> Block:
    name, units, reserved_at, held_until = values
    return Block(
        name,
        units=units,
        reserved_at=datetime.fromisoformat(reserved_at),
        held_until=datetime.fromisoformat(held_until),
    )
