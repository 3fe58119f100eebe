"""The ledger of quota units: a sliding minute that everybody shares."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from mailgrant.errors import GrantChanged
from mailgrant.oauth.realm import Realm
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault.budget import CAUTION, NOTHING, Block, Budgets, Ledger
from mailgrant.vault.sealing import Key, Keyring
from mailgrant.vault.vault import Vault

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMIT = 6000


def second(count: float) -> timedelta:
    return timedelta(seconds=count)


def block(units: int, *, at: float, name: str = "a") -> Block:
    reserved = NOW + second(at)
    return Block(name, units=units, reserved_at=reserved, held_until=reserved + MINUTE)


def test_a_burst_may_take_the_whole_minute() -> None:
    ledger = Ledger((block(5900, at=0),))

    assert ledger.wait_for(100, LIMIT, NOW) == NOTHING
    assert ledger.wait_for(101, LIMIT, NOW) == MINUTE


def test_what_frees_first_is_waited_for() -> None:
    ledger = Ledger((block(3000, at=0), block(3000, at=20, name="b")))

    assert ledger.wait_for(3000, LIMIT, NOW + second(30)) == second(30)
    assert ledger.wait_for(3001, LIMIT, NOW + second(30)) == second(50)


def test_blocks_count_for_a_minute_and_no_longer() -> None:
    ledger = Ledger((block(6000, at=0),))

    assert ledger.at(NOW + second(59.9)).held == 6000
    assert ledger.at(NOW + MINUTE).held == 0


def test_more_than_a_minutes_budget_goes_alone() -> None:
    assert Ledger().wait_for(9000, LIMIT, NOW) == NOTHING
    assert Ledger((block(20, at=0),)).wait_for(9000, LIMIT, NOW) == MINUTE


def test_after_a_rate_answer_units_flow_evenly_and_fewer_of_them() -> None:
    ledger = Ledger((block(75, at=0),), tripped_at=NOW)

    assert ledger.limit(LIMIT) == 4500
    assert ledger.wait_for(20, LIMIT, NOW) == second(1)
    assert ledger.wait_for(20, LIMIT, NOW + second(1)) == NOTHING
    assert ledger.at(NOW + CAUTION).tripped_at is None


def test_a_process_says_what_it_used_of_its_blocks() -> None:
    ledger = Ledger((block(100, at=0), block(100, at=1, name="b"), block(100, at=2, name="theirs")))

    told = ledger.told({"a": block(40, at=0), "b": block(0, at=1, name="b")})

    assert [(each.id, each.units) for each in told.blocks] == [("a", 40), ("theirs", 100)]


def test_a_ledger_is_kept_by_compare_and_set() -> None:
    ring = Keyring((Key.of(b"k" * 32),))
    vault = Vault.create(
        MemoryStore(),
        vault_id="v1",
        keyring=ring,
        key_source="memory",
        realm=Realm.google(),
        clock=lambda: NOW,
        entropy=os.urandom,
    )
    assert vault is not None
    budgets = Budgets(vault.sealer)
    kept = budgets.keep("g", Ledger((block(20, at=0),), tripped_at=NOW))

    assert budgets.load("g") == kept
    with pytest.raises(GrantChanged):
        budgets.keep("g", Ledger())
