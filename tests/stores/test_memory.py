"""The store in memory."""

from __future__ import annotations

import pytest

from mailgrant.storage.memory import MemoryStore

from .suite import Open, StoreSuite


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    def open_store(self) -> Open:
        store = MemoryStore()
        return lambda: store
