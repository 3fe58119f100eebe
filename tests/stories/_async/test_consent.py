"""From a question to a grant, and everything a person may do in between."""

from __future__ import annotations

import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, ConsentNeeded, Scope, connect_async
from mailgrant.errors import (
    ConsentError,
    ConsentExpired,
    ConsentRefused,
    GrantNotFound,
    MissingScopesWarning,
    SettingsError,
    WrongAccount,
)
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.consent import ConsentMode

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"


async def test_the_first_run_asks_in_the_browser_and_later_runs_are_silent(
    sandbox: Sandbox, client_file: Path, tmp_path: Path, browser: None
) -> None:
    vault = tmp_path / "vault.db"

    async with await connect_async(
        "gmail.send", account=ADA, vault=vault, google=sandbox.url, client_secrets=client_file, ask="browser"
    ) as me:
        await me.gmail.send(to=GRACE, subject="One", text="1")
    async with await connect_async("gmail.send", account=ADA, vault=vault, google=sandbox.url, ask="never") as me:
        await me.gmail.send(to=GRACE, subject="Two", text="2")

    assert [mail.subject for mail in sandbox.account(GRACE).inbox] == ["Two", "One"]
    assert [entry.method for entry in sandbox.requests].count("oauth2.auth") == 1


async def test_without_a_way_to_ask_the_error_carries_one(office: dict[str, Any]) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(ConsentNeeded) as caught:
            await mailgrant.connect("gmail.send", account=ADA, ask="never")

        consent = await mailgrant.consents.begin(caught.value, redirect_uri="http://127.0.0.1:1/")

    assert set(caught.value.missing) == {Scope.GMAIL_SEND}
    assert "gmail.send" in consent.url


async def test_a_consent_is_finished_by_any_process_that_shares_the_vault(
    sandbox: Sandbox, client_file: Path, tmp_path: Path, person: Person
) -> None:
    shared: dict[str, Any] = {"vault": tmp_path / "vault.db", "google": sandbox.url}
    async with AsyncMailgrant(client_secrets=client_file, **shared) as one:
        consent = await one.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
    back = person.agree(consent.url)

    async with AsyncMailgrant(**shared) as other:
        grant = await other.consents.complete(back)

    assert (grant.account, grant.verified) == (ADA, True)
    assert Scope.GMAIL_SEND in grant.scopes


