# Written by scripts/unasync.py from tests/stories/_async/test_pauses.py.
# Do not edit: change that file and run `make sync`.
"""What Google refuses for now: a client, or one grant. Nothing dies of it, and Google is not pestered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailgrant import Account, Mailgrant
from mailgrant.errors import AdminRefused, ClientBroken, ConsentNeeded, NoAnswer
from mailgrant.sandbox import Sandbox
from mailgrant.vault.audit import Deed
from mailgrant.vault.grant import GrantStatus

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
TWO_HOURS = timedelta(hours=2)


def granted(mailgrant: Mailgrant, person: Person, email: str = ADA) -> Account:
    consent = mailgrant.consents.begin(email, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
    mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(email)


def attempts(sandbox: Sandbox) -> int:
    return sum(entry.method == "oauth2.token" and entry.grant_type == "refresh_token" for entry in sandbox.requests)


def wrong(file: dict[str, Any]) -> dict[str, Any]:
    return {"installed": {**file["installed"], "client_secret": "GOCSPX-" + "x" * 28}}


def deeds(mailgrant: Mailgrant) -> list[Deed]:
    entries = (mailgrant._workplace.vault()).audit.entries()
    unrelated = (Deed.TOKEN_HANDED_OUT, Deed.CLIENT_ADDED, Deed.CONSENT_BEGUN, Deed.CONSENT_COMPLETED)
    return [entry.deed for entry in entries if entry.deed not in unrelated][::-1]


def test_a_broken_client_is_tried_once_and_then_refused_from_the_vault(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        people = [granted(mailgrant, person, email) for email in (ADA, GRACE)]
        mailgrant.add_client(wrong(sandbox.client_secrets("installed")))
        sandbox.clock.advance(TWO_HOURS)
        for account in people * 5:
            with pytest.raises(ClientBroken, match="client secret is invalid"):
                account.token()
        grants = mailgrant.grants()
        noted = deeds(mailgrant)

    assert attempts(sandbox) == 1
    assert all(grant.is_active for grant in grants)
    assert noted == [Deed.CLIENT_BROKEN]


def test_a_broken_client_is_probed_ever_less_often_and_mends_by_itself(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=401, reason="invalid_client", message="Unauthorized", times=1000)
        for _ in range(60 * 6):
            with pytest.raises(ClientBroken):
                ada.token()
            sandbox.clock.advance(timedelta(seconds=10))
        probes = attempts(sandbox)
        sandbox.faults.clear()
        sandbox.clock.advance(timedelta(minutes=5))
        ada.token()
        noted = deeds(mailgrant)

    assert 5 < probes < 20
    assert noted == [Deed.CLIENT_BROKEN, Deed.CLIENT_MENDED]


def test_a_new_secret_mends_the_client_at_once(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        good = sandbox.client_secrets("installed")
        mailgrant.add_client(wrong(good))
        sandbox.clock.advance(TWO_HOURS)
        with pytest.raises(ClientBroken):
            ada.token()
        mailgrant.add_client(good)
        ada.token()

    assert attempts(sandbox) == 2


def test_asking_somebody_anew_with_the_same_broken_client_does_not_mend_it(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=401, reason="disabled_client", times=10)
        with pytest.raises(ClientBroken):
            ada.token()
        mailgrant.consents.begin(GRACE, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        with pytest.raises(ClientBroken, match="That is so since"):
            ada.token()

    assert attempts(sandbox) == 1


def test_a_token_that_still_works_is_handed_out_while_the_client_is_broken(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        first = ada.token()
        mailgrant.add_client(wrong(sandbox.client_secrets("installed")))
        sandbox.clock.advance(timedelta(minutes=57))
        second = ada.token()

    assert first == second
    assert attempts(sandbox) == 1


def test_what_an_administrator_refuses_pauses_that_grant_and_no_other(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada, grace = [granted(mailgrant, person, email) for email in (ADA, GRACE)]
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=400, reason="admin_policy_enforced", times=1)
        for _ in range(5):
            with pytest.raises(AdminRefused, match="Google Admin console"):
                ada.token()
        paused = ada.grant()
        grace.token()

    assert paused.status is GrantStatus.PAUSED
    assert "admin_policy_enforced" in paused.reason
    assert attempts(sandbox) == 2


def test_a_paused_grant_is_tried_again_after_a_minute_and_works_when_allowed(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=400, reason="admin_policy_enforced", times=2)
        for _ in range(2):
            with pytest.raises(AdminRefused):
                ada.token()
            sandbox.clock.advance(timedelta(seconds=61))
        ada.token()
        grant = ada.grant()
        noted = deeds(mailgrant)

    assert grant.is_active and grant.reason == ""
    assert attempts(sandbox) == 3
    assert noted == [Deed.GRANT_PAUSED, Deed.GRANT_RESUMED]


def test_connect_does_not_ask_a_person_about_a_pause_that_is_not_theirs_to_end(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=400, reason="admin_policy_enforced")
        with pytest.raises(AdminRefused):
            ada.token()
        again = mailgrant.connect("gmail.modify", account=ADA, ask="never")

    assert again.address == ADA


def test_a_pause_seen_by_one_process_holds_in_the_next(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Any
) -> None:
    office = {**office, "vault": str(tmp_path / "vault.db"), "clock": sandbox.clock}
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", status=400, reason="org_internal", times=10)
        with pytest.raises(AdminRefused):
            ada.token()
    with Mailgrant(**office) as mailgrant:
        with pytest.raises(AdminRefused, match="Internal"):
            mailgrant.account(ADA).token()

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
def test_a_passing_error_marks_nothing_and_the_old_token_is_handed_out(
    sandbox: Sandbox, office: dict[str, Any], person: Person, effect: dict[str, Any]
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        first = ada.token()
        sandbox.clock.advance(timedelta(minutes=57))
        sandbox.fault("oauth2.token", **effect)
        second = ada.token()
        third = ada.token()
        grant = ada.grant()

    assert first == second != third
    assert grant.is_active


def test_google_out_of_reach_is_no_answer_when_no_token_works_any_more(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.clock.advance(TWO_HOURS)
        sandbox.fault("oauth2.token", drop="before")
        with pytest.raises(NoAnswer):
            ada.token()
        ada.token()


def test_a_dead_grant_is_in_the_audit_with_what_google_said(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.revoke(ADA)
        sandbox.clock.advance(TWO_HOURS)
        with pytest.raises(ConsentNeeded):
            ada.token()
        noted = deeds(mailgrant)

    assert noted == [Deed.GRANT_DIED]
