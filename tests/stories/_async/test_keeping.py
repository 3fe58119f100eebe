"""A vault is checked, given a new key, backed up and restored while people's grants go on working."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant
from mailgrant.errors import SettingsError, VaultError, VaultLocked
from mailgrant.sandbox import Sandbox
from mailgrant.vault.audit import Deed

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"


@pytest.fixture
def at_home(office: dict[str, Any], tmp_path: Path, sandbox: Sandbox) -> Callable[[str], AsyncMailgrant]:
    """Open a Mailgrant on a vault in a file of this name."""

    def opened(name: str) -> AsyncMailgrant:
        place = {"vault": str(tmp_path / "data" / name), "clock": sandbox.clock}
        return AsyncMailgrant(**{**office, **place})

    return opened


async def granted(mailgrant: AsyncMailgrant, person: Person) -> AsyncAccount:
    consent = await mailgrant.consents.begin(ADA, "gmail.readonly", redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


async def test_an_account_goes_on_working_when_another_changes_the_key(
    sandbox: Sandbox, at_home: Callable[[str], AsyncMailgrant], person: Person
) -> None:
    async with at_home("vault.db") as mailgrant, at_home("vault.db") as other:
        ada = await granted(mailgrant, person)
        seen: list[int] = []
        first = await other.vault.rotate(progress=seen.append)
        sandbox.clock.advance(timedelta(hours=2))
        await ada.gmail.profile()
        second = await mailgrant.vault.rotate()
        sandbox.clock.advance(timedelta(hours=2))
        await other.account(ADA).gmail.profile()
        status = await other.vault.status()

    assert (first.generation, second.generation, status.generation) == (2, 3, 3)
    assert seen[-1] >= first.resealed >= 4
    assert not first.resumed and first.damaged == ()


async def test_a_restored_vault_works_and_its_grants_are_proved_by_a_refresh(
    sandbox: Sandbox, at_home: Callable[[str], AsyncMailgrant], person: Person, tmp_path: Path
) -> None:
    file = tmp_path / "vault.backup"
    async with at_home("vault.db") as mailgrant:
        await granted(mailgrant, person)
        made = await mailgrant.vault.backup(file)
        with pytest.raises(SettingsError, match="already"):
            await mailgrant.vault.backup(file)
        with pytest.raises(VaultError, match="already"):
            await mailgrant.vault.restore(file)
    sandbox.clock.advance(timedelta(hours=2))
    async with at_home("restored.db") as restored:
        done = await restored.vault.restore(file)
        before = await restored.account(ADA).grant()
        await restored.account(ADA).gmail.profile()
        after = (await restored.grants())[0]
        status = await restored.vault.status()

    assert (done.id, done.rows) == (made.id, made.rows)
    assert (before.proved, after.proved) == (False, True)
    assert status.restored_at == done.restored_at


async def test_after_a_rotation_an_older_backup_needs_the_older_key(
    at_home: Callable[[str], AsyncMailgrant], person: Person, tmp_path: Path
) -> None:
    async with at_home("vault.db") as mailgrant:
        await granted(mailgrant, person)
        await mailgrant.vault.backup(tmp_path / "older.backup")
        await mailgrant.vault.rotate()
        await mailgrant.vault.backup(tmp_path / "newer.backup")
    async with at_home("restored.db") as restored:
        with pytest.raises(VaultLocked, match="another key"):
            await restored.vault.restore(tmp_path / "older.backup")
        await restored.vault.restore(tmp_path / "newer.backup")
        accounts = [grant.account for grant in await restored.grants()]

    assert accounts == [ADA]


async def test_a_mark_holds_good_over_everything_that_people_do(
    sandbox: Sandbox, at_home: Callable[[str], AsyncMailgrant], person: Person
) -> None:
    async with at_home("vault.db") as mailgrant:
        await granted(mailgrant, person)
        first = await mailgrant.vault.check()
        sandbox.clock.advance(timedelta(hours=2))
        await mailgrant.account(ADA).gmail.profile()
        await mailgrant.vault.rotate()
        await mailgrant.forget(ADA)
        second = await mailgrant.vault.check(against=first.mark)
        await granted(mailgrant, person)
        third = await mailgrant.vault.check(against=second.mark)

    assert (first.findings, second.findings, third.findings) == ((), (), ())
    assert [done.mark is not None for done in (first, second, third)] == [True] * 3


async def test_the_audit_tells_what_was_done_to_a_grant_from_its_consent_to_its_end(
    at_home: Callable[[str], AsyncMailgrant], person: Person
) -> None:
    async with at_home("vault.db") as mailgrant:
        await granted(mailgrant, person)
        await mailgrant.revoke(ADA)
        await mailgrant.forget(ADA, keep_at_google=True)
        of_ada = await mailgrant.vault.audit(ADA)
        newest = await mailgrant.vault.audit(limit=1)

    deeds = [entry.deed for entry in reversed(of_ada)]
    assert deeds == [Deed.CONSENT_BEGUN, Deed.CONSENT_COMPLETED, Deed.REVOKED, Deed.FORGOTTEN]
    assert [entry.deed for entry in newest] == [Deed.FORGOTTEN]
    assert of_ada[0].detail == "kept at Google"


async def test_where_there_is_no_vault_nothing_was_done_and_nothing_is_made(
    at_home: Callable[[str], AsyncMailgrant], tmp_path: Path
) -> None:
    async with at_home("vault.db") as mailgrant:
        for verb in (mailgrant.vault.status, mailgrant.vault.check, mailgrant.vault.rotate, mailgrant.vault.audit):
            with pytest.raises(VaultError, match="There is no vault"):
                await verb()

    assert not (tmp_path / "data").exists()
