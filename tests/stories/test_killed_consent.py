"""A process that dies between any two statements of a consent loses nothing, and the next consent works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, Scope, Scopes
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.service_accounts import DEFAULT_CLIENT_ID
from mailgrant.vault.vault import Vault

from .conftest import write_json
from .people import Person
from .test_killed_refresh import Killed, Life, mortal

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
BACK = "http://127.0.0.1:1/"

Deed = Callable[[], Awaitable[object]]


async def dies_at(mailgrant: AsyncMailgrant, vault: Vault, statement: int, deed: Deed) -> bool:
    """Do something as a process that dies at one of its statements; False when it was done before."""
    place = mailgrant._workplace
    place._vault = mortal(vault, Life(statement))
    try:
        await deed()
    except Killed:
        return True
    finally:
        # What a process remembers dies with it.
        place._vault = vault
        place._means.clear()
    return False


async def consent(mailgrant: AsyncMailgrant, person: Person, scopes: str) -> None:
    question = await mailgrant.consents.begin(ADA, scopes, redirect_uri=BACK)
    await mailgrant.consents.complete(person.agree(question.url))


async def test_a_process_killed_at_any_statement_of_a_consent_loses_nothing(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        await consent(mailgrant, person, "gmail.readonly")
        vault = await mailgrant._workplace.vault()
        statement, killed = 0, True
        while killed:
            killed = await dies_at(mailgrant, vault, statement, lambda: consent(mailgrant, person, "calendar"))
            profile = await mailgrant.account(ADA).gmail.profile()
            (held,) = vault.grants()
            assert profile.email == ADA
            assert Scope.GMAIL_READONLY in held.scopes
            statement += 1

    assert statement > 8
    assert held.scopes.covers("gmail.readonly calendar")


async def test_a_process_killed_while_an_import_gets_its_owners_name_loses_nothing(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Path
) -> None:
    statement, killed = 0, True
    while killed:
        file = write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes=str(Scope.GMAIL_READONLY)))
        async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
            await mailgrant.import_grant(file)
            vault = await mailgrant._workplace.vault()
            killed = await dies_at(mailgrant, vault, statement, lambda: consent(mailgrant, person, "calendar"))
            profile = await mailgrant.account(ADA).gmail.profile()
            await consent(mailgrant, person, "calendar")
            held = await mailgrant.account(ADA).grant()
        assert profile.email == ADA
        assert held.scopes.covers("gmail.readonly calendar")
        assert held.sub is not None
        statement += 1

    assert statement > 8


async def test_a_process_killed_at_any_statement_of_an_import_leaves_a_whole_grant_or_none(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path
) -> None:
    file = write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes=str(Scope.GMAIL_READONLY)))
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        vault = await mailgrant._workplace.vault(create=True)
        statement = 0
        while await dies_at(mailgrant, vault, statement, lambda: mailgrant.import_grant(file)):
            assert len(vault.grants()) <= 1
            statement += 1
        profile = await mailgrant.account(ADA).gmail.profile()

    assert statement > 3
    assert profile.email == ADA


async def test_a_process_killed_at_any_statement_of_a_delegation_leaves_a_whole_list_or_none(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path
) -> None:
    key = write_json(tmp_path / "key.json", sandbox.service_account())
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        await mailgrant.add_client(key)
        vault = await mailgrant._workplace.vault()
        statement = 0
        while await dies_at(
            mailgrant, vault, statement, lambda: mailgrant.delegate(ADA, "gmail.readonly", client_id=DEFAULT_CLIENT_ID)
        ):
            assert [grant.scopes for grant in vault.grants()] in ([], [Scopes("gmail.readonly")])
            statement += 1
        profile = await mailgrant.account(ADA).gmail.profile()

    assert statement > 3
    assert profile.email == ADA
