"""
Every refusal of Google's OAuth that can occur, provoked once: on its page, in the redirect, at the token endpoint.

Three tables, a row for each; where Google's text is known whole it is compared letter for letter.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import Answer
from mailgrant.sandbox.oauth.keys import SigningKey
from mailgrant.sandbox.oauth.pages import read_auth_error

from .caller import Caller, body, callback, error, location

Provoke: TypeAlias = Callable[[Caller], Answer]

MAIL = "https://mail.google.com/"
READ = "https://www.googleapis.com/auth/gmail.readonly"
CALENDAR = "https://www.googleapis.com/auth/calendar"
KEY = SigningKey("a service account of the tests")
TOKEN_URI = "https://oauth2.googleapis.com/token"
ADA = "ada@example.com"
WEB_VIEW = "Mozilla/5.0 (Linux; Android 13; wv) AppleWebKit/537.36 Version/4.0 Chrome/120 Mobile Safari/537.36"
IPHONE_VIEW = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"


@pytest.fixture
def world(world: Sandbox) -> Sandbox:
    """The sandbox, whose service account has the key of all tests here: making one takes a while."""
    world.robot_key = KEY
    world.reset()
    return world


def set_client(caller: Caller, **fields: Any) -> None:
    """Change the default desktop client as its developer could."""
    assert caller.control("POST", f"clients/{caller.client.id}", fields).status == 200


def set_policy(caller: Caller, **fields: Any) -> None:
    """Give example.com rules, as its administrator could."""
    assert caller.control("POST", "policies", {"domain": "example.com", **fields}).status == 200


def set_robot(caller: Caller, **fields: Any) -> None:
    """Change the default service account."""
    email = caller.world.service_accounts.default.email
    assert caller.control("POST", f"service_accounts/{email}", fields).status == 200


def delegate(caller: Caller, *scopes: str) -> None:
    """Let the default service account act with these scopes."""
    client_id = caller.world.service_accounts.default.client_id
    assert caller.control("POST", "delegations", {"client_id": client_id, "scopes": list(scopes)}).status == 200


def after(*deeds: Callable[[Caller], Any], then: Provoke) -> Provoke:
    """Do some things before the request that is refused."""

    def provoke(caller: Caller) -> Answer:
        for deed in deeds:
            deed(caller)
        return then(caller)

    return provoke


def ask(*scopes: str, **parameters: str) -> Provoke:
    """Ask for consent."""
    return lambda caller: caller.authorize(*(scopes or (READ,)), **parameters)


def ask_as(user_agent: str) -> Provoke:
    """Ask for consent from a browser of that name."""
    query = f"redirect_uri=http://localhost:1/&response_type=code&scope={READ}"
    return lambda caller: caller.get(
        f"/o/oauth2/v2/auth?client_id={caller.client.id}&{query}", **{"user-agent": user_agent}
    )


def ask_web(**parameters: str) -> Provoke:
    """Ask for consent for the web client."""
    return lambda caller: caller.authorize(READ, client_id=caller.web.id, **parameters)


# What the page prints: code, status, and the text or how it begins.
PAGES: list[tuple[str, Provoke, str, int, str]] = [
    ("not registered", ask_web(redirect_uri="https://app.example.com/"), "redirect_uri_mismatch", 400, "This app sent"),
    ("no client", ask(client_id=""), "invalid_request", 400, "Missing required parameter: client_id"),
    ("no scope", lambda c: c.authorize(), "invalid_request", 400, "Missing required parameter: scope"),
    ("no redirect", ask(redirect_uri=""), "invalid_request", 400, "Missing required parameter: redirect_uri"),
    ("no type", ask(response_type=""), "invalid_request", 400, "Required parameter is missing: response_type"),
    ("strange type", ask(response_type="foo"), "invalid_request", 400, "Invalid response_type: foo"),
    (
        "strange challenge method",
        ask(code_challenge_method="foo"),
        "invalid_request",
        400,
        "Invalid parameter value for code_challenge_method: 'foo' is not a valid CodeChallengeMethod",
    ),
    (
        "given twice",
        lambda c: c.get(f"/o/oauth2/auth?client_id={c.client.id}&scope={READ}&scope={MAIL}"),
        "invalid_request",
        400,
        "OAuth 2 parameters can only have a single value: scope",
    ),
    (
        "both prompts",
        ask(prompt="consent", approval_prompt="force"),
        "invalid_request",
        400,
        "Conflict params: approval_prompt and prompt",
    ),
    (
        "foreign parameter",
        ask(username="ada"),
        "invalid_request",
        400,
        "Parameter not allowed for this message type: username",
    ),
    ("out of band", ask(redirect_uri="urn:ietf:wg:oauth:2.0:oob"), "invalid_request", 400, "The out-of-band (OOB)"),
    ("own scheme", ask(redirect_uri="com.example.app:/back"), "invalid_request", 400, "This app doesn't comply"),
    ("reserved domain", ask_web(redirect_uri="http://app.local/"), "invalid_request", 400, "This app doesn't comply"),
    (
        "private address",
        ask_web(redirect_uri="http://192.168.1.5/"),
        "invalid_request",
        400,
        "device_id and device_name are required for private IP",
    ),
    ("unknown client", ask(client_id="1-x.example"), "invalid_client", 401, "The OAuth client was not found."),
    (
        "disabled client",
        after(lambda c: set_client(c, state="disabled"), then=ask()),
        "invalid_client",
        401,
        "The OAuth client was disabled.",
    ),
    (
        "deleted client",
        after(lambda c: set_client(c, state="deleted"), then=ask()),
        "deleted_client",
        401,
        "The OAuth client was deleted.",
    ),
    ("implicit on the desktop", ask(response_type="token"), "unauthorized_client", 401, "This client may not"),
    (
        "implicit from nowhere",
        ask_web(response_type="token id_token", redirect_uri="http://localhost:8080/"),
        "origin_mismatch",
        400,
        "This app's JavaScript origin",
    ),
    (
        "unknown scope",
        ask("gmail"),
        "invalid_scope",
        400,
        "Some requested scopes were invalid. {invalid=[gmail]}",
    ),
    (
        "one scope unknown",
        ask(READ, "gmail"),
        "invalid_scope",
        400,
        f"Some requested scopes were invalid. {{valid=[{READ}], invalid=[gmail]}}",
    ),
    (
        "no test user",
        after(
            lambda c: set_client(c, publishing_status="testing"),
            lambda c: c.world.people.add("alan@example.com", test_user=False),
            then=ask(login_hint="alan@example.com"),
        ),
        "access_denied",
        403,
        "Mailgrant demo has not completed the Google verification process.",
    ),
    (
        "outside the organisation",
        after(lambda c: set_client(c, publishing_status="internal"), then=ask()),
        "org_internal",
        403,
        "Mailgrant demo is only for people of its own organization",
    ),
    (
        "client blocked",
        after(lambda c: set_policy(c, blocked_clients=[c.client.id]), then=ask()),
        "admin_policy_enforced",
        400,
        "The user is unable to authorize",
    ),
    (
        "scope blocked",
        after(lambda c: set_policy(c, blocked_scopes=[READ]), then=ask()),
        "admin_policy_enforced",
        400,
        "The user is unable to authorize",
    ),
    ("web view of Android", ask_as(WEB_VIEW), "disallowed_useragent", 403, "This browser or app may not be secure"),
    ("web view of iPhone", ask_as(IPHONE_VIEW), "disallowed_useragent", 403, "This browser or app may not be secure"),
    ("short challenge", ask(code_challenge="short"), "invalid_grant", 400, "code_challenge must be between"),
    (
        "too many new people",
        after(lambda c: c.world.fault("oauth2.auth", rate=True), then=ask()),
        "rate_limit_exceeded",
        403,
        "The rate limit for new authorizations",
    ),
]


@pytest.mark.parametrize(
    ("provoke", "code", "status", "text"), [row[1:] for row in PAGES], ids=[row[0] for row in PAGES]
)
def test_a_refusal_that_concerns_the_program_stays_on_googles_page(
    caller: Caller, provoke: Provoke, code: str, status: int, text: str
) -> None:
    sent = provoke(caller)
    page = caller.get(location(sent))

    where = urlsplit(location(sent))
    said = read_auth_error(dict(parse_qsl(where.query))["authError"])
    assert (sent.status, where.path, page.status) == (302, "/signin/oauth/error", 200)
    assert (said[0], said[3]) == (code, status)
    assert said[1].startswith(text)
    assert f"Error {status}: {code}" in page.body.decode()


@pytest.mark.parametrize(
    "agent", ["Mozilla/5.0 (iPhone) AppleWebKit/605 Version/17.0 Mobile/15E148 Safari/604.1", "curl/8"]
)
def test_a_real_browser_is_not_taken_for_an_embedded_one(caller: Caller, agent: str) -> None:
    assert "code" in callback(ask_as(agent)(caller))


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ({"redirect_uri": ""}, "Access blocked: This app&#39;s request is invalid"),
        ({"client_id": "1-x.example"}, "Access blocked: Authorization Error"),
    ],
    ids=str,
)
def test_the_page_is_headed_as_googles(caller: Caller, code: dict[str, str], title: str) -> None:
    page = caller.get(location(caller.authorize(READ, **code)))

    assert f"<title>{title}" in page.body.decode()


def test_the_page_names_an_application_that_is_being_tested(caller: Caller) -> None:
    set_client(caller, publishing_status="testing")
    caller.world.people.add("alan@example.com", test_user=False)

    page = caller.get(location(caller.authorize(READ, login_hint="alan@example.com")))

    assert "Access blocked: Mailgrant demo has not completed the Google verification process" in page.body.decode()


@pytest.mark.parametrize(
    ("consent", "parameters", "answer"),
    [
        ("deny", {}, {"error": "access_denied", "state": "a/state=1"}),
        (
            "page",
            {"prompt": "none"},
            {"state": "a/state=1", "error_subtype": "access_denied", "error": "interaction_required"},
        ),
        (
            "page",
            {"prompt": "none", "login_hint": "nobody@example.com"},
            {"state": "a/state=1", "error_subtype": "access_denied", "error": "login_required"},
        ),
    ],
)
def test_a_refusal_that_concerns_the_person_is_redirected(
    consent: str, parameters: dict[str, str], answer: dict[str, str]
) -> None:
    sent = Caller(Sandbox(consent=consent)).authorize(READ, **parameters)

    assert list(callback(sent).items()) == list(answer.items())


def granted(caller: Caller, *scopes: str) -> str:
    """Return a refresh token."""
    token: str = body(caller.redeem(caller.code(*(scopes or (READ,)), prompt="consent")))["refresh_token"]
    return token


def refresh(*deeds: Callable[[Caller], Any], **fields: str) -> Provoke:
    """Refresh a good token after something happened."""

    def provoke(caller: Caller) -> Answer:
        token = granted(caller)
        for deed in deeds:
            deed(caller)
        return caller.refresh(token, **fields)

    return provoke


def redeem(code: str = "4/0Aunknown", **fields: str) -> Provoke:
    """Redeem a code that was never given."""
    return lambda caller: caller.redeem(code, **fields)


def redeem_twice(caller: Caller) -> Answer:
    """Redeem a code a second time."""
    code = caller.code(READ)
    caller.redeem(code)
    return caller.redeem(code)


def refresh_as_another(caller: Caller) -> Answer:
    """Refresh another client's token."""
    return caller.refresh(granted(caller), client_id=caller.web.id, client_secret=caller.web.secret)


