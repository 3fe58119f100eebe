# Written by scripts/unasync.py from src/mailgrant/_async/line.py.
# Do not edit: change that file and run `make sync`.
"""
Line: the way to Google, and how a conversation is carried to its end on it.

The plain line serves conversations that bring their own credentials, OAuth's; a session puts an
account's token on top of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailgrant.errors import MailgrantError, NoAnswer
from mailgrant.http import NOTHING, Call, Request, Response, Unanswered

if TYPE_CHECKING:
    from mailgrant.oauth.realm import Realm

    from .transport import Transport

T = TypeVar("T")

# Shorter than the lease on a refresh, so that a slow holder gives up before anybody takes over.
TOKEN_TIMEOUT = 10.0


class Answer(Protocol):
    """Gets the answer to one request."""

    def __call__(self, request: Request) -> Response:
        """Return the answer, or raise what it means."""


def converse(call: Call[T], answer: Answer) -> T:
    """Carry `call` to its end: hand each request to `answer`, and the answer or the error back in."""
    try:
        request = next(call)
    except StopIteration as end:
        asked_nothing: T = end.value
        return asked_nothing
    return go_on(call, request, answer)


def go_on(call: Call[T], request: Request, answer: Answer) -> T:
    """Carry `call`, which has just asked `request`, to its end."""
    try:
        while True:
            try:
                response = answer(request)
            except MailgrantError as error:
                request = call.throw(error)
            else:
                request = call.send(response)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        call.close()


class Line:
    """The plain line to Google, for conversations that carry their own credentials (OAuth's)."""

    def __init__(self, transport: Transport, realm: Realm) -> None:
        self.transport = transport
        self.realm = realm

    def ask(self, call: Call[T]) -> T:
        """Carry out a conversation with the OAuth endpoints; it reads every status itself."""
        return converse(call, self._exchange)

    def _exchange(self, request: Request) -> Response:
        outcome = self.transport.send(self.addressed(request), timeout=TOKEN_TIMEOUT)
        if isinstance(outcome, Unanswered):
            raise NoAnswer(f"{self.who} did not answer {request.operation}: {outcome.reason}.", hint=self.hint)
        return outcome

    def addressed(self, request: Request, extra: Mapping[str, str] = NOTHING) -> Request:
        """Return `request` with the address at which this realm hears it, and `extra` header fields."""
        return request.led(self.realm.address(request.url), extra)

    @property
    def who(self) -> str:
        """Who is at the other end."""
        return "Google" if self.realm.origin is None else f"The sandbox at {self.realm.origin}"

    @property
    def hint(self) -> str:
        """What to do when nobody answers there; nothing in particular for Google."""
        return "" if self.realm.origin is None else "Is it running? Start one with `mailgrant sandbox run`."
