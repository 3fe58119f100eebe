"""
Two people with empty diaries, and a desk for each from which to call Calendar's methods.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.discovery import method
from mailgrant.sandbox.frame.wire import Answer, HttpRequest

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
EVERYTHING = "https://www.googleapis.com/auth/calendar"
ADA = "ada@example.com"
GRACE = "grace@example.com"
LINUS = "linus@example.com"


class Desk:
    """Calls Calendar's methods as one person, through the sandbox's front door."""

    def __init__(self, world: Sandbox, email: str) -> None:
        self.world = world
        self.email = email
        self.sign_in()

    def sign_in(self) -> None:
        """Take a new access token."""
        self._token = self.world.authorize(self.email, scopes=[EVERYTHING])["token"]

    def wait(self, by: timedelta) -> None:
        """Let time pass, and stay signed in."""
        self.world.clock.advance(by)
        self.sign_in()

    def send(
        self,
        name: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **params: Any,
    ) -> Answer:
        """Call a method by its name in the discovery document (`events.list`)."""
        described = method(f"calendar.{name}")
        values = {"calendarId": "primary", **params}
        path = "/" + "/".join(_filled(segment, values) for segment in described.segments)
        query = {key: _plain(values[key]) for key in params if f"{{{key}}}" not in described.segments}
        sent = {"authorization": f"Bearer {self._token}", "content-type": "application/json", **(headers or {})}
        content = b"" if body is None else json.dumps(body).encode()
        target = f"{path}?{urlencode(query, doseq=True)}"
        return self.world.handle(HttpRequest(described.http_method, target, headers=sent, body=content))

    def call(self, name: str, body: Mapping[str, Any] | None = None, **params: Any) -> Any:
        """Call a method and return its resource, None for an empty answer."""
        answer = self.send(name, body, **params)
        assert answer.status in {200, 204}, answer.body.decode()
        return json.loads(answer.body) if answer.body else None

    def refused(self, name: str, body: Mapping[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        """Call a method that must be refused; return the first error with its status."""
        answer = self.send(name, body, **params)
        error = json.loads(answer.body)["error"]
        assert error["code"] == answer.status
        return {"status": answer.status, **error["errors"][0]}

    def add(self, summary: str = "Lunch", start: str = "2026-03-05T12:00:00Z", **more: Any) -> Any:
        """Add an event of an hour, or of a day when `start` is one."""
        return self.call("events.insert", {"summary": summary, **times(start), **more})

    def listed(self, **params: Any) -> Any:
        """List the primary calendar's events."""
        return self.call("events.list", **params)

    def summaries(self, **params: Any) -> list[str]:
        """List the primary calendar's events by their titles."""
        return [item.get("summary", item["id"]) for item in self.listed(**params)["items"]]

    def event(self, event_id: str, **params: Any) -> Any:
        """Read an event."""
        return self.call("events.get", eventId=event_id, **params)

    def patch(self, event_id: str, **changes: Any) -> Any:
        """Change an event."""
        return self.call("events.patch", changes, eventId=event_id)


def times(start: str, zone: str | None = None) -> dict[str, dict[str, str]]:
    """Return the start and end of an hour, or of a day when `start` is one."""
    if "T" not in start:
        following = datetime.fromisoformat(start).toordinal() + 1
        return {"start": {"date": start}, "end": {"date": datetime.fromordinal(following).date().isoformat()}}
    begin = datetime.fromisoformat(start)
    end = begin.replace(hour=begin.hour + 1).isoformat().replace("+00:00", "Z")
    zoned = {"timeZone": zone} if zone else {}
    return {"start": {"dateTime": start, **zoned}, "end": {"dateTime": end, **zoned}}


def _filled(segment: str, values: Mapping[str, Any]) -> str:
    return quote(str(values[segment[1:-1]]), safe="") if segment.startswith("{") else segment


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


@pytest.fixture
def world() -> Sandbox:
    """A sandbox at noon with Ada, Grace and Linus, who have no plans."""
    sandbox = Sandbox(NOON, seed="empty")
    for email in (ADA, GRACE, LINUS):
        sandbox.account(email)
    return sandbox


@pytest.fixture
def ada(world: Sandbox) -> Desk:
    """Ada's desk."""
    return Desk(world, ADA)


@pytest.fixture
def grace(world: Sandbox) -> Desk:
    """Grace's desk."""
    return Desk(world, GRACE)


@pytest.fixture
def linus(world: Sandbox) -> Desk:
    """Linus's desk."""
    return Desk(world, LINUS)


@pytest.fixture
def weekly(ada: Desk) -> Callable[..., Any]:
    """Adds a weekly hour to Ada's calendar, Thursdays at ten in Zurich."""

    def add(*lines: str, **more: Any) -> Any:
        recurrence = list(lines) or ["RRULE:FREQ=WEEKLY;COUNT=4"]
        body = {"summary": "Staff", **times("2026-03-19T10:00:00+01:00", "Europe/Zurich"), "recurrence": recurrence}
        return ada.call("events.insert", body | more)

    return add
