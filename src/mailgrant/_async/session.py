"""
Session: one request's journey for one account.

Authorise, send, judge, try again. Each decision is a pure function asked here: which scope a method
needs (`oauth.scopes`), what follows from an answer (`verdict.judge`), whether a token is fresh
(`Credentials.state`).
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailgrant.errors import ConsentNeeded, MailgrantError, NoAnswer, PermissionDenied
from mailgrant.http import Call, Request, Response, Unanswered
from mailgrant.oauth.scopes import accepted_for, narrowest_for
from mailgrant.verdict import Move, judge

from .waiting import sleep

if TYPE_CHECKING:
    from mailgrant.oauth.realm import Realm
    from mailgrant.secret import Secret
    from mailgrant.vault.grant import Grant

    from .tokens import AsyncTokens
    from .transport import AsyncTransport

T = TypeVar("T")

# Shorter than the lease on a refresh, so that a slow holder gives up before anybody takes over.
TOKEN_TIMEOUT = 10.0


class Answer(Protocol):
    """Gets the answer to one request."""

    async def __call__(self, request: Request) -> Response:
        """Return the answer, or raise what it means."""


async def converse(call: Call[T], answer: Answer) -> T:
    """Carry `call` to its end: hand each request to `answer`, and the answer or the error back in."""
    try:
        request = next(call)
        while True:
            try:
                response = await answer(request)
            except MailgrantError as error:
                request = call.throw(error)
            else:
                request = call.send(response)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        call.close()


class AsyncLine:
    """The plain line to Google, for conversations that carry their own credentials (OAuth's)."""

    def __init__(self, transport: AsyncTransport, realm: Realm) -> None:
        self.transport = transport
        self.realm = realm

    async def ask(self, call: Call[T]) -> T:
        """Carry out a conversation with the OAuth endpoints; it reads every status itself."""
        return await converse(call, self._exchange)

    async def _exchange(self, request: Request) -> Response:
        outcome = await self.transport.send(self.addressed(request), timeout=TOKEN_TIMEOUT)
        if isinstance(outcome, Unanswered):
            raise NoAnswer(f"{self.who} did not answer {request.operation}: {outcome.reason}.", hint=self.hint)
        return outcome

    def addressed(self, request: Request) -> Request:
        """Return `request` with the address at which this realm hears it."""
        return replace(request, url=self.realm.address(request.url))

    @property
    def who(self) -> str:
        """Who is at the other end."""
        return "Google" if self.realm.origin is None else f"The sandbox at {self.realm.origin}"

    @property
    def hint(self) -> str:
        """What to do when nobody answers there; nothing in particular for Google."""
        return "" if self.realm.origin is None else "Is it running? Start one with `mailgrant sandbox run`."


class AsyncSession:
    """Everything that one account's verbs need to reach Google."""

    def __init__(self, line: AsyncLine, tokens: AsyncTokens) -> None:
        self._line = line
        self._tokens = tokens

    async def run(self, call: Call[T]) -> T:
        """
        Carry out one conversation with an API on behalf of the account.

        Raises ConsentNeeded before anything is sent when no granted scope allows the method, and
        what `verdict.judge` says when Google refuses.
        """
        return await converse(call, self._exchange)

    async def _exchange(self, request: Request) -> Response:
        grant = await self._tokens.grant()
        require(grant, request.operation)
        token = await self._tokens.fresh()
        refused = False
        attempt = 1
        while True:
            outcome = await self._line.transport.send(authorised(self._line.addressed(request), token))
            verdict = judge(request, outcome, attempt=attempt, chance=random.random(), now=datetime.now(UTC))  # noqa: S311
            if verdict.move is Move.DONE and isinstance(outcome, Response):
                return outcome
            if verdict.move is Move.REFRESH and not refused:
                # Once: a token that is refused again right after a refresh is not refused for its age.
                refused = True
                token = await self._tokens.fresh(refused=token)
            elif verdict.move is Move.AGAIN:
                attempt += 1
                await sleep(verdict.after)
            else:
                raise explained(verdict.error or MailgrantError(), grant, self._line)


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
    return ConsentNeeded(
        f"{grant.account} has not allowed this application to {wanted.description} ({wanted.short}), "
        f"which {operation} needs.",
        hint=f"Ask again with `mailgrant login {grant.account} --scope {wanted.short}`, or consents.begin(error).",
        account=grant.account,
        user=grant.user,
        client_id=grant.client_id,
        scopes=grant.asked | wanted,
        missing=(wanted,),
    )


def authorised(request: Request, token: Secret) -> Request:
    """Return `request` with the access token on it (RFC 6750 §2.1)."""
    return replace(request, headers={**request.headers, "Authorization": f"Bearer {token.reveal()}"})


def explained(error: MailgrantError, grant: Grant, line: AsyncLine) -> MailgrantError:
    """Say what would mend it: a question where Google says that a scope is missing, a sandbox where there is none."""
    if isinstance(error, PermissionDenied) and error.reason == "insufficientPermissions":
        return scope_needed(grant, error.operation)
    if isinstance(error, NoAnswer):
        return NoAnswer(f"{line.who} did not answer. {error.message}", hint=line.hint)
    return error
