"""Asking for more: only what is missing, nothing lost, and nobody's grant touched by another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mailgrant import AsyncMailgrant, ConsentNeeded, Scope, Scopes
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


async def granted(mailgrant: AsyncMailgrant, person: Person, scopes: str, **whom: Any) -> None:
    consent = await mailgrant.consents.begin(ADA, scopes, redirect_uri=BACK, **whom)
    await mailgrant.consents.complete(person.agree(consent.url))


async def test_only_what_is_missing_is_asked_and_the_token_covers_all(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await granted(mailgrant, person, "gmail.readonly")
        wider = await mailgrant.consents.begin(ADA, "gmail.readonly calendar", redirect_uri=BACK)
        grant = await mailgrant.consents.complete(person.agree(wider.url))

    assert asked_in(wider.url) == Scopes("calendar") | IDENTITY
    assert grant.scopes.covers("gmail.readonly calendar")


async def test_a_token_that_leaves_out_what_was_granted_before_is_dropped(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await granted(mailgrant, person, "gmail.readonly")
        before = await mailgrant.account(ADA).grant()
        wider = await mailgrant.consents.begin(ADA, "calendar", redirect_uri=BACK)
        with pytest.raises(ConsentNeeded, match="leaves out") as caught:
            await mailgrant.consents.complete(person.agree(without_folding(wider.url)))
        kept = await mailgrant.account(ADA).grant()
        profile = await mailgrant.account(ADA).gmail.profile()
        again = await mailgrant.consents.begin(caught.value, redirect_uri=BACK)
        grant = await mailgrant.consents.complete(person.agree(without_folding(again.url)))

    assert kept == before
    assert profile.email == ADA
    assert asked_in(again.url) == Scopes("gmail.readonly calendar") | IDENTITY
    assert grant.scopes.covers("gmail.readonly calendar")
    assert "oauth2.revoke" not in [entry.method for entry in sandbox.requests]


async def test_connect_asks_once_more_by_itself(
    office: dict[str, Any], person: Person, browser: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORY_UNFOLDED", "1")
    async with AsyncMailgrant(**office) as mailgrant:
        await granted(mailgrant, person, "gmail.readonly")
        me = await mailgrant.connect("calendar", account=ADA, ask="browser")
        grant = await me.grant()

    assert grant.scopes.covers("gmail.readonly calendar")


async def test_an_import_that_has_no_name_yet_becomes_the_grant_of_the_person_who_is_asked(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path, person: Person
) -> None:
    file = write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes=str(Scope.GMAIL_READONLY)))

    async with AsyncMailgrant(**office) as mailgrant:
        imported = await mailgrant.import_grant(file)
        await granted(mailgrant, person, "calendar")
        kept = await mailgrant.grants()

    assert imported.sub is None
    assert [(grant.account, grant.sub is not None, grant.verified) for grant in kept] == [(ADA, True, True)]
    assert kept[0].scopes.covers("gmail.readonly calendar")


async def test_another_users_grant_is_not_widened(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await granted(mailgrant, person, "gmail.readonly", user="17")
        consent = await mailgrant.consents.begin(ADA, "calendar", redirect_uri=BACK)
        await granted(mailgrant, person, "calendar", user="18")
        theirs = await mailgrant.account(user="17").grant()
        other = await mailgrant.account(user="18").grant()

    assert consent.grant_id is None
    assert (theirs.scopes.api, theirs.asked.api) == (Scopes("gmail.readonly"), Scopes("gmail.readonly"))
    assert other.asked.api == Scopes("calendar")


async def test_several_addresses_of_one_user_are_kept_apart(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        for address in (ADA, GRACE):
            consent = await mailgrant.consents.begin(address, "gmail.send", user="17", redirect_uri=BACK)
            await mailgrant.consents.complete(person.agree(consent.url))
        grants = [await mailgrant.account(address, user="17").grant() for address in (ADA, GRACE)]

    assert [grant.account for grant in grants] == [ADA, GRACE]
    assert len({grant.id for grant in grants}) == 2


async def test_two_clients_hold_a_grant_each_of_the_same_person(
    sandbox: Sandbox, client_file: Path, web_client_file: Path, person: Person
) -> None:
    async with AsyncMailgrant(vault=":memory:", google=sandbox.url) as mailgrant:
        clients = [(await mailgrant.add_client(file)).client_id for file in (client_file, web_client_file)]
        for client_id, back in zip(clients, (BACK, "https://localhost:9000/oauth2callback"), strict=True):
            consent = await mailgrant.consents.begin(ADA, "gmail.readonly", client_id=client_id, redirect_uri=back)
            await mailgrant.consents.complete(person.agree(consent.url))
        found = [(await mailgrant.account(ADA, client_id=client_id).grant()).client_id for client_id in clients]
        profile = await mailgrant.account(ADA, client_id=clients[1]).gmail.profile()

    assert found == clients
    assert profile.email == ADA
