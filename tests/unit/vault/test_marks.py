"""A mark finds what somebody who may write the database put back or took away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailgrant import keeping
from mailgrant.errors import GrantNotFound, SettingsError
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault.audit import Deed
from mailgrant.vault.marks import KEPT, Mark
from mailgrant.vault.rotation import all_rows, rotate
from mailgrant.vault.store import Row
from mailgrant.vault.vault import Vault

from .keeping import ADA, CLIENT, GRACE, NOW, Household, furnish


@pytest.fixture
def home(tmp_path: Path) -> Household:
    return Household(tmp_path)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def vault(home: Household, store: MemoryStore) -> Vault:
    later = iter(range(1000))
    vault = home.open(store, clock=lambda: NOW + timedelta(seconds=next(later)))
    furnish(vault)
    return vault


def marked(home: Household, vault: Vault) -> str:
    """Take a mark; nothing is wrong yet."""
    done = keeping.check(home.settings(":memory:"), vault)
    assert done.findings == ()
    assert done.mark is not None
    return done.mark


def found(home: Household, vault: Vault, mark: str) -> list[tuple[str | None, str | None]]:
    """Check against a mark; return which rows are found."""
    done = keeping.check(home.settings(":memory:"), vault, against=mark)
    assert (done.mark is None) == bool(done.findings)
    return [(finding.table, finding.key) for finding in done.findings]


def row_of(store: MemoryStore, account: str) -> Row:
    (row,) = store.grants.find(account=account)
    return row


def test_a_mark_is_one_line_with_the_vault_a_number_and_a_digest(home: Household, vault: Vault) -> None:
    first, second = marked(home, vault), marked(home, vault)

    words = first.split()
    assert words[:3] == ["mailgrant-mark", vault.id, "1"]
    assert len(words[3]) == 64
    assert second.split()[2] == "2"
    assert Mark.from_line(f"  {first}\n") == Mark(vault.id, 1, words[3])


def test_what_mailgrant_itself_does_is_no_finding(home: Household, vault: Vault) -> None:
    mark = marked(home, vault)

    ada, grace = vault.find(account=ADA)[0], vault.find(account=GRACE)[0]
    vault.keep(ada)
    vault.drop(grace)
    vault.remove_client(CLIENT.client_id)
    vault.audit.note(Deed.CLIENT_REMOVED, client_id=CLIENT.client_id)
    vault.add_client(CLIENT)
    rotate(vault, home.drawer())

    assert found(home, vault, mark) == []


def test_rollback_of_a_row_is_found_by_the_mark(home: Household, vault: Vault, store: MemoryStore) -> None:
    older = row_of(store, ADA)
    vault.keep(vault.find(account=ADA)[0])
    mark = marked(home, vault)

    store.grants._rows[older.key] = older

    assert vault.find(account=ADA)[0].version == 1
    assert found(home, vault, mark) == [("grants", older.key)]


def test_a_forgotten_grant_that_was_put_back_is_found(home: Household, vault: Vault, store: MemoryStore) -> None:
    older = row_of(store, ADA)
    vault.drop(vault.find(account=ADA)[0])
    mark = marked(home, vault)
    with pytest.raises(GrantNotFound):
        vault.grant(older.key)

    store.grants._rows[older.key] = older

    assert found(home, vault, mark) == [("grants", older.key)]


def test_another_row_of_the_same_version_is_found(home: Household, vault: Vault, store: MemoryStore) -> None:
    ada = vault.find(account=ADA)[0]
    vault.keep(replace(ada, reason="one"))
    fork = row_of(store, ADA)
    store.grants.delete(ada.id, expect=2)
    vault.keep(replace(ada, version=0))
    vault.keep(replace(ada, reason="the other"))
    mark = marked(home, vault)

    store.grants._rows[fork.key] = fork

    assert found(home, vault, mark) == [("grants", ada.id)]


def test_rows_that_were_deleted_without_a_trace_are_found(home: Household, vault: Vault, store: MemoryStore) -> None:
    mark = marked(home, vault)
    key = row_of(store, ADA).key

    store.grants.take(key)
    store.clients.take(CLIENT.client_id)
    entry = next(iter(all_rows(store.audit)))
    store.audit.take(entry.key)

    tables = [table for table, _ in found(home, vault, mark)]
    assert tables == ["grants", "clients", "audit"]


@pytest.mark.parametrize("also_newer", [False, True])
def test_a_mark_that_was_deleted_or_exchanged_is_found(
    home: Household, vault: Vault, store: MemoryStore, also_newer: bool
) -> None:
    mark = marked(home, vault)
    store.marks.take("0000000001")
    vault.keep(vault.find(account=ADA)[0])
    if also_newer:
        marked(home, vault)

    assert found(home, vault, mark) == [("marks", "0000000001")]


def test_the_newest_ten_marks_are_kept_and_an_older_one_says_so(home: Household, vault: Vault) -> None:
    marks = [marked(home, vault) for _ in range(KEPT + 2)]

    assert len(list(all_rows(vault.sealer.store.marks))) == KEPT
    assert found(home, vault, marks[-KEPT]) == []
    done = keeping.check(home.settings(":memory:"), vault, against=marks[0])
    assert [finding.reason for finding in done.findings] == [
        f"the mark is too old to compare with: the newest {KEPT} are kept"
    ]


@pytest.mark.parametrize("line", ["", "mailgrant-mark", "mailgrant-mark v one abc", "git-mark v 1 abc", "a b c d e"])
def test_what_is_no_mark_is_a_settings_error(home: Household, vault: Vault, line: str) -> None:
    with pytest.raises(SettingsError, match="not the line of a mark"):
        keeping.check(home.settings(":memory:"), vault, against=line)


def test_the_mark_of_another_vault_is_a_settings_error(home: Household, vault: Vault) -> None:
    with pytest.raises(SettingsError, match="another vault"):
        keeping.check(home.settings(":memory:"), vault, against="mailgrant-mark other 1 abc")


def test_every_row_that_does_not_open_is_listed(home: Household, vault: Vault, store: MemoryStore) -> None:
    ada, entry = row_of(store, ADA), next(iter(all_rows(store.audit)))
    store.grants._rows[ada.key] = replace(ada, account=GRACE)
    store.audit._rows[entry.key] = replace(entry, sealed=entry.sealed[:-1] + bytes([entry.sealed[-1] ^ 1]))

    done = keeping.check(home.settings(":memory:"), vault)

    assert [(finding.table, finding.key) for finding in done.findings] == [("grants", ada.key), ("audit", entry.key)]
    assert done.mark is None
