"""Unreadable: the rows that one look at many could not read, for whoever goes on with the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mailgrant.errors import VaultDamaged, VaultError, VaultLocked

from .sealing import key_id_of
from .store import Row

T = TypeVar("T")


class Unreadable:
    """What one look has passed over, as errors; it stops where a key is missing, which is no damage."""

    def __init__(self) -> None:
        self.errors: list[VaultError] = []
        self._strange_keys: set[bytes] = set()

    def read(self, reader: Callable[[Row], T], row: Row) -> T | None:
        """Read a row, None where it is damaged; raises VaultLocked when it is not the first with its unknown key."""
        try:
            return reader(row)
        except VaultDamaged as error:
            self.errors.append(error)
        except VaultLocked as error:
            # The id of a key that a single row names was damaged with that row. Where several name it,
            # there is such a key, and it is not here.
            key_id = key_id_of(row.sealed)
            if key_id in self._strange_keys:
                raise
            self._strange_keys.add(key_id)
            self.errors.append(error)
        return None
