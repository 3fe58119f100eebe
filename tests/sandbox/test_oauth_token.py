"""The token endpoint: codes, refresh tokens, and every way in which they are refused."""

from __future__ import annotations

import json
import time
from base64 import b64encode, urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256

import jwt
import pytest
from cryptography.x509 import load_pem_x509_certificate

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.clients import ClientKind, ClientState, OAuthClient, Publishing

from .caller import REDIRECT, Caller, body, error

SEND = "https://www.googleapis.com/auth/gmail.send"
READ = "https://www.googleapis.com/auth/gmail.readonly"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
LABELS = "/gmail/v1/users/me/labels"


def refresh_token(caller: Caller, *scopes: str, **parameters: str) -> str:
    """Consent and return the refresh token."""
    token: str = body(caller.redeem(caller.code(*(scopes or (SEND, READ)), prompt="consent", **parameters)))[
        "refresh_token"
    ]
    return token


def test_a_code_is_exchanged_for_tokens_in_googles_shape(caller: Caller) -> None:
    answer = caller.redeem(caller.code(SEND, "email"))
    tokens = body(answer)

    assert answer.status == 200
    assert tokens["access_token"].startswith("ya29.")
    assert tokens["refresh_token"].startswith("1//0")
    assert (tokens["expires_in"], tokens["token_type"]) == (3599, "Bearer")
    assert tokens["scope"] == f"{SEND} {EMAIL} openid"
    assert answer.header("Cache-Control") == "no-cache, no-store, max-age=0, must-revalidate"


def test_a_code_works_once_and_for_ten_minutes(world: Sandbox, caller: Caller) -> None:
    used, old = caller.code(SEND), caller.code(READ)
    caller.redeem(used)
    world.clock.advance(timedelta(minutes=10))

    assert error(caller.redeem(used)) == (400, "invalid_grant", "Bad Request")
    assert error(caller.redeem(old)) == (400, "invalid_grant", "Bad Request")


@pytest.mark.parametrize("alias", ["/token", "/o/oauth2/token", "/oauth2/v3/token", "/oauth2/v4/token"])
def test_every_alias_of_the_endpoint_answers(caller: Caller, alias: str) -> None:
    assert error(caller.form(alias, {}))[1] == "invalid_request"


def test_the_client_may_prove_itself_by_basic_in_the_body_or_in_json(caller: Caller) -> None:
    client = caller.client
    basic = {"authorization": "Basic " + b64encode(f"{client.id}:{client.secret}".encode()).decode()}
    fields = {"grant_type": "authorization_code", "redirect_uri": REDIRECT}
    proof = {"client_id": client.id, "client_secret": client.secret}

    by_basic = caller.form("/token", fields | {"code": caller.code(SEND)}, **basic)
    by_body = caller.form("/token", fields | proof | {"code": caller.code(SEND)})
    by_json = caller.post("/token", fields | proof | {"code": caller.code(SEND)})

    assert [answer.status for answer in (by_basic, by_body, by_json)] == [200, 200, 200]


def test_parameters_may_travel_in_the_query(caller: Caller) -> None:
    token = refresh_token(caller)
    client = caller.client

    answer = caller.request(
        "POST",
        f"/token?grant_type=refresh_token&refresh_token={token.replace('/', '%2F')}"
        f"&client_id={client.id}&client_secret={client.secret}",
    )

    assert answer.status == 200


