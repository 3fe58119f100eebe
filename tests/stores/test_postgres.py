"""The store in PostgreSQL, and what only a server can suffer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailgrant.storage.postgres import PostgresStore

from .suite import Open, StoreSuite


class TestPostgresStore(StoreSuite):
    @pytest.fixture
    def open_store(self, postgres_url: str) -> Iterator[Open]:
        opened: list[PostgresStore] = []

        def open_again() -> PostgresStore:
            opened.append(PostgresStore(postgres_url))
            return opened[-1]

        yield open_again
        for store in opened:
            store.close()
