"""Quota: what calls cost, when they are too many, and in which words that is said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.discovery import method, methods
from mailgrant.sandbox.quota import LEGACY_UNITS, UNITS, Profile, units_of

from .caller import Caller, body
from .conftest import NOON

MAIL = "https://mail.google.com/"
CALENDAR = "https://www.googleapis.com/auth/calendar"
PROFILE = "/gmail/v1/users/me/profile"


@pytest.mark.parametrize(
    ("name", "new", "old"),
    [
        ("gmail.users.messages.get", 20, 5),
        ("gmail.users.messages.list", 5, 5),
        ("gmail.users.messages.send", 100, 100),
        ("gmail.users.threads.get", 40, 10),
        ("gmail.users.getProfile", 1, 1),
        ("calendar.events.patch", 3, 3),
        ("calendar.events.get", 1, 1),
    ],
)
def test_a_method_costs_what_googles_table_says(name: str, new: int, old: int) -> None:
    assert (units_of(method(name), Profile.Y2026), units_of(method(name), Profile.LEGACY)) == (new, old)


def test_the_table_names_only_methods_that_exist() -> None:
    known = {known.id.removeprefix("gmail.users.") for known in methods("gmail")}

    assert set(UNITS) | set(LEGACY_UNITS) <= known


def test_a_minutes_units_may_be_spent_and_no_more(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)

    spent = [caller.get(PROFILE).status for _ in range(6000)]
    refused = caller.get(PROFILE)
    world.clock.advance(timedelta(minutes=1))

    assert set(spent) == {200}
    said = body(refused)["error"]
    assert (refused.status, said["errors"][0]["reason"]) == (403, "rateLimitExceeded")
    assert said["errors"][0]["domain"] == "usageLimits"
    assert said["message"] == (
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
        f"'gmail.googleapis.com' for consumer 'project_number:{caller.client.project}'."
    )
    assert caller.get(PROFILE).status == 200


def test_each_person_has_a_minute_of_their_own(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(CALENDAR)
    for _ in range(600):
        caller.get("/calendar/v3/colors")
    grace = Caller(world).sign_in(CALENDAR, email="grace@example.com")

    refused = caller.get("/calendar/v3/colors")

    assert body(refused)["error"]["errors"][0]["reason"] == "userRateLimitExceeded"
    assert grace.get("/calendar/v3/colors").status == 200


def test_off_counts_and_refuses_nothing() -> None:
    caller = Caller(Sandbox(NOON, quota="off")).sign_in(MAIL)

    assert {caller.get(PROFILE).status for _ in range(6001)} == {200}
    (used,) = body(caller.control("GET", "quota"))["quota"]
    assert used == {"account": "ada@example.com", "api": "gmail", "units": 6001}


def test_a_refused_token_costs_nothing(world: Sandbox, caller: Caller) -> None:
    caller.token = "made-up"
    caller.get(PROFILE)

    assert world.requests[-1].units == 0
    assert world.ledger.used() == {}
