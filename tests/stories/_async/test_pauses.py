"""What Google refuses for now: a client, or one grant. Nothing dies of it, and Google is not pestered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant
from mailgrant.errors import AdminRefused, ClientBroken, ConsentNeeded, NoAnswer
from mailgrant.sandbox import Sandbox
from mailgrant.vault.audit import Deed
from mailgrant.vault.grant import GrantStatus

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
TWO_HOURS = timedelta(hours=2)


async def granted(mailgrant: AsyncMailgrant, person: Person, email: str = ADA) -> AsyncAccount:
    consent = await mailgrant.consents.begin(email, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(email)


def attempts(sandbox: Sandbox) -> int:
    return sum(entry.method == "oauth2.token" and entry.grant_type == "refresh_token" for entry in sandbox.requests)


def wrong(file: dict[str, Any]) -> dict[str, Any]:
    return {"installed": {**file["installed"], "client_secret": "GOCSPX-" + "x" * 28}}


async def deeds(mailgrant: AsyncMailgrant) -> list[Deed]:
    entries = (await mailgrant._workplace.vault()).audit.entries()
    unrelated = (Deed.TOKEN_HANDED_OUT, Deed.CLIENT_ADDED, Deed.CONSENT_BEGUN, Deed.CONSENT_COMPLETED)
    return [entry.deed for entry in entries if entry.deed not in unrelated][::-1]


async def test_a_broken_client_is_tried_once_and_then_refused_from_the_vault(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        people = [await granted(mailgrant, person, email) for email in (ADA, GRACE)]
        await mailgrant.add_client(wrong(sandbox.client_secrets("installed")))
        sandbox.clock.advance(TWO_HOURS)
        for account in people * 5:
            with pytest.raises(ClientBroken, match="client secret is invalid"):
                await account.token()
        grants = await mailgrant.grants()
        noted = await deeds(mailgrant)

    assert attempts(sandbox) == 1
    assert all(grant.is_active for grant in grants)
    assert noted == [Deed.CLIENT_BROKEN]


async def test_a_broken_client_is_probed_ever_less_often_and_mends_by_itself(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=401, reason="invalid_client", message="Unauthorized", times=1000)
        for _ in range(60 * 6):
            with pytest.raises(ClientBroken):
                await ada.token()
            sandbox.clock.advance(timedelta(seconds=10))
        probes = attempts(sandbox)
        sandbox.faults.clear()
        sandbox.clock.advance(timedelta(minutes=5))
        await ada.token()
        noted = await deeds(mailgrant)

    assert 5 < probes < 20
    assert noted == [Deed.CLIENT_BROKEN, Deed.CLIENT_MENDED]


async def test_a_new_secret_mends_the_client_at_once(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        good = sandbox.client_secrets("installed")
        await mailgrant.add_client(wrong(good))
        sandbox.clock.advance(TWO_HOURS)
        with pytest.raises(ClientBroken):
            await ada.token()
        await mailgrant.add_client(good)
        await ada.token()

    assert attempts(sandbox) == 2


async def test_asking_somebody_anew_with_the_same_broken_client_does_not_mend_it(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=401, reason="disabled_client", times=10)
        with pytest.raises(ClientBroken):
            await ada.token()
        await mailgrant.consents.begin(GRACE, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        with pytest.raises(ClientBroken, match="That is so since"):
            await ada.token()

    assert attempts(sandbox) == 1


async def test_a_token_that_still_works_is_handed_out_while_the_client_is_broken(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        first = await ada.token()
        await mailgrant.add_client(wrong(sandbox.client_secrets("installed")))
        sandbox.clock.advance(timedelta(minutes=57))
        second = await ada.token()

    assert first == second
    assert attempts(sandbox) == 1


async def test_what_an_administrator_refuses_pauses_that_grant_and_no_other(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada, grace = [await granted(mailgrant, person, email) for email in (ADA, GRACE)]
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=400, reason="admin_policy_enforced", times=1)
        for _ in range(5):
            with pytest.raises(AdminRefused, match="Google Admin console"):
                await ada.token()
        paused = await ada.grant()
        await grace.token()

    assert paused.status is GrantStatus.PAUSED
    assert "admin_policy_enforced" in paused.reason
    assert attempts(sandbox) == 2


async def test_a_paused_grant_is_tried_again_after_a_minute_and_works_when_allowed(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=400, reason="admin_policy_enforced", times=2)
        for _ in range(2):
            with pytest.raises(AdminRefused):
                await ada.token()
            sandbox.clock.advance(timedelta(seconds=61))
        await ada.token()
        grant = await ada.grant()
        noted = await deeds(mailgrant)

    assert grant.is_active and grant.reason == ""
    assert attempts(sandbox) == 3
    assert noted == [Deed.GRANT_PAUSED, Deed.GRANT_RESUMED]


async def test_connect_does_not_ask_a_person_about_a_pause_that_is_not_theirs_to_end(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=400, reason="admin_policy_enforced")
        with pytest.raises(AdminRefused):
            await ada.token()
        again = await mailgrant.connect("gmail.modify", account=ADA, ask="never")

    assert again.address == ADA


async def test_a_pause_seen_by_one_process_holds_in_the_next(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Any
) -> None:
    office = {**office, "vault": str(tmp_path / "vault.db"), "clock": sandbox.clock}
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=400, reason="org_internal", times=10)
        with pytest.raises(AdminRefused):
            await ada.token()
    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(AdminRefused, match="Internal"):
            await mailgrant.account(ADA).token()

    assert attempts(sandbox) == 1


@pytest.mark.parametrize(
    "effect",
    [
        {"status": 500},
        {"status": 503, "reason": "temporarily_unavailable"},
        {"status": 429, "reason": "rate_limit_exceeded"},
        {"drop": "before"},
        {"status": 400, "reason": "invalid_request"},
        {"truncate": True},
    ],
    ids=str,
)
async def test_a_passing_error_marks_nothing_and_the_old_token_is_handed_out(
    sandbox: Sandbox, office: dict[str, Any], person: Person, effect: dict[str, Any]
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        first = await ada.token()
        sandbox.clock.advance(timedelta(minutes=57))
        sandbox.fault("oauth2.token", **effect)
        second = await ada.token()
        third = await ada.token()
        grant = await ada.grant()

    assert first == second != third
    assert grant.is_active


async def test_google_out_of_reach_is_no_answer_when_no_token_works_any_more(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", drop="before")
        with pytest.raises(NoAnswer):
            await ada.token()
        await ada.token()


async def test_a_dead_grant_is_in_the_audit_with_what_google_said(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.revoke(ADA)
        sandbox.clock.advance(TWO_HOURS)
        with pytest.raises(ConsentNeeded):
            await ada.token()
        noted = await deeds(mailgrant)

    assert noted == [Deed.GRANT_DIED]
