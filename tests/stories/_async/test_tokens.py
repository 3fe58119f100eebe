"""Tokens that leave us: for a part of a grant, cached, counted and written down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant, ConsentNeeded, Secret
from mailgrant.errors import InvalidRequest, PermissionDenied
from mailgrant.oauth.scopes import Scopes
from mailgrant.sandbox import Sandbox
from mailgrant.vault.audit import Deed

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
SCOPES = "gmail.modify calendar.events"


async def granted(mailgrant: AsyncMailgrant, person: Person, scopes: str = SCOPES) -> AsyncAccount:
    consent = await mailgrant.consents.begin(ADA, scopes, redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


def refreshes(sandbox: Sandbox) -> int:
    return sum(entry.grant_type == "refresh_token" for entry in sandbox.requests)


def opened_by(sandbox: Sandbox, token: Secret) -> Scopes:
    held = sandbox.tokens.access(token.reveal())
    assert held is not None
    return Scopes.granted(" ".join(held.scopes)).api


async def test_a_token_for_a_part_opens_that_part_and_nothing_else(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        part = await ada.token("calendar.events")
        whole = await ada.token()

    assert part != whole
    assert opened_by(sandbox, part) == Scopes("calendar.events")


async def test_each_set_of_scopes_costs_one_refresh_however_often_it_is_asked_for(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        calendar = [await ada.token(["calendar.events"]) for _ in range(3)]
        both = [await ada.token("gmail.modify calendar.events") for _ in range(3)]

    assert len(set(map(str, calendar))) == 1
    assert calendar[0] != both[0]
    assert refreshes(sandbox) == 2


async def test_a_token_for_a_part_is_found_in_the_vault_by_the_next_process(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Path
) -> None:
    office = {**office, "vault": str(tmp_path / "vault.db")}
    async with AsyncMailgrant(**office) as mailgrant:
        first = await (await granted(mailgrant, person)).token("calendar.events")
    async with AsyncMailgrant(**office) as mailgrant:
        second = await mailgrant.account(ADA).token("calendar.events")
        expires_at = await mailgrant.account(ADA).token_expiry("calendar.events")

    assert first == second
    assert expires_at is not None and expires_at - sandbox.clock.now() > timedelta(minutes=50)
    assert refreshes(sandbox) == 1


async def test_a_part_that_was_not_granted_needs_consent_and_google_is_not_asked(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        with pytest.raises(ConsentNeeded, match=r"gmail\.settings\.basic") as caught:
            await ada.token("gmail.settings.basic calendar.events")

    assert caught.value.missing == Scopes("gmail.settings.basic")
    assert refreshes(sandbox) == 0


async def test_a_part_that_google_refuses_is_an_error_and_no_wider_token(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.fault("oauth2.token", status=400, reason="invalid_scope", message="Bad Request")
        with pytest.raises(InvalidRequest, match="more was asked than the person granted"):
            await ada.token("calendar.events")
        grant = await ada.grant()

    assert grant.is_active


async def test_a_new_consent_puts_an_end_to_the_tokens_for_parts(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        first = await (await granted(mailgrant, person)).token("calendar.events")
        await granted(mailgrant, person)
        second = await mailgrant.account(ADA).token("calendar.events")

    assert first != second


async def test_forget_deletes_the_tokens_for_parts(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        await ada.token("calendar.events")
        await ada.token("gmail.modify")
        vault = await mailgrant._workplace.vault()
        before = len(vault.sealer.store.tokens.find())
        await mailgrant.forget(ADA)

        assert before == 2
        assert vault.sealer.store.tokens.find() == ()


async def test_a_part_of_a_dead_grant_needs_consent_and_the_grant_is_marked(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.revoke(ADA)
        with pytest.raises(ConsentNeeded, match="has expired or was revoked"):
            await ada.token("calendar.events")
        status = (await ada.grant()).status

    assert status.name == "NEEDS_CONSENT"


async def test_the_token_of_the_whole_grant_leaves_out_what_would_keep_it_to_headers(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person, "gmail.metadata")
        await granted(mailgrant, person, "gmail.readonly")
        grant = await ada.grant()
        token = await ada.token()
        await ada.token()
        message = await sent_to_ada(sandbox, ada)

    assert "gmail.readonly" in grant.scopes
    assert "gmail.metadata" in grant.scopes
    assert opened_by(sandbox, token) == Scopes("gmail.readonly")
    assert message == "Hello."


async def sent_to_ada(sandbox: Sandbox, ada: AsyncAccount) -> str:
    held = sandbox.account(ADA).receive(from_="grace@example.com", subject="Hi", text="Hello.")
    try:
        return (await ada.gmail.read(held.id)).text.strip()
    except PermissionDenied:
        return "refused"


async def test_a_service_account_gives_tokens_for_parts_of_its_list_and_for_nothing_else(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    async with AsyncMailgrant(vault=":memory:", google=office["google"]) as mailgrant:
        key = await mailgrant.add_client(sandbox.service_account())
        await mailgrant.delegate(ADA, "gmail.send", "calendar.events", client_id=key.client_id)
        ada = mailgrant.account(ADA)
        before = len(sandbox.requests)
        tokens = [await ada.token("gmail.send") for _ in range(3)]
        asked = len(sandbox.requests) - before
        with pytest.raises(ConsentNeeded) as caught:
            await ada.token("gmail.readonly")

    assert {opened_by(sandbox, token) for token in tokens} == {Scopes("gmail.send")}
    assert asked == 1
    assert f"mailgrant grant ask {ADA} --client {key.client_id} --scope gmail.readonly" in caught.value.hint


async def test_tokens_handed_out_are_in_the_audit_once_an_hour_for_each_set_of_scopes(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        for _ in range(3):
            await ada.token()
            await ada.token("calendar.events")
        vault = await mailgrant._workplace.vault()
        deeds = [entry for entry in vault.audit.entries(account=ADA) if entry.deed is Deed.TOKEN_HANDED_OUT]

    assert sorted(len(entry.scopes.api) for entry in deeds) == [1, 2]
    assert all(entry.actor for entry in deeds)


async def test_use_is_written_down_and_not_each_time(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        await ada.token()
        first = await ada.grant()
        await ada.token()
        second = await ada.grant()
        sandbox.clock.advance(timedelta(minutes=31))
        await ada.token()
        third = await ada.grant()

    assert first.used_at is not None and first.version == second.version
    assert third.used_at is not None and third.used_at - first.used_at > timedelta(minutes=30)


async def test_a_warm_token_costs_no_statement(
    office: dict[str, Any], person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        before = [await ada.token(), await ada.token("calendar.events")]
        vault = await mailgrant._workplace.vault()
        monkeypatch.setattr(vault, "sealer", None)
        monkeypatch.setattr(vault, "_store", None)
        after = [await ada.token(), await ada.token("calendar.events")]
        monkeypatch.undo()

    assert before == after
