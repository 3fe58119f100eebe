"""Old vaults in SQLite: one that the first version made opens, is brought up to date, and its grants read."""

from __future__ import annotations

import json
import os
import sqlite3
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Settings
from mailgrant.cli import main
from mailgrant.storage.sqlite import APPLICATION_ID, SqliteStore
from mailgrant.storage.statements import migrations, query
from mailgrant.vault.sealing import Key, Keyring, Place, seal
from mailgrant.vault.store import TABLES
from mailgrant.vault.vault import Vault

KEY = Key.of(bytes(range(32)))
ID = "0123456789abcdef0123"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"
# As the first version wrote it down.
GRANT = {
    "account": "ada@example.com",
    "sub": "117",
    "user": "17",
    "client_id": "client",
    "verified": True,
    "asked": READONLY,
    "scopes": READONLY,
    "status": "active",
    "reason": "",
    "consented_at": "2026-01-02T03:04:05+00:00",
    "refreshed_at": None,
    "access_token": "ya29.old",
    "refresh_token": "1//old",
    "expires_at": "2026-01-02T04:04:05+00:00",
    "token_scopes": READONLY,
}
ENVIRONMENT_FACTS = {"realm": "google", "key_source": "environment"}


def sealed(values: dict[str, Any], *place: Any) -> bytes:
    return seal(json.dumps(values).encode(), Place(ID, *place), Keyring((KEY,)), os.urandom)


@pytest.fixture
def old_vault(tmp_path: Path) -> Path:
    """A file as the first version of mailgrant left it."""
    header = {
        "format": 1,
        "id": ID,
        "details": "",
        **ENVIRONMENT_FACTS,
        "sealed": b64encode(sealed(ENVIRONMENT_FACTS, "header", ID, "header", 1)).decode(),
    }
    path = tmp_path / "vault.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in migrations("sqlite")[0]:
            connection.execute(statement)
        connection.execute("INSERT INTO header (one, header) VALUES (1, ?)", [json.dumps(header).encode()])
        row = ("g1", 1, sealed(GRANT, "grants", "g1", "sealed", 1), "ada@example.com", "17", "client")
        connection.execute("INSERT INTO grants VALUES (?, ?, ?, ?, ?, ?)", row)
        connection.execute("INSERT INTO leases VALUES ('g1', 4, 0)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    path.chmod(0o600)
    return path


def opened(path: Path) -> Vault:
    settings = Settings(
        vault=str(path), key=KEY.material.reveal(), config_folder=path.parent / "c", data_folder=path.parent
    )
    return settings.open_vault(clock=lambda: datetime.now(UTC), entropy=os.urandom, create=False)


def test_a_vault_of_the_first_version_opens_and_its_grants_read(old_vault: Path) -> None:
    with closing(opened(old_vault)) as vault:
        [grant] = vault.grants()
        lease = vault.lease("g1")

    assert (grant.account, grant.user, grant.version) == ("ada@example.com", "17", 1)
    assert grant.credentials.refresh_token is not None
    assert grant.credentials.refresh_token.reveal() == "1//old"
    assert lease.fence == 4


def test_init_brings_an_old_vault_up_to_date_and_says_so(
    old_vault: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAILGRANT_GOOGLE", raising=False)

    assert main(["init", "--vault", str(old_vault), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["upgraded"] is True
    assert main(["init", "--vault", str(old_vault)]) == 1
    assert "up to date" in capsys.readouterr().err


def test_an_old_vault_is_brought_up_to_date_once(old_vault: Path) -> None:
    for _ in range(2):
        with closing(SqliteStore(old_vault)) as store, store.reading() as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (len(migrations("sqlite")),)
            assert [store.table(name).page(limit=9) for name in TABLES if name != "grants"] == [()] * (len(TABLES) - 1)
            assert store.replace_header(b"another", generation=9) is False


def test_a_migration_that_fails_leaves_the_old_vault_as_it_was(
    old_vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (*migrations("sqlite"), ("CREATE TABLE more (key TEXT)", "CREATE TABLE nonsense"))
    monkeypatch.setattr("mailgrant.storage.sqlite.migrations", lambda engine: broken)

    with pytest.raises(Exception, match=r"incomplete|syntax"):
        SqliteStore(old_vault)

    with closing(sqlite3.connect(old_vault)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"header", "grants", "consents", "clients", "leases"}


@pytest.mark.parametrize(
    ("name", "values"),
    [("next_due", {}), ("find_due", {"until": 10, "limit": 100}), ("page", {"after": "", "limit": 9})],
)
def test_sqlite_finds_what_is_due_by_an_index_and_not_by_reading_all(
    tmp_path: Path, name: str, values: dict[str, Any]
) -> None:
    with closing(SqliteStore(tmp_path / "vault.db")) as store, store.reading() as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {query(name, 'grants')}", values).fetchall()

    steps = [step[3] for step in plan]
    assert all(step.startswith("SEARCH grants USING") for step in steps)
    assert not any("TEMP B-TREE" in step for step in steps)