async def test_a_consent_works_once(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        consent = await mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        back = person.agree(consent.url)
        await mailgrant.consents.complete(back)

        with pytest.raises(ConsentExpired):
            await mailgrant.consents.complete(back)


async def test_a_page_that_asked_one_person_does_not_take_anothers_answer(
    office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        mine = await mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        theirs = await mailgrant.consents.begin(GRACE, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        back = person.agree(theirs.url)

        with pytest.raises(ConsentError, match="another question"):
            await mailgrant.consents.complete(back, consent=mine.id)
        grant = await mailgrant.consents.complete(back, consent=theirs.id)

    assert grant.account == GRACE


async def test_wrong_person_nothing_is_kept_and_their_own_grant_still_works(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        grace = await mailgrant.consents.begin(GRACE, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        await mailgrant.consents.complete(person.agree(grace.url))
        asked = await mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")

        with pytest.raises(WrongAccount) as caught:
            await mailgrant.consents.complete(person.agree(asked.url, as_account=GRACE))
        await mailgrant.account(GRACE).gmail.send(to=ADA, subject="Still here", text="Yes.")
        kept = [grant.account for grant in await mailgrant.grants()]

    assert (caught.value.expected, caught.value.signed_in) == (ADA, GRACE)
    assert kept == [GRACE]
    assert sandbox.account(ADA).inbox[0].subject == "Still here"


async def test_what_the_wrong_person_allowed_can_be_revoked_on_request(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        asked = await mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        with pytest.raises(WrongAccount) as caught:
            await mailgrant.consents.complete(person.agree(asked.url, as_account=GRACE))
        before = [entry.method for entry in sandbox.requests]
        await caught.value.revoke()

    assert "oauth2.revoke" not in before
    assert [entry.account for entry in sandbox.requests if entry.method == "oauth2.revoke"] == [GRACE]


async def test_a_grant_whose_owner_was_not_asked_for_is_marked_unverified(
    office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match="account="):
            await mailgrant.consents.begin(None, "gmail.send", redirect_uri="http://127.0.0.1:1/", identity=False)
        consent = await mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/", identity=False)
        grant = await mailgrant.consents.complete(person.agree(consent.url))

    assert "openid" not in consent.url
    assert (grant.account, grant.verified, grant.sub) == (ADA, False, None)
    assert "unverified" in repr(grant)


async def test_a_refusal_is_said_and_leaves_an_older_grant_as_it_was(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        first = await mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        before = await mailgrant.consents.complete(person.agree(first.url))
        sandbox.consent = ConsentMode.DENY
        wider = await mailgrant.consents.begin(ADA, "gmail.readonly", redirect_uri="http://127.0.0.1:1/")

        with pytest.raises(ConsentRefused):
            await mailgrant.consents.complete(person.agree(wider.url))
        after = await mailgrant.account(ADA).grant()

    assert after == before


async def test_nobody_answering_is_expired(office: dict[str, Any]) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        consent = await mailgrant.consents.begin(ADA, "gmail.send")

        with pytest.raises(ConsentExpired):
            await mailgrant.consents.wait(consent, timeout=timedelta(milliseconds=300))


async def test_widening_keeps_what_was_granted_before(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        for scope in ("gmail.send", "calendar.readonly"):
            consent = await mailgrant.consents.begin(ADA, scope, redirect_uri="http://127.0.0.1:1/")
            await mailgrant.consents.complete(person.agree(consent.url))
        grants = await mailgrant.grants()

    assert len(grants) == 1
    assert {Scope.GMAIL_SEND, Scope.CALENDAR_READONLY} <= set(grants[0].scopes)
    assert "include_granted_scopes=true" in consent.url
    assert "prompt=consent" in consent.url


async def test_a_box_left_unticked_warns_once_and_lowers_what_works(
    office: dict[str, Any], browser: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORY_UNTICKED", Scope.CALENDAR_READONLY)
    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.warns(MissingScopesWarning, match="calendar"):
            me = await mailgrant.connect("gmail.send", "calendar.readonly", account=ADA, ask="browser")
        await me.gmail.send(to=GRACE, subject="Works", text="Yes.")
        with pytest.raises(ConsentNeeded) as caught:
            await me.calendar.upcoming()
        with warnings.catch_warnings():
            warnings.simplefilter("error", MissingScopesWarning)
            again = await mailgrant.connect("gmail.send", "calendar.readonly", account=ADA, ask="never")

    assert set(me.missing) == {Scope.CALENDAR_READONLY}
    assert set(again.missing) == {Scope.CALENDAR_READONLY}
    assert caught.value.account == ADA


async def test_users_of_an_application_are_kept_apart(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        for user in ("17", "18"):
            consent = await mailgrant.consents.begin(ADA, "gmail.send", user=user, redirect_uri="http://127.0.0.1:1/")
            await mailgrant.consents.complete(person.agree(consent.url))
        found = await mailgrant.account(user="17").grant()

        with pytest.raises(SettingsError, match="Several grants"):
            await mailgrant.account(ADA).grant()
        with pytest.raises(GrantNotFound):
            await mailgrant.account(user="19").grant()

    assert (found.account, found.user) == (ADA, "17")


async def test_a_scope_that_does_not_exist_is_refused_before_anybody_is_asked(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match=r"gmail\.sned"):
            await mailgrant.connect("gmail.sned", account=ADA)

    assert sandbox.requests == []


async def test_a_web_client_is_answered_only_at_an_address_it_has_registered(
    sandbox: Sandbox, web_client_file: Path, person: Person
) -> None:
    async with AsyncMailgrant(vault=":memory:", google=sandbox.url, client_secrets=web_client_file) as mailgrant:
        with pytest.raises(SettingsError, match="not registered"):
            await mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="https://elsewhere.example/back")
        consent = await mailgrant.consents.begin(
            ADA, "gmail.send", redirect_uri="https://localhost:9000/oauth2callback"
        )
        grant = await mailgrant.consents.complete(person.agree(consent.url))

    assert grant.account == ADA
