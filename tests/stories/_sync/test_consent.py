# Written by scripts/unasync.py from tests/stories/_async/test_consent.py.
# Do not edit: change that file and run `make sync`.
"""From a question to a grant, and everything a person may do in between."""

from __future__ import annotations

import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import ConsentNeeded, Mailgrant, Scope, connect
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


def test_the_first_run_asks_in_the_browser_and_later_runs_are_silent(
    sandbox: Sandbox, client_file: Path, tmp_path: Path, browser: None
) -> None:
    vault = tmp_path / "vault.db"

    with connect(
        "gmail.send", account=ADA, vault=vault, google=sandbox.url, client_secrets=client_file, ask="browser"
    ) as me:
        me.gmail.send(to=GRACE, subject="One", text="1")
    with connect("gmail.send", account=ADA, vault=vault, google=sandbox.url, ask="never") as me:
        me.gmail.send(to=GRACE, subject="Two", text="2")

    assert [mail.subject for mail in sandbox.account(GRACE).inbox] == ["Two", "One"]
    assert [entry.method for entry in sandbox.requests].count("oauth2.auth") == 1


def test_without_a_way_to_ask_the_error_carries_one(office: dict[str, Any]) -> None:
    with Mailgrant(**office) as mailgrant:
        with pytest.raises(ConsentNeeded) as caught:
            mailgrant.connect("gmail.send", account=ADA, ask="never")

        consent = mailgrant.consents.begin(caught.value, redirect_uri="http://127.0.0.1:1/")

    assert set(caught.value.missing) == {Scope.GMAIL_SEND}
    assert "gmail.send" in consent.url


def test_a_consent_is_finished_by_any_process_that_shares_the_vault(
    sandbox: Sandbox, client_file: Path, tmp_path: Path, person: Person
) -> None:
    shared: dict[str, Any] = {"vault": tmp_path / "vault.db", "google": sandbox.url}
    with Mailgrant(client_secrets=client_file, **shared) as one:
        consent = one.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
    back = person.agree(consent.url)

    with Mailgrant(**shared) as other:
        grant = other.consents.complete(back)

    assert (grant.account, grant.verified) == (ADA, True)
    assert Scope.GMAIL_SEND in grant.scopes