def test_a_form_labelled_json_gets_the_apis_envelope(caller: Caller) -> None:
    answer = caller.request("POST", "/token", body=b"a=b", headers={"content-type": "application/json"})

    assert body(answer)["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"grant_type": ""}, (400, "invalid_request", "Required parameter is missing: grant_type")),
        ({"grant_type": "foo"}, (400, "unsupported_grant_type", "Invalid grant_type: foo")),
        ({"client_id": ""}, (400, "invalid_request", "Could not determine client ID from request.")),
        ({"client_id": "who"}, (401, "invalid_client", "The OAuth client was not found.")),
        ({"client_secret": ""}, (400, "invalid_request", "client_secret is missing.")),
        ({"client_secret": "wrong"}, (401, "invalid_client", "The provided client secret is invalid.")),
        ({"code": ""}, (400, "invalid_request", "Missing required parameter: code")),
        ({"code": "4%2F0Aabc"}, (400, "invalid_grant", "Malformed auth code.")),
        ({"code": "4/0Aunknown"}, (400, "invalid_grant", "Bad Request")),
        ({"redirect_uri": ""}, (400, "invalid_request", "Missing parameter: redirect_uri")),
        ({"redirect_uri": "http://localhost:5000/"}, (400, "redirect_uri_mismatch", "Bad Request")),
        (
            {"access_type": "offline"},
            (400, "invalid_request", "Parameter not allowed for this message type: access_type"),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_exchange_is_refused_in_googles_words(
    caller: Caller, changes: dict[str, str], refusal: tuple[int, str, str]
) -> None:
    assert error(caller.redeem(**({"code": caller.code(SEND)} | changes))) == refusal


def test_the_client_is_checked_before_the_code(caller: Caller) -> None:
    assert error(caller.redeem("4/0Abogus", client_secret="wrong"))[:2] == (401, "invalid_client")
    assert error(caller.redeem("bogus")) == (400, "invalid_grant", "Malformed auth code.")


@pytest.mark.parametrize("state", [ClientState.DELETED, ClientState.DISABLED])
def test_a_client_that_is_gone_is_named_so(caller: Caller, state: ClientState) -> None:
    caller.client.state = state

    said = (401, f"{state.value}_client", f"The OAuth client was {state.value}.")
    assert error(caller.redeem("4/0A")) == said


def test_another_clients_code_is_worth_nothing(caller: Caller) -> None:
    code = caller.code(SEND)

    refused = caller.redeem(code, client_id=caller.web.id, client_secret=caller.web.secret)

    assert error(refused) == (400, "invalid_grant", "Bad Request")


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


@pytest.mark.parametrize("method", ["S256", "plain", ""])
def test_pkce_is_enforced(caller: Caller, method: str) -> None:
    verifier = "v" * 43
    challenge = challenge_of(verifier) if method == "S256" else verifier
    code = caller.code(SEND, code_challenge=challenge, code_challenge_method=method)

    assert error(caller.redeem(code)) == (400, "invalid_grant", "Missing code verifier.")
    assert error(caller.redeem(code, code_verifier="w" * 43)) == (400, "invalid_grant", "Invalid code verifier.")
    assert caller.redeem(code, code_verifier=verifier).status == 200


def test_a_refresh_token_comes_only_offline_and_only_when_the_person_was_asked(caller: Caller) -> None:
    online = body(caller.redeem(caller.code(SEND, access_type="online")))
    silent = body(caller.redeem(caller.code(SEND)))
    forced = body(caller.redeem(caller.code(SEND, prompt="consent")))
    legacy = body(caller.redeem(caller.code(SEND, approval_prompt="force")))

    assert ["refresh_token" in tokens for tokens in (online, silent, forced, legacy)] == [False, False, True, True]


def test_a_refresh_repeats_the_scopes_and_brings_no_new_refresh_token(caller: Caller) -> None:
    tokens = body(caller.refresh(refresh_token(caller, SEND, "openid")))

    assert tokens["scope"] == f"{SEND} openid"
    assert "refresh_token" not in tokens
    assert "id_token" in tokens


def test_a_refresh_may_ask_for_less_and_never_for_more(caller: Caller) -> None:
    token = refresh_token(caller, SEND, READ)

    narrow = body(caller.refresh(token, scope=SEND))
    wide = caller.refresh(token, scope=f"{SEND} https://mail.google.com/")
    letters = body(caller.refresh(token, scope="h t p"))

    assert narrow["scope"] == SEND
    assert error(wide) == (400, "invalid_scope", "Bad Request")
    assert letters["error_description"] == "Some requested scopes were invalid. {invalid=[h, t, p]}"
    assert letters["error_uri"] == "https://developers.google.com/identity/protocols/oauth2"
    caller.token = narrow["access_token"]
    assert caller.get(LABELS).status == 403


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"refresh_token": ""}, (400, "invalid_request", "Missing required parameter: refresh_token")),
        ({"refresh_token": "1//0unknown"}, (400, "invalid_grant", "Bad Request")),
    ],
    ids=["missing", "unknown"],
)
def test_a_bad_refresh_is_refused_in_googles_words(
    caller: Caller, changes: dict[str, str], refusal: tuple[int, str, str]
) -> None:
    assert error(caller.refresh(**changes)) == refusal


