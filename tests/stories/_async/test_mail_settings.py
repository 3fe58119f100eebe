"""The settings of a mailbox, read and changed, against the sandbox on a real port."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, ConsentNeeded
from mailgrant.errors import InvalidRequest
from mailgrant.gmail.settings import Filter, Vacation
from mailgrant.sandbox import Sandbox

from ..people import Person
from .test_mail import ADA, granted

pytestmark = pytest.mark.anyio

MARCH = Vacation(
    "Back in April.", subject="Away", start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 4, 1, tzinfo=UTC)
)


async def test_an_answer_for_the_holidays_is_set_read_and_switched_off(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, "gmail.modify gmail.settings.basic")
        never = await ada.gmail.vacation()
        await ada.gmail.set_vacation(MARCH)
        set_ = await ada.gmail.vacation()
        await ada.gmail.set_vacation(None)
        off = await ada.gmail.vacation()

    assert never is None
    assert set_ == MARCH
    assert off == replace(MARCH, enabled=False)


async def test_a_filter_files_what_arrives_and_is_deleted(
    office: dict[str, Any], person: Person, sandbox: Sandbox
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, "gmail.modify gmail.settings.basic")
        wanted = Filter(from_="grace@example.com", add=frozenset({"Lunch"}), remove=frozenset({"INBOX"}))
        made = await ada.gmail.create_filter(wanted, create=True)
        sandbox.account(ADA).receive(from_="grace@example.com", subject="Lunch?")
        [message] = [found async for found in ada.gmail.search("label:lunch")]
        listed = await ada.gmail.filters()
        await ada.gmail.delete_filter(made)
        left = await ada.gmail.filters()

    assert message.subject == "Lunch?"
    assert "INBOX" not in message.label_ids
    assert listed == (made,)
    assert left == ()


async def test_a_filter_that_does_nothing_is_refused(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, "gmail.settings.basic")
        with pytest.raises(InvalidRequest, match="what to do"):
            await ada.gmail.create_filter(Filter("from:grace"))


async def test_the_own_address_has_a_signature(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, "gmail.settings.basic")
        [own] = await ada.gmail.send_as()
        await ada.gmail.edit_send_as(replace(own, signature="<b>Ada</b>"))
        [signed] = await ada.gmail.send_as()

    assert (own.email, own.primary, own.verified) == (ADA, True, True)
    assert signed.signature == "<b>Ada</b>"


async def test_language_and_forwarding_are_read(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, "gmail.settings.basic")
        language = await ada.gmail.set_language("fr")
        forwarding = await ada.gmail.forwarding()
        addresses = await ada.gmail.forwarding_addresses()

        assert await ada.gmail.language() == language
    assert language == "fr"
    assert forwarding is None
    assert addresses == ()


async def test_forwarding_needs_a_permission_of_its_own(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, "gmail.settings.basic")
        with pytest.raises(ConsentNeeded):
            await ada.gmail.set_forwarding(None)
