# Written by scripts/unasync.py from tests/stories/_async/test_widening.py.
# Do not edit: change that file and run `make sync`.
"""Asking for more: only what is missing, nothing lost, and nobody's grant touched by another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mailgrant import ConsentNeeded, Mailgrant, Scope, Scopes
from mailgrant.oauth.scopes import IDENTITY
from mailgrant.sandbox import Sandbox

from ..conftest import write_json
from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
BACK = "http://127.0.0.1:1/"


def asked_in(url: str) -> Scopes:
    return Scopes.granted(parse_qs(urlsplit(url).query)["scope"][0])


def without_folding(url: str) -> str:
    """Ask Google as if it did not fold in what was granted before."""
    return url.replace("&include_granted_scopes=true", "")


def granted(mailgrant: Mailgrant, person: Person, scopes: str, **whom: Any) -> None:
    consent = mailgrant.consents.begin(ADA, scopes, redirect_uri=BACK, **whom)
    mailgrant.consents.complete(person.agree(consent.url))


def test_only_what_is_missing_is_asked_and_the_token_covers_all(office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        granted(mailgrant, person, "gmail.readonly")
        wider = mailgrant.consents.begin(ADA, "gmail.readonly calendar", redirect_uri=BACK)
        grant = mailgrant.consents.complete(person.agree(wider.url))

    assert asked_in(wider.url) == Scopes("calendar") | IDENTITY
    assert grant.scopes.covers("gmail.readonly calendar")


def test_a_token_that_leaves_out_what_was_granted_before_is_dropped(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        granted(mailgrant, person, "gmail.readonly")
        before = mailgrant.account(ADA).grant()
        wider = mailgrant.consents.begin(ADA, "calendar", redirect_uri=BACK)
        with pytest.raises(ConsentNeeded, match="leaves out") as caught:
            mailgrant.consents.complete(person.agree(without_folding(wider.url)))
        kept = mailgrant.account(ADA).grant()
        profile = mailgrant.account(ADA).gmail.profile()
        again = mailgrant.consents.begin(caught.value, redirect_uri=BACK)
        grant = mailgrant.consents.complete(person.agree(without_folding(again.url)))

    assert kept == before
    assert profile.email == ADA
    assert asked_in(again.url) == Scopes("gmail.readonly calendar") | IDENTITY
    assert grant.scopes.covers("gmail.readonly calendar")
    assert "oauth2.revoke" not in [entry.method for entry in sandbox.requests]


def test_connect_asks_once_more_by_itself(
    office: dict[str, Any], person: Person, browser: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORY_UNFOLDED", "1")
    with Mailgrant(**office) as mailgrant:
        granted(mailgrant, person, "gmail.readonly")
        me = mailgrant.connect("calendar", account=ADA, ask="browser")
        grant = me.grant()

    assert grant.scopes.covers("gmail.readonly calendar")


def test_an_import_that_has_no_name_yet_becomes_the_grant_of_the_person_who_is_asked(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path, person: Person
) -> None:
    file = write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes=str(Scope.GMAIL_READONLY)))

    with Mailgrant(**office) as mailgrant:
        imported = mailgrant.import_grant(file)
        granted(mailgrant, person, "calendar")
        kept = mailgrant.grants()

    assert imported.sub is None
    assert [(grant.account, grant.sub is not None, grant.verified) for grant in kept] == [(ADA, True, True)]
    assert kept[0].scopes.covers("gmail.readonly calendar")


def test_another_users_grant_is_not_widened(office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        granted(mailgrant, person, "gmail.readonly", user="17")
        consent = mailgrant.consents.begin(ADA, "calendar", redirect_uri=BACK)
        granted(mailgrant, person, "calendar", user="18")
        theirs = mailgrant.account(user="17").grant()
        other = mailgrant.account(user="18").grant()

    assert consent.grant_id is None
    assert (theirs.scopes.api, theirs.asked.api) == (Scopes("gmail.readonly"), Scopes("gmail.readonly"))
    assert other.asked.api == Scopes("calendar")


def test_several_addresses_of_one_user_are_kept_apart(office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        for address in (ADA, GRACE):
            consent = mailgrant.consents.begin(address, "gmail.send", user="17", redirect_uri=BACK)
            mailgrant.consents.complete(person.agree(consent.url))
        grants = [mailgrant.account(address, user="17").grant() for address in (ADA, GRACE)]

    assert [grant.account for grant in grants] == [ADA, GRACE]
    assert len({grant.id for grant in grants}) == 2


def test_two_clients_hold_a_grant_each_of_the_same_person(
    sandbox: Sandbox, client_file: Path, web_client_file: Path, person: Person
) -> None:
    with Mailgrant(vault=":memory:", google=sandbox.url) as mailgrant:
        clients = [(mailgrant.add_client(file)).client_id for file in (client_file, web_client_file)]
        for client_id, back in zip(clients, (BACK, "https://localhost:9000/oauth2callback"), strict=True):
            consent = mailgrant.consents.begin(ADA, "gmail.readonly", client_id=client_id, redirect_uri=back)
            mailgrant.consents.complete(person.agree(consent.url))
        found = [(mailgrant.account(ADA, client_id=client_id).grant()).client_id for client_id in clients]
        profile = mailgrant.account(ADA, client_id=clients[1]).gmail.profile()

    assert found == clients
    assert profile.email == ADA
