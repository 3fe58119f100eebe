"""A person in a real browser: what they see, press, and are left with."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from mailgrant import Grant, Mailgrant
from mailgrant.errors import ConsentRefused

if TYPE_CHECKING:
    from concurrent.futures import Future

    from playwright.sync_api import Page

    from mailgrant.oauth.consent import Consent

pytestmark = pytest.mark.browser

ADA = "ada@example.com"
SCOPES = "gmail.send calendar.readonly"


@pytest.fixture
def mailgrant(office: dict[str, Any]) -> Iterator[Mailgrant]:
    with Mailgrant(**office) as opened:
        yield opened


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def visit(mailgrant: Mailgrant, pool: ThreadPoolExecutor, page: Page, account: str | None) -> Future[Grant]:
    """Ask for consent, wait for the answer beside, and open the page."""
    consent: Consent = mailgrant.consents.begin(account, SCOPES)
    answer = pool.submit(mailgrant.consents.wait, consent)
    page.goto(consent.url)
    return answer


def test_a_person_who_ticks_one_box_is_told_what_was_granted_and_what_not(
    mailgrant: Mailgrant, pool: ThreadPoolExecutor, chromium: Page
) -> None:
    answer = visit(mailgrant, pool, chromium, None)

    chromium.get_by_role("button", name=ADA).click()
    chromium.get_by_role("checkbox", name="Send email on your behalf").check()
    chromium.get_by_role("button", name="Continue").click()
    grant = answer.result(timeout=20)

    assert chromium.get_by_role("heading").inner_text() == "Thank you, with less than was asked"
    assert f"{ADA} now allows this application to: send mail." in chromium.inner_text("main")
    assert "Not granted: see calendars" in chromium.inner_text("main")
    assert "myaccount.google.com" in chromium.inner_text("main")
    assert [scope.short for scope in grant.scopes.api] == ["gmail.send"]


def test_the_code_is_gone_from_the_address_bar(mailgrant: Mailgrant, pool: ThreadPoolExecutor, chromium: Page) -> None:
    answer = visit(mailgrant, pool, chromium, ADA)

    chromium.get_by_role("button", name="Select all").click()
    chromium.get_by_role("button", name="Continue").click()
    answer.result(timeout=20)

    assert chromium.get_by_role("heading").inner_text() == "Thank you"
    assert "code=" not in chromium.url
    assert "state=" not in chromium.url


def test_a_person_who_cancels_is_not_thanked(mailgrant: Mailgrant, pool: ThreadPoolExecutor, chromium: Page) -> None:
    answer = visit(mailgrant, pool, chromium, ADA)

    chromium.get_by_role("button", name="Cancel").click()
    with pytest.raises(ConsentRefused):
        answer.result(timeout=20)

    assert chromium.get_by_role("heading").inner_text() == "Nothing was granted"
    assert mailgrant.grants() == ()


def test_the_wrong_person_is_told_so(mailgrant: Mailgrant, pool: ThreadPoolExecutor, chromium: Page) -> None:
    answer = visit(mailgrant, pool, chromium, ADA)

    chromium.get_by_role("link", name="Use another account").click()
    chromium.get_by_role("button", name="grace@example.com").click()
    chromium.get_by_role("button", name="Select all").click()
    chromium.get_by_role("button", name="Continue").click()
    error = answer.exception(timeout=20)

    assert type(error).__name__ == "WrongAccount"
    assert chromium.get_by_role("heading").inner_text() == "That did not work"
    assert "grace@example.com signed in, but ada@example.com was asked" in chromium.inner_text("main")
