"""The device flow: a code on one screen, typed on another, and what the device hears while it asks."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import Answer
from mailgrant.sandbox.oauth.clients import ClientKind, OAuthClient, Publishing
from mailgrant.sandbox.oauth.device import DEVICE_CODE

from .caller import Caller, body, error
from .conftest import NOON

if TYPE_CHECKING:
    from playwright.sync_api import Page

GRACE = "grace@example.com"
TELEVISION = "1-television.apps.googleusercontent.com"
YOUTUBE = "https://www.googleapis.com/auth/youtube.readonly"


class Television:
    """A program on a screen without a keyboard."""

    def __init__(self, world: Sandbox) -> None:
        self.world = world
        self.caller = Caller(world)
        self.client = OAuthClient(TELEVISION, secret="shown", kind=ClientKind.LIMITED_INPUT, name="Sofa")
        world.clients.add(self.client)

    def begin(self, scope: str = f"openid {YOUTUBE}", client_id: str = TELEVISION, **headers: str) -> Answer:
        """Ask for a code to show."""
        return self.caller.form("/device/code", {"client_id": client_id, "scope": scope}, **headers)

    def poll(self, told: dict[str, Any], **fields: str) -> Answer:
        """Ask what became of it, five seconds after the last time."""
        self.world.clock.advance(timedelta(seconds=5))
        return self.poll_at_once(told, **fields)

    def poll_at_once(self, told: dict[str, Any], **fields: str) -> Answer:
        """Ask what became of it."""
        sent = {"grant_type": DEVICE_CODE, "device_code": told["device_code"]}
        client = {"client_id": self.client.id, "client_secret": "shown"}
        return self.caller.form("/token", sent | client | fields)

    def type(self, **fields: str) -> str:
        """Fill in the page in a browser and return what it says then."""
        answer = self.caller.form("/device", fields)
        assert answer.status == 200
        return html.unescape(re.sub(r"<[^>]*>", "", answer.body.decode().partition("<body>")[2]))


@pytest.fixture
def television() -> Television:
    """A television and a sandbox where a person answers."""
    return Television(Sandbox(NOON))


def test_a_device_is_told_a_code_and_where_to_type_it(television: Television) -> None:
    told = body(television.begin())

    assert set(told) == {"device_code", "user_code", "expires_in", "verification_url", "interval"}
    assert re.fullmatch(r"[A-Z]{4}-[A-Z]{4}", told["user_code"])
    assert (told["verification_url"], told["expires_in"], told["interval"]) == (
        "https://www.google.com/device",
        1800,
        5,
    )


def test_a_device_that_found_the_sandbox_by_its_address_is_sent_to_its_page(television: Television) -> None:
    told = body(television.begin(host="127.0.0.1:8025"))

    assert told["verification_url"] == "http://127.0.0.1:8025/device"


def test_the_old_address_answers_too(television: Television) -> None:
    answer = television.caller.form("/o/oauth2/device/code", {"client_id": TELEVISION, "scope": "email"})

    assert answer.status == 200


def test_a_person_types_the_code_and_the_device_is_let_in(television: Television) -> None:
    told = body(television.begin())

    asked = television.type(code=told["user_code"].lower().replace("-", " "))
    done = television.type(code=told["user_code"], account=GRACE, action="allow")
    given = body(television.poll(told))

    assert ("Sofa on your device" in asked, "View your YouTube account" in asked) == (True, True)
    assert "Your device is connected" in done
    assert given["scope"].split() == [YOUTUBE, "openid"]
    assert {"access_token", "refresh_token", "id_token", "expires_in", "token_type"} <= set(given)
    assert television.world.requests[-1].account == GRACE


def test_a_device_hears_that_nobody_has_answered_yet(television: Television) -> None:
    told = body(television.begin())

    assert error(television.poll(told)) == (428, "authorization_pending", "Precondition Required")


def test_a_device_that_asks_too_often_is_told_to_slow_down(television: Television) -> None:
    told = body(television.begin())
    television.poll(told)

    assert error(television.poll_at_once(told)) == (403, "slow_down", "Forbidden")
    assert error(television.poll(told))[1] == "authorization_pending"


def test_a_device_hears_a_no(television: Television) -> None:
    told = body(television.begin())
    said = television.type(code=told["user_code"], account=GRACE, action="cancel")

    assert "not connected" in said
    assert error(television.poll(told)) == (403, "access_denied", "Forbidden")
    assert error(television.poll(told)) == (400, "invalid_grant", "Bad Request")


def test_tokens_are_given_once(television: Television) -> None:
    told = body(television.begin())
    television.type(code=told["user_code"], account=GRACE, action="allow")
    television.poll(told)

    assert error(television.poll(told)) == (400, "invalid_grant", "Bad Request")


def test_a_code_is_good_for_half_an_hour(television: Television) -> None:
    told = body(television.begin())
    television.world.clock.advance(timedelta(minutes=30))

    assert "No device waits for" in television.type(code=told["user_code"])
    assert error(television.poll(told)) == (400, "invalid_grant", "Bad Request")


def test_a_code_that_nobody_shows_leads_back_to_the_first_page(television: Television) -> None:
    assert "No device waits for <b>" in television.type(code="<b>")


def test_an_account_the_application_is_closed_to_keeps_the_device_out(television: Television) -> None:
    television.client.publishing = Publishing.INTERNAL
    television.world.account("eve@gmail.com", workspace=False)
    told = body(television.begin())

    said = television.type(code=told["user_code"], account="eve@gmail.com", action="allow")

    assert "Error 403: org_internal" in said
    assert error(television.poll(told))[:2] == (403, "org_internal")


def test_an_administrators_no_reaches_the_device(television: Television) -> None:
    rules = {"domain": "example.com", "blocked_clients": [TELEVISION]}
    assert television.caller.control("POST", "policies", rules).status == 200
    told = body(television.begin())
    television.type(code=told["user_code"], account=GRACE, action="allow")

    assert error(television.poll(told))[:2] == (400, "admin_policy_enforced")


@pytest.mark.parametrize(("consent", "status"), [("auto", 200), ("deny", 403)])
def test_a_sandbox_that_answers_by_itself_needs_nobody_to_type(consent: str, status: int) -> None:
    television = Television(Sandbox(NOON, consent=consent))
    told = body(television.begin())

    assert television.poll_at_once(told).status == status


@pytest.mark.parametrize(
    "scope",
    [
        "https://mail.google.com/",
        "openid https://www.googleapis.com/auth/calendar",
        "https://www.googleapis.com/auth/x",
    ],
)
def test_gmail_and_calendar_are_not_to_be_had_this_way(television: Television, scope: str) -> None:
    refused = scope.split()[-1]

    assert error(television.begin(scope)) == (400, "invalid_scope", f"Invalid device flow scope: {refused}")


def test_only_a_televisions_client_may_ask(television: Television) -> None:
    desktop = television.caller.client.id

    assert error(television.begin(client_id=desktop)) == (401, "invalid_client", "Invalid client type.")
    assert error(television.begin(client_id="1-x"))[1:] == ("invalid_client", "The OAuth client was not found.")
    assert error(television.begin(client_id=""))[1:] == ("invalid_request", "Missing required parameter: client_id")
    assert error(television.begin(scope=""))[1:] == ("invalid_request", "Missing required parameter: scope")


def test_another_clients_code_is_none(television: Television) -> None:
    told = body(television.begin())
    desktop = television.caller.client

    answer = television.poll(told, client_id=desktop.id, client_secret=desktop.secret)

    assert error(answer) == (400, "invalid_grant", "Bad Request")


def test_too_many_devices_are_refused_in_a_shape_of_its_own(television: Television) -> None:
    television.world.fault("oauth2.device", rate=True)
    answer = television.begin()

    assert (answer.status, body(answer)) == (403, {"error_code": "rate_limit_exceeded"})


def test_a_televisions_client_is_registered_and_its_file_is_called_installed(television: Television) -> None:
    made = body(television.caller.control("POST", "clients", {"type": "limited_input"}))

    assert list(made["file"]) == ["installed"]
    assert television.begin(client_id=made["client_id"]).status == 200


@pytest.mark.browser
def test_the_page_works_with_the_keyboard_alone(television: Television, chromium: Page) -> None:
    with television.world.serve() as served:
        told = body(television.begin())
        chromium.goto(f"{served.url}/device")
        # Chromium gives the field its focus a moment after the page is there.
        chromium.locator("input:focus").wait_for()
        chromium.keyboard.type(told["user_code"])
        chromium.keyboard.press("Enter")
        chromium.get_by_role("radio").first.wait_for()
        chromium.keyboard.press("Tab")
        chromium.keyboard.press("ArrowDown")
        chromium.keyboard.press("Tab")
        chromium.keyboard.press("Tab")
        chromium.keyboard.press("Enter")
        chromium.get_by_role("heading", name="Your device is connected").wait_for()

    assert television.poll(told).status == 200
    assert television.world.requests[-1].account == GRACE
