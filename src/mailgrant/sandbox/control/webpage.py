"""
The sandbox as a page for people: mailboxes, requests as they come, faults, clock, clients.

The server writes all of it. One small script fetches the page again and puts in what has changed, and
sends the forms to the control API; without it everything can be read. No style and no script stands
in the page itself, so that a mail's text never becomes either.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import cache
from html import unescape
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mailgrant import _version
from mailgrant.sandbox.control.agenda import agenda
from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL, methods
from mailgrant.sandbox.frame.errors import not_found_page
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.mail.mime import first_header, parse, read_headers
from mailgrant.sandbox.mail.plaintext import readable
from mailgrant.sandbox.oauth.pages import templates

if TYPE_CHECKING:
    from mailgrant.sandbox.mail.mailbox import Mailbox, StoredMessage
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFETY = [
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", POLICY),
]
STATIC = {"world.css": "text/css; charset=utf-8", "world.js": "text/javascript; charset=utf-8"}
MOST_MESSAGES = 50
MOST_REQUESTS = 200
LONGEST_TEXT = 100_000
OPENING = "in:inbox"
PLACES = {
    "Inbox": OPENING,
    "Unread": "is:unread",
    "Sent": "in:sent",
    "Drafts": "in:drafts",
    "All mail": "",
    "Spam": "in:spam",
    "Trash": "in:trash",
}
EFFECTS: dict[str, dict[str, Any]] = {
    "503: the backend failed": {"status": 503},
    "500: the backend failed": {"status": 500},
    "429: too many requests": {"status": 429},
    "403: rate limit exceeded": {"status": 403},
    "401: invalid credentials": {"status": 401},
    "404: not found": {"status": 404},
    "cut before the work": {"drop": "before"},
    "cut after the work": {"drop": "after"},
    "cut, the work 5 s later": {"late": "5s"},
    "5 s of delay": {"delay": "5s"},
    "no answer ever": {"hang": True},
}


@dataclass(frozen=True, slots=True)
class Row:
    """A message as a list shows it."""

    id: str
    link: str = field(kw_only=True)
    who: str = field(kw_only=True)
    subject: str = field(kw_only=True)
    snippet: str = field(kw_only=True)
    at: datetime = field(kw_only=True)
    unread: bool = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Reading:
    """A message that is read."""

    id: str
    subject: str = field(kw_only=True)
    headers: tuple[tuple[str, str], ...] = field(kw_only=True)
    labels: tuple[str, ...] = field(kw_only=True)
    text: str = field(kw_only=True)
    files: tuple[str, ...] = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page's address asks for: whose mail, found by which search, and which one is read."""

    account: str
    query: str = field(kw_only=True)
    message: str = field(kw_only=True)

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """Read the query."""
        given = dict(request.query)
        return cls(given.get("account", ""), query=given.get("q", OPENING), message=given.get("message", ""))


class WebPage:
    """The page of one sandbox."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world

    def show(self, request: HttpRequest) -> Answer:
        """Answer with the page."""
        asked = Asked.of(request)
        person = self._world.people.find(asked.account) or self._world.people.first()
        facts = self._about(request) | (self._of(person, asked) if person else {"person": None})
        text = templates().get_template("world.html").render(facts)
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Vary", "Accept"), *SAFETY]
        return Answer(200, headers=headers, body=text.encode(errors="replace"))

    def _of(self, person: Person, asked: Asked) -> dict[str, Any]:
        """Return what the page says of one person."""
        now = self._world.clock.now()
        tomorrow = (now + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
        return _mail(person, asked) | {"agenda": agenda(person, self._world.people, now), "tomorrow": tomorrow}

    def static(self, request: HttpRequest, values: Mapping[str, str]) -> Answer:
        """Answer with the style sheet or the script."""
        name = values["name"]
        if name not in STATIC:
            return not_found_page(request.path)
        return Answer(200, headers=[("Content-Type", STATIC[name]), *SAFETY], body=_read_static(name))

    def _about(self, request: HttpRequest) -> dict[str, Any]:
        world = self._world
        return {
            "world": world,
            "version": _version.__version__,
            "origin": world.origin(request) or "http://127.0.0.1:8025",
            "now": world.clock.now(),
            "people": [
                {
                    "name": person.name,
                    "email": person.email,
                    "count": len(person.mailbox),
                    "link": _link(person.email, OPENING),
                }
                for person in world.people
            ],
            "requests": world.journal.latest(MOST_REQUESTS),
            "total": len(world.journal),
            "faults": list(world.faults),
            "effects": [(json.dumps(effect), name) for name, effect in EFFECTS.items()],
            "methods": _method_ids(),
            "quota": world.ledger.used(),
        }


def wants_page(request: HttpRequest) -> bool:
    """True for a browser that goes somewhere; programs get JSON."""
    return "text/html" in request.headers.get("accept", "")


def _mail(person: Person, asked: Asked) -> dict[str, Any]:
    """Return what the page says of one person's mailbox."""
    mailbox = person.mailbox
    stored = mailbox.get(asked.message) if asked.message else None
    return {
        "person": person,
        "query": asked.query,
        "places": [{"name": name, "query": q, "link": _link(person.email, q)} for name, q in PLACES.items()],
        "back": _link(person.email, asked.query),
        "reading": _reading(mailbox, stored) if stored else None,
        "messages": [] if stored else list(_rows(person, asked.query)),
    }


def _rows(person: Person, query: str) -> Iterator[Row]:
    mailbox = person.mailbox
    for stored in islice(mailbox.newest_first(mailbox.find(query)), MOST_MESSAGES):
        rendered = mailbox.rendered(stored)
        headers, _ = read_headers(stored.raw)
        name, address = parseaddr(first_header(headers, "from"))
        yield Row(
            stored.id,
            link=_link(person.email, query, message=stored.id),
            who=name or address,
            subject=first_header(headers, "subject"),
            snippet=unescape(rendered.snippet),
            at=datetime.fromtimestamp(stored.internal_date / 1000, UTC),
            unread="UNREAD" in stored.labels,
        )


def _reading(mailbox: Mailbox, stored: StoredMessage) -> Reading:
    root = parse(stored.raw)
    shown = [(name, root.header(name)) for name in ("From", "To", "Cc", "Bcc", "Date", "Message-ID")]
    return Reading(
        stored.id,
        subject=root.header("subject"),
        headers=tuple((name, value) for name, value in shown if value),
        labels=tuple(mailbox.labels.resource(label_id)["name"] for label_id in stored.labels),
        text=readable(root)[:LONGEST_TEXT].strip("\r\n"),
        files=tuple(part.filename for part in root.walk() if part.is_attachment),
    )


def _link(email: str, query: str, **more: str) -> str:
    return f"/_sandbox/?{urlencode({'account': email, 'q': query, **more})}"


@cache
def _method_ids() -> tuple[str, ...]:
    return ("oauth2.token", *(method.id for api in (GMAIL, CALENDAR) for method in methods(api)))


@cache
def _read_static(name: str) -> bytes:
    return files("mailgrant.sandbox").joinpath("static", name).read_bytes()
