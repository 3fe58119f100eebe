"""Credentials: how good a token is at a moment, and what a token endpoint's yes looks like."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailgrant.errors import ServerError
from mailgrant.http import Response
from mailgrant.oauth.credentials import TRANSITIONS, Credentials, TokenAnswer, TokenState
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SEND = Scopes("gmail.send")
ANSWER = {
    "access_token": "access-for-ada",
    "expires_in": 3599,
    "refresh_token": "refresh-for-ada",
    "scope": "https://www.googleapis.com/auth/gmail.send openid",
    "token_type": "Bearer",
    "id_token": "header.claims.signature",
}

minutes = st.integers(-120, 120).map(lambda number: timedelta(minutes=number))


def credentials(*, left: timedelta | None = timedelta(hours=1), refresh: bool = True) -> Credentials:
    return Credentials(
        Secret("access") if left is not None else None,
        refresh_token=Secret("refresh") if refresh else None,
        expires_at=NOON + left if left is not None else None,
        scopes=SEND,
    )


def response(**changes: Any) -> Response:
    values = {name: value for name, value in {**ANSWER, **changes}.items() if value is not ...}
    return Response(200, body=json.dumps(values).encode())


@pytest.mark.parametrize(
    ("left", "refresh", "state"),
    [
        (timedelta(hours=1), True, TokenState.FRESH),
        (timedelta(minutes=4, seconds=1), True, TokenState.FRESH),
        (timedelta(minutes=4), True, TokenState.STALE),
        (timedelta(seconds=1), True, TokenState.STALE),
        (timedelta(0), True, TokenState.EXPIRED),
        (timedelta(hours=-1), True, TokenState.EXPIRED),
        (None, True, TokenState.EXPIRED),
        (timedelta(hours=1), False, TokenState.FRESH),
        (timedelta(minutes=1), False, TokenState.STALE),
        (timedelta(0), False, TokenState.DEAD),
        (None, False, TokenState.DEAD),
    ],
)
def test_the_state_follows_from_the_clock_and_the_refresh_token(
    left: timedelta | None, refresh: bool, state: TokenState
) -> None:
    assert credentials(left=left, refresh=refresh).state(NOON) is state


def test_a_token_whose_end_is_not_known_counts_as_expired() -> None:
    unknown = Credentials(Secret("access"), refresh_token=Secret("refresh"), expires_at=None, scopes=SEND)

    assert unknown.state(NOON) is TokenState.EXPIRED


def test_a_naive_end_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Credentials(None, refresh_token=None, expires_at=datetime(2026, 3, 5), scopes=SEND)  # noqa: DTZ001


@given(minutes, st.booleans(), st.timedeltas(timedelta(0), timedelta(hours=5)))
def test_time_moves_a_token_only_as_the_table_says(left: timedelta, refresh: bool, passed: timedelta) -> None:
    held = credentials(left=left, refresh=refresh)

    assert held.state(NOON + passed) in TRANSITIONS[held.state(NOON)]


@given(minutes, st.integers(1, 3600))
def test_a_refresh_moves_a_token_only_as_the_table_says(left: timedelta, seconds: int) -> None:
    held = credentials(left=left)
    answer = TokenAnswer(Secret("new"), expires_in=timedelta(seconds=seconds))

    moved = held.refreshed(answer, NOON).state(NOON)

    assert moved in TRANSITIONS[held.state(NOON)]
    assert moved in (TokenState.FRESH, TokenState.STALE)


def test_the_table_names_every_state_and_nothing_leads_out_of_death() -> None:
    assert set(TRANSITIONS) == set(TokenState)
    assert TRANSITIONS[TokenState.DEAD] == {TokenState.DEAD}


def test_a_refresh_keeps_the_refresh_token_and_the_scopes_when_google_does_not_repeat_them() -> None:
    answer = TokenAnswer(Secret("new"), expires_in=timedelta(hours=1))

    after = credentials(left=None).refreshed(answer, NOON)

    assert after.access_token == Secret("new")
    assert after.refresh_token == Secret("refresh")
    assert after.expires_at == NOON + timedelta(hours=1)
    assert after.scopes == SEND


def test_a_refresh_adopts_the_refresh_token_and_the_scopes_that_google_gives() -> None:
    answer = TokenAnswer(
        Secret("new"), expires_in=timedelta(hours=1), refresh_token=Secret("next"), scopes=Scopes("calendar")
    )

    after = credentials().refreshed(answer, NOON)

    assert after.refresh_token == Secret("next")
    assert after.scopes == Scopes("calendar")


def test_credentials_and_answers_show_no_secret() -> None:
    shown = repr(credentials()) + repr(TokenAnswer.from_response(response()))

    assert "access-for-ada" not in shown
    assert "refresh-for-ada" not in shown
    assert "signature" not in shown


def test_an_answer_is_read() -> None:
    answer = TokenAnswer.from_response(response(refresh_token_expires_in=604799))

    assert answer.access_token == Secret("access-for-ada")
    assert answer.expires_in == timedelta(seconds=3599)
    assert answer.refresh_token == Secret("refresh-for-ada")
    assert answer.id_token == Secret("header.claims.signature")
    assert answer.scopes == Scopes("gmail.send openid")
    assert answer.refresh_token_expires_in == timedelta(seconds=604799)


def test_what_an_answer_leaves_out_is_none() -> None:
    answer = TokenAnswer.from_response(response(refresh_token=..., scope=..., id_token=...))

    assert (answer.refresh_token, answer.scopes, answer.id_token) == (None, None, None)
    assert answer.refresh_token_expires_in is None


def test_an_answer_may_give_seconds_as_text_and_no_scope_at_all() -> None:
    answer = TokenAnswer.from_response(response(expires_in="3599", scope=""))

    assert answer.expires_in == timedelta(seconds=3599)
    assert answer.scopes == Scopes()


def test_a_scope_that_was_never_heard_of_does_not_spoil_an_answer() -> None:
    answer = TokenAnswer.from_response(response(scope="https://www.googleapis.com/auth/gmail.telepathy"))

    assert answer.scopes == Scopes.granted("https://www.googleapis.com/auth/gmail.telepathy")


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": ...},
        {"access_token": ""},
        {"access_token": None},
        {"access_token": "two\r\nheaders: in one"},
        {"access_token": "\ud800"},
        {"expires_in": ...},
        {"expires_in": None},
        {"expires_in": 0},
        {"expires_in": -5},
        {"expires_in": True},
        {"expires_in": 1e400},
        {"expires_in": 10**30},
        {"expires_in": "soon"},
        {"expires_in": "٣٥٩٩"},
        {"scope": ["gmail.send"]},
        {"scope": None},
        {"refresh_token": 5},
        {"refresh_token_expires_in": "later"},
        {"token_type": "mac"},
    ],
    ids=repr,
)
def test_an_answer_that_is_not_tokens_is_a_failure_of_the_server(changes: dict[str, Any]) -> None:
    with pytest.raises(ServerError) as caught:
        TokenAnswer.from_response(response(**changes))

    assert caught.value.operation == "oauth2.token"
    assert "access-for-ada" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=200))
@example(b"<html>Welcome to our hotel</html>")
@example(b"[" * 100_000)
@example(b'"text"')
@example(b"\xff\xfe")
@example(b'{"access_token": "a", "expires_in": ' + b"9" * 5000 + b"}")
def test_no_bytes_whatever_raise_anything_but_a_server_error(body: bytes) -> None:
    with pytest.raises(ServerError):
        TokenAnswer.from_response(Response(200, body=body))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*ANSWER, "refresh_token_expires_in"]), json_values))
def test_fields_of_any_shape_give_an_answer_or_a_server_error(changes: dict[str, Any]) -> None:
    body = json.dumps({**ANSWER, **changes}).encode()
    try:
        answer = TokenAnswer.from_response(Response(200, body=body))
    except ServerError:
        return
    assert answer.access_token
    assert answer.expires_in > timedelta(0)
