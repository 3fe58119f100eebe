"""
Session: one request's journey for one account.

Authorise, send, judge, try again. Each decision is a pure function asked here: which scope a method
needs (`oauth.scopes`), what follows from an answer (`verdict.judge`), whether a token is fresh
(`Credentials.state`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailgrant.batch import answers_in, together
from mailgrant.errors import ConsentNeeded, MailgrantError, NoAnswer, PermissionDenied, RateLimited
from mailgrant.http import Call, Outcome, Request, Response
from mailgrant.oauth.scopes import accepted_for, narrowest_for
from mailgrant.verdict import Move, is_done, judge

from .line import converse, go_on
from .waiting import sleep

if TYPE_CHECKING:
    from mailgrant.secret import Secret
    from mailgrant.vault.grant import Grant

    from .line import AsyncLine
    from .pacing import AsyncPaces
    from .tokens import AsyncTokens

T = TypeVar("T")

UNAUTHORIZED = 401
NOT_FOUND = 404


class Exchange(Protocol):
    """Gets the answer to a request, for which a batch may have brought one already."""

    async def __call__(self, request: Request, known: Response | None = None) -> Response:
        """Return the answer, or raise what it means."""


class AsyncSession:
    """Everything that one account's verbs need to reach Google."""

    def __init__(self, line: AsyncLine, tokens: AsyncTokens, paces: AsyncPaces) -> None:
        self._line = line
        self._tokens = tokens
        self._paces = paces

    async def run(self, call: Call[T]) -> T:
        """
        Carry out one conversation with an API on behalf of the account.

        Raises ConsentNeeded before anything is sent when no granted scope allows the method, and
        what `verdict.judge` says when Google refuses.
        """
        return await converse(call, self._exchange)

    async def run_together(self, calls: Sequence[Call[T]], url: str) -> list[T]:
        """
        Carry out several conversations, each of which begins with a read: these go to `url` as one batch.

        What the batch brings for one is judged as if it had come alone, and tried again alone. Raises what
        `run` does; the first error ends them all.
        """
        if len(calls) == 1:
            return [await self.run(calls[0])]
        try:
            asked = [next(call) for call in calls]
            batch = await self._exchange(together(url, asked))
            answer = FirstAnswers(asked, answers_in(batch, len(asked)), self._exchange)
            return [await go_on(call, request, answer) for call, request in zip(calls, asked, strict=True)]
        finally:
            for call in calls:
                call.close()

    async def _exchange(self, request: Request, known: Response | None = None) -> Response:
        """Get the answer to a request; `known` is what a batch has brought for it already."""
        grant = await self._tokens.grant()
        for call in request.calls:
            require(grant, call.operation)
        token = await self._tokens.fresh()
        refused = False
        attempt = 1
        while True:
            outcome: Outcome | None = known
            known = None
            if outcome is None:
                outcome = await self._paced(self._line.addressed(request, bearing(token)))
            verdict = judge(request, outcome, attempt=attempt, chance=random.random(), now=datetime.now(UTC))  # noqa: S311
            if verdict.move is Move.DONE and isinstance(outcome, Response):
                return outcome
            if isinstance(verdict.error, RateLimited) and verdict.error.retryable:
                await self._paces.of(request.operation)[0].tripped()
            if verdict.move is Move.REFRESH and not refused:
                # Once: a token that is refused again right after a refresh is not refused for its age.
                refused = True
                token = await self._tokens.fresh(refused=token)
            elif verdict.move is Move.AGAIN:
                attempt += 1
                await sleep(verdict.after)
            else:
                raise explained(verdict.error or MailgrantError(), grant, self._line)

    async def _paced(self, request: Request) -> Outcome:
        """Send a request as soon as the account's budget has room for it."""
        pacer, units = self._paces.of_request(request)
        calls = len(request.calls)
        block = await pacer.admit(units, calls)
        try:
            return await self._line.transport.send(request)
        finally:
            pacer.answered(block, calls)


class FirstAnswers:
    """Answers the first request of each conversation by what a batch brought for it, and all others by asking."""

    def __init__(self, asked: Sequence[Request], answers: Sequence[Response | None], exchange: Exchange) -> None:
        # Known by their identity, so they must not go away meanwhile.
        self._asked = asked
        self._brought = {id(request): answer for request, answer in zip(asked, answers, strict=True)}
        self._exchange = exchange
        self._tried_again = False

    async def __call__(self, request: Request) -> Response:
        """Return the answer, or raise what it means."""
        answer = self._brought.pop(id(request), None)
        if answer is None or is_done(request, answer):
            return answer or await self._exchange(request)
        if answer.status == NOT_FOUND:
            return await self._exchange(request, answer)
        # After one of them was waited for, the others are out of date; and a token that was refused is
        # another one by then, which the same answer must not refuse once more.
        known = None if self._tried_again or answer.status == UNAUTHORIZED else answer
        self._tried_again = True
        return await self._exchange(request, known)


def require(grant: Grant, operation: str) -> None:
    """Raise ConsentNeeded when no scope of `grant` allows `operation` (rules: before any request is sent)."""
    accepted = accepted_for(operation)
    if accepted and not any(scope in grant.scopes for scope in accepted):
        raise scope_needed(grant, operation)


def scope_needed(grant: Grant, operation: str) -> ConsentNeeded:
    """The error that says which permission `operation` wants, and how to ask for it."""
    accepted = accepted_for(operation)
    # What was asked and left unticked is the better suggestion: it is what the program was made for.
    wanted = next((scope for scope in grant.missing if scope in accepted), narrowest_for(operation))
    again = f"Ask again with `mailgrant login {grant.account} --scope {wanted.short}`, or consents.begin(error)."
    if grant.credentials.refresh_token is None:
        ask = f"mailgrant grant ask {grant.account} --client {grant.client_id} --scope {wanted.short}"
        again = f"Its service account may, once an administrator allows it and it is on the list: `{ask}`."
    return ConsentNeeded(
        f"{grant.account} has not allowed this application to {wanted.description} ({wanted.short}), "
        f"which {operation} needs.",
        hint=again,
        account=grant.account,
        user=grant.user,
        client_id=grant.client_id,
        scopes=grant.asked | wanted,
        missing=(wanted,),
    )


def bearing(token: Secret) -> dict[str, str]:
    """Return the header field that shows the access token (RFC 6750 §2.1)."""
    return {"Authorization": f"Bearer {token.reveal()}"}


def explained(error: MailgrantError, grant: Grant, line: AsyncLine) -> MailgrantError:
    """Say what would mend it: a question where Google says that a scope is missing, a sandbox where there is none."""
    if isinstance(error, PermissionDenied) and error.reason == "insufficientPermissions":
        return scope_needed(grant, error.operation)
    if isinstance(error, NoAnswer):
        return NoAnswer(f"{line.who} did not answer. {error.message}", hint=line.hint)
    return error