def test_a_consent_works_once(office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        consent = mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        back = person.agree(consent.url)
        mailgrant.consents.complete(back)

        with pytest.raises(ConsentExpired):
            mailgrant.consents.complete(back)


def test_a_page_that_asked_one_person_does_not_take_anothers_answer(office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        mine = mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        theirs = mailgrant.consents.begin(GRACE, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        back = person.agree(theirs.url)

        with pytest.raises(ConsentError, match="another question"):
            mailgrant.consents.complete(back, consent=mine.id)
        grant = mailgrant.consents.complete(back, consent=theirs.id)

    assert grant.account == GRACE


def test_wrong_person_nothing_is_kept_and_their_own_grant_still_works(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        grace = mailgrant.consents.begin(GRACE, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        mailgrant.consents.complete(person.agree(grace.url))
        asked = mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")

        with pytest.raises(WrongAccount) as caught:
            mailgrant.consents.complete(person.agree(asked.url, as_account=GRACE))
        mailgrant.account(GRACE).gmail.send(to=ADA, subject="Still here", text="Yes.")
        kept = [grant.account for grant in mailgrant.grants()]

    assert (caught.value.expected, caught.value.signed_in) == (ADA, GRACE)
    assert kept == [GRACE]
    assert sandbox.account(ADA).inbox[0].subject == "Still here"


def test_what_the_wrong_person_allowed_can_be_revoked_on_request(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        asked = mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        with pytest.raises(WrongAccount) as caught:
            mailgrant.consents.complete(person.agree(asked.url, as_account=GRACE))
        before = [entry.method for entry in sandbox.requests]
        caught.value.revoke()

    assert "oauth2.revoke" not in before
    assert [entry.account for entry in sandbox.requests if entry.method == "oauth2.revoke"] == [GRACE]


def test_a_grant_whose_owner_was_not_asked_for_is_marked_unverified(office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match="account="):
            mailgrant.consents.begin(None, "gmail.send", redirect_uri="http://127.0.0.1:1/", identity=False)
        consent = mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/", identity=False)
        grant = mailgrant.consents.complete(person.agree(consent.url))

    assert "openid" not in consent.url
    assert (grant.account, grant.verified, grant.sub) == (ADA, False, None)
    assert "unverified" in repr(grant)


def test_a_refusal_is_said_and_leaves_an_older_grant_as_it_was(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        first = mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
        before = mailgrant.consents.complete(person.agree(first.url))
        sandbox.consent = ConsentMode.DENY
        wider = mailgrant.consents.begin(ADA, "gmail.readonly", redirect_uri="http://127.0.0.1:1/")

        with pytest.raises(ConsentRefused):
            mailgrant.consents.complete(person.agree(wider.url))
        after = mailgrant.account(ADA).grant()

    assert after == before


def test_nobody_answering_is_expired(office: dict[str, Any]) -> None:
    with Mailgrant(**office) as mailgrant:
        consent = mailgrant.consents.begin(ADA, "gmail.send")

        with pytest.raises(ConsentExpired):
            mailgrant.consents.wait(consent, timeout=timedelta(milliseconds=300))


def test_widening_keeps_what_was_granted_before(office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        for scope in ("gmail.send", "calendar.readonly"):
            consent = mailgrant.consents.begin(ADA, scope, redirect_uri="http://127.0.0.1:1/")
            mailgrant.consents.complete(person.agree(consent.url))
        grants = mailgrant.grants()

    assert len(grants) == 1
    assert {Scope.GMAIL_SEND, Scope.CALENDAR_READONLY} <= set(grants[0].scopes)
    assert "include_granted_scopes=true" in consent.url
    assert "prompt=consent" in consent.url


def test_a_box_left_unticked_warns_once_and_lowers_what_works(
    office: dict[str, Any], browser: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORY_UNTICKED", Scope.CALENDAR_READONLY)
    with Mailgrant(**office) as mailgrant:
        with pytest.warns(MissingScopesWarning, match="calendar"):
            me = mailgrant.connect("gmail.send", "calendar.readonly", account=ADA, ask="browser")
        me.gmail.send(to=GRACE, subject="Works", text="Yes.")
        with pytest.raises(ConsentNeeded) as caught:
            me.calendar.upcoming()
        with warnings.catch_warnings():
            warnings.simplefilter("error", MissingScopesWarning)
            again = mailgrant.connect("gmail.send", "calendar.readonly", account=ADA, ask="never")

    assert set(me.missing) == {Scope.CALENDAR_READONLY}
    assert set(again.missing) == {Scope.CALENDAR_READONLY}
    assert caught.value.account == ADA


def test_users_of_an_application_are_kept_apart(office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        for user in ("17", "18"):
            consent = mailgrant.consents.begin(ADA, "gmail.send", user=user, redirect_uri="http://127.0.0.1:1/")
            mailgrant.consents.complete(person.agree(consent.url))
        found = mailgrant.account(user="17").grant()

        with pytest.raises(SettingsError, match="Several grants"):
            mailgrant.account(ADA).grant()
        with pytest.raises(GrantNotFound):
            mailgrant.account(user="19").grant()

    assert (found.account, found.user) == (ADA, "17")


def test_a_scope_that_does_not_exist_is_refused_before_anybody_is_asked(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    with Mailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match=r"gmail\.sned"):
            mailgrant.connect("gmail.sned", account=ADA)

    assert sandbox.requests == []


def test_a_web_client_is_answered_only_at_an_address_it_has_registered(
    sandbox: Sandbox, web_client_file: Path, person: Person
) -> None:
    with Mailgrant(vault=":memory:", google=sandbox.url, client_secrets=web_client_file) as mailgrant:
        with pytest.raises(SettingsError, match="not registered"):
            mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="https://elsewhere.example/back")
        consent = mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="https://localhost:9000/oauth2callback")
        grant = mailgrant.consents.complete(person.agree(consent.url))

    assert grant.account == ADA
