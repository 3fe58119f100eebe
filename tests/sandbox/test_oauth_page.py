"""The consent pages in a real browser: with the mouse, with the keyboard alone, without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.clients import ClientKind
from mailgrant.sandbox.serving.server import Served

from .conftest import NOON

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SEND = "https://www.googleapis.com/auth/gmail.send"
READ = "https://www.googleapis.com/auth/gmail.readonly"


@pytest.fixture
def served() -> Iterator[Served]:
    """A sandbox on a port, whose consent page waits for a person."""
    with Sandbox(NOON).serve() as served:
        yield served


def consent_url(served: Served) -> str:
    """Return an authorization URL that sends the person back to a page of the sandbox itself."""
    asked = {
        "client_id": served.sandbox.clients.default(ClientKind.INSTALLED).id,
        "redirect_uri": served.control,
        "response_type": "code",
        "scope": f"openid email {SEND} {READ}",
    }
    return f"{served.url}/o/oauth2/v2/auth?{urlencode(asked)}"


def granted(page: Page) -> set[str]:
    """Return the API scopes with which the person was sent back."""
    scopes = parse_qs(urlsplit(page.url).query)["scope"][0].split()
    return {scope for scope in scopes if "/auth/gmail." in scope}


def test_a_person_chooses_an_account_ticks_a_box_and_continues(served: Served, chromium: Page) -> None:
    chromium.goto(consent_url(served))
    chromium.get_by_role("button", name="Grace Hopper").click()
    chromium.get_by_label("Send email on your behalf").check()
    chromium.get_by_role("button", name="Continue").click()

    assert granted(chromium) == {SEND}
    assert "code" in parse_qs(urlsplit(chromium.url).query)


def test_select_all_and_cancel_work(served: Served, chromium: Page) -> None:
    chromium.goto(consent_url(served))
    chromium.get_by_role("button", name="Ada Lovelace").click()
    chromium.get_by_role("button", name="Select all").click()
    ticked = [box.is_checked() for box in chromium.get_by_role("checkbox").all()]
    chromium.get_by_role("button", name="Cancel").click()

    assert ticked == [True, True]
    assert parse_qs(urlsplit(chromium.url).query)["error"] == ["access_denied"]


def test_the_keyboard_alone_will_do(served: Served, chromium: Page) -> None:
    chromium.goto(consent_url(served))
    for key in ("Tab", "Enter"):
        chromium.keyboard.press(key)
    chromium.get_by_role("checkbox").first.wait_for()
    for key in ("Tab", "Tab", "Space", "Tab", "Tab", "Tab", "Tab", "Enter"):
        chromium.keyboard.press(key)
    chromium.wait_for_url(f"{served.control}**")

    assert granted(chromium) == {READ}


def test_a_person_can_go_back_and_be_somebody_else(served: Served, chromium: Page) -> None:
    chromium.goto(f"{consent_url(served)}&login_hint=ada@example.com")
    chromium.get_by_role("link", name="Use another account").click()
    chromium.get_by_role("button", name="Grace Hopper").click()

    assert chromium.get_by_text("grace@example.com").is_visible()
