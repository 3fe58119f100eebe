"""
Judge an answer of Google's APIs: done, refresh the token, try again after a while, or give up.

Every decision about repeating a request is made here and nowhere below: a transport that repeats
on its own would send mail twice. The judge is pure; time and chance are arguments. Answers of the
token endpoint have their own judge, `oauth.answers`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar

from mailgrant.batch import is_batch
from mailgrant.errors import (
    Conflict,
    GoogleError,
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
from mailgrant.missing import missing

E = TypeVar("E", bound=GoogleError)

MOST_ATTEMPTS = 5
# RFC 9110 §15.6.2: nobody there can do it, now or in a moment.
NOT_IMPLEMENTED = 501
LOOK_AMONG_SENT = "Look in the account's Sent folder before you repeat it."
LONGEST_WAIT = timedelta(seconds=32)

# developers.google.com/workspace/gmail/api/guides/handle-errors: a 403 is a rate limit or a
# refusal, and only the reason tells them apart.
SLOW_DOWN = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
USED_UP = frozenset({"dailyLimitExceeded", "quotaExceeded"})
# The retry time stands inside the message text, not in a header.
RETRY_AFTER = re.compile(r"Retry after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)")


class Move(Enum):
    """What the session does next."""

    DONE = "done"
    REFRESH = "refresh"
    AGAIN = "again"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What follows from one outcome.

    `error` is what to raise when the move is FAIL, or when a REFRESH does not help; `after` is how
    long to wait before AGAIN.
    """

    move: Move
    error: MailgrantError | None = None
    after: timedelta = timedelta(0)


DONE = Verdict(Move.DONE)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error answer says, read from either of Google's two error dialects."""

    message: str
    reason: str

    @classmethod
    def from_response(cls, response: Response) -> Complaint:
        """Read the envelope; an answer that is not JSON (a proxy's page) gives its status only."""
        try:
            error = response.json()["error"]
            reason = _first_reason(error)
            return cls(str(error["message"]), reason)
        except (ValueError, KeyError, TypeError):
            return cls(f"Google answered {response.status}.", "")


def judge(request: Request, outcome: Outcome, *, attempt: int, chance: float, now: datetime) -> Verdict:
    """
    Decide what follows from `outcome`, the answer to the `attempt`-th sending (1 is the first).

    `chance`, from 0 to 1, spreads the waiting of many clients. A write whose answer was lost, cut,
    not JSON or a 5xx is `OutcomeUnknown` and never repeated; a read is asked again.
    """
    if isinstance(outcome, Unanswered):
        return _judge_silence(request, outcome, attempt, chance)
    if is_done(request, outcome):
        return DONE
    if outcome.ok:
        return _lost(request, "its answer could not be read", attempt, chance)
    if outcome.status >= 500:
        return _judge_failure(request, outcome, attempt, chance)
    return _judge_refusal(request, outcome, attempt, chance, now)


def is_done(request: Request, response: Response) -> bool:
    """Tell whether this is what was asked for: a good answer that can be read."""
    return response.status in request.also or (response.ok and _readable(request, response))


def backoff(attempt: int, chance: float) -> timedelta:
    """Truncated exponential backoff with jitter, as Google's guides ask: 1, 2, 4 … s plus up to 1 s."""
    return min(timedelta(seconds=2 ** (attempt - 1) + chance), LONGEST_WAIT)


def _judge_silence(request: Request, silence: Unanswered, attempt: int, chance: float) -> Verdict:
    if not silence.reached:
        error = NoAnswer(f"No connection to Google for {request.operation}: {silence.reason}.")
        return Verdict(Move.FAIL, error)
    return _lost(request, silence.reason, attempt, chance)


def _lost(request: Request, why: str, attempt: int, chance: float) -> Verdict:
    if not request.safe:
        return Verdict(Move.FAIL, _unknown(request, why))
    error = NoAnswer(f"No answer to {request.operation}: {why}.")
    return _again_or(error, attempt, backoff(attempt, chance))


def _judge_failure(request: Request, response: Response, attempt: int, chance: float) -> Verdict:
    if not request.safe:
        return Verdict(Move.FAIL, _unknown(request, f"Google answered {response.status}"))
    error = _error(ServerError, request, response)
    if response.status == NOT_IMPLEMENTED:
        error.retryable = False
        return Verdict(Move.FAIL, error)
    return _again_or(error, attempt, backoff(attempt, chance))


def _judge_refusal(request: Request, response: Response, attempt: int, chance: float, now: datetime) -> Verdict:
    complaint = Complaint.from_response(response)
    if response.status == 401:
        return Verdict(Move.REFRESH, _error(PermissionDenied, request, response))
    if complaint.reason in USED_UP:
        error = _error(RateLimited, request, response)
        error.retryable = False
        return Verdict(Move.FAIL, error)
    if response.status == 429 or (response.status == 403 and complaint.reason in SLOW_DOWN):
        return _slow_down(request, response, complaint, attempt, chance, now)
    if not complaint.reason and not request.safe and not _readable(request, response):
        # Not Google's own refusal but some page in between: nobody knows what was done.
        return Verdict(Move.FAIL, _unknown(request, f"an answer {response.status} that is not Google's"))
    return Verdict(Move.FAIL, _error(_kind(response.status), request, response))


def _slow_down(
    request: Request, response: Response, complaint: Complaint, attempt: int, chance: float, now: datetime
) -> Verdict:
    error = _error(RateLimited, request, response)
    named = RETRY_AFTER.search(complaint.message)
    wait = backoff(attempt, chance)
    if named:
        error.retry_at = datetime.fromisoformat(named[1]).astimezone(UTC)
        wait = max(wait, error.retry_at - now)
    if wait > LONGEST_WAIT:
        return Verdict(Move.FAIL, error)
    return _again_or(error, attempt, wait)


def _again_or(error: MailgrantError, attempt: int, after: timedelta) -> Verdict:
    return Verdict(Move.AGAIN, error, after) if attempt < MOST_ATTEMPTS else Verdict(Move.FAIL, error)


def _unknown(request: Request, why: str) -> OutcomeUnknown:
    message = f"It is not known whether {request.operation} was carried out: {why}."
    hint = LOOK_AMONG_SENT if request.operation.endswith(".send") else ""
    return OutcomeUnknown(message, hint=hint, operation=request.operation, evidence=why)


def _kind(status: int) -> type[GoogleError]:
    kinds: dict[int, type[GoogleError]] = {
        403: PermissionDenied,
        404: NotFound,
        410: NotFound,
        409: Conflict,
        412: Conflict,
    }
    return kinds.get(status, InvalidRequest)


def _error(kind: type[E], request: Request, response: Response) -> E:
    complaint = Complaint.from_response(response)
    absent = missing(request.url, request.operation, response.status, complaint.reason)
    return kind(
        absent.message if absent else _quoted(complaint, request, response),
        hint=absent.hint if absent else "",
        status=response.status,
        reason=complaint.reason,
        operation=request.operation,
    )


def _quoted(complaint: Complaint, request: Request, response: Response) -> str:
    message = complaint.message if complaint.message.endswith((".", "!")) else f"{complaint.message}."
    return f"{message} ({request.operation}, {response.status}{complaint.reason and ' ' + complaint.reason})"


def _first_reason(error: dict[str, Any]) -> str:
    reasons = [str(item["reason"]) for item in error.get("errors", ()) if "reason" in item]
    return reasons[0] if reasons else str(error.get("status", ""))


def _readable(request: Request, response: Response) -> bool:
    if request.parts:
        return is_batch(response)
    if not response.body:
        return True
    try:
        response.json()
    except ValueError:
        return False
    return True
