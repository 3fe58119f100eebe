"""Verdicts on a token answer: the type of the error says what becomes of the grant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailgrant.errors import (
    AdminRefused,
    ClientBroken,
    ConsentError,
    GrantRevoked,
    InvalidRequest,
    MailgrantError,
    RateLimited,
    ServerError,
)
from mailgrant.http import Response
from mailgrant.oauth.answers import code_refusal, refusal


def answer(status: int, error: object = ..., description: str | None = None, **more: Any) -> Response:
    values = {"error": error, "error_description": description, **more}
    present = {name: value for name, value in values.items() if value is not ... and value is not None}
    return Response(status, body=json.dumps(present, indent=2).encode())


def verdict(response: Response) -> MailgrantError:
    return refusal(response, account="ada@example.com")


@pytest.mark.parametrize(
    "response",
    [
        answer(400, "invalid_grant", "Token has been expired or revoked."),
        answer(400, "invalid_grant", "Bad Request"),
        answer(400, "invalid_grant", "Account has been deleted"),
        answer(400, "invalid_grant", "reauth related error (invalid_rapt)", error_subtype="invalid_rapt"),
        answer(400, "invalid_grant", "reauth related error (invalid_rapt)", error_subtype="rapt_required"),
        answer(400, "invalid_grant", "Bad Request", error_subtype="something_new"),
        answer(400, "invalid_grant"),
        answer(400, "invalid_rapt"),
    ],
    ids=lambda response: response.body.decode(),
)
def test_invalid_grant_means_that_this_grant_is_dead(response: Response) -> None:
    error = verdict(response)

    assert type(error) is GrantRevoked
    assert not error.retryable
    assert "ada@example.com" in error.message
    assert "mailgrant login" in error.hint


def test_a_dead_grant_says_why_in_words_that_help() -> None:
    assert (
        "was revoked at Google" in verdict(answer(400, "invalid_grant", "Token has been expired or revoked.")).message
    )
    assert "sign in again" in verdict(answer(400, "invalid_grant", "x", error_subtype="rapt_required")).message
    assert "Something new" in verdict(answer(400, "invalid_grant", "Something new.")).message
    assert "did not say why" in verdict(answer(400, "invalid_grant")).message


def test_the_same_description_means_another_thing_with_another_code() -> None:
    assert "no longer knows it" in verdict(answer(400, "invalid_grant", "Bad Request")).message
    assert "more was asked" in verdict(answer(400, "invalid_scope", "Bad Request")).message
    assert "its secret is wrong" in verdict(answer(401, "invalid_client", "Unauthorized")).message


def test_a_grant_that_lapsed_is_told_of_the_seven_days_of_testing() -> None:
    assert "seven days" in verdict(answer(400, "invalid_grant", "Token has been expired or revoked.")).hint


@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("invalid_client", "The provided client secret is invalid."),
        ("invalid_client", "The OAuth client was not found."),
        ("deleted_client", "The OAuth client was deleted."),
        ("disabled_client", "The OAuth client was disabled."),
    ],
)
def test_a_broken_client_is_no_grants_fault(code: str, description: str) -> None:
    error = verdict(answer(401, code, description))

    assert isinstance(error, ClientBroken)
    assert error.reason == code
    assert description.rstrip(".") in error.message
    assert "no grant was lost" in error.hint


@pytest.mark.parametrize(
    ("status", "code", "names"),
    [
        (400, "admin_policy_enforced", "Admin console"),
        (403, "org_internal", "Internal"),
        (403, "access_denied", "test user"),
        (401, "unauthorized_client", "another OAuth client"),
    ],
)
def test_what_an_admin_forbids_names_the_setting_and_is_for_this_grant_only(status: int, code: str, names: str) -> None:
    error = verdict(answer(status, code, "Unauthorized"))

    assert isinstance(error, AdminRefused)
    assert names in error.hint
    assert "ada@example.com" in error.message
    assert (error.status, error.reason, error.operation) == (status, code, "oauth2.token")


@pytest.mark.parametrize(
    "response",
    [
        answer(500, "internal_failure", "Backend Error"),
        answer(400, "internal_failure", "Backend Error"),
        answer(400, "temporarily_unavailable"),
        answer(503),
        Response(502, body=b"<html>Bad Gateway</html>"),
        Response(500),
        answer(500, "invalid_grant", "Bad Request"),
        answer(503, "invalid_client", "Unauthorized"),
    ],
    ids=lambda response: f"{response.status} {response.body.decode()}",
)
def test_a_failure_of_googles_passes_whatever_it_says(response: Response) -> None:
    error = verdict(response)

    assert isinstance(error, ServerError)
    assert error.retryable


@pytest.mark.parametrize(
    "body", [b"<html>Sign in to our hotel</html>", b"", b"null", b"[]", b"{}", b'{"error": null}', b"[" * 100_000]
)
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 407])
def test_an_answer_that_is_not_googles_never_kills_a_grant(status: int, body: bytes) -> None:
    error = verdict(Response(status, body=body))

    assert isinstance(error, ServerError)
    assert "proxy" in error.hint


@pytest.mark.parametrize("response", [answer(429), answer(403, "rate_limit_exceeded"), Response(429, body=b"Too many")])
def test_too_many_requests_are_told_to_wait(response: Response) -> None:
    error = verdict(response)

    assert isinstance(error, RateLimited)
    assert error.retryable


@pytest.mark.parametrize(
    "response",
    [
        answer(400, "invalid_scope", "Bad Request"),
        answer(400, "invalid_request", "Missing required parameter: refresh_token"),
        answer(400, "redirect_uri_mismatch", "Bad Request"),
        answer(400, "unsupported_grant_type", "Invalid grant_type: foo"),
        answer(400, {"code": 400, "message": "Invalid JSON payload received.", "status": "INVALID_ARGUMENT"}),
    ],
    ids=lambda response: response.body.decode(),
)
def test_a_mistake_of_ours_is_raised_and_the_grant_is_kept(response: Response) -> None:
    error = verdict(response)

    assert isinstance(error, InvalidRequest)
    assert not error.retryable


def test_an_error_may_be_an_object_as_in_googles_other_apis() -> None:
    error = verdict(
        answer(400, {"code": 400, "message": "Invalid JSON payload received.", "status": "INVALID_ARGUMENT"})
    )

    assert "Invalid JSON payload received (INVALID_ARGUMENT)" in error.message


@pytest.mark.parametrize("description", ["Malformed auth code.", "Bad Request", "Invalid code verifier.", None])
def test_a_refused_code_is_the_consents_end_and_no_grants(description: str | None) -> None:
    error = code_refusal(answer(400, "invalid_grant", description))

    assert type(error) is ConsentError
    assert "works once" in error.hint


def test_other_refusals_of_a_code_mean_what_they_mean_for_a_grant() -> None:
    assert isinstance(code_refusal(answer(401, "invalid_client")), ClientBroken)
    assert isinstance(code_refusal(answer(500)), ServerError)


def test_what_a_stranger_writes_into_an_answer_is_not_repeated_to_the_terminal() -> None:
    error = verdict(answer(400, "invalid_request", "\x1b[2Jcall 555-1234"))
    other = verdict(answer(400, "\x1b[2J"))

    assert "\x1b" not in str(error)
    assert "555" not in str(error)
    assert isinstance(other, ServerError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["status", "message"]), inner),
    max_leaves=5,
)
bodies = st.binary(max_size=100) | st.dictionaries(
    st.sampled_from(["error", "error_description", "error_subtype"]),
    json_values | st.sampled_from(["invalid_grant", "invalid_client", "org_internal", "invalid_scope"]),
).map(lambda value: json.dumps(value).encode())


@given(st.integers(300, 599), bodies)
@example(400, b'{"error": {"status": {}}}')
@example(400, b'{"error": "invalid_grant", "error_subtype": []}')
def test_answers_of_any_shape_become_one_of_our_errors(status: int, body: bytes) -> None:
    response = Response(status, body=body)

    assert isinstance(refusal(response, account=None), MailgrantError)
    assert isinstance(code_refusal(response), MailgrantError)
    assert str(refusal(response, account=None)).isprintable()


@given(st.integers(300, 599), st.binary(max_size=60))
def test_no_answer_but_invalid_grant_kills_a_grant(status: int, body: bytes) -> None:
    assert not isinstance(refusal(Response(status, body=body), account=None), GrantRevoked)
