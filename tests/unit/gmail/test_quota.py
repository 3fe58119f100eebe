"""What calls cost, as Google's tables had it before and after May 2026."""

from __future__ import annotations

import pytest

from mailgrant.gmail.quota import QuotaProfile

# Method, units before 2026-05-01, units since.
TABLE = [
    ("messages.get", 5, 20),
    ("messages.attachments.get", 5, 20),
    ("messages.list", 5, 5),
    ("messages.modify", 5, 5),
    ("messages.trash", 5, 20),
    ("messages.untrash", 5, 5),
    ("messages.delete", 10, 10),
    ("messages.batchModify", 50, 50),
    ("messages.batchDelete", 50, 50),
    ("messages.insert", 25, 25),
    ("messages.import", 25, 25),
    ("messages.send", 100, 100),
    ("drafts.get", 5, 20),
    ("drafts.list", 5, 5),
    ("drafts.create", 10, 10),
    ("drafts.delete", 10, 10),
    ("drafts.update", 15, 15),
    ("drafts.send", 100, 100),
    ("threads.get", 10, 40),
    ("threads.list", 10, 10),
    ("threads.modify", 10, 10),
    ("threads.trash", 10, 20),
    ("threads.untrash", 10, 10),
    ("threads.delete", 20, 20),
    ("history.list", 2, 2),
    ("getProfile", 1, 1),
    ("watch", 100, 100),
    ("stop", 50, 50),
    ("labels.list", 1, 1),
    ("labels.get", 1, 1),
    ("labels.create", 5, 5),
    ("labels.update", 5, 5),
    ("labels.patch", 5, 5),
    ("labels.delete", 5, 5),
    ("settings.getVacation", 1, 1),
    ("settings.filters.list", 1, 1),
    ("settings.filters.create", 5, 5),
    ("settings.updateVacation", 5, 5),
    ("settings.updatePop", 100, 100),
    ("settings.sendAs.create", 100, 100),
    ("settings.sendAs.delete", 5, 5),
    ("settings.delegates.create", 100, 100),
]


@pytest.mark.parametrize(("method", "legacy", "since"), TABLE, ids=[row[0] for row in TABLE])
def test_a_call_costs_what_googles_tables_say(method: str, legacy: int, since: int) -> None:
    assert QuotaProfile.LEGACY.cost(f"gmail.users.{method}") == legacy
    assert QuotaProfile.Y2026.cost(f"gmail.users.{method}") == since


def test_a_call_that_no_table_lists_is_taken_for_a_dear_one() -> None:
    assert QuotaProfile.Y2026.cost("gmail.users.unheardOf") == 100


def test_a_minute_has_less_since_2026() -> None:
    assert QuotaProfile("2026").units_per_minute == 6_000
    assert QuotaProfile("legacy").units_per_minute == 15_000
