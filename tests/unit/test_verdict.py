"""What follows from an answer: the one place that decides whether anything is repeated."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import (
    Conflict,
    InvalidRequest,
    MailgrantError,
    NoAnswer,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    ServerError,
)
from mailgrant.http import Outcome, Request, Response, Unanswered
from mailgrant.verdict import LONGEST_WAIT, MOST_ATTEMPTS, Move, Verdict, backoff, judge

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
READ = Request.get("https://gmail.googleapis.com/gmail/v1/users/me/labels", operation="gmail.users.labels.list")
SEND = Request.json(
    "POST",
    "https://gmail.googleapis.com/gmail/v1/users/me/messages/send",
    operation="gmail.users.messages.send",
    value={"raw": ""},
)


def verdict_on(request: Request, outcome: Outcome, *, attempt: int = 1) -> Verdict:
    return judge(request, outcome, attempt=attempt, chance=0.5, now=NOW)


def refusal(status: int, reason: str = "", message: str = "Something") -> Response:
    error: dict[str, Any] = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return Response(status, body=json.dumps({"error": error}).encode())


def test_an_answer_with_json_is_done() -> None:
    assert verdict_on(READ, Response(200, body=b'{"labels": []}')).move is Move.DONE


def test_a_status_that_a_request_counts_among_its_answers_is_done_whatever_it_says() -> None:
    piece = Request("PUT", "https://gmail.googleapis.com/upload", operation="gmail.users.messages.send", also={308})

    assert verdict_on(piece, Response(308, body=b"<html>")).move is Move.DONE
    assert verdict_on(piece, Response(307)).move is Move.FAIL


def test_an_empty_answer_is_done() -> None:
    assert verdict_on(SEND, Response(204)).move is Move.DONE


@pytest.mark.parametrize(
    "outcome",
    [
        Unanswered("the connection was cut", reached=True),
        Unanswered("timed out", reached=True, timed_out=True),
        Response(500, body=b"{}"),
        Response(502, body=b"<html>Bad Gateway</html>"),
        Response(503, body=b'{"error": {"message": "Backend Error", "errors": [{"reason": "backendError"}]}}'),
        Response(200, body=b'{"id": "19'),
        Response(200, body=b"<html>a captive portal</html>"),
        Response(403, body=b"<html>a proxy</html>"),
    ],
    ids=["cut", "timeout", "500", "502", "503", "truncated", "page", "proxy"],
)
def test_a_write_whose_answer_was_lost_is_unknown_and_never_repeated(outcome: Outcome) -> None:
    verdict = verdict_on(SEND, outcome)

    assert verdict.move is Move.FAIL
    assert isinstance(verdict.error, OutcomeUnknown)
    assert not verdict.error.retryable
    assert not isinstance(verdict.error, NoAnswer)


@pytest.mark.parametrize("request_", [READ, SEND], ids=["read", "write"])
def test_a_connection_never_made_is_no_answer_and_nothing_happened(request_: Request) -> None:
    verdict = verdict_on(request_, Unanswered("Connection refused", reached=False))

    assert verdict.move is Move.FAIL
    assert isinstance(verdict.error, NoAnswer)
    assert verdict.error.retryable


def test_a_read_is_asked_again_with_growing_patience_and_then_given_up() -> None:
    cut = Unanswered("cut", reached=True)

    waits = [verdict_on(READ, cut, attempt=attempt) for attempt in range(1, MOST_ATTEMPTS + 1)]

    assert [verdict.move for verdict in waits] == [Move.AGAIN] * (MOST_ATTEMPTS - 1) + [Move.FAIL]
    assert [verdict.after for verdict in waits[:3]] == [timedelta(seconds=s) for s in (1.5, 2.5, 4.5)]
    assert isinstance(waits[-1].error, NoAnswer)


def test_a_server_error_on_a_read_is_asked_again() -> None:
    assert verdict_on(READ, Response(503)).move is Move.AGAIN
    assert isinstance(verdict_on(READ, Response(503), attempt=MOST_ATTEMPTS).error, ServerError)


def test_what_the_server_does_not_know_how_to_do_is_not_asked_again() -> None:
    verdict = verdict_on(READ, Response(501))

    assert verdict.move is Move.FAIL
    assert isinstance(verdict.error, ServerError)
    assert not verdict.error.retryable


@pytest.mark.parametrize("request_", [READ, SEND], ids=["read", "write"])
def test_a_refused_token_is_refreshed(request_: Request) -> None:
    verdict = verdict_on(request_, refusal(401, "authError"))

    assert verdict.move is Move.REFRESH


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, "rateLimitExceeded"), (403, "userRateLimitExceeded"), (429, "rateLimitExceeded"), (429, "")],
)
@pytest.mark.parametrize("request_", [READ, SEND], ids=["read", "write"])
def test_a_rate_answer_says_refused_so_even_a_send_may_be_repeated(request_: Request, status: int, reason: str) -> None:
    verdict = verdict_on(request_, refusal(status, reason))

    assert verdict.move is Move.AGAIN
    assert isinstance(verdict.error, RateLimited)


@pytest.mark.parametrize("reason", ["dailyLimitExceeded", "quotaExceeded"])
def test_a_used_up_allowance_is_not_retried(reason: str) -> None:
    verdict = verdict_on(READ, refusal(403, reason))

    assert verdict.move is Move.FAIL
    assert isinstance(verdict.error, RateLimited)
    assert not verdict.error.retryable


def test_the_retry_time_is_read_from_inside_the_message() -> None:
    soon = refusal(429, "rateLimitExceeded", "User-rate limit exceeded.  Retry after 2026-01-15T09:00:10.000Z")

    verdict = verdict_on(SEND, soon)

    assert verdict.move is Move.AGAIN
    assert verdict.after == timedelta(seconds=10)


def test_a_retry_time_far_away_is_told_and_not_waited_for() -> None:
    later = refusal(
        429, "rateLimitExceeded", "User-rate limit exceeded.  Retry after 2026-01-15T09:15:00.000Z (Mail sending)"
    )

    verdict = verdict_on(SEND, later)

    assert verdict.move is Move.FAIL
    assert isinstance(verdict.error, RateLimited)
    assert verdict.error.retry_at == datetime(2026, 1, 15, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "invalidArgument", InvalidRequest),
        (403, "insufficientPermissions", PermissionDenied),
        (403, "accessNotConfigured", PermissionDenied),
        (404, "notFound", NotFound),
        (409, "aborted", Conflict),
        (410, "deleted", NotFound),
        (412, "conditionNotMet", Conflict),
        (413, "uploadTooLarge", InvalidRequest),
    ],
)
@pytest.mark.parametrize("request_", [READ, SEND], ids=["read", "write"])
def test_a_refusal_in_googles_words_means_nothing_was_done(
    request_: Request, status: int, reason: str, kind: type[MailgrantError]
) -> None:
    verdict = verdict_on(request_, refusal(status, reason, "No such thing"))

    assert verdict.move is Move.FAIL
    assert type(verdict.error) is kind
    assert "No such thing" in str(verdict.error)
    assert request_.operation in str(verdict.error)


@given(status=st.integers(400, 599), body=st.binary(max_size=200), attempt=st.integers(1, 9))
def test_no_write_is_ever_repeated_but_for_a_refused_rate(status: int, body: bytes, attempt: int) -> None:
    verdict = verdict_on(SEND, Response(status, body=body), attempt=attempt)

    assert verdict.move in (Move.FAIL, Move.REFRESH) or status in (403, 429)


@given(attempt=st.integers(1, 40), chance=st.floats(0, 1))
def test_waiting_is_bounded(attempt: int, chance: float) -> None:
    assert timedelta(seconds=1) <= backoff(attempt, chance) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("operation", "where"),
    [("gmail.users.drafts.send", "Sent folder"), ("gmail.users.labels.create", "whether it happened")],
)
def test_a_lost_answer_says_where_to_look(operation: str, where: str) -> None:
    request = Request("POST", "https://gmail.googleapis.com/x", operation=operation)

    verdict = judge(request, Unanswered("cut", reached=True), attempt=1, chance=0.0, now=NOW)

    assert isinstance(verdict.error, OutcomeUnknown)
    assert where in verdict.error.hint
