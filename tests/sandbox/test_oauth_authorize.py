"""The authorization endpoint: who is told what, on a page or by a redirect, and the consent pages between."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import Answer
from mailgrant.sandbox.oauth.clients import ClientKind, ClientState, OAuthClient, Publishing
from mailgrant.sandbox.oauth.consent import ConsentMode
from mailgrant.sandbox.oauth.pages import read_auth_error

from .caller import REDIRECT, Caller, body, callback, error, flow, location

SEND = "https://www.googleapis.com/auth/gmail.send"
READ = "https://www.googleapis.com/auth/gmail.readonly"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"


def page_error(answer: Answer) -> tuple[str, str, int]:
    """Return code, message and printed status of a refusal that Google shows on its own page."""
    assert answer.status == 302
    assert location(answer).startswith("/signin/oauth/error?authError=")
    code, message, _, status = read_auth_error(callback(answer)["authError"])
    return code, message, status


@pytest.fixture
def asked(world: Sandbox, caller: Caller) -> Caller:
    """A caller whose consent requests are answered by a person on pages."""
    world.consent = ConsentMode.PAGE
    return caller


def allow(caller: Caller, begun: Answer, *scopes: str) -> Answer:
    """Tick boxes on the consent page and continue."""
    ticked = "&".join(["action=allow", *(f"scope={scope}" for scope in scopes)])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return caller.request("POST", f"/signin/oauth/consent?flow={flow(begun)}", body=ticked.encode(), headers=headers)


def boxes(answer: Answer) -> list[str]:
    """Return the scopes that a consent page shows with a box."""
    return re.findall(r'type="checkbox" name="scope" value="([^"]+)"', answer.body.decode())


def test_the_answer_carries_state_issuer_code_and_scope_in_googles_order(caller: Caller) -> None:
    answer = callback(caller.authorize(SEND, "email"))

    assert list(answer) == ["state", "iss", "code", "scope", "authuser", "prompt"]
    assert answer["state"] == "a/state=1"
    assert answer["iss"] == "https://accounts.google.com"
    assert answer["code"].startswith("4/0A")
    assert answer["scope"] == f"email {SEND} {EMAIL} openid"


def test_spaces_and_slashes_travel_percent_encoded(caller: Caller) -> None:
    target = location(caller.authorize(SEND, READ))

    assert "code=4%2F0A" in target
    assert f"{'gmail.readonly'}%20https" in target


def test_an_answer_about_access_alone_says_nothing_of_the_account(caller: Caller) -> None:
    assert list(callback(caller.authorize(SEND))) == ["state", "iss", "code", "scope"]


def test_a_workspace_persons_answer_names_the_domain(world: Sandbox, caller: Caller) -> None:
    world.people.add("kay@firm.example", workspace=True)

    assert callback(caller.authorize("openid", login_hint="kay@firm.example"))["hd"] == "firm.example"


def test_the_answer_may_come_in_the_fragment(caller: Caller) -> None:
    assert location(caller.authorize(SEND, response_mode="fragment")).startswith(f"{REDIRECT}#state=")


@pytest.mark.parametrize(
    ("changes", "code", "message", "status"),
    [
        ({"client_id": ""}, "invalid_request", "Missing required parameter: client_id", 400),
        ({"client_id": "who"}, "invalid_client", "The OAuth client was not found.", 401),
        ({"redirect_uri": ""}, "invalid_request", "Missing required parameter: redirect_uri", 400),
        ({"response_type": ""}, "invalid_request", "Required parameter is missing: response_type", 400),
        ({"response_type": "foo"}, "invalid_request", "Invalid response_type: foo", 400),
        ({"scope": ""}, "invalid_request", "Missing required parameter: scope", 400),
        ({"scope": "gmail"}, "invalid_scope", "Some requested scopes were invalid. {invalid=[gmail]}", 400),
        (
            {"scope": f"{SEND} gmail"},
            "invalid_scope",
            f"Some requested scopes were invalid. {{valid=[{SEND}], invalid=[gmail]}}",
            400,
        ),
        (
            {"code_challenge": "x" * 43, "code_challenge_method": "foo"},
            "invalid_request",
            "Invalid parameter value for code_challenge_method: 'foo' is not a valid CodeChallengeMethod",
            400,
        ),
        (
            {"prompt": "consent", "approval_prompt": "force"},
            "invalid_request",
            "Conflict params: approval_prompt and prompt",
            400,
        ),
        (
            {"username": "ada"},
            "invalid_request",
            "Parameter not allowed for this message type: username",
            400,
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_the_request_gets_wrong_is_shown_on_googles_page_and_never_redirected(
    caller: Caller, changes: dict[str, str], code: str, message: str, status: int
) -> None:
    refused = caller.authorize(SEND, **changes)

    assert page_error(refused) == (code, message, status)
    page = caller.get(location(refused))
    assert page.status == 200
    assert f"Error {status}: {code}" in page.body.decode()


def test_a_parameter_given_twice_is_refused(caller: Caller) -> None:
    once = f"client_id={caller.client.id}&redirect_uri=http://localhost&response_type=code&scope={SEND}"

    refused = caller.get(f"/o/oauth2/auth?{once}&state=1&state=2")

    assert page_error(refused)[1] == "OAuth 2 parameters can only have a single value: state"


def test_a_deleted_client_is_said_to_be_deleted(caller: Caller) -> None:
    caller.client.state = ClientState.DELETED

    assert page_error(caller.authorize(SEND)) == ("deleted_client", "The OAuth client was deleted.", 401)


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:1/", "http://[::1]:65535/any/path", "http://localhost:8080", "http://localhost"]
)
def test_a_desktop_client_is_sent_back_to_any_port_of_loopback(caller: Caller, uri: str) -> None:
    assert location(caller.authorize(SEND, redirect_uri=uri)).startswith(f"{uri}?state=")


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("https://localhost:9000/", "redirect_uri_mismatch"),
        ("https://app.example.org/", "redirect_uri_mismatch"),
        ("http://app.example.org/", "invalid_request"),
        ("urn:ietf:wg:oauth:2.0:oob", "invalid_request"),
        ("https://192.168.1.4/", "invalid_request"),
        ("http://localhost:1/#fragment", "invalid_request"),
        ("http://user@localhost:1/", "invalid_request"),
        ("com.example.app:/callback", "invalid_request"),
        ("http://127.0.0.1.example.org/", "invalid_request"),
    ],
)
def test_a_desktop_client_is_sent_nowhere_else(caller: Caller, uri: str, code: str) -> None:
    assert page_error(caller.authorize(SEND, redirect_uri=uri))[0] == code


@pytest.mark.parametrize(
    "uri", ["http://localhost:8080", "http://localhost:8080/x", "http://LOCALHOST:8080/", "http://localhost:8081/"]
)
def test_a_web_client_is_sent_back_to_the_very_address_it_registered(caller: Caller, uri: str) -> None:
    registered = {"client_id": caller.web.id, "redirect_uri": "http://localhost:8080/"}

    assert location(caller.authorize(SEND, **registered)).startswith("http://localhost:8080/?state=")
    assert page_error(caller.authorize(SEND, **(registered | {"redirect_uri": uri})))[0] == "redirect_uri_mismatch"


def test_a_scope_for_administrators_cannot_be_shown_to_people(caller: Caller) -> None:
    sharing = "https://www.googleapis.com/auth/gmail.settings.sharing"

    assert page_error(caller.authorize(sharing))[:2] == (
        "invalid_scope",
        f"Some requested scopes cannot be shown: [{sharing}]",
    )


def test_a_testing_application_is_closed_to_all_but_its_test_users(world: Sandbox, caller: Caller) -> None:
    caller.client.publishing = Publishing.TESTING
    world.people.add("eve@example.com", test_user=False)

    assert page_error(caller.authorize(SEND, login_hint="eve@example.com"))[::2] == ("access_denied", 403)
    assert "code" in callback(caller.authorize(SEND, login_hint="ada@example.com"))


def test_an_internal_application_is_closed_to_private_accounts(caller: Caller) -> None:
    caller.client.publishing = Publishing.INTERNAL

    assert page_error(caller.authorize(SEND))[::2] == ("org_internal", 403)


def test_deny_sends_the_person_back_with_access_denied(world: Sandbox, caller: Caller) -> None:
    world.consent = ConsentMode.DENY

    assert callback(caller.authorize(SEND)) == {"error": "access_denied", "state": "a/state=1"}


def test_auto_answers_for_the_hinted_person_else_for_the_first(world: Sandbox, caller: Caller) -> None:
    hinted = caller.code(SEND, "email", login_hint="grace@example.com")
    unhinted = caller.code(SEND, "email")

    assert [world.tokens.code_terms(code).email for code in (hinted, unhinted)] == [  # type: ignore[union-attr]
        "grace@example.com",
        "ada@example.com",
    ]


def test_prompt_none_asks_nothing_and_says_so(caller: Caller) -> None:
    refused = callback(caller.authorize(SEND, prompt="none"))

    assert list(refused.items()) == [
        ("state", "a/state=1"),
        ("error_subtype", "access_denied"),
        ("error", "interaction_required"),
    ]


def test_prompt_none_succeeds_where_all_was_allowed_before(caller: Caller) -> None:
    caller.authorize(SEND, "email")

    assert callback(caller.authorize(SEND, "email", prompt="none"))["prompt"] == "none"


def test_without_a_hint_the_person_chooses_an_account_first(asked: Caller) -> None:
    begun = asked.authorize(SEND)

    assert location(begun).startswith("/v3/signin/identifier?flow=")
    page = asked.get(location(begun)).body.decode()
    assert "Ada Lovelace" in page
    assert "grace@example.com" in page
    chosen = asked.form(location(begun), {"account": "grace@example.com"})
    assert (chosen.status, location(chosen).split("?")[0]) == (303, "/signin/oauth/consent")


def test_a_hinted_account_goes_straight_to_the_question_unless_the_program_wants_a_choice(asked: Caller) -> None:
    hint = {"login_hint": "ada@example.com"}

    assert location(asked.authorize(SEND, **hint)).startswith("/signin/oauth/consent")
    assert location(asked.authorize(SEND, **hint, prompt="select_account")).startswith("/v3/signin/identifier")


@pytest.mark.parametrize(
    ("scopes", "shown"),
    [((SEND,), []), ((SEND, READ), [READ, SEND]), ((SEND, "email"), [SEND]), (("openid", "email"), [])],
    ids=["one alone", "two", "one and identity", "identity"],
)
def test_every_scope_of_an_api_has_a_box_unless_it_is_the_only_one(
    asked: Caller, scopes: tuple[str, ...], shown: list[str]
) -> None:
    begun = asked.authorize(*scopes, login_hint="ada@example.com")

    page = asked.get(location(begun))

    assert boxes(page) == shown
    assert "checked" not in page.body.decode()


def test_select_all_ticks_every_box_without_javascript(asked: Caller) -> None:
    begun = asked.authorize(SEND, READ, login_hint="ada@example.com")

    selected = asked.form(f"/signin/oauth/consent?flow={flow(begun)}", {"action": "select_all"})

    assert asked.get(location(selected)).body.decode().count(" checked>") == 2


def test_a_box_left_unticked_lowers_the_grant_and_nothing_else(asked: Caller) -> None:
    begun = asked.authorize(SEND, READ, "email", login_hint="ada@example.com")

    answer = allow(asked, begun, SEND)

    assert answer.status == 303
    assert callback(answer)["scope"] == f"email {SEND} {EMAIL} openid"


def test_ticking_nothing_is_a_no_unless_the_identity_is_new(asked: Caller) -> None:
    first = allow(asked, asked.authorize(SEND, "email", login_hint="ada@example.com"))
    second = allow(asked, asked.authorize(SEND, "email", login_hint="ada@example.com"))
    apis_only = allow(asked, asked.authorize(SEND, READ, login_hint="grace@example.com"))

    assert callback(first)["scope"] == f"email {EMAIL} openid"
    assert callback(second)["error"] == "access_denied"
    assert callback(apis_only)["error"] == "access_denied"


def test_a_scope_that_was_not_asked_for_cannot_be_ticked(asked: Caller) -> None:
    begun = asked.authorize(SEND, "email", login_hint="ada@example.com")

    answer = allow(asked, begun, SEND, "https://mail.google.com/")

    assert "mail.google.com" not in callback(answer)["scope"]


def test_what_was_allowed_before_is_not_asked_again(asked: Caller) -> None:
    allow(asked, asked.authorize(SEND, "email", login_hint="ada@example.com"), SEND)

    again = asked.authorize(SEND, "email", login_hint="ada@example.com")
    forced = asked.authorize(SEND, "email", login_hint="ada@example.com", prompt="consent")
    more = asked.authorize(SEND, READ, "email", login_hint="ada@example.com")

    assert callback(again)["prompt"] == "none"
    assert boxes(asked.get(location(forced))) == []
    assert callback(allow(asked, forced))["prompt"] == "consent"
    assert boxes(asked.get(location(more))) == [READ]


def test_cancel_sends_the_person_back_and_ends_the_sign_in(asked: Caller) -> None:
    begun = asked.authorize(SEND, login_hint="ada@example.com")

    cancelled = asked.form(f"/signin/oauth/consent?flow={flow(begun)}", {"action": "cancel"})

    assert callback(cancelled) == {"error": "access_denied", "state": "a/state=1"}
    assert asked.get(location(begun)).status == 400


def test_a_sign_in_can_be_finished_only_once(asked: Caller) -> None:
    begun = asked.authorize(SEND, login_hint="ada@example.com")

    assert "code" in callback(allow(asked, begun))
    assert allow(asked, begun).status == 400


def test_an_unverified_application_is_warned_about_first(world: Sandbox, asked: Caller) -> None:
    asked.client.verified = False
    begun = asked.authorize(SEND, login_hint="ada@example.com")

    page = asked.get(location(begun)).body.decode()
    back = asked.form(location(begun), {"action": "back"})
    begun = asked.authorize(SEND, login_hint="ada@example.com")
    onward = asked.form(location(begun), {"action": "continue"})

    assert "verified this app" in page
    assert callback(back)["error"] == "access_denied"
    assert location(onward).startswith("/signin/oauth/consent")


def test_pages_may_not_be_framed_or_kept_and_tell_the_next_page_nothing(asked: Caller) -> None:
    page = asked.get(location(asked.authorize(SEND)))

    assert page.header("X-Frame-Options") == "DENY"
    assert "no-store" in (page.header("Cache-Control") or "")
    assert page.header("Referrer-Policy") == "no-referrer"
    assert "frame-ancestors 'none'" in (page.header("Content-Security-Policy") or "")


def test_names_on_pages_are_text_and_never_markup(world: Sandbox, asked: Caller) -> None:
    world.people.add("mallory@example.com", name="<script>alert(1)</script>")
    asked.client.name = "<b>App</b>"

    page = asked.get(location(asked.authorize(SEND))).body.decode()

    assert "<script>" not in page
    assert "<b>App</b>" not in page


def test_incremental_consent_folds_in_what_the_project_was_granted_before(world: Sandbox, caller: Caller) -> None:
    other = OAuthClient(
        f"{caller.client.project}-other.apps.googleusercontent.com", secret="s", kind=ClientKind.INSTALLED
    )
    world.clients.add(other)
    caller.authorize(READ, client_id=other.id)

    alone = body(caller.redeem(caller.code(SEND)))
    folded = body(caller.redeem(caller.code(SEND, include_granted_scopes="true", prompt="consent")))

    assert alone["scope"] == SEND
    assert folded["scope"] == f"{READ} {SEND}"


def test_a_challenge_must_be_long_enough(caller: Caller) -> None:
    assert page_error(caller.authorize(SEND, code_challenge="short"))[0] == "invalid_grant"


def test_the_log_knows_the_authorization_and_not_the_pages(world: Sandbox, asked: Caller) -> None:
    begun = asked.authorize(SEND, login_hint="ada@example.com")
    asked.get(location(begun))
    allow(asked, begun)

    entries: list[Any] = [(entry.method, entry.account, entry.path) for entry in world.requests]
    assert entries == [("oauth2.auth", "ada@example.com", "/o/oauth2/v2/auth")]


def test_a_code_from_the_pages_is_redeemed_like_any_other(asked: Caller) -> None:
    code = callback(allow(asked, asked.authorize(SEND, login_hint="ada@example.com")))["code"]

    assert body(asked.redeem(code))["token_type"] == "Bearer"
    assert error(asked.redeem(code)) == (400, "invalid_grant", "Bad Request")
