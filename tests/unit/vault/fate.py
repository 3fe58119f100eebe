"""Fate: what ends a process at one step of its work, and the places it writes to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailgrant import key_file
from mailgrant.storage import open_store
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault.rotation import all_rows
from mailgrant.vault.store import TABLES

from ..drawer import Drawer


class Killed(BaseException):
    """The process ends here."""


class Fate:
    """Counts the steps of a rotation, and ends the process at one of them."""

    def __init__(self, last: int, end: Callable[[], None]) -> None:
        self.steps = 0
        self._last = last
        self._end = end

    def step(self) -> None:
        self.steps += 1
        if self.steps == self._last:
            self._end()

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def worked(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = work(*args, **kwargs)
            self.step()
            return result

        return worked


def die() -> None:
    raise Killed()


def put_fate_into(monkeypatch: pytest.MonkeyPatch, store: Any, fate: Fate) -> None:
    """Let every write of a rotation, to the store and to where the key is kept, be two steps."""
    monkeypatch.setattr(store, "replace_header", fate.around(store.replace_header))
    for table in TABLES:
        rows = store.table(table)
        monkeypatch.setattr(rows, "reseal", fate.around(rows.reseal))
        monkeypatch.setattr(rows, "put", fate.around(rows.put))
    for name in ("write_private", "sync_folder"):
        monkeypatch.setattr(key_file, name, fate.around(getattr(key_file, name)))
    for name in ("set_password", "delete_password"):
        monkeypatch.setattr(Drawer, name, fate.around(getattr(Drawer, name)))


def copied(place: str) -> MemoryStore:
    """A vault in memory with what the one at `place` holds."""
    store, theirs = MemoryStore(), open_store(place)
    store.write_header(theirs.read_header() or b"")
    for table in TABLES:
        for row in all_rows(theirs.table(table)):
            store.table(table).put(row, expect=0)
    return store
