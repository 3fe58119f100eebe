"""Service accounts: their files, their tokens, whom they may act as, and Google's own library on them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import Answer
from mailgrant.sandbox.oauth.keys import SigningKey
from mailgrant.sandbox.oauth.service_accounts import DEFAULT_CLIENT_ID
from mailgrant.sandbox.serving.server import Served

from .caller import Caller, body, error

MAIL = "https://mail.google.com/"
READ = "https://www.googleapis.com/auth/gmail.readonly"
CALENDAR = "https://www.googleapis.com/auth/calendar"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_URI = "https://oauth2.googleapis.com/token"
PROFILE = "/gmail/v1/users/me/profile"
KEY = SigningKey("a service account of the tests")


@pytest.fixture
def world(world: Sandbox) -> Sandbox:
    """The sandbox, whose service account has the key of all tests here: making one takes a while."""
    world.robot_key = KEY
    world.reset()
    return world


def assertion(world: Sandbox, key: SigningKey = KEY, **claims: Any) -> str:
    """Return a signed assertion for everything in a mailbox; a claim that is None is left out."""
    now = int(time.time())
    said = {"iss": world.service_accounts.default.email, "scope": MAIL, "aud": TOKEN_URI, "iat": now, "exp": now + 3600}
    return key.sign({name: value for name, value in (said | claims).items() if value is not None})


def redeem(caller: Caller, text: str | None = None, **claims: Any) -> Answer:
    """Exchange an assertion."""
    sent = assertion(caller.world, **claims) if text is None else text
    return caller.form("/token", {"grant_type": JWT_BEARER, "assertion": sent})


def delegate(caller: Caller, *scopes: str) -> None:
    """Let the default service account act with these scopes only."""
    answer = caller.control("POST", "delegations", {"client_id": DEFAULT_CLIENT_ID, "scopes": list(scopes)})
    assert answer.status == 200


def change(caller: Caller, **fields: Any) -> None:
    """Change the default service account."""
    email = caller.world.service_accounts.default.email
    assert caller.control("POST", f"service_accounts/{email}", fields).status == 200


def test_a_token_has_googles_shape_and_no_refresh_token(caller: Caller) -> None:
    said = body(redeem(caller, sub="ada@example.com"))

    assert list(said) == ["access_token", "expires_in", "token_type"]
    assert (said["expires_in"], said["token_type"]) == (3599, "Bearer")


def test_a_delegated_token_acts_as_its_subject(caller: Caller) -> None:
    caller.token = body(redeem(caller, sub="grace@example.com"))["access_token"]

    assert body(caller.get(PROFILE))["emailAddress"] == "grace@example.com"
    assert caller.world.requests[-1].account == "grace@example.com"
    assert caller.world.requests[-1].client_id == DEFAULT_CLIENT_ID


def test_in_its_own_name_a_service_account_has_no_mailbox(caller: Caller) -> None:
    caller.token = body(redeem(caller))["access_token"]

    refused = body(caller.get(PROFILE))["error"]

    assert (refused["code"], refused["status"]) == (400, "FAILED_PRECONDITION")
    assert refused["message"] == "Precondition check failed."
    assert refused["errors"][0]["reason"] == "failedPrecondition"


def test_in_its_own_name_a_service_account_has_a_calendar_that_it_can_share(caller: Caller) -> None:
    caller.token = body(redeem(caller, scope=CALENDAR))["access_token"]
    made = body(caller.post("/calendar/v3/calendars", {"summary": "Rota"}))
    share = {"role": "reader", "scope": {"type": "user", "value": "ada@example.com"}}
    caller.post(f"/calendar/v3/calendars/{made['id']}/acl", share)

    caller.sign_in(CALENDAR)

    assert body(caller.get(f"/calendar/v3/calendars/{made['id']}"))["summary"] == "Rota"


def test_a_service_account_is_nobody_who_could_sign_in(caller: Caller) -> None:
    redeem(caller)
    email = caller.world.service_accounts.default.email

    accounts = body(caller.control("GET", ""))["accounts"]
    caller.code(READ, login_hint=email)

    assert email not in {account["email"] for account in accounts}
    assert caller.world.tokens.granted(caller.client.project, email) == frozenset()


def test_a_target_audience_is_answered_with_an_id_token_about_the_service_account(caller: Caller) -> None:
    said = body(redeem(caller, scope=None, target_audience="https://app.example.com"))
    certificates = body(caller.get("/oauth2/v3/certs"))
    key = jwt.PyJWK(certificates["keys"][0])

    claims = jwt.decode(said["id_token"], key, algorithms=["RS256"], audience="https://app.example.com")

    assert list(said) == ["id_token"]
    email = caller.world.service_accounts.default.email
    assert (claims["email"], claims["sub"], claims["azp"]) == (email, DEFAULT_CLIENT_ID, email)


@pytest.mark.parametrize(
    "audience",
    [
        TOKEN_URI,
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v4/token",
        "http://127.0.0.1:8025/token",
    ],
)
def test_an_assertion_may_be_for_googles_address_its_older_ones_or_ours(caller: Caller, audience: str) -> None:
    fields = {"grant_type": JWT_BEARER, "assertion": assertion(caller.world, aud=audience)}

    assert caller.form("/token", fields, host="127.0.0.1:8025").status == 200


NOW = time.time()
BAD_TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)
BAD_SCOPE = "Invalid OAuth scope or ID token audience provided."


@pytest.mark.parametrize(
    ("claims", "refusal"),
    [
        ({"iss": "nobody@example.com"}, (400, "invalid_grant", "Invalid JWT: No valid verifier found for issuer.")),
        ({"iat": NOW - 7200, "exp": NOW - 3600}, (400, "invalid_grant", BAD_TIMES)),
        ({"iat": NOW + 7200, "exp": NOW + 7300}, (400, "invalid_grant", BAD_TIMES)),
        ({"exp": NOW + 7200}, (400, "invalid_grant", BAD_TIMES)),
        ({"iat": None}, (400, "invalid_grant", BAD_TIMES)),
        ({"exp": "soon"}, (400, "invalid_grant", BAD_TIMES)),
        ({"aud": "https://example.com"}, (400, "invalid_grant", "Invalid JWT: Failed audience check.")),
        ({"aud": [TOKEN_URI]}, (400, "invalid_grant", "Invalid JWT: Failed audience check.")),
        ({"sub": "ada"}, (400, "invalid_grant", "Not a valid email.")),
        ({"sub": "nobody@example.com"}, (400, "invalid_grant", "Invalid email or User ID")),
        ({"scope": None}, (400, "invalid_scope", BAD_SCOPE)),
        ({"scope": ""}, (400, "invalid_scope", BAD_SCOPE)),
        ({"scope": f"{MAIL},{CALENDAR}"}, (400, "invalid_scope", BAD_SCOPE)),
        ({"scope": None, "target_audience": ""}, (400, "invalid_scope", BAD_SCOPE)),
    ],
    ids=[
        "unknown issuer",
        "yesterday's",
        "tomorrow's",
        "too long a life",
        "no iat",
        "exp that is no number",
        "another audience",
        "a list of audiences",
        "a subject without a domain",
        "an unknown subject",
        "no scope",
        "an empty scope",
        "scopes with a comma",
        "an empty audience",
    ],
)
def test_a_bad_assertion_is_refused_in_googles_words(
    caller: Caller, claims: dict[str, Any], refusal: tuple[int, str, str]
) -> None:
    assert error(redeem(caller, **claims)) == refusal


@pytest.mark.parametrize("text", ["x", "a.b.c", "e30.W10.e30", "e30.e30.e30"])
def test_what_is_no_assertion_has_no_issuer(caller: Caller, text: str) -> None:
    assert error(redeem(caller, text))[:2] == (400, "invalid_grant")


def test_a_strange_key_signs_nothing(caller: Caller) -> None:
    forged = assertion(caller.world, caller.world.key)

    assert error(redeem(caller, forged)) == (400, "invalid_grant", "Invalid JWT Signature.")


def test_a_secret_shared_with_nobody_is_no_signature(caller: Caller) -> None:
    claims = jwt.decode(assertion(caller.world), options={"verify_signature": False})
    forged = jwt.encode(claims, "0" * 32, algorithm="HS256")

    assert error(redeem(caller, forged)) == (400, "invalid_grant", "Invalid JWT Signature.")


def test_times_are_the_real_ones_however_the_sandboxs_clock_is_set(caller: Caller) -> None:
    caller.control("POST", "clock", {"advance": "400d"})

    assert redeem(caller).status == 200


def test_a_delegation_allows_its_scopes_and_no_others(caller: Caller) -> None:
    delegate(caller, READ)

    allowed = redeem(caller, scope=READ, sub="ada@example.com")
    more = redeem(caller, scope=f"{READ} {CALENDAR}", sub="ada@example.com")
    other = redeem(caller, scope=CALENDAR, sub="ada@example.com")

    assert allowed.status == 200
    assert error(more) == (401, "access_denied", "Requested client not authorized.")
    assert error(other)[:2] == (401, "unauthorized_client")
    assert redeem(caller, scope=CALENDAR).status == 200, "in its own name it needs no administrator"


def test_without_a_delegation_nobody_can_be_acted_for(caller: Caller) -> None:
    delegate(caller)

    assert error(redeem(caller, sub="ada@example.com")) == (
        401,
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, "
        "or client not authorized for any of the scopes requested.",
    )


def test_a_private_account_is_delegated_by_nobody(caller: Caller) -> None:
    caller.world.people.add("private@gmail.com")

    assert error(redeem(caller, sub="private@gmail.com"))[:2] == (401, "unauthorized_client")


def test_a_new_service_account_has_a_key_of_its_own_and_no_delegation(caller: Caller) -> None:
    made = body(caller.control("POST", "service_accounts", {"name": "robot"}))
    text = jwt.encode(
        jwt.decode(assertion(caller.world, iss=made["email"]), options={"verify_signature": False}),
        made["file"]["private_key"],
        algorithm="RS256",
        headers={"kid": made["file"]["private_key_id"]},
    )

    assert redeem(caller, text).status == 200
    assert made["scopes"] == []
    assert made["email"] == "robot@sandbox-407408718192.iam.gserviceaccount.com"


def test_the_certificate_of_a_key_is_published_until_the_key_is_deleted(caller: Caller) -> None:
    account = caller.world.service_accounts.default
    path = f"/robot/v1/metadata/x509/{account.email.replace('@', '%40')}"

    published = body(caller.get(path))
    change(caller, key_live=False)

    assert list(published) == [caller.world.service_account()["private_key_id"]]
    assert published[KEY.pair().kid].startswith("-----BEGIN CERTIFICATE-----")
    assert body(caller.get(path)) == {}
    assert caller.get("/robot/v1/metadata/x509/nobody@example.com").status == 404


def test_the_file_outlives_a_reset_and_the_delegations_do_not(caller: Caller) -> None:
    before = caller.world.service_account()
    delegate(caller)
    caller.control("POST", "reset", {})

    assert caller.world.service_account() == before
    assert redeem(caller, sub="ada@example.com").status == 200


@pytest.fixture
def served(world: Sandbox) -> Iterator[Served]:
    """The sandbox on a port."""
    with world.serve() as served:
        yield served


def test_googles_own_library_reads_mail_as_a_person_with_the_file_alone(world: Sandbox, served: Served) -> None:
    from google.oauth2 import service_account
    from googleapiclient.discovery import build

    key = world.service_account()
    credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        key, scopes=[MAIL], subject="ada@example.com"
    )
    with build(
        "gmail",
        "v1",
        credentials=credentials,
        client_options={"api_endpoint": served.url},
        static_discovery=True,
    ) as gmail:
        profile = gmail.users().getProfile(userId="me").execute()

    assert key["token_uri"] == f"{served.url}/token"
    assert profile["emailAddress"] == "ada@example.com"


def test_googles_own_library_gets_an_id_token(world: Sandbox, served: Served) -> None:
    from google.auth.transport.requests import Request
    from google.oauth2 import service_account

    credentials = service_account.IDTokenCredentials.from_service_account_info(  # type: ignore[no-untyped-call]
        world.service_account(), target_audience="https://app.example.com"
    )
    credentials.refresh(Request())

    assert jwt.decode(credentials.token, options={"verify_signature": False})["aud"] == "https://app.example.com"
    assert served.url in world.service_account()["token_uri"]


def test_googles_own_library_says_what_google_says(world: Sandbox, served: Served) -> None:
    from google.auth.exceptions import RefreshError
    from google.auth.transport.requests import Request
    from google.oauth2 import service_account

    info = world.service_account()
    assert info["token_uri"] == f"{served.url}/token"
    credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        info, scopes=[MAIL], subject="nobody@example.com"
    )
    with pytest.raises(RefreshError, match="invalid_grant: Invalid email or User ID"):
        credentials.refresh(Request())


def self_signed(caller: Caller, **claims: Any) -> Answer:
    """Ask for the service account's own calendar with a token that it signed itself."""
    email = caller.world.service_accounts.default.email
    said = {"sub": email, "scope": None, "aud": "https://www.googleapis.com/"} | claims
    caller.token = assertion(caller.world, **said)
    return caller.get("/calendar/v3/calendars/primary")


def test_a_token_that_an_account_signed_itself_opens_its_own_calendar(caller: Caller) -> None:
    answer = self_signed(caller)

    assert body(answer)["id"] == caller.world.service_accounts.default.email
    assert self_signed(caller, aud=None, scope=CALENDAR).status == 200
    assert caller.world.requests[-1].client_id == DEFAULT_CLIENT_ID


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"sub": "ada@example.com"}, 401),
        ({"iss": "nobody@example.com"}, 401),
        ({"exp": 1}, 401),
        ({"iat": None}, 401),
        ({"key": SigningKey("forger")}, 401),
        ({"aud": None, "scope": READ}, 403),
        ({"aud": "https://gmail.googleapis.com/"}, 403),
        ({"aud": "https://example.com/"}, 403),
    ],
    ids=["of a person", "of nobody", "old", "without a time", "forged", "another scope", "another API", "no API"],
)
def test_any_other_self_signed_token_opens_nothing(caller: Caller, claims: dict[str, Any], status: int) -> None:
    assert self_signed(caller, **claims).status == status


def test_a_self_signed_token_dies_with_its_account(caller: Caller) -> None:
    change(caller, key_live=False)

    assert self_signed(caller).status == 401