def wait(length: str) -> Callable[[Caller], Any]:
    """Let time pass."""
    return lambda caller: caller.control("POST", "clock", {"advance": length})


def revoke(caller: Caller) -> None:
    """Take the grant back."""
    caller.world.revoke(ADA)


def test_a_hundred_and_first_token_is_dead() -> None:
    caller = Caller(Sandbox(consent="auto"))
    first = granted(caller)
    for _ in range(100):
        last = granted(caller)

    assert error(caller.refresh(first)) == (400, "invalid_grant", "Token has been expired or revoked.")
    assert caller.refresh(last).status == 200


CHALLENGE = {"code_challenge": "x" * 43, "code_challenge_method": "plain"}
WORN_OUT = "Token has been expired or revoked."
SPELLED = "Some requested scopes were invalid. {invalid=[h, t, p, s, :]}"
TOKENS: list[tuple[str, Provoke, int, str, str]] = [
    ("code encoded twice", redeem("4%2F0Ax"), 400, "invalid_grant", "Malformed auth code."),
    ("code unknown", redeem(), 400, "invalid_grant", "Bad Request"),
    ("code used", redeem_twice, 400, "invalid_grant", "Bad Request"),
    ("token unknown", lambda c: c.refresh("1//0x"), 400, "invalid_grant", "Bad Request"),
    ("token revoked", refresh(revoke), 400, "invalid_grant", WORN_OUT),
    ("token long revoked", refresh(revoke, wait("13h")), 400, "invalid_grant", "Bad Request"),
    ("token idle", refresh(wait("184d")), 400, "invalid_grant", "Bad Request"),
    (
        "seven days of testing",
        after(lambda c: set_client(c, publishing_status="testing"), then=refresh(wait("7d"))),
        400,
        "invalid_grant",
        WORN_OUT,
    ),
    (
        "seven days of testing, then published",
        after(
            lambda c: set_client(c, publishing_status="testing"),
            then=refresh(lambda c: set_client(c, publishing_status="production"), wait("7d")),
        ),
        400,
        "invalid_grant",
        WORN_OUT,
    ),
    (
        "password changed",
        refresh(lambda c: c.control("POST", f"accounts/{ADA}/password", {})),
        400,
        "invalid_grant",
        WORN_OUT,
    ),
    (
        "account deleted",
        refresh(lambda c: c.control("DELETE", f"accounts/{ADA}")),
        400,
        "invalid_grant",
        "Account has been deleted",
    ),
    (
        "account deleted for good",
        refresh(lambda c: c.control("DELETE", f"accounts/{ADA}"), wait("21d")),
        400,
        "invalid_grant",
        "The account has been deleted",
    ),
    (
        "no verifier",
        lambda c: c.redeem(c.code(READ, **CHALLENGE)),
        400,
        "invalid_grant",
        "Missing code verifier.",
    ),
    (
        "wrong verifier",
        lambda c: c.redeem(c.code(READ, **CHALLENGE), code_verifier="y" * 43),
        400,
        "invalid_grant",
        "Invalid code verifier.",
    ),
    (
        "session over",
        refresh(lambda c: set_policy(c, session="8h"), wait("9h")),
        400,
        "invalid_grant",
        "reauth related error (invalid_rapt)",
    ),
    (
        "session over, in the other word",
        refresh(lambda c: set_policy(c, session="8h", reauth="rapt_required"), wait("9h")),
        400,
        "invalid_grant",
        "reauth related error (rapt_required)",
    ),
    (
        "another redirect",
        lambda c: c.redeem(c.code(READ), redirect_uri="http://localhost:1/"),
        400,
        "redirect_uri_mismatch",
        "Bad Request",
    ),
    ("client unknown", redeem(client_id="1-x.example"), 401, "invalid_client", "The OAuth client was not found."),
    ("secret wrong", redeem(client_secret="x"), 401, "invalid_client", "The provided client secret is invalid."),
    (
        "client deleted",
        refresh(lambda c: set_client(c, state="deleted")),
        401,
        "deleted_client",
        "The OAuth client was deleted.",
    ),
    (
        "client disabled",
        refresh(lambda c: set_client(c, state="disabled")),
        401,
        "disabled_client",
        "The OAuth client was disabled.",
    ),
    ("token of another client", refresh_as_another, 401, "unauthorized_client", "Unauthorized"),
    ("no client", redeem(client_id=""), 400, "invalid_request", "Could not determine client ID from request."),
    ("no secret", redeem(client_secret=""), 400, "invalid_request", "client_secret is missing."),
    ("no code", redeem(""), 400, "invalid_request", "Missing required parameter: code"),
    ("no refresh token", lambda c: c.refresh(""), 400, "invalid_request", "Missing required parameter: refresh_token"),
    ("no redirect", redeem(redirect_uri=""), 400, "invalid_request", "Missing parameter: redirect_uri"),
    ("no grant type", redeem(grant_type=""), 400, "invalid_request", "Required parameter is missing: grant_type"),
    (
        "foreign parameter",
        redeem(access_type="offline"),
        400,
        "invalid_request",
        "Parameter not allowed for this message type: access_type",
    ),
    ("strange grant type", redeem(grant_type="foo"), 400, "unsupported_grant_type", "Invalid grant_type: foo"),
    ("more than granted", refresh(scope=f"{READ} {MAIL}"), 400, "invalid_scope", "Bad Request"),
    ("scopes as letters", refresh(scope=" ".join("https:")), 400, "invalid_scope", SPELLED),
    (
        "scope blocked since",
        refresh(lambda c: set_policy(c, blocked_scopes=[READ])),
        400,
        "admin_policy_enforced",
        "The user is unable to authorize one or more scopes requested due to the policies of their "
        "Google Workspace administrator.",
    ),
    (
        "Google is broken",
        refresh(lambda c: c.world.fault("oauth2.token", status=500)),
        500,
        "internal_failure",
        "Backend Error",
    ),
]


