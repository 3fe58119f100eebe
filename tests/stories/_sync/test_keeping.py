# Written by scripts/unasync.py from tests/stories/_async/test_keeping.py.
# Do not edit: change that file and run `make sync`.
"""A vault is checked, given a new key, backed up and restored while people's grants go on working."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Account, Mailgrant
from mailgrant.errors import SettingsError, VaultError, VaultLocked
from mailgrant.sandbox import Sandbox
from mailgrant.vault.audit import Deed

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"


@pytest.fixture
def at_home(office: dict[str, Any], tmp_path: Path, sandbox: Sandbox) -> Callable[[str], Mailgrant]:
    """Open a Mailgrant on a vault in a file of this name."""

    def opened(name: str) -> Mailgrant:
        place = {"vault": str(tmp_path / "data" / name), "clock": sandbox.clock}
        return Mailgrant(**{**office, **place})

    return opened


def granted(mailgrant: Mailgrant, person: Person) -> Account:
    consent = mailgrant.consents.begin(ADA, "gmail.readonly", redirect_uri="http://127.0.0.1:1/")
    mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


def test_an_account_goes_on_working_when_another_changes_the_key(
    sandbox: Sandbox, at_home: Callable[[str], Mailgrant], person: Person
) -> None:
    with at_home("vault.db") as mailgrant, at_home("vault.db") as other:
        ada = granted(mailgrant, person)
        seen: list[int] = []
        first = other.vault.rotate(progress=seen.append)
        sandbox.clock.advance(timedelta(hours=2))
        ada.gmail.profile()
        second = mailgrant.vault.rotate()
        sandbox.clock.advance(timedelta(hours=2))
        other.account(ADA).gmail.profile()
        status = other.vault.status()

    assert (first.generation, second.generation, status.generation) == (2, 3, 3)
    assert seen[-1] >= first.resealed >= 4
    assert not first.resumed and first.damaged == ()


def test_a_restored_vault_works_and_its_grants_are_proved_by_a_refresh(
    sandbox: Sandbox, at_home: Callable[[str], Mailgrant], person: Person, tmp_path: Path
) -> None:
    file = tmp_path / "vault.backup"
    with at_home("vault.db") as mailgrant:
        granted(mailgrant, person)
        made = mailgrant.vault.backup(file)
        with pytest.raises(SettingsError, match="already"):
            mailgrant.vault.backup(file)
        with pytest.raises(VaultError, match="already"):
            mailgrant.vault.restore(file)
    sandbox.clock.advance(timedelta(hours=2))
    with at_home("restored.db") as restored:
        done = restored.vault.restore(file)
        before = restored.account(ADA).grant()
        restored.account(ADA).gmail.profile()
        after = (restored.grants())[0]
        status = restored.vault.status()

    assert (done.id, done.rows) == (made.id, made.rows)
    assert (before.proved, after.proved) == (False, True)
    assert status.restored_at == done.restored_at


def test_after_a_rotation_an_older_backup_needs_the_older_key(
    at_home: Callable[[str], Mailgrant], person: Person, tmp_path: Path
) -> None:
    with at_home("vault.db") as mailgrant:
        granted(mailgrant, person)
        mailgrant.vault.backup(tmp_path / "older.backup")
        mailgrant.vault.rotate()
        mailgrant.vault.backup(tmp_path / "newer.backup")
    with at_home("restored.db") as restored:
        with pytest.raises(VaultLocked, match="another key"):
            restored.vault.restore(tmp_path / "older.backup")
        restored.vault.restore(tmp_path / "newer.backup")
        accounts = [grant.account for grant in restored.grants()]

    assert accounts == [ADA]


def test_a_mark_holds_good_over_everything_that_people_do(
    sandbox: Sandbox, at_home: Callable[[str], Mailgrant], person: Person
) -> None:
    with at_home("vault.db") as mailgrant:
        granted(mailgrant, person)
        first = mailgrant.vault.check()
        sandbox.clock.advance(timedelta(hours=2))
        mailgrant.account(ADA).gmail.profile()
        mailgrant.vault.rotate()
        mailgrant.forget(ADA)
        second = mailgrant.vault.check(against=first.mark)
        granted(mailgrant, person)
        third = mailgrant.vault.check(against=second.mark)

    assert (first.findings, second.findings, third.findings) == ((), (), ())
    assert [done.mark is not None for done in (first, second, third)] == [True] * 3


def test_the_audit_tells_what_was_done_to_a_grant_from_its_consent_to_its_end(
    at_home: Callable[[str], Mailgrant], person: Person
) -> None:
    with at_home("vault.db") as mailgrant:
        granted(mailgrant, person)
        mailgrant.revoke(ADA)
        mailgrant.forget(ADA, keep_at_google=True)
        of_ada = mailgrant.vault.audit(ADA)
        newest = mailgrant.vault.audit(limit=1)

    deeds = [entry.deed for entry in reversed(of_ada)]
    assert deeds == [Deed.CONSENT_BEGUN, Deed.CONSENT_COMPLETED, Deed.REVOKED, Deed.FORGOTTEN]
    assert [entry.deed for entry in newest] == [Deed.FORGOTTEN]
    assert of_ada[0].detail == "kept at Google"


def test_where_there_is_no_vault_nothing_was_done_and_nothing_is_made(
    at_home: Callable[[str], Mailgrant], tmp_path: Path
) -> None:
    with at_home("vault.db") as mailgrant:
        for verb in (mailgrant.vault.status, mailgrant.vault.check, mailgrant.vault.rotate, mailgrant.vault.audit):
            with pytest.raises(VaultError, match="There is no vault"):
                verb()

    assert not (tmp_path / "data").exists()
