"""
Request, Response, Call: what a conversation with Google is made of.

Nothing here opens a connection. A `Call` is a generator that yields a `Request`, is sent the
`Response` (or has a `GoogleError` thrown into it) and returns a value; the shells carry it out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")

SAFE_METHODS = frozenset({"GET", "HEAD"})
NOTHING: Mapping[str, str] = MappingProxyType({})


class Stream(Protocol):
    """A body of a known size that is read piece by piece, and anew when the request is sent again."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read_from(self, offset: int) -> Iterator[bytes]:
        """Yield the bytes from `offset` on."""


class Drain(Protocol):
    """Takes a body that is too long for memory; it begins anew when the request is sent again."""

    def begin(self) -> None:
        """Forget what came."""

    def write(self, piece: bytes) -> None:
        """Take the next piece."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    One HTTP request, addressed to Google.

    `url` is always Google's own address; the realm translates it when a sandbox stands in.
    `operation` names the API method as Google's discovery documents do
    (`gmail.users.messages.send`); scopes, quota and logs go by it. `headers` are matched without
    regard to case (RFC 9110 §5.1) and never hold the access token: the session adds that last.
    `stream` stands in place of `body` where that is too long for memory; `also` has the statuses
    that are an answer here though they are not 2xx. `drain` takes the body of a good answer piece by
    piece; the Response has none then. `parts` are the reads that a batch carries (`batch.together`).
    """

    method: str
    url: str
    operation: str = field(kw_only=True)
    headers: Mapping[str, str] = field(kw_only=True, default_factory=dict, repr=False)
    body: bytes = field(kw_only=True, default=b"", repr=False)
    stream: Stream | None = field(kw_only=True, default=None, repr=False)
    also: Collection[int] = field(kw_only=True, default=frozenset())
    drain: Drain | None = field(kw_only=True, default=None, repr=False)
    parts: tuple[Request, ...] = field(kw_only=True, default=(), repr=False)

    @property
    def safe(self) -> bool:
        """True for a read: it changes nothing, so it may be asked again (RFC 9110 §9.2.1)."""
        return self.method in SAFE_METHODS or bool(self.parts)

    @property
    def calls(self) -> tuple[Request, ...]:
        """The calls of API methods that it makes: those of a batch, else the one it is."""
        return self.parts or (self,)

    def led(self, url: str, extra: Mapping[str, str] = NOTHING) -> Request:
        """Return the request on its way to `url`, with `extra` header fields."""
        return Request(
            self.method,
            url,
            operation=self.operation,
            headers={**self.headers, **extra},
            body=self.body,
            stream=self.stream,
            also=self.also,
            drain=self.drain,
            parts=self.parts,
        )

    @classmethod
    def get(cls, url: str, *, operation: str, **parameters: object) -> Request:
        """Build a read; parameters that are None are left out, lists repeat their key."""
        return cls("GET", with_query(url, parameters), operation=operation)

    @classmethod
    def json(cls, method: str, url: str, *, operation: str, value: object) -> Request:
        """Build a request whose body is `value` as JSON."""
        body = json.dumps(value, separators=(",", ":")).encode()
        return cls(method, url, operation=operation, headers={"Content-Type": "application/json"}, body=body)

    @classmethod
    def form(cls, url: str, *, operation: str, fields: Mapping[str, str]) -> Request:
        """Build a POST of a form, as OAuth's token endpoint wants it (RFC 6749 §4.1.3)."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return cls("POST", url, operation=operation, headers=headers, body=urlencode(fields).encode())


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer: status, headers with lower-case names, and the body."""

    status: int
    headers: Mapping[str, str] = field(kw_only=True, default_factory=dict, repr=False)
    body: bytes = field(kw_only=True, default=b"", repr=False)
    # The verdict and the conversation both read the body; it is parsed once.
    _parsed: dict[str, Any] | None = field(init=False, default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """True when the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """
        Return the body as a JSON object, the same one each time.

        Raises ValueError when the body is not JSON, or is JSON but not an object.
        """
        if self._parsed is not None:
            return self._parsed
        value = _parsed(self.body)
        if not isinstance(value, dict):
            raise ValueError("the answer is JSON but not an object")
        object.__setattr__(self, "_parsed", value)
        return value


@dataclass(frozen=True, slots=True)
class Unanswered:
    """
    No usable answer came.

    `reached` says whether any byte of the request may have arrived: False when no connection was
    made (name not found, refused, TLS), True from the first byte sent. What that means for a write
    is decided in `verdict`.
    """

    reason: str
    reached: bool = field(kw_only=True)
    timed_out: bool = field(kw_only=True, default=False)


Outcome: TypeAlias = Response | Unanswered
Call: TypeAlias = Generator[Request, Response, T]


def _parsed(body: bytes) -> Any:
    # RFC 8259 §8.1 has it in UTF-8; told so, Python reads it in half the time that finding out takes.
    try:
        return json.loads(body.decode())
    except ValueError:
        return json.loads(body)


def with_query(url: str, parameters: Mapping[str, object]) -> str:
    """Append the parameters that are not None; booleans as `true`/`false`, lists repeating their key."""
    present = {name: _plain(value) for name, value in parameters.items() if value is not None}
    return f"{url}?{urlencode(present, doseq=True)}" if present else url


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return value