@pytest.mark.parametrize(
    ("provoke", "status", "word", "text"), [row[1:] for row in TOKENS], ids=[row[0] for row in TOKENS]
)
def test_the_token_endpoint_refuses_in_googles_words(
    caller: Caller, provoke: Provoke, status: int, word: str, text: str
) -> None:
    assert error(provoke(caller)) == (status, word, text)


def test_a_refusal_says_more_where_google_does(caller: Caller) -> None:
    set_policy(caller, session="8h")
    token = granted(caller)
    letters = body(caller.refresh(token, scope="h t"))
    wait("9h")(caller)

    assert letters["error_uri"] == "https://developers.google.com/identity/protocols/oauth2"
    assert body(caller.refresh(token))["error_subtype"] == "invalid_rapt"


def test_a_new_password_spares_what_opens_no_mail(caller: Caller) -> None:
    token = granted(caller, CALENDAR)

    caller.control("POST", f"accounts/{ADA}/password", {})

    assert caller.refresh(token).status == 200


def test_an_internal_application_is_open_to_its_organisation_and_lasts(caller: Caller) -> None:
    caller.world.people.add("alan@example.com", workspace=True)
    set_client(caller, publishing_status="internal")
    code = caller.code(READ, login_hint="alan@example.com")
    token = body(caller.redeem(code))

    wait("8d")(caller)

    assert "refresh_token_expires_in" not in token
    assert caller.refresh(token["refresh_token"]).status == 200