def test_a_refresh_token_of_another_client_is_unauthorized(caller: Caller) -> None:
    web = {"client_id": caller.web.id, "client_secret": caller.web.secret}

    assert error(caller.refresh(refresh_token(caller), **web)) == (401, "unauthorized_client", "Unauthorized")


def test_a_revoked_token_is_said_to_be_so_for_half_a_day(world: Sandbox, caller: Caller) -> None:
    token = refresh_token(caller)
    world.revoke("ada@example.com")

    assert error(caller.refresh(token))[2] == "Token has been expired or revoked."
    world.clock.advance(timedelta(hours=13))
    assert error(caller.refresh(token)) == (400, "invalid_grant", "Bad Request")


def test_a_testing_applications_grant_lasts_seven_days_from_consent(world: Sandbox, caller: Caller) -> None:
    caller.client.publishing = Publishing.TESTING
    tokens = body(caller.redeem(caller.code(SEND)))
    identity = refresh_token(caller, "openid", "email", login_hint="grace@example.com")

    assert tokens["refresh_token_expires_in"] == 604799
    world.clock.advance(timedelta(days=6, hours=23))
    assert caller.refresh(tokens["refresh_token"]).status == 200
    world.clock.advance(timedelta(hours=2))
    assert error(caller.refresh(tokens["refresh_token"]))[2] == "Token has been expired or revoked."
    assert caller.refresh(identity).status == 200


def test_six_idle_months_end_a_refresh_token(world: Sandbox, caller: Caller) -> None:
    token = refresh_token(caller)
    world.clock.advance(timedelta(days=180))
    assert caller.refresh(token).status == 200
    world.clock.advance(timedelta(days=184))

    assert error(caller.refresh(token)) == (400, "invalid_grant", "Bad Request")


def test_the_hundred_and_first_refresh_token_silently_ends_the_oldest(caller: Caller) -> None:
    first, second = refresh_token(caller), refresh_token(caller)
    for _ in range(99):
        refresh_token(caller)

    assert error(caller.refresh(first))[1] == "invalid_grant"
    assert caller.refresh(second).status == 200


