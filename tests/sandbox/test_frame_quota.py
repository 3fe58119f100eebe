"""Quota: what calls cost, when they are too many, and in which words that is said."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.discovery import method, methods
from mailgrant.sandbox.frame.quota import LEGACY_UNITS, UNITS, Profile, units_of
from mailgrant.sandbox.frame.wire import HttpRequest

from .batching import answers, send
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


def test_a_person_may_have_ten_calls_under_way_and_parts_of_a_batch_count(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)
    parts = [f"GET {PROFILE}"] * 12

    first, second = (answers(send(caller, *parts)) for _ in range(2))

    assert [status for _, status, _ in first] == [200] * 10 + [429] * 2
    assert [status for _, status, _ in second] == [200] * 10 + [429] * 2, "what is done is not under way"
    said = json.loads(first[10][2])["error"]
    assert said["message"] == "Too many concurrent requests for user"
    assert (said["status"], said["errors"][0]["domain"]) == ("RESOURCE_EXHAUSTED", "global")
    assert said["errors"][0]["reason"] == "rateLimitExceeded"


def test_the_number_of_calls_under_way_can_be_told_and_lifted() -> None:
    two, any_ = Caller(Sandbox(NOON, together=2)).sign_in(MAIL), Caller(Sandbox(NOON, quota="off")).sign_in(MAIL)

    few = [status for _, status, _ in answers(send(two, *[f"GET {PROFILE}"] * 4))]
    many = [status for _, status, _ in answers(send(any_, *[f"GET {PROFILE}"] * 40))]

    assert few == [200, 200, 429, 429]
    assert set(many) == {200}
    with pytest.raises(ValueError, match="at least one"):
        Sandbox(NOON, together=0)


def test_calls_that_wait_are_under_way(caller: Caller) -> None:
    world = caller.world
    caller.sign_in(MAIL)
    request = HttpRequest("GET", PROFILE, headers={"authorization": f"Bearer {caller.token}"})

    waiting = [world.admit(request) for _ in range(10)]
    refused = caller.get(PROFILE).status
    world.abandon(waiting.pop())

    assert (refused, caller.get(PROFILE).status) == (429, 200)
    assert {world.perform(admission).status for admission in waiting} == {200}
