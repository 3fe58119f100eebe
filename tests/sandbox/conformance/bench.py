"""
Bench: where one method at a time is called in a world of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.diary.sharing import AclRule, Role
from mailgrant.sandbox.frame.discovery import ApiMethod, method
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.oauth.clients import ClientKind

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADA = "ada@example.com"
GRACE = "grace@example.com"
# Together enough for everything; `gmail.metadata` is not among them, since it takes away.
FULL = (
    "https://mail.google.com/",
    "https://www.googleapis.com/auth/gmail.settings.basic",
    "https://www.googleapis.com/auth/gmail.settings.sharing",
    "https://www.googleapis.com/auth/calendar",
)


@dataclass(frozen=True, slots=True)
class Order:
    """
    One call to be made: what goes into the path, behind it, and into the body (`bytes` as they are).

    `media` goes to the upload path in place of a body.
    """

    method: ApiMethod
    path: Mapping[str, str] = field(kw_only=True, default_factory=dict)
    query: Sequence[tuple[str, str]] = field(kw_only=True, default=())
    body: Any = field(kw_only=True, default=None)
    media: bytes | None = field(kw_only=True, default=None)

    @property
    def target(self) -> str:
        """The path and query as they are sent."""
        segments = self.method.segments if self.media is None else self.method.upload_segments[0]
        path = "/".join(self._filled(segment) for segment in segments)
        query = self.query if self.media is None else [*self.query, ("uploadType", "media")]
        return f"/{path}?{urlencode(query)}" if query else f"/{path}"

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        if self.media is not None:
            return self.media
        if self.body is None or isinstance(self.body, bytes):
            return self.body or b""
        return json.dumps(self.body).encode()

    def asking(self, *pairs: tuple[str, str]) -> Order:
        """Return the call with more in its query; what is named there already is replaced."""
        names = {name for name, _ in pairs}
        return replace(self, query=[*(pair for pair in self.query if pair[0] not in names), *pairs])

    def saying(self, name: str, value: Any) -> Order:
        """Return the call with a field of its body set."""
        return replace(self, body={**(self.body or {}), name: value})

    def to(self, name: str, value: str) -> Order:
        """Return the call with a part of its path set."""
        return replace(self, path={**self.path, name: value})

    def _filled(self, segment: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: quote(self.path[found[1]], safe=""), segment)


class Unplayed(Exception):
    """The sandbox says that it does not play a method (501)."""


class Bench:
    """A world with Ada and Grace, who have nothing yet and may do everything."""

    def __init__(self) -> None:
        self.world = Sandbox(NOON, seed="empty", quota="off")
        for email in (ADA, GRACE):
            self.world.account(email, workspace=True)
        self._tokens: dict[tuple[str, tuple[str, ...]], str] = {}

    def token(self, *scopes: str, email: str = ADA) -> str:
        """Return an access token of these scopes, of all that matter if none is named."""
        key = (email, scopes)
        if key not in self._tokens:
            self._tokens[key] = self.world.authorize(email, scopes=scopes or FULL)["token"]
        return self._tokens[key]

    def open_calendars(self) -> None:
        """Let every calendar be one that each scope is about: made by this client, Ada's, and public."""
        everybody = AclRule("default", "", role=Role.READER, updated=NOON)
        hers = AclRule("user", ADA, role=Role.OWNER, updated=NOON)
        for person in self.world.people:
            for calendar in person.diary.calendars.values():
                calendar.made_by = self.world.clients.default(ClientKind.INSTALLED).project
                calendar.rules |= {rule.id: rule for rule in (everybody, hers)}

    def send(self, order: Order, token: str | None = "full") -> Answer:
        """Make a call, as Ada who may do everything unless another token, or None, is given."""
        text = self.token() if token == "full" else token
        kind = "application/json" if order.media is None else "message/rfc822"
        headers = {"content-type": kind} | ({"authorization": f"Bearer {text}"} if text else {})
        verb = order.method.http_method
        return self.world.handle(HttpRequest(verb, order.target, headers=headers, body=order.content))

    def call(self, method_id: str, body: Any = None, *, email: str = ADA, **path: str) -> Any:
        """Make a call that must succeed and return its resource; raises `Unplayed` where nothing answers."""
        order = Order(method(method_id), path={"userId": "me", "calendarId": "primary", **path}, body=body)
        answer = self.send(order, self.token(email=email))
        if answer.status == 501:
            raise Unplayed(method_id)
        assert answer.status in {200, 204}, f"{method_id}: {answer.body.decode()}"
        return json.loads(answer.body) if answer.body else None
