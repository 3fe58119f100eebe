"""Any method of the discovery documents, by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant, ConsentNeeded
from mailgrant.adapters import discovery
from mailgrant.errors import InvalidRequest, MailgrantError, NotFound
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
SCOPES = "gmail.modify gmail.settings.basic calendar"


async def granted(mailgrant: AsyncMailgrant, person: Person, scopes: str = SCOPES) -> AsyncAccount:
    consent = await mailgrant.consents.begin(ADA, scopes, redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


async def test_a_method_without_a_verb_of_its_own_is_called_by_its_name(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        before = await ada.gmail.call("users.settings.getImap")
        after = await ada.gmail.call("users.settings.updateImap", {"enabled": not before["enabled"]})
        rules = await ada.calendar.call("acl.list", fields="items(id,role)")
        colors = await ada.calendar.call("calendar.colors.get")

    assert after["enabled"] is not before["enabled"]
    assert {"id": f"user:{ADA}", "role": "owner"} in rules["items"]
    assert "event" in colors


async def test_an_answer_without_a_body_is_an_empty_object(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        label = await ada.gmail.call("users.labels.create", {"name": "Lunch"})

        assert await ada.gmail.call("users.labels.delete", id=label["id"]) == {}
        with pytest.raises(NotFound):
            await ada.gmail.call("users.labels.delete", id=label["id"])


@pytest.mark.parametrize(
    ("method", "parameters", "says"),
    [
        ("users.messages.got", {"id": "1"}, "users.messages.get"),
        ("users.messages.get", {}, "'id'"),
        ("users.messages.get", {"id": "1", "formt": "raw"}, "'formt'"),
        ("users.messages.list", {"max_results": 1}, "Did you mean maxResults?"),
        ("users.messages.list", {"maxresults": 1}, "Did you mean maxResults?"),
        ("users.messages.send", {"body": {"raw": b"From: ada"}}, "base64url"),
        ("users.messages.get", {"id": "1", "access_token": "x"}, "'access_token'"),
        ("users.messages.get", {"id": "1", "body": {"raw": ""}}, "no body"),
    ],
)
async def test_a_method_or_parameter_that_does_not_exist_is_refused_before_anything_is_sent(
    sandbox: Sandbox, office: dict[str, Any], person: Person, method: str, parameters: dict[str, Any], says: str
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.journal.clear()
        with pytest.raises(InvalidRequest) as caught:
            await ada.gmail.call(method, **parameters)

    assert says in str(caught.value)
    assert sandbox.requests == []


async def test_a_moment_is_written_as_google_reads_it(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    noon = datetime(2026, 3, 5, 12, tzinfo=UTC)
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        found = await ada.calendar.call("events.list", timeMin=noon, timeMax=noon + timedelta(days=1))
        with pytest.raises(InvalidRequest, match="no time zone"):
            await ada.calendar.call("events.list", timeMin=noon.replace(tzinfo=None))

    assert found["items"] == []


@pytest.mark.parametrize("api", ["gmail", "calendar"])
async def test_every_method_of_the_discovery_document_answers_or_says_why_not(
    sandbox: Sandbox, office: dict[str, Any], person: Person, api: str
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, f"{SCOPES} mail.google.com")
        call = ada.gmail.call if api == "gmail" else ada.calendar.call
        untyped = {}
        for name, method in discovery.methods(api).items():
            wanted = dict.fromkeys(method.required - discovery.DEFAULTS.keys(), "x")
            try:
                assert isinstance(await call(name, **wanted), dict)
            except MailgrantError:
                continue
            except Exception as error:
                untyped[name] = repr(error)

    assert untyped == {}


async def test_a_method_that_needs_more_than_was_granted_says_so_before_anything_is_sent(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, "gmail.send")
        sandbox.journal.clear()
        with pytest.raises(ConsentNeeded):
            await ada.gmail.call("users.settings.getImap")

    assert sandbox.requests == []
