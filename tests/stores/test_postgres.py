"""The store in PostgreSQL: the suite, opening, migrating, leases by the database's clock."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest

from mailgrant.errors import MissingExtra, SettingsError, VaultDamaged, VaultError
from mailgrant.storage import holds_vault
from mailgrant.storage import open_store as open_by_url
from mailgrant.storage.postgres import PostgresStore, statement
from mailgrant.storage.postgres_link import AT_MOST, read_url
from mailgrant.storage.statements import migrations
from mailgrant.vault.lease import Lease
from mailgrant.vault.store import TABLES, Row

from .postgres_server import PostgresServer
from .suite import ADA, GRACE, Open, StoreSuite


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


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    with closing(PostgresStore(postgres_url)) as opened:
        yield opened


def tables(server: PostgresServer, url: str) -> list[tuple[str, str]]:
    return server.run(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') "
        "ORDER BY 1, 2",
        url=url,
    )


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_vault_in_postgresql_is_named_by_url(postgres_url: str, scheme: str) -> None:
    with closing(open_by_url(postgres_url.replace("postgresql", scheme, 1))) as store:
        assert isinstance(store, PostgresStore)


def test_without_its_driver_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for name in [name for name in sys.modules if name.startswith("mailgrant.storage.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("mailgrant.storage.postgres", raising=False)

    with pytest.raises(MissingExtra, match=r"mailgrant\[postgres\]"):
        open_by_url("postgresql://localhost/vault")


def test_a_vault_lies_in_a_schema_of_its_own_beside_other_tables(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    postgres_server.run("CREATE TABLE header (title TEXT)", url=postgres_url)

    PostgresStore(postgres_url).close()

    ours = sorted([*TABLES, "header", "leases", "mailgrant_vault"])
    assert tables(postgres_server, postgres_url) == [*(("mailgrant", name) for name in ours), ("public", "header")]


def test_another_programs_schema_of_our_name_is_refused_and_not_touched(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    postgres_server.run("CREATE SCHEMA mailgrant; CREATE TABLE mailgrant.letters (body TEXT)", url=postgres_url)

    with pytest.raises(VaultDamaged, match="another program's"):
        PostgresStore(postgres_url)

    assert tables(postgres_server, postgres_url) == [("mailgrant", "letters")]


def test_a_role_without_the_right_to_make_a_schema_uses_the_one_made_for_it(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    database = postgres_url.rpartition("/")[2]
    clerk = f"clerk_{database}"
    postgres_server.run(f"CREATE ROLE {clerk} LOGIN PASSWORD 'pw'")
    url = postgres_server.url(database, user=clerk, password="pw")

    with pytest.raises(VaultError, match="permission denied") as caught:
        PostgresStore(url)
    postgres_server.run(f"CREATE SCHEMA mailgrant AUTHORIZATION {clerk}", url=postgres_url)
    with closing(PostgresStore(url)) as store:
        store.grants.put(ADA, expect=0)

    assert "rights" in caught.value.hint


def test_a_newer_vault_in_postgresql_is_refused_and_not_touched(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    PostgresStore(postgres_url).close()
    postgres_server.run("UPDATE mailgrant.mailgrant_vault SET version = 99", url=postgres_url)

    with pytest.raises(SettingsError, match="newer mailgrant"):
        PostgresStore(postgres_url)

    assert postgres_server.run("SELECT version FROM mailgrant.mailgrant_vault", url=postgres_url) == [(99,)]


def test_a_migration_that_fails_leaves_nothing(
    postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (*migrations("postgres"), ("CREATE TABLE mailgrant.more (key TEXT)", "CREATE TABLE nonsense"))
    monkeypatch.setattr("mailgrant.storage.postgres.migrations", lambda engine: broken)

    with pytest.raises(VaultError):
        PostgresStore(postgres_url)

    assert tables(postgres_server, postgres_url) == []


def test_a_later_migration_is_carried_out_once_and_keeps_the_rows(
    postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(PostgresStore(postgres_url)) as old:
        old.grants.put(ADA, expect=0)
    more = (*migrations("postgres"), ("CREATE TABLE mailgrant.more (key TEXT)",))
    monkeypatch.setattr("mailgrant.storage.postgres.migrations", lambda engine: more)

    for upgraded in (True, False):
        with closing(PostgresStore(postgres_url, upgrade=True)) as new:
            assert (new.upgraded, new.grants.get("one")) == (upgraded, ADA)

    assert postgres_server.run("SELECT version FROM mailgrant.mailgrant_vault", url=postgres_url) == [(len(more),)]


def test_an_older_vault_of_many_hosts_waits_for_init(
    postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    PostgresStore(postgres_url).close()
    before = migrations("postgres")
    more = (*before, ("CREATE TABLE mailgrant.more (key TEXT)",))
    monkeypatch.setattr("mailgrant.storage.postgres.migrations", lambda engine: more)

    with pytest.raises(VaultError) as caught:
        PostgresStore(postgres_url)

    assert "mailgrant init" in caught.value.hint
    assert postgres_server.run("SELECT version FROM mailgrant.mailgrant_vault", url=postgres_url) == [(len(before),)]


def test_both_databases_have_the_same_tables() -> None:
    def made(engine: str) -> set[str]:
        words = [change.split() for step in migrations(engine) for change in step if change.startswith("CREATE TABLE")]
        return {word[2].removeprefix("mailgrant.") for word in words}

    assert made("postgres") == made("sqlite") | {"mailgrant_vault"}


def test_processes_that_open_a_new_database_at_once_all_find_a_vault(postgres_url: str) -> None:
    code = "import sys; from mailgrant.storage.postgres import PostgresStore; PostgresStore(sys.argv[1]).close()"
    command = [sys.executable, "-c", code, postgres_url]
    openers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]

    said = [opener.communicate(timeout=60)[1] for opener in openers]

    assert said == [""] * 4


def test_looking_for_a_vault_makes_none(postgres_server: PostgresServer, postgres_url: str) -> None:
    assert not holds_vault(postgres_url)
    with pytest.raises(VaultError, match="no vault"):
        open_by_url(postgres_url, create=False)
    assert tables(postgres_server, postgres_url) == []

    with closing(PostgresStore(postgres_url)) as store:
        assert not holds_vault(postgres_url)
        store.write_header(b"header")
    assert holds_vault(postgres_url)


def test_rows_are_in_the_order_of_their_bytes_whatever_the_database_thinks(store: PostgresStore) -> None:
    keys = ["B", "a", "_", "ä", "-1", "Z z", "z"]
    for key in keys:
        store.audit.put(Row(key, version=1, sealed=b"x", account=key), expect=0)

    assert [row.key for row in store.audit.page(limit=99)] == sorted(keys)
    assert [row.key for row in store.audit.find()] == sorted(keys)


def test_a_text_that_postgresql_cannot_hold_is_a_clear_error(store: PostgresStore) -> None:
    with pytest.raises(VaultError, match="cannot hold this"):
        store.grants.put(Row("zero\x00", version=1, sealed=b"x"), expect=0)


def test_a_lease_that_has_run_out_is_free_by_the_databases_clock(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    with closing(PostgresStore(postgres_url, lease=timedelta(milliseconds=40))) as store:
        taken = store.leases.take(store.leases.read("grant"))
        postgres_server.run("SELECT pg_sleep(0.06)", url=postgres_url)
        run_out = store.leases.read("grant")
        again = store.leases.take(run_out)

    assert taken == Lease("grant", 1, held=True)
    assert run_out == Lease("grant", 1, held=False)
    assert again == Lease("grant", 2, held=True)


def test_a_lease_lasts_as_long_as_it_was_said(store: PostgresStore, postgres_server: PostgresServer) -> None:
    store.leases.take(store.leases.read("grant"))

    [(left,)] = postgres_server.run(
        "SELECT held_until - clock_timestamp() FROM mailgrant.leases", url=store_url(postgres_server, store)
    )
    assert timedelta(seconds=10) < left <= timedelta(seconds=15)


def store_url(server: PostgresServer, store: PostgresStore) -> str:
    return server.url(store.place.rpartition("/")[2])


def test_of_threads_that_race_for_a_free_lease_exactly_one_gets_it(store: PostgresStore) -> None:
    free = store.leases.read("grant")
    gate = threading.Barrier(8)

    def race() -> bool:
        gate.wait()
        return store.leases.take(free) is not None

    with ThreadPoolExecutor(8) as pool:
        won = [future.result() for future in [pool.submit(race) for _ in range(8)]]

    assert won.count(True) == 1


def test_many_threads_share_few_connections(store: PostgresStore, postgres_server: PostgresServer) -> None:
    with ThreadPoolExecutor(32) as pool:
        for future in [pool.submit(store.grants.find) for _ in range(200)]:
            future.result()

    database = store.place.rpartition("/")[2]
    [(count,)] = postgres_server.run(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'")
    assert 1 <= count <= AT_MOST


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_uses_connections_of_its_own(store: PostgresStore) -> None:
    store.grants.put(ADA, expect=0)

    def in_the_child() -> None:
        store.grants.put(GRACE, expect=0)
        store.close()
        os._exit(0 if store.grants.get("one") == ADA else 1)

    child = multiprocessing.get_context("fork").Process(target=in_the_child)
    child.start()
    child.join()
    store.grants.put(Row("one", version=2, sealed=b"after the fork"), expect=1)

    assert child.exitcode == 0
    assert [row.key for row in store.grants.find()] == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "values", "index"),
    [
        ("next_due", {}, "grants_by_due"),
        ("find_due", {"until": 10, "limit": 100}, "grants_by_due"),
        ("find_rows_of_account", {"account": "5@example.com", "user": None, "client": None}, "grants_by_account"),
        ("find_rows_of_user", {"user": "5", "client": None}, "grants_by_user"),
        ("page", {"after": "5", "limit": 100}, "grants_pkey"),
        ("page_backwards", {"after": "5", "limit": 100}, "grants_pkey"),
    ],
)
def test_postgresql_finds_rows_by_an_index_and_not_by_reading_all(
    store: PostgresStore, name: str, values: dict[str, object], index: str
) -> None:
    with store.reading() as connection:
        connection.execute(
            b"INSERT INTO mailgrant.grants SELECT n::text, 1, 'x', n || '@example.com', n::text, '', n "
            b"FROM generate_series(100, 5000) AS n"
        )
        connection.execute(b"ANALYZE mailgrant.grants")
        plan = connection.execute(b"EXPLAIN " + statement(name, "grants"), values).fetchall()

    assert any(index in line for (line,) in plan)
    assert not any("Seq Scan" in line for (line,) in plan)


def test_what_is_set_for_libpq_is_left_as_it_is(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGAPPNAME", "letters")

    by_variable, by_url = read_url(postgres_url), read_url(f"{postgres_url}?connect_timeout=3")

    assert "application_name" not in by_variable
    assert (by_variable["connect_timeout"], by_url["connect_timeout"]) == ("10", "3")
    assert "connect_timeout" not in read_url("postgresql:///?service=letters")


def test_a_server_that_takes_no_writes_is_refused_at_once(postgres_server: PostgresServer, postgres_url: str) -> None:
    database = postgres_url.rpartition("/")[2]
    postgres_server.run(f"ALTER DATABASE {database} SET default_transaction_read_only = on")

    with pytest.raises(VaultError, match="read-only"):
        PostgresStore(postgres_url)
