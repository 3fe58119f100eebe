# Written by scripts/unasync.py from tests/stories/_async/test_tokens.py.
# Do not edit: change that file and run `make sync`.
"""Tokens that leave us: for a part of a grant, cached, counted and written down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Account, ConsentNeeded, Mailgrant, Secret
from mailgrant.errors import InvalidRequest, PermissionDenied
from mailgrant.oauth.scopes import Scopes
from mailgrant.sandbox import Sandbox
from mailgrant.vault.audit import Deed

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
SCOPES = "gmail.modify calendar.events"


def granted(mailgrant: Mailgrant, person: Person, scopes: str = SCOPES) -> Account:
    consent = mailgrant.consents.begin(ADA, scopes, redirect_uri="http://127.0.0.1:1/")
    mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


def refreshes(sandbox: Sandbox) -> int:
    return sum(entry.grant_type == "refresh_token" for entry in sandbox.requests)


def opened_by(sandbox: Sandbox, token: Secret) -> Scopes:
    held = sandbox.tokens.access(token.reveal())
    assert held is not None
    return Scopes.granted(" ".join(held.scopes)).api


def test_a_token_for_a_part_opens_that_part_and_nothing_else(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        part = ada.token("calendar.events")
        whole = ada.token()

    assert part != whole
    assert opened_by(sandbox, part) == Scopes("calendar.events")


def test_each_set_of_scopes_costs_one_refresh_however_often_it_is_asked_for(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        calendar = [ada.token(["calendar.events"]) for _ in range(3)]
        both = [ada.token("gmail.modify calendar.events") for _ in range(3)]

    assert len(set(map(str, calendar))) == 1
    assert calendar[0] != both[0]
    assert refreshes(sandbox) == 2


def test_a_token_for_a_part_is_found_in_the_vault_by_the_next_process(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Path
) -> None:
    office = {**office, "vault": str(tmp_path / "vault.db")}
    with Mailgrant(**office) as mailgrant:
        first = (granted(mailgrant, person)).token("calendar.events")
    with Mailgrant(**office) as mailgrant:
        second = mailgrant.account(ADA).token("calendar.events")
        expires_at = mailgrant.account(ADA).token_expiry("calendar.events")

    assert first == second
    assert expires_at is not None and expires_at - sandbox.clock.now() > timedelta(minutes=50)
    assert refreshes(sandbox) == 1


def test_a_part_that_was_not_granted_needs_consent_and_google_is_not_asked(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        with pytest.raises(ConsentNeeded, match=r"gmail\.settings\.basic") as caught:
            ada.token("gmail.settings.basic calendar.events")

    assert caught.value.missing == Scopes("gmail.settings.basic")
    assert refreshes(sandbox) == 0


def test_a_part_that_google_refuses_is_an_error_and_no_wider_token(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.fault("oauth2.token", status=400, reason="invalid_scope", message="Bad Request")
        with pytest.raises(InvalidRequest, match="more was asked than the person granted"):
            ada.token("calendar.events")
        grant = ada.grant()

    assert grant.is_active


def test_a_new_consent_puts_an_end_to_the_tokens_for_parts(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        first = (granted(mailgrant, person)).token("calendar.events")
        granted(mailgrant, person)
        second = mailgrant.account(ADA).token("calendar.events")

    assert first != second


def test_forget_deletes_the_tokens_for_parts(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        ada.token("calendar.events")
        ada.token("gmail.modify")
        vault = mailgrant._workplace.vault()
        before = len(vault.sealer.store.tokens.find())
        mailgrant.forget(ADA)

        assert before == 2
        assert vault.sealer.store.tokens.find() == ()


def test_a_part_of_a_dead_grant_needs_consent_and_the_grant_is_marked(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.revoke(ADA)
        with pytest.raises(ConsentNeeded, match="has expired or was revoked"):
            ada.token("calendar.events")
        status = (ada.grant()).status

    assert status.name == "NEEDS_CONSENT"


def test_the_token_of_the_whole_grant_leaves_out_what_would_keep_it_to_headers(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person, "gmail.metadata")
        granted(mailgrant, person, "gmail.readonly")
        grant = ada.grant()
        token = ada.token()
        ada.token()
        message = sent_to_ada(sandbox, ada)

    assert "gmail.readonly" in grant.scopes
    assert "gmail.metadata" in grant.scopes
    assert opened_by(sandbox, token) == Scopes("gmail.readonly")
    assert message == "Hello."


def sent_to_ada(sandbox: Sandbox, ada: Account) -> str:
    held = sandbox.account(ADA).receive(from_="grace@example.com", subject="Hi", text="Hello.")
    try:
        return (ada.gmail.read(held.id)).text.strip()
    except PermissionDenied:
        return "refused"


def test_a_service_account_gives_tokens_for_parts_of_its_list_and_for_nothing_else(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    with Mailgrant(vault=":memory:", google=office["google"]) as mailgrant:
        key = mailgrant.add_client(sandbox.service_account())
        mailgrant.delegate(ADA, "gmail.send", "calendar.events", client_id=key.client_id)
        ada = mailgrant.account(ADA)
        before = len(sandbox.requests)
        tokens = [ada.token("gmail.send") for _ in range(3)]
        asked = len(sandbox.requests) - before
        with pytest.raises(ConsentNeeded) as caught:
            ada.token("gmail.readonly")

    assert {opened_by(sandbox, token) for token in tokens} == {Scopes("gmail.send")}
    assert asked == 1
    assert f"mailgrant grant ask {ADA} --client {key.client_id} --scope gmail.readonly" in caught.value.hint


def test_tokens_handed_out_are_in_the_audit_once_an_hour_for_each_set_of_scopes(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        for _ in range(3):
            ada.token()
            ada.token("calendar.events")
        vault = mailgrant._workplace.vault()
        deeds = [entry for entry in vault.audit.entries(account=ADA) if entry.deed is Deed.TOKEN_HANDED_OUT]

    assert sorted(len(entry.scopes.api) for entry in deeds) == [1, 2]
    assert all(entry.actor for entry in deeds)


def test_use_is_written_down_and_not_each_time(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office, clock=sandbox.clock) as mailgrant:
        ada = granted(mailgrant, person)
        ada.token()
        first = ada.grant()
        ada.token()
        second = ada.grant()
        sandbox.clock.advance(timedelta(minutes=31))
        ada.token()
        third = ada.grant()

    assert first.used_at is not None and first.version == second.version
    assert third.used_at is not None and third.used_at - first.used_at > timedelta(minutes=30)


def test_a_warm_token_costs_no_statement(
    office: dict[str, Any], person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        before = [ada.token(), ada.token("calendar.events")]
        vault = mailgrant._workplace.vault()
        monkeypatch.setattr(vault, "sealer", None)
        monkeypatch.setattr(vault, "_store", None)
        after = [ada.token(), ada.token("calendar.events")]
        monkeypatch.undo()

    assert before == after
