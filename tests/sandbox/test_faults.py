"""Faults: which requests they meet, how often, and what they do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.control.faults import Effect, Fault, Moment, duration

from .caller import Caller, body

LABELS = "/gmail/v1/users/me/labels"
METHOD = "gmail.users.labels.list"
MAIL = "https://mail.google.com/"


def test_a_status_replaces_the_work_once(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)
    world.fault(METHOD, status=503)

    failed, fine = caller.get(LABELS), caller.get(LABELS)

    assert (failed.status, fine.status) == (503, 200)
    assert body(failed)["error"]["errors"][0]["reason"] == "backendError"
    assert body(failed)["error"]["status"] == "UNAVAILABLE"


def test_a_status_may_bring_its_own_reason(world: Sandbox, caller: Caller) -> None:
    world.fault(METHOD, status=403, reason="userRateLimitExceeded", message="User Rate Limit Exceeded")

    said = body(caller.sign_in(MAIL).get(LABELS))["error"]

    assert (said["errors"][0]["reason"], said["message"]) == ("userRateLimitExceeded", "User Rate Limit Exceeded")


def test_a_fault_of_the_token_endpoint_speaks_oauth(world: Sandbox, caller: Caller) -> None:
    world.fault("oauth2.token", status=401, reason="invalid_client", message="The OAuth client was not found.")
    world.fault("oauth2.token", status=500)

    first, second = caller.refresh("1//0"), caller.refresh("1//0")

    assert (first.status, body(first)["error"]) == (401, "invalid_client")
    assert body(second) == {"error": "internal_failure", "error_description": "Backend Error"}


@pytest.mark.parametrize(
    ("match", "statuses"),
    [
        ({"nth": 2}, [200, 500, 200]),
        ({"times": 2}, [500, 500, 200]),
        ({"nth": 2, "times": 2}, [200, 500, 500]),
        ({"account": "grace@example.com"}, [200, 200, 200]),
        ({"account": "ADA@example.com"}, [500, 200, 200]),
        ({"path": LABELS}, [500, 200, 200]),
        ({"path": "/elsewhere"}, [200, 200, 200]),
    ],
    ids=str,
)
def test_a_fault_meets_the_requests_it_is_meant_for(
    world: Sandbox, caller: Caller, match: dict[str, Any], statuses: list[int]
) -> None:
    caller.sign_in(MAIL)
    world.fault(METHOD, **match, status=500)

    assert [caller.get(f"{LABELS}?alt=json").status for _ in range(3)] == statuses


@pytest.mark.parametrize(("moment", "done"), [("before", 0), ("after", 1)])
def test_a_drop_loses_the_answer_before_or_after_the_work(
    world: Sandbox, caller: Caller, moment: str, done: int
) -> None:
    caller.sign_in(MAIL)
    world.fault("gmail.users.labels.create", drop=moment)
    before = len(body(caller.get(LABELS))["labels"])

    with pytest.raises(ConnectionResetError):
        caller.post(LABELS, {"name": "Lunch"})

    assert len(body(caller.get(LABELS))["labels"]) == before + done


def test_a_request_can_carry_its_own_fault(caller: Caller) -> None:
    own = {"x-sandbox-fault": json.dumps({"status": 429})}

    assert caller.sign_in(MAIL).request("GET", LABELS, headers=own).status == 429
    assert caller.get(LABELS).status == 200


def test_a_fault_a_request_carries_and_nobody_understands_is_refused(caller: Caller) -> None:
    for text in ('{"explode": true}', "[]", "{"):
        assert caller.sign_in(MAIL).request("GET", LABELS, headers={"x-sandbox-fault": text}).status == 400


def test_the_log_says_which_fault_a_request_met(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(MAIL)
    world.fault(METHOD, drop="before")
    with pytest.raises(ConnectionResetError):
        caller.get(LABELS)

    entry = world.requests[-1].to_json()
    assert (entry["status"], entry["fault"]) == (None, "drop before")


@pytest.mark.parametrize(
    "effect",
    [
        {},
        {"status": 200},
        {"status": True},
        {"status": 500, "drop": "after"},
        {"drop": "sometime"},
        {"delay": "soon"},
        {"melt": True},
    ],
    ids=str,
)
def test_an_effect_that_makes_no_sense_is_refused(effect: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Effect.read(effect)


@pytest.mark.parametrize(
    "fault",
    [{"match": {"colour": "red"}, "effect": {"hang": True}}, {"effect": {"hang": True}, "times": 0}, {}],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Fault.read(fault)


def test_a_fault_is_read_as_the_control_api_writes_it() -> None:
    fault = Fault.read({"match": {"method": METHOD, "nth": 3}, "times": 2, "effect": {"delay": "5s", "when": "after"}})

    assert (fault.method, fault.nth, fault.times) == (METHOD, 3, 2)
    assert (fault.effect.delay, fault.effect.when) == (timedelta(seconds=5), Moment.AFTER)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("60ms", timedelta(milliseconds=60)),
        ("5s", timedelta(seconds=5)),
        ("1.5h", timedelta(minutes=90)),
        ("8d", timedelta(days=8)),
        ("1h30m", timedelta(minutes=90)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-5s", "5w", 5, None])
def test_anything_else_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="a duration is"):
        duration(text)
