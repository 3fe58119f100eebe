"""
What passes through a sandbox: HTTP requests and answers, and the API call a handler is given.

Gmail's and Calendar's handlers see an `ApiCall` and nothing of HTTP; they return a resource or raise
`ApiError`, which `errors.py` writes in the dialect of its API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from mailgrant.sandbox.frame.discovery import ApiMethod
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

Pairs: TypeAlias = Sequence[tuple[str, str]]


@dataclass(slots=True)
class HttpRequest:
    """
    One request as it came off the wire: the target still percent-encoded, header names in lower case.

    Codes and tokens travel in queries, headers and bodies; none of them prints.
    """

    verb: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(kw_only=True, default_factory=dict, repr=False)
    body: bytes = field(kw_only=True, default=b"", repr=False)

    @property
    def raw_path(self) -> str:
        """The path as sent, still percent-encoded: an encoded slash is not a separator."""
        return self.target.partition("?")[0]

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.raw_path)

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's parameters in order, repeated ones repeated, empty ones kept."""
        query = self.target.partition("?")[2]
        return parse_qsl(query, keep_blank_values=True) if query else []

    @property
    def media_type(self) -> str:
        """The body's media type in lower case, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Answer:
    """One whole answer; header names are written as Google writes them."""

    status: int
    headers: list[tuple[str, str]] = field(kw_only=True, default_factory=list)
    body: bytes = field(kw_only=True, default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Media:
    """What was uploaded beside, or instead of, a JSON body."""

    content_type: str
    content: bytes = field(repr=False)


@dataclass(slots=True)
class ApiCall:
    """
    One call of one API method by one person, already checked against the discovery document.

    `project` is the one whose client calls. `params` are the path's and query's, converted (repeated
    ones are lists, booleans and integers are such), absent ones absent.
    """

    method: ApiMethod
    world: Sandbox = field(repr=False)
    person: Person
    scopes: frozenset[str]
    now: datetime
    project: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    media: Media | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


# A resource as a JSON object, or as JSON already encoded and indented; None is 204 with an empty body.
Handler: TypeAlias = Callable[[ApiCall], dict[str, Any] | bytes | None]


class ApiError(Exception):
    """
    A call is refused.

    `inner` is the message inside `errors[]` where it differs from the outer one; `canonical` Google's
    status word where the usual one for the HTTP status does not fit; `headers` go with the answer.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: str | None = None,
        location_type: str | None = None,
        inner: str | None = None,
        details: Sequence[Mapping[str, Any]] = (),
        canonical: str | None = None,
        extended_help: str | None = None,
        headers: Pairs = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        self.location = location
        self.location_type = location_type
        self.inner = inner
        self.details = details
        self.canonical = canonical
        self.extended_help = extended_help
        self.headers = headers