def test_identity_alone_outlasts_testing(caller: Caller) -> None:
    set_client(caller, publishing_status="testing")
    token = granted(caller, "openid", "email")

    wait("8d")(caller)

    assert caller.refresh(token).status == 200


def test_an_answer_can_be_posted(caller: Caller) -> None:
    page = caller.authorize(READ, response_mode="form_post", state='"><b>')
    text = page.body.decode()

    assert page.status == 200
    assert '<form id="answer" method="post" action="http://127.0.0.1:5000/">' in text
    assert 'name="code" value="4/0A' in text
    assert 'name="state" value="&#34;&gt;&lt;b&gt;"' in text
    policy = page.header("Content-Security-Policy") or ""
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert f'<script nonce="{nonce}">' in text


def robot(*deeds: Callable[[Caller], Any], key: SigningKey = KEY, path: str = "/token", **claims: Any) -> Provoke:
    """Exchange an assertion for Ada's mail after something happened; a claim that is None is left out."""

    def provoke(caller: Caller) -> Answer:
        for deed in deeds:
            deed(caller)
        now = int(time.time())
        email = caller.world.service_accounts.default.email
        said = {"iss": email, "sub": ADA, "scope": MAIL, "aud": TOKEN_URI, "iat": now, "exp": now + 3600} | claims
        text = key.sign({name: value for name, value in said.items() if value is not None})
        return caller.form(path, {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": text})

    return provoke


NO_DELEGATION = (
    "Client is unauthorized to retrieve access tokens using this method, "
    "or client not authorized for any of the scopes requested."
)
BAD_TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)
BAD_SCOPE = "Invalid OAuth scope or ID token audience provided."


def delete_ada(caller: Caller) -> None:
    """Delete Ada's account."""
    caller.control("DELETE", f"accounts/{ADA}")


ASSERTIONS: list[tuple[str, Provoke, int, str, str]] = [
    ("no delegation", robot(delegate), 401, "unauthorized_client", NO_DELEGATION),
    (
        "no delegation, at a former address",
        robot(delegate, path="/o/oauth2/token"),
        401,
        "unauthorized_client",
        "Unauthorized client or scope in request.",
    ),
    ("no scope delegated", robot(lambda c: delegate(c, CALENDAR)), 401, "unauthorized_client", NO_DELEGATION),
    (
        "a scope not delegated",
        robot(lambda c: delegate(c, READ), scope=f"{READ} {CALENDAR}"),
        401,
        "access_denied",
        "Requested client not authorized.",
    ),
    ("subject no address", robot(sub="ada"), 400, "invalid_grant", "Not a valid email."),
    ("subject unknown", robot(sub="x@example.com"), 400, "invalid_grant", "Invalid email or User ID"),
    ("subject deleted", robot(delete_ada), 400, "invalid_grant", "Invalid email or User ID"),
    (
        "subject long deleted",
        robot(delete_ada, wait("21d")),
        400,
        "invalid_request",
        'Invalid impersonation "sub" field.',
    ),
    ("watch wrong", robot(iat=1, exp=3601), 400, "invalid_grant", BAD_TIMES),
    ("life too long", robot(exp=int(time.time()) + 90_000), 400, "invalid_grant", BAD_TIMES),
    ("key strange", robot(key=SigningKey("forger")), 400, "invalid_grant", "Invalid JWT Signature."),
    (
        "key deleted",
        robot(lambda c: set_robot(c, key_live=False)),
        400,
        "invalid_grant",
        "Invalid JWT Signature.",
    ),
    (
        "account deleted",
        robot(lambda c: set_robot(c, state="deleted")),
        400,
        "invalid_grant",
        "Invalid JWT: No valid verifier found for issuer.",
    ),
    ("account disabled", robot(lambda c: set_robot(c, state="disabled")), 400, "invalid_grant", "Robot is disabled."),
    ("no scope", robot(scope=None), 400, "invalid_scope", BAD_SCOPE),
    ("scope unknown", robot(scope="gmail"), 400, "invalid_scope", BAD_SCOPE),
    ("scopes with a comma", robot(scope=f"{MAIL},{READ}"), 400, "invalid_scope", BAD_SCOPE),
    (
        "client disabled",
        robot(lambda c: set_robot(c, client_state="disabled")),
        401,
        "disabled_client",
        "The OAuth client was disabled.",
    ),
    (
        "client deleted",
        robot(lambda c: set_robot(c, client_state="deleted")),
        401,
        "deleted_client",
        "The OAuth client was deleted.",
    ),
    (
        "scope blocked",
        robot(lambda c: set_policy(c, blocked_scopes=[MAIL])),
        403,
        "admin_policy_enforced",
        "The user is unable to authorize one or more scopes requested due to the policies of their "
        "Google Workspace administrator.",
    ),
    (
        "outside the organisation",
        robot(lambda c: set_client(c, publishing_status="internal")),
        403,
        "org_internal",
        "This client is restricted to users within its organization.",
    ),
]


@pytest.mark.parametrize(
    ("provoke", "status", "word", "text"), [row[1:] for row in ASSERTIONS], ids=[row[0] for row in ASSERTIONS]
)
def test_an_assertion_is_refused_in_googles_words(
    caller: Caller, provoke: Provoke, status: int, word: str, text: str
) -> None:
    assert error(provoke(caller)) == (status, word, text)


def test_the_assertion_that_all_of_these_spoil_is_good(caller: Caller) -> None:
    assert robot()(caller).status == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("clients/nobody", {}),
        ("delegations", {"client_id": "1", "scopes": []}),
        ("service_accounts/nobody@example.com", {}),
        ("accounts/nobody@example.com/password", {}),
        ("policies", {"domain": "example.com", "disabled_apis": ["drive"]}),
        ("policies", {"domain": "example.com", "blocked_scopes": ["gmail"]}),
        ("policies", {"domain": "example.com", "session": "soon"}),
        ("projects/1", {"disabled_apis": ["drive"]}),
        ("service_accounts", {"name": "mailgrant"}),
    ],
    ids=str,
)
def test_what_the_console_cannot_do_it_says(caller: Caller, path: str, fields: dict[str, Any]) -> None:
    refused = caller.control("POST", path, fields)

    assert refused.status in {400, 404}
    assert body(refused)["error"]["message"]
