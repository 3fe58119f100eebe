"""Scopes that are about some calendars open those and no other."""

from __future__ import annotations

from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.clients import ClientKind, OAuthClient

from .conftest import ADA, GRACE, Desk, times

SCOPE = "https://www.googleapis.com/auth/calendar."
LUNCH = {"summary": "Lunch", **times("2026-03-05T12:00:00Z")}
OTHER_APP = "99-other.apps.googleusercontent.com"


class Narrow(Desk):
    """Somebody's program that holds only these scopes, as a client of its own."""

    def __init__(self, world: Sandbox, email: str, *scopes: str, client_id: str | None = None) -> None:
        super().__init__(world, email)
        granted = world.authorize(email, client_id, [SCOPE + scope for scope in scopes])
        self._token = granted["token"]


def share(owner: Desk, calendar_id: str, role: str, **scope: str) -> None:
    """Give somebody a role on a calendar."""
    owner.call("acl.insert", {"role": role, "scope": scope}, calendarId=calendar_id)


@pytest.fixture
def graces(ada: Desk, grace: Desk) -> str:
    """Grace's calendar with a lunch, which Ada may write."""
    share(grace, "primary", "writer", type="user", value=ADA)
    grace.call("events.insert", LUNCH)
    return GRACE


def status(desk: Desk, name: str, body: Any = None, **params: Any) -> int:
    """Return how a call is answered."""
    return desk.send(name, body, **params).status


def test_owned_opens_ones_own_calendars(world: Sandbox, ada: Desk, graces: str) -> None:
    program = Narrow(world, ADA, "events.owned")
    second = ada.call("calendars.insert", {"summary": "Second"})["id"]

    assert [status(program, "events.insert", LUNCH, calendarId=own) for own in ("primary", second)] == [200, 200]
    refused = program.refused("events.list", calendarId=graces)
    assert (refused["status"], refused["reason"]) == (403, "insufficientPermissions")
    assert status(program, "events.insert", LUNCH, calendarId=graces) == 403


def test_owned_readonly_reads_them(world: Sandbox, graces: str) -> None:
    program = Narrow(world, ADA, "events.owned.readonly")

    assert status(program, "events.list") == 200
    assert status(program, "events.list", calendarId=graces) == 403
    assert status(program, "events.insert", LUNCH) == 403


def test_a_wide_scope_beside_lifts_it(world: Sandbox, graces: str) -> None:
    program = Narrow(world, ADA, "events.owned", "events")

    assert status(program, "events.insert", LUNCH, calendarId=graces) == 200


def test_a_wide_scope_that_the_method_does_not_take_lifts_nothing(world: Sandbox, graces: str) -> None:
    program = Narrow(world, ADA, "events.owned", "readonly")

    assert status(program, "events.list", calendarId=graces) == 200
    assert status(program, "events.insert", LUNCH, calendarId=graces) == 403


def test_an_application_that_makes_calendars_sees_its_own_alone(world: Sandbox, ada: Desk) -> None:
    program = Narrow(world, ADA, "app.created")
    world.clients.add(OAuthClient(OTHER_APP, secret="x", kind=ClientKind.INSTALLED))
    other = Narrow(world, ADA, "app.created", client_id=OTHER_APP)
    made = program.call("calendars.insert", {"summary": "Made"})["id"]

    assert status(program, "events.insert", LUNCH, calendarId=made) == 200
    assert status(program, "events.insert", LUNCH) == 403
    for name in ("events.list", "calendars.get", "calendarList.get", "calendars.delete"):
        assert status(other, name, calendarId=made) == 403, name
    assert status(program, "calendarList.get", calendarId="primary") == 403
    assert status(program, "calendars.delete", calendarId=made) == 204


def test_public_events_are_those_that_everybody_may_read(world: Sandbox, ada: Desk, grace: Desk, graces: str) -> None:
    program = Narrow(world, ADA, "events.public.readonly")
    public = grace.call("calendars.insert", {"summary": "Public"})["id"]
    share(grace, public, "reader", type="default")
    grace.call("events.insert", LUNCH, calendarId=public)

    assert program.call("events.list", calendarId=public)["items"][0]["summary"] == "Lunch"
    assert status(program, "events.list", calendarId=graces) == 403
    assert status(program, "events.list") == 403


def test_free_and_busy_shows_when_and_not_what(world: Sandbox, ada: Desk) -> None:
    event = ada.call("events.insert", LUNCH)
    program = Narrow(world, ADA, "events.freebusy")

    seen = program.call("events.get", eventId=event["id"])

    assert seen["start"] == event["start"]
    assert "summary" not in seen
