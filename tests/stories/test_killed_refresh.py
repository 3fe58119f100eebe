"""A process that dies between any two statements of a refresh loses nothing, and the next asker works."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, Scopes
from mailgrant._async.tokens import AsyncTokens
from mailgrant.sandbox import Sandbox
from mailgrant.vault.grant import Grant, GrantStatus
from mailgrant.vault.sealer import Sealer
from mailgrant.vault.vault import Vault

from .people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
SCOPES = "gmail.modify calendar.events"


class Killed(BaseException):
    """What `kill -9` looks like from inside: nothing that comes after it happens."""


class Life:
    """Counts the statements of one process, and ends it at one of them."""

    def __init__(self, ends_at: int) -> None:
        self.statements = 0
        self._ends_at = ends_at

    def step(self) -> None:
        self.statements += 1
        if self.statements > self._ends_at:
            raise Killed


class Mortal:
    """A store, or a table of it, as a process sees it that will be killed."""

    def __init__(self, real: Any, life: Life) -> None:
        self._real = real
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name == "table":
            return lambda table: Mortal(found(table), self._life)
        if not callable(found):
            return Mortal(found, self._life)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._life.step()
            return found(*args, **kwargs)

        return call


@pytest.fixture(autouse=True)
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waiters take over quickly from those who died."""
    monkeypatch.setattr(Vault, "lease_length", timedelta(milliseconds=20))
    monkeypatch.setattr("mailgrant._async.refresh.POLL", timedelta(milliseconds=15))


def mortal(vault: Vault, life: Life) -> Vault:
    """Open the vault once more, as a process that lives for so many statements."""
    real = vault.sealer
    store: Any = Mortal(real.store, life)
    sealer = Sealer(
        store, header=real.header, keyring=real.keyring, find_keys=lambda _: real.keyring, entropy=os.urandom
    )
    return Vault(sealer, clock=vault.clock)


async def granted(mailgrant: AsyncMailgrant, person: Person) -> Vault:
    consent = await mailgrant.consents.begin(ADA, SCOPES, redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return await mailgrant._workplace.vault()


async def ask(mailgrant: AsyncMailgrant, vault: Vault, scopes: Scopes | None) -> str:
    (grant,) = vault.grants()
    tokens = AsyncTokens(vault, mailgrant._workplace.line, grant, vault.clock)
    if scopes is None:
        return (await tokens.fresh()).reveal()
    return (await tokens.parts.fresh(scopes)).access_token.reveal()


async def dies_at(mailgrant: AsyncMailgrant, vault: Vault, statement: int, scopes: Scopes | None) -> bool:
    """Ask as a process that dies at one of its statements; False when it had asked before it came to that."""
    try:
        await ask(mailgrant, mortal(vault, Life(statement)), scopes)
    except Killed:
        return True
    return False


@pytest.mark.parametrize("database", [":memory:", "vault.db"])
@pytest.mark.parametrize("scopes", [None, Scopes("calendar.events")], ids=["whole", "part"])
async def test_a_process_killed_at_any_statement_of_a_refresh_loses_nothing(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Path, scopes: Scopes | None, database: str
) -> None:
    office["vault"] = database if database == ":memory:" else str(tmp_path / database)
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        vault = await granted(mailgrant, person)
        (before,) = vault.grants()
        statement = 0
        sandbox.clock.advance(timedelta(hours=2))
        while await dies_at(mailgrant, vault, statement, scopes):
            token = await ask(mailgrant, vault, scopes)
            assert sandbox.tokens.access(token) is not None
            assert unharmed(before, vault)
            sandbox.clock.advance(timedelta(hours=2))
            statement += 1

    assert statement > 8


@pytest.mark.parametrize(
    ("reason", "status"),
    [("invalid_client", GrantStatus.ACTIVE), ("admin_policy_enforced", GrantStatus.PAUSED)],
)
async def test_a_process_killed_while_it_writes_down_a_refusal_loses_nothing(
    sandbox: Sandbox, office: dict[str, Any], person: Person, reason: str, status: GrantStatus
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        vault = await granted(mailgrant, person)
        (before,) = vault.grants()
        statement, killed = 0, True
        while killed:
            sandbox.clock.advance(timedelta(hours=2))
            sandbox.fault("oauth2.token", status=400, reason=reason)
            killed = await refused_or_killed(mailgrant, vault, statement)
            assert vault.grants()[0].status in (GrantStatus.ACTIVE, status)
            sandbox.faults.clear()
            sandbox.clock.advance(timedelta(hours=2))
            token = await ask(mailgrant, vault, None)
            assert sandbox.tokens.access(token) is not None
            assert unharmed(before, vault)
            statement += 1

    assert statement > 8


async def refused_or_killed(mailgrant: AsyncMailgrant, vault: Vault, statement: int) -> bool:
    try:
        return await dies_at(mailgrant, vault, statement, None)
    except Exception:
        return False


def unharmed(before: Grant, vault: Vault) -> bool:
    """Tell whether the grant lives, with the refresh token and the scopes that it had."""
    (after,) = vault.grants()
    same_token = after.credentials.refresh_token == before.credentials.refresh_token
    return after.is_active and same_token and after.scopes == before.scopes


async def test_a_process_killed_while_a_grant_dies_leaves_it_dead_or_found_dead_by_the_next(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        vault = await granted(mailgrant, person)
        sandbox.revoke(ADA)
        sandbox.clock.advance(timedelta(hours=2))
        (alive,) = vault.grants()
        statement, killed = 0, True
        while killed:
            killed = await refused_or_killed(mailgrant, vault, statement)
            with pytest.raises(Exception, match="must be asked again"):
                await ask(mailgrant, vault, None)
            (dead,) = vault.grants()
            assert dead.status is GrantStatus.NEEDS_CONSENT
            vault.keep(replace_version(alive, dead))
            statement += 1

    assert statement > 8


def replace_version(alive: Grant, dead: Grant) -> Grant:
    return replace(alive, version=dead.version)