def test_an_access_token_lives_an_hour_however_the_clock_is_turned_back(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(READ)
    world.clock.advance(timedelta(seconds=3590))
    assert caller.get(LABELS).status != 401
    world.clock.advance(timedelta(seconds=10))
    assert caller.get(LABELS).status == 401
    world.clock.advance(timedelta(days=-1))

    assert caller.get(LABELS).status == 401


def test_expired_tokens_can_be_refreshed(world: Sandbox, caller: Caller) -> None:
    token = refresh_token(caller, READ)
    caller.sign_in(READ)
    world.expire_tokens()

    assert caller.get(LABELS).status == 401
    caller.token = body(caller.refresh(token))["access_token"]
    assert caller.get(LABELS).status != 401


def test_one_persons_tokens_can_be_expired_alone(world: Sandbox, caller: Caller) -> None:
    grace = Caller(world).sign_in(READ, email="grace@example.com")
    caller.sign_in(READ)

    assert world.expire_tokens("ada@example.com") == 1
    assert (caller.get(LABELS).status, grace.get(LABELS).status != 401) == (401, True)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_any_token_ends_the_whole_grant_of_the_project(world: Sandbox, caller: Caller, which: str) -> None:
    tokens = body(caller.redeem(caller.code(READ)))
    other = OAuthClient(f"{caller.client.project}-b.apps.googleusercontent.com", secret="s", kind=ClientKind.INSTALLED)
    world.clients.add(other)
    sibling = world.authorize("ada@example.com", other.id, [SEND])
    stranger = world.authorize("grace@example.com", scopes=[SEND])

    answer = caller.form("/revoke", {"token": tokens[which]})

    assert (answer.status, body(answer)) == (200, {})
    caller.token = tokens["access_token"]
    assert caller.get(LABELS).status == 401
    assert error(caller.refresh(tokens["refresh_token"]))[2] == "Token has been expired or revoked."
    proof = {"client_id": other.id, "client_secret": "s"}
    assert error(caller.refresh(sibling["refresh_token"], **proof))[1] == "invalid_grant"
    assert caller.refresh(stranger["refresh_token"]).status == 200


def test_what_was_revoked_is_asked_again(caller: Caller) -> None:
    caller.form("/revoke", {"token": refresh_token(caller)})

    assert "refresh_token" in body(caller.redeem(caller.code(SEND)))


def test_revoking_takes_the_token_from_query_or_form_and_refuses_dead_ones(caller: Caller) -> None:
    token = refresh_token(caller)

    assert caller.request("POST", f"/revoke?token={token.replace('/', '%2F')}").status == 200
    assert error(caller.form("/revoke", {"token": token})) == (400, "invalid_token", "Token expired or revoked")
    assert error(caller.form("/revoke", {}))[:2] == (400, "invalid_request")


def test_revoke_by_get_works_on_the_old_host_only(caller: Caller) -> None:
    token = refresh_token(caller).replace("/", "%2F")

    new, old = caller.get(f"/revoke?token={token}"), caller.get(f"/o/oauth2/revoke?token={token}")

    assert (new.status, new.header("Content-Type")) == (404, "text/html; charset=UTF-8")
    assert old.status == 200


def test_an_id_token_verifies_with_either_form_of_the_keys_and_has_real_times(world: Sandbox, caller: Caller) -> None:
    world.clock.advance(timedelta(days=400))
    tokens = body(caller.redeem(caller.code("openid", "email", "profile", nonce="n-1")))
    kid = jwt.get_unverified_header(tokens["id_token"])["kid"]
    certificate = load_pem_x509_certificate(body(caller.get("/oauth2/v1/certs"))[kid].encode())
    (jwk,) = body(caller.get("/oauth2/v3/certs"))["keys"]

    expected = {"algorithms": ["RS256"], "audience": caller.client.id, "issuer": "https://accounts.google.com"}
    claims = jwt.decode(tokens["id_token"], certificate.public_key(), **expected)  # type: ignore[arg-type]

    assert jwk["kid"] == kid
    assert jwt.decode(tokens["id_token"], jwt.PyJWK(jwk), **expected) == claims  # type: ignore[arg-type]
    assert abs(claims["iat"] - time.time()) < 60
    assert claims["exp"] == claims["iat"] + 3600
    assert (claims["email"], claims["email_verified"], claims["nonce"]) == ("ada@example.com", True, "n-1")
    assert claims["sub"] == world.account("ada@example.com").sub
    assert (claims["given_name"], claims["family_name"]) == ("Ada", "Lovelace")
    digest = sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == urlsafe_b64encode(digest).decode().rstrip("=")


def test_without_an_identity_scope_there_is_no_id_token(caller: Caller) -> None:
    assert "id_token" not in body(caller.redeem(caller.code(SEND)))


def test_the_log_names_grant_type_account_and_client_and_never_a_token(world: Sandbox, caller: Caller) -> None:
    token = refresh_token(caller)
    caller.refresh(token)

    logged = [entry.to_json() for entry in world.requests]
    kinds = [(entry["method"], entry.get("grant_type"), entry["account"]) for entry in logged]
    assert kinds[-2:] == [
        ("oauth2.token", "authorization_code", "ada@example.com"),
        ("oauth2.token", "refresh_token", "ada@example.com"),
    ]
    text = json.dumps(logged)
    assert not any(secret in text for secret in ("ya29.", "1//0", "4/0A", caller.client.secret))
    assert not any(secret in repr(world.requests) for secret in ("ya29.", "1//0", "4/0A"))
