"""Several messages in one request: the same mail, the same order, the same errors, and no more under way at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncFastTransport, AsyncMailgrant, Settings
from mailgrant.errors import ConsentNeeded, PermissionDenied
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
READ, THREAD, BATCH = "gmail.users.messages.get", "gmail.users.threads.get", "batch"


@pytest.fixture(params=["usual", "fast"])
async def mailgrant(
    request: pytest.FixtureRequest, sandbox: Sandbox, office: dict[str, Any]
) -> AsyncIterator[AsyncMailgrant]:
    """Who asks for five at once, by either transport."""
    transport = AsyncFastTransport(trusts_environment=False) if request.param == "fast" else None
    settings = Settings.load(batch=5)
    async with AsyncMailgrant(**office, settings=settings, transport=transport) as mailgrant:
        yield mailgrant


async def granted(mailgrant: AsyncMailgrant, person: Person, scopes: str = "gmail.modify") -> AsyncAccount:
    consent = await mailgrant.consents.begin(ADA, scopes, redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


def deliver(sandbox: Sandbox, count: int) -> list[str]:
    """Put so many mails into Ada's inbox; return their subjects as Gmail lists them."""
    for number in range(count):
        sandbox.account(ADA).receive(from_=GRACE, subject=f"Minutes {number}", text=f"Number {number}.")
    return [f"Minutes {number}" for number in reversed(range(count))]


def asked(sandbox: Sandbox, operation: str) -> int:
    return [entry.method for entry in sandbox.requests].count(operation)


async def subjects(account: AsyncAccount) -> list[str]:
    return [each.subject async for each in account.gmail.search("in:inbox")]


async def test_messages_come_in_order_five_to_a_request(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person
) -> None:
    expected = deliver(sandbox, 23)
    ada = await granted(mailgrant, person)

    found = [each async for each in ada.gmail.search("in:inbox")]

    assert [each.subject for each in found] == expected
    assert [each.text for each in found] == [f"Number {number}.\n" for number in reversed(range(23))]
    assert (asked(sandbox, BATCH), asked(sandbox, READ)) == (5, 23)


async def test_one_that_is_left_over_is_asked_for_alone(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person
) -> None:
    expected = deliver(sandbox, 6)
    ada = await granted(mailgrant, person)

    assert await subjects(ada) == expected
    assert asked(sandbox, BATCH) == 1


async def test_conversations_go_together_too(sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person) -> None:
    deliver(sandbox, 12)
    ada = await granted(mailgrant, person)

    found = [each.messages[0].subject async for each in ada.gmail.threads(bodies=False)]

    assert found == [f"Minutes {number}" for number in reversed(range(12))]
    assert (asked(sandbox, BATCH), asked(sandbox, THREAD)) == (3, 12)


async def test_a_body_that_gmail_keeps_apart_is_fetched_after_it(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person
) -> None:
    deliver(sandbox, 4)
    sandbox.account(ADA).receive(from_=GRACE, subject="Long", text="All of it. " * 500_000)
    ada = await granted(mailgrant, person)

    found = {each.subject: each.text async for each in ada.gmail.search("in:inbox")}

    assert len(found) == 5
    assert found["Long"].strip() == ("All of it. " * 500_000).strip()


async def test_a_message_that_vanished_meanwhile_is_passed_over(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person
) -> None:
    expected = deliver(sandbox, 10)
    ada = await granted(mailgrant, person)
    for nth in (2, 2):
        sandbox.fault(READ, status=404, nth=nth)

    found = await subjects(ada)

    assert len(found) == 8
    assert found == [each for each in expected if each in found]


@pytest.mark.parametrize(
    "effect",
    [{"status": 500}, {"status": 429}, {"status": 403}, {"status": 401}, {"corrupt": True}],
    ids=["500", "429", "403 for rate", "401", "corrupt"],
)
async def test_what_fails_for_one_is_asked_again_for_it_alone(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person, effect: dict[str, Any]
) -> None:
    expected = deliver(sandbox, 10)
    ada = await granted(mailgrant, person)
    sandbox.fault(READ, **effect, times=3)

    assert await subjects(ada) == expected
    assert asked(sandbox, BATCH) == 2
    assert 11 <= asked(sandbox, READ) <= 14


@pytest.mark.parametrize(
    "effect",
    [{"status": 503}, {"drop": "before"}, {"drop": "after"}, {"truncate": True}, {"corrupt": True}, {"status": 429}],
    ids=["503", "cut before", "cut after", "truncated", "corrupt", "429"],
)
async def test_a_batch_that_fails_is_asked_again(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person, effect: dict[str, Any]
) -> None:
    expected = deliver(sandbox, 10)
    ada = await granted(mailgrant, person)
    sandbox.fault(BATCH, **effect)

    assert await subjects(ada) == expected


async def test_a_token_that_ended_is_renewed_once_for_all(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person
) -> None:
    expected = deliver(sandbox, 10)
    ada = await granted(mailgrant, person)
    sandbox.expire_tokens(ADA)

    assert await subjects(ada) == expected
    renewals = [entry for entry in sandbox.requests if entry.grant_type == "refresh_token"]
    assert len(renewals) == 1


async def test_what_google_refuses_for_good_is_said(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person
) -> None:
    deliver(sandbox, 10)
    ada = await granted(mailgrant, person)
    sandbox.fault(READ, status=403, reason="domainPolicy", message="The domain administrators have disabled Gmail.")

    with pytest.raises(PermissionDenied, match="administrators have disabled"):
        await subjects(ada)


async def test_without_the_permission_nothing_is_sent(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, person: Person
) -> None:
    deliver(sandbox, 10)
    ada = await granted(mailgrant, person, "calendar.readonly")

    with pytest.raises(ConsentNeeded):
        await subjects(ada)

    assert not [entry for entry in sandbox.requests if entry.method == BATCH]


async def test_the_parts_of_a_batch_count_and_no_more_than_five_are_under_way(client_file: Any, person: Person) -> None:
    sandbox = Sandbox(seed="empty", quota="2026", together=5)
    deliver(sandbox, 30)
    with sandbox.serve():
        settings = Settings.load(google=sandbox.url, vault=":memory:", batch=2)
        async with AsyncMailgrant(settings=settings, client_secrets=sandbox.client_secrets("installed")) as mailgrant:
            ada = await granted(mailgrant, person)
            before = await ada.gmail.cost()
            found = await subjects(ada)
            after = await ada.gmail.cost()

    assert len(found) == 30
    assert after.used - before.used == 5 + 30 * 20
    assert asked(sandbox, BATCH) == 15
    assert max(entry.under_way for entry in sandbox.requests) <= 5
    assert not [entry for entry in sandbox.requests if entry.status == 429]


async def test_the_transport_for_fleets_asks_together_unless_it_is_told_not_to(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    expected = deliver(sandbox, 10)
    batches = []
    for settings in (Settings.load(), Settings.load(batch=1), Settings.load(in_flight=3)):
        transport = AsyncFastTransport(trusts_environment=False)
        async with AsyncMailgrant(**office, settings=settings, transport=transport) as mailgrant:
            before = asked(sandbox, BATCH)
            assert await subjects(await granted(mailgrant, person)) == expected
            batches.append(asked(sandbox, BATCH) - before)

    assert batches == [2, 0, 3]
