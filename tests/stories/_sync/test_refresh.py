# Written by scripts/unasync.py from tests/stories/_async/test_refresh.py.
# Do not edit: change that file and run `make sync`.
"""Tokens end, are refused, are taken back; the person is asked only when nothing else helps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailgrant import Account, ConsentNeeded, Mailgrant
from mailgrant.errors import ClientBroken, GrantNotFound, NoAnswer
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
SCOPES = "gmail.modify calendar.events"


def granted(mailgrant: Mailgrant, person: Person) -> Account:
    consent = mailgrant.consents.begin(ADA, SCOPES, redirect_uri="http://127.0.0.1:1/")
    mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


def refreshes(sandbox: Sandbox) -> int:
    return sum(entry.method == "oauth2.token" and entry.grant_type == "refresh_token" for entry in sandbox.requests)


def test_a_token_that_ran_out_is_refreshed_before_it_is_used(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        ada.gmail.profile()
        sandbox.clock.advance(timedelta(hours=2))
        ada.gmail.profile()
        ada.gmail.profile()

    assert refreshes(sandbox) == 1
    assert [entry.status for entry in sandbox.requests if entry.method == "gmail.users.getProfile"] == [200] * 3


def test_a_401_in_the_middle_of_a_listing_refreshes_once_and_goes_on(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    for number in range(20):
        sandbox.account(ADA).receive(from_=GRACE, subject=f"Mail {number}", text="Hello.")
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        subjects = []
        for message in ada.gmail.search("in:inbox"):
            subjects.append(message.subject)
            if len(subjects) == 2:
                sandbox.expire_tokens(ADA)

    assert subjects == [f"Mail {number}" for number in reversed(range(20))]
    assert refreshes(sandbox) == 1


def test_a_revoked_grant_raises_consent_needed_that_carries_the_way_to_ask_again(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.revoke(ADA)

        with pytest.raises(ConsentNeeded, match="has expired or was revoked") as caught:
            ada.gmail.profile()
        consent = mailgrant.consents.begin(caught.value, redirect_uri="http://127.0.0.1:1/")
        mailgrant.consents.complete(person.agree(consent.url))
        profile = mailgrant.account(ADA).gmail.profile()

    assert "mailgrant login ada@example.com" in caught.value.hint
    assert profile.email == ADA


def test_a_dead_grant_is_remembered_and_google_is_not_asked_again(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.revoke(ADA)
        for _ in range(3):
            with pytest.raises(ConsentNeeded):
                ada.gmail.profile()

    assert refreshes(sandbox) == 1


def test_a_wrong_client_secret_pauses_and_kills_nothing(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        good = sandbox.client_secrets("installed")
        bad = {"installed": {**good["installed"], "client_secret": "GOCSPX-" + "x" * 28}}
        mailgrant.add_client(bad)
        sandbox.clock.advance(timedelta(hours=2))
        with pytest.raises(ClientBroken):
            ada.gmail.profile()
        status = (ada.grant()).status

        mailgrant.add_client(good)
        profile = ada.gmail.profile()

    assert status.name == "ACTIVE"
    assert profile.email == ADA


def test_forget_revokes_at_google_and_deletes_here(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        mailgrant.forget(ADA)

        with pytest.raises(GrantNotFound):
            mailgrant.account(ADA).gmail.profile()
        with pytest.raises(GrantNotFound):
            ada.grant()

    assert [entry.status for entry in sandbox.requests if entry.method == "oauth2.revoke"] == [200]


def test_forget_marks_first_so_that_a_lost_revoke_can_be_repeated(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.fault("oauth2.revoke", drop="before")
        with pytest.raises(NoAnswer):
            mailgrant.forget(ADA)
        with pytest.raises(ConsentNeeded):
            ada.gmail.profile()

        mailgrant.forget(ADA)
        grants = mailgrant.grants()

    assert grants == ()


def test_a_scope_that_was_not_granted_is_noticed_before_any_request(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        before = len(sandbox.requests)
        with pytest.raises(ConsentNeeded, match=r"gmail\.full"):
            ada.gmail.delete("19b0000000000001")

    assert len(sandbox.requests) == before


def test_a_sandbox_that_is_not_there_is_no_answer(office: dict[str, Any], sandbox: Sandbox, person: Person) -> None:
    with Mailgrant(**{**office, "google": "http://127.0.0.1:9"}) as mailgrant:
        consent = mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        state = consent.url.split("state=")[1].split("&")[0]

        with pytest.raises(NoAnswer, match=r"The sandbox at http://127\.0\.0\.1:9") as caught:
            mailgrant.consents.complete(f"http://127.0.0.1:1/?state={state}&code=4%2F0Abc")

    assert "mailgrant sandbox run" in caught.value.hint
