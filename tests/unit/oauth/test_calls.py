"""The conversations with Google's OAuth endpoints: what is sent, and what comes of each answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pytest

from mailgrant.errors import (
    ClientBroken,
    ConsentError,
    GrantRevoked,
    InvalidRequest,
    NoAnswer,
    ServerError,
)
from mailgrant.http import Call, Request, Response
from mailgrant.oauth import calls
from mailgrant.oauth.client_secrets import ClientSecrets
from mailgrant.oauth.credentials import TokenAnswer
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret

T = TypeVar("T")

TOKENS = {"access_token": "access", "expires_in": 3599, "token_type": "Bearer"}


def reply(value: object, status: int = 200) -> Response:
    return Response(status, body=json.dumps(value).encode())


def refused(status: int, error: str, description: str = "") -> Response:
    return reply({"error": error, "error_description": description}, status)


def carry(call: Call[T], response: Response) -> tuple[Request, T]:
    """Carry a conversation of one request to its end."""
    request = next(call)
    with pytest.raises(StopIteration) as end:
        call.send(response)
    return request, end.value.value


def fail(call: Call[Any], response: Response) -> Request:
    """Send a refusal; the error comes out of here."""
    request = next(call)
    call.send(response)
    return request


def form(request: Request) -> dict[str, str]:
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    return {name: values[0] for name, values in parse_qs(request.body.decode(), strict_parsing=True).items()}


def redeeming(client: ClientSecrets) -> Call[TokenAnswer]:
    return calls.redeem_code(
        client, code=Secret("4/0Ab+/="), code_verifier=Secret("verifier"), redirect_uri="http://127.0.0.1:54321/"
    )


def test_a_code_is_exchanged_with_its_verifier_and_the_same_redirect(client: ClientSecrets) -> None:
    request, answer = carry(redeeming(client), reply({**TOKENS, "refresh_token": "refresh"}))

    assert (request.method, request.url) == ("POST", "https://oauth2.googleapis.com/token")
    assert request.operation == "oauth2.token"
    assert form(request) == {
        "grant_type": "authorization_code",
        "code": "4/0Ab+/=",
        "code_verifier": "verifier",
        "redirect_uri": "http://127.0.0.1:54321/",
        "client_id": "1234-lunch.apps.googleusercontent.com",
        "client_secret": "not-really-secret",
    }
    assert answer.refresh_token == Secret("refresh")
    assert answer.expires_in == timedelta(seconds=3599)


def test_no_secret_is_in_the_address_or_in_what_a_request_prints(client: ClientSecrets) -> None:
    for call in (redeeming(client), calls.refresh(client, Secret("refresh-1")), calls.revoke(Secret("refresh-1"))):
        request = next(call)
        shown = f"{request!r} {request.url}"
        assert not [secret for secret in ("4/0Ab", "verifier", "not-really-secret", "refresh-1") if secret in shown]


def test_a_refused_code_asks_for_a_new_consent(client: ClientSecrets) -> None:
    with pytest.raises(ConsentError, match="Begin a new consent"):
        fail(redeeming(client), refused(400, "invalid_grant", "Malformed auth code."))


def test_a_wrong_client_secret_is_told_when_a_code_is_exchanged(client: ClientSecrets) -> None:
    with pytest.raises(ClientBroken):
        fail(redeeming(client), refused(401, "invalid_client", "The provided client secret is invalid."))


def test_a_refresh_asks_for_the_whole_grant(client: ClientSecrets) -> None:
    request, answer = carry(calls.refresh(client, Secret("refresh")), reply(TOKENS))

    assert form(request) == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh",
        "client_id": "1234-lunch.apps.googleusercontent.com",
        "client_secret": "not-really-secret",
    }
    assert answer.access_token == Secret("access")


def test_a_refresh_may_ask_for_a_part_of_the_grant(client: ClientSecrets) -> None:
    part = Scopes("gmail.send")

    request, answer = carry(
        calls.refresh(client, Secret("refresh"), scopes=part), reply({**TOKENS, "scope": str(part)})
    )

    assert form(request)["scope"] == "https://www.googleapis.com/auth/gmail.send"
    assert answer.scopes == part


def test_a_part_that_was_not_granted_is_an_error_and_never_a_wider_token(client: ClientSecrets) -> None:
    part = Scopes("gmail.send")

    with pytest.raises(InvalidRequest):
        fail(calls.refresh(client, Secret("refresh"), scopes=part), refused(400, "invalid_scope", "Bad Request"))
    with pytest.raises(InvalidRequest, match="wider token"):
        wider = {**TOKENS, "scope": str(part | Scopes("gmail.modify"))}
        fail(calls.refresh(client, Secret("refresh"), scopes=part), reply(wider))


def test_openid_beside_a_part_of_the_identity_is_no_wider(client: ClientSecrets) -> None:
    part = Scopes("email")
    granted = {**TOKENS, "scope": str(part | Scopes("openid"))}

    _, answer = carry(calls.refresh(client, Secret("refresh"), scopes=part), reply(granted))

    assert answer.scopes == Scopes("openid email")


def test_a_dead_grant_is_told_with_the_name_of_its_account(client: ClientSecrets) -> None:
    with pytest.raises(GrantRevoked, match=r"ada@example\.com"):
        fail(calls.refresh(client, Secret("r"), account="ada@example.com"), refused(400, "invalid_grant"))


def test_silence_is_the_lines_to_tell(client: ClientSecrets) -> None:
    call = calls.refresh(client, Secret("refresh"))
    next(call)

    with pytest.raises(NoAnswer):
        call.throw(NoAnswer("the cable was cut"))


def test_a_revoked_token_is_gone_and_one_that_was_gone_is_as_good() -> None:
    request, gone = carry(calls.revoke(Secret("refresh")), reply({}))
    _, gone_before = carry(calls.revoke(Secret("refresh")), refused(400, "invalid_token", "Token expired or revoked"))

    assert (request.method, request.url) == ("POST", "https://oauth2.googleapis.com/revoke")
    assert (request.operation, form(request)) == ("oauth2.revoke", {"token": "refresh"})
    assert (gone, gone_before) == (True, False)


@pytest.mark.parametrize("response", [Response(503), Response(404, body=b"<html>"), refused(401, "invalid_token")])
def test_a_token_counts_as_gone_only_when_google_says_so(response: Response) -> None:
    with pytest.raises((ServerError, InvalidRequest)) as caught:
        fail(calls.revoke(Secret("refresh")), response)

    assert caught.value.operation == "oauth2.revoke"


def test_googles_signing_keys_are_fetched() -> None:
    request, keys = carry(calls.certificates(), reply({"keys": []}))

    assert (request.method, request.url) == ("GET", "https://www.googleapis.com/oauth2/v3/certs")
    assert request.operation == "oauth2.certs"
    assert keys == {"keys": []}


@pytest.mark.parametrize("response", [Response(500), Response(200, body=b"<html>"), Response(200, body=b"[" * 100_000)])
def test_an_answer_that_is_not_googles_is_a_failure_of_the_server(response: Response, client: ClientSecrets) -> None:
    for call in (
        calls.certificates(),
        calls.refresh(client, Secret("r")),
        redeeming(client),
    ):
        with pytest.raises(ServerError):
            fail(call, response)
