"""The audit: who did what, in the order in which it was done."""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, datetime, timedelta

import pytest

from mailgrant.errors import VaultDamaged
from mailgrant.oauth.realm import Realm
from mailgrant.oauth.scopes import Scopes
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault.audit import PAGE, Deed
from mailgrant.vault.sealing import Key, Keyring
from mailgrant.vault.vault import Vault

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def vault(store: MemoryStore) -> Vault:
    made = Vault.create(
        store,
        vault_id="v1",
        keyring=Keyring((Key.of(b"k" * 32),)),
        key_source="memory",
        realm=Realm.google(),
        clock=Clock(),
        entropy=os.urandom,
        actor="ada@host cron[7]",
    )
    assert made is not None
    return made


def test_an_entry_says_who_did_what_to_whom_and_when(vault: Vault) -> None:
    vault.audit.note(
        Deed.TOKEN_HANDED_OUT, account="Ada@example.com", user="17", client_id="c", scopes=Scopes("gmail.send")
    )

    (entry,) = vault.audit.entries()

    assert (entry.deed, entry.account, entry.user, entry.client_id) == (
        Deed.TOKEN_HANDED_OUT,
        "Ada@example.com",
        "17",
        "c",
    )
    assert (entry.actor, entry.scopes, entry.at) == (
        "ada@host cron[7]",
        Scopes("gmail.send"),
        NOW + timedelta(seconds=1),
    )


def test_entries_come_newest_first_over_many_pages(vault: Vault) -> None:
    for number in range(PAGE + 5):
        vault.audit.note(Deed.REVOKED, detail=str(number))

    assert [entry.detail for entry in vault.audit.entries()] == [str(n) for n in reversed(range(PAGE + 5))]


def test_entries_of_one_account_are_found(vault: Vault) -> None:
    vault.audit.note(Deed.REVOKED, account="ada@example.com", detail="1")
    vault.audit.note(Deed.REVOKED, account="grace@example.com")
    vault.audit.note(Deed.FORGOTTEN, account="ada@example.com", detail="2")

    assert [entry.detail for entry in vault.audit.entries(account="ADA@example.com")] == ["2", "1"]


def test_an_entry_cannot_be_put_on_somebody_else(vault: Vault, store: MemoryStore) -> None:
    vault.audit.note(Deed.REVOKED, account="ada@example.com")
    (row,) = store.audit.find()
    store.audit._rows[row.key] = dataclasses.replace(row, account="grace@example.com")

    with pytest.raises(VaultDamaged):
        list(vault.audit.entries(account="grace@example.com"))
